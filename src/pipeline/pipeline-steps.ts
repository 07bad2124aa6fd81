/**
 * The steps of a run, each with what it is made from, which is its key, and what makes it. What they hold in common is
 * one log, one file of shops and one set of settings; they know nothing of their order.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { holidaysByZone } from '../catalog/holidays.ts';
import type { Location } from '../domain/location.ts';
import { EVALUATION_DEFAULTS } from '../evaluation/evaluate.ts';
import { evaluateFile, type SnapshotFile } from '../evaluation/evaluate-version.ts';
import { FIT_DEFAULTS, FIT_SIGNALS, fitFusion, type FittedFusion } from '../evaluation/fit-fusion.ts';
import { withReplayedSnapshot } from '../evaluation/replayed-snapshot.ts';
import type { EvaluationResult } from '../evaluation/result.ts';
import type { CutLog } from '../evaluation/time-cut.ts';
import { buildSnapshot } from '../snapshot/build-snapshot.ts';
import type { ModelCard } from '../snapshot/format.ts';
import { SnapshotStore } from '../snapshot/snapshot-store.ts';
import { slice, type ActionLog } from '../training/action-log.ts';
import { countShopSignals } from '../training/shop-signals.ts';
import type { TrainingSettings } from '../training/training-options.ts';
import type { TrainingShop } from '../training/training-shop.ts';
import { hashOfFile, hashOfLocations, hashOfLog } from './content-hash.ts';
import { referenceBeside } from './decide.ts';
import { listsIn, writeLists, type ListOutput, type ListReport } from './list-step.ts';
import type { PipelineSettings } from './pipeline-settings.ts';
import type { StepOutput, StepStore } from './step-store.ts';
import { embeddingsIn, writeTraining, type EmbeddingOutput } from './train-step.ts';

/** Is told how far a run is. What it throws ends the run. */
export interface PipelineWatch {
  /** A step has its output: made, or taken over as it was there. */
  stepDone(name: string, isTakenOver: boolean): void;
  /** Within a step, often: `done` of `total` in a phase. */
  progress(phase: string, done: number, total: number): void;
  /** What was asked for may not be what was meant. Default: nobody is told. */
  warn?(text: string): void;
}

export interface PipelineInput {
  readonly log: ActionLog;
  readonly shops: readonly TrainingShop[];
  /** That they were read from. */
  readonly shopsPath: string;
  readonly settings: PipelineSettings;
  /** Where users are whose lists are made, by their ids. Default: all are at the shop of their last action. */
  readonly locations?: ReadonlyMap<string, Location> | undefined;
  /** Its seed is that of all random choices. */
  readonly training: Omit<TrainingSettings, 'epochs'> & { readonly epochs?: number | undefined };
  /** Of the program: what another one made is not taken over. */
  readonly codeVersion: string;
}

/** Embeddings as they lie on disk, learned from the first `rowCount` actions. */
export interface EmbeddingStep extends EmbeddingOutput {
  readonly rowCount: number;
  readonly digest: string;
}

/** A snapshot as it lies on disk. */
export interface SnapshotStep extends SnapshotFile {
  readonly digest: string;
}

/** Lists of users as they lie on disk. */
export interface ListStep extends ListOutput {
  readonly digest: string;
}

export class PipelineSteps {
  readonly #input: PipelineInput;
  readonly #outputs: StepStore;
  readonly #watch: PipelineWatch;
  readonly #logHash: string;
  readonly #shopsHash: string;

  constructor(input: PipelineInput, outputs: StepStore, watch: PipelineWatch) {
    this.#input = input;
    this.#outputs = outputs;
    this.#watch = watch;
    this.#logHash = hashOfLog(input.log);
    this.#shopsHash = hashOfFile(input.shopsPath);
  }

  /** Learns embeddings from the first `rowCount` actions. */
  async embeddings(name: string, rowCount: number): Promise<EmbeddingStep> {
    const { shops, training } = this.#input;
    const { directory, digest } = await this.#output(name, { rowCount, training }, (into) =>
      writeTraining(
        this.#before(rowCount),
        shops,
        training,
        ({ done, total }) => this.#watch.progress('training', done, total),
        into,
      ),
    );
    return { ...embeddingsIn(directory), rowCount, digest };
  }

  /**
   * Builds the snapshot `version` of embeddings, with signals counted from the actions that they were learned from, and with
   * lists of users, if given.
   */
  async snapshot(
    name: string,
    version: string,
    embeddings: EmbeddingStep,
    modelCard: ModelCard,
    lists: ListStep | null = null,
  ): Promise<SnapshotStep> {
    const { shopsPath, training, settings } = this.#input;
    const { sessionGapMinutes } = training;
    const { timeZone, popularityHalfLifeDays, holidays } = settings;
    const { shopVectors, keywordVectors, rowCount, digest: embeddingsDigest } = embeddings;
    const counting = { timeZone, sessionGapMinutes, popularityHalfLifeDays };
    const listsDigest = lists?.digest;
    const inputs = { version, embeddingsDigest, listsDigest, rowCount, counting, holidays, modelCard };
    const { directory, digest } = await this.#output(name, inputs, async (into) => {
      await buildSnapshot(
        {
          shops: shopsPath,
          shopVectors,
          keywordVectors,
          userLists: lists?.userLists,
          signals: (shops) => countShopSignals(this.#before(rowCount), shops, counting),
          version,
          metric: 'cosine', // what training makes: rows of unit length
          timeZone,
          holidays: holidays === undefined ? undefined : holidaysByZone(holidays),
          modelCard,
        },
        SnapshotStore.open(into, { create: true }),
        ({ phase, done, total }) => this.#watch.progress(phase, done, total),
      );
    });
    return { path: SnapshotStore.open(directory).pathOf(version), version, digest };
  }

  /** Fits weights to the second part of `cut`; `snapshot` is made from the first. */
  async weights(name: string, cut: CutLog, snapshot: SnapshotStep): Promise<FittedFusion> {
    const { settings, training } = this.#input;
    const { protocol, candidates, types, caseCountMax } = settings;
    const { seed } = training;
    const terms = { protocol, candidates, types, caseCountMax, seed };
    const inputs = { ...cutFacts(cut), snapshot: snapshot.digest, terms };
    const output = await this.#output(name, inputs, (into) => {
      const options = { ...FIT_DEFAULTS, ...terms, signals: FIT_SIGNALS[protocol] };
      const fitted = withReplayedSnapshot(snapshot.path, snapshot.version, candidates, (line) =>
        fitFusion(cut, line, options, (phase, done, total) =>
          this.#watch.progress(phase === 'cases' ? 'fitting' : 'weighing', done, total),
        ),
      );
      writeJson(into, fitted);
    });
    return readJson(output) as FittedFusion;
  }

  /** Asks `snapshot`, and the version that is active, about the second part of `cut`. */
  async evaluation(
    name: string,
    cut: CutLog,
    snapshot: SnapshotStep,
    active: SnapshotFile | null,
  ): Promise<EvaluationResult> {
    const { settings, training } = this.#input;
    const { protocol, candidates, types, caseCountMax, metric } = settings;
    const ks = ksWith(metric);
    const options = {
      ...EVALUATION_DEFAULTS,
      protocol,
      candidates,
      types,
      caseCountMax,
      ks,
      depth: Math.max(EVALUATION_DEFAULTS.depth, ks.at(-1)!),
      baselines: [...new Set(['popularity' as const, ...settings.baselines])],
      reference: referenceBeside(active?.version ?? null),
      seed: training.seed,
    };
    const beside = active && { version: active.version, sha256: hashOfFile(active.path) };
    const inputs = { ...cutFacts(cut), snapshot: snapshot.digest, beside, options };
    const output = await this.#output(name, inputs, (into) => {
      const onProgress = (done: number, total: number): void =>
        this.#watch.progress('evaluating', done, total);
      writeJson(into, evaluateFile(cut, snapshot, active, options, onProgress));
    });
    return readJson(output) as EvaluationResult;
  }

  /** Makes lists of `limit` shops of all users, by `snapshot`. */
  async userLists(name: string, snapshot: SnapshotStep, limit: number): Promise<ListStep> {
    const { log, locations = new Map(), training } = this.#input;
    const inputs = { snapshot: snapshot.digest, limit, locations: hashOfLocations(locations) };
    const output = await this.#output(name, inputs, async (into) => {
      const terms = { limit, locations, threads: training.threads };
      const onProgress = (done: number, total: number): void => this.#watch.progress('lists', done, total);
      writeJson(into, await writeLists(log, snapshot, terms, onProgress, into));
    });
    const { directory, digest } = output;
    return { ...listsIn(directory, readJson(output) as ListReport), digest };
  }

  async #output(
    name: string,
    inputs: object,
    make: (directory: string) => Promise<void> | void,
  ): Promise<StepOutput> {
    const { codeVersion } = this.#input;
    const all = { codeVersion, actions: this.#logHash, shops: this.#shopsHash, ...inputs };
    const output = await this.#outputs.output(name, all, make);
    this.#watch.stepDone(name, output.isTakenOver);
    return output;
  }

  #before(rowCount: number): ActionLog {
    return slice(this.#input.log, 0, rowCount);
  }
}

/** What tells a cut from others of the same log. */
function cutFacts({ log, testStart }: CutLog) {
  return { rowCount: log.count, testStart };
}

/** The usual k and that of `metric`, ascending. */
function ksWith(metric: string): number[] {
  const own = metric.includes('@') ? [Number(metric.split('@')[1])] : [];
  return [...new Set([...EVALUATION_DEFAULTS.ks, ...own])].toSorted((a, b) => a - b);
}

const RESULT = 'result.json';

function writeJson(directory: string, value: unknown): void {
  writeFileSync(join(directory, RESULT), `${JSON.stringify(value)}\n`);
}

function readJson({ directory }: StepOutput): unknown {
  return JSON.parse(readFileSync(join(directory, RESULT), 'utf8'));
}
