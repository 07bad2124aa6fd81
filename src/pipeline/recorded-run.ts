/** A pipeline run from its sources on, remembered from its beginning to its end, and alone in its work directory meanwhile. */
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '../base/errors.ts';
import { readUserLocations } from '../batch/read-user-locations.ts';
import { knownTimeZone } from '../catalog/zone-clock.ts';
import { isoOf } from '../evaluation/time-cut.ts';
import { SnapshotStore } from '../snapshot/snapshot-store.ts';
import { readTrainingShops } from '../training/read-training-shops.ts';
import { collectActions, type ActionSources } from './collect-actions.ts';
import { codeVersion } from './code-version.ts';
import { hashOfFile, hashOfJson, hashOfLocations, hashOfLog } from './content-hash.ts';
import { withInputCopy } from './input-copy.ts';
import { Lease } from './lease.ts';
import { mostNamedTimeZone } from './most-named-time-zone.ts';
import type { PipelineInput, PipelineWatch } from './pipeline-steps.ts';
import { isPublished } from './publish-snapshot.ts';
import { runPipeline, settle, type Intent, type PipelineOutcome } from './run-pipeline.ts';
import { LEASE_MS, type RunRecord, type RunRecords } from './run-records.ts';
import { StepStore } from './step-store.ts';

/** Where the records of a work directory are. */
export function recordsPath(work: string): string {
  return join(work, 'runs.sqlite');
}

export interface RunRequest extends Pick<PipelineInput, 'shopsPath' | 'settings' | 'training'> {
  readonly version: string;
  /** The moment of the schedule that it is for, milliseconds since 1970; null: by hand. */
  readonly scheduledMs: number | null;
  readonly sources: ActionSources;
  /** File of where users are whose lists are made: CSV, NDJSON or Parquet. */
  readonly locationsPath?: string | undefined;
  /** Directory of the store, made if it is not there. */
  readonly store: string;
  /** Directory of what steps make, and of the records. */
  readonly work: string;
}

export type RecordedOutcome =
  | ({ readonly kind: 'made'; readonly runNumber: number } & PipelineOutcome)
  /** By schedule, and all is as it was for `other`: no version was made. */
  | { readonly kind: 'unchanged'; readonly runNumber: number; readonly other: RunRecord }
  /** Another run goes on. */
  | { readonly kind: 'busy'; readonly other: RunRecord }
  /** Another run was made for the same moment of the schedule. */
  | { readonly kind: 'past'; readonly other: RunRecord };

export interface RunSurroundings {
  readonly records: RunRecords;
  readonly nowMs: () => number;
  readonly watch: PipelineWatch;
  /** Told the number of a run once it has begun. */
  readonly onBegun?: (runNumber: number) => void;
  readonly leaseMs?: number;
}

/**
 * Makes a run unless one is in its way. What ends it is recorded and thrown on: what `runPipeline`, `collectActions` and
 * `readTrainingShops` and `readUserLocations` throw, and `run_lost`. Throws `store_invalid` for a work directory of another store and `version_exists` before
 * anything is begun, unless a run of that version broke behind its publication: then what it left to do is done.
 */
export async function recordedRun(
  request: RunRequest,
  { records, nowMs, watch, onBegun = () => {}, leaseMs = LEASE_MS }: RunSurroundings,
): Promise<RecordedOutcome> {
  const { version, scheduledMs } = request;
  const store = SnapshotStore.open(request.store, { create: true });
  const directory = realpathSync(request.store);
  checkStore(directory, request.work, records);
  const before = records.lastOf(version);
  if (before?.status === 'done' && scheduledMs !== null && before.scheduledMs === scheduledMs)
    return { kind: 'past', other: before };
  /** Of a run that broke after it had published. */
  const published = (): Intent | null => {
    const intent = records.unfinished(version);
    return intent !== null && isPublished(version, intent.sha256, store) ? intent : null;
  };
  if (before?.status !== 'running' && published() === null) store.checkFree(version);
  const code = codeVersion();
  const run = { version, scheduledMs, codeVersion: code, settings: settingsOf(request), store: directory };
  const beginning = records.begin(run, nowMs(), leaseMs);
  if (beginning.kind !== 'begun') return beginning;
  const { runNumber } = beginning;
  onBegun(runNumber);
  const lease = new Lease(() => records.renew(runNumber, nowMs(), leaseMs), nowMs, leaseMs);
  let isIntended = false;
  const intend = (intent: Intent): void => {
    lease.check();
    records.intend(runNumber, intent);
    isIntended = true;
  };
  try {
    const intent = published();
    if (intent === null) store.checkFree(version);
    else intend(intent);
    const unlessMade = (inputs: string): RunRecord | undefined => {
      records.note(runNumber, inputs);
      return scheduledMs === null ? undefined : records.lastMadeOf(inputs);
    };
    const outcome =
      intent === null
        ? await lease.during(() =>
            made(request, store, code, watched(watch, lease), unlessMade, intend, nowMs()),
          )
        : settle(intent, store);
    if ('runNumber' in outcome) {
      const reason = `nothing new since run ${outcome.runNumber}`;
      const unchanged = { decision: null, reason, activeBefore: store.current(), evaluation: null };
      records.finish(runNumber, unchanged, nowMs());
      return { kind: 'unchanged', runNumber, other: outcome };
    }
    const { isActivated, reason, active: activeBefore, evaluation } = outcome;
    const decision = isActivated ? 'activated' : 'kept';
    records.finish(runNumber, { decision, reason, activeBefore, evaluation }, nowMs());
    return { kind: 'made', runNumber, ...outcome };
  } catch (error) {
    // Amid changes of the store it is not over: the next run of the version ends what this one began.
    endQuietly(records, runNumber, isIntended ? 'broken' : 'failed', error as Error, nowMs());
    throw error;
  }
}

/** Records may be what failed: then the lease ends by itself, and the error that is thrown on is the first one. */
function endQuietly(
  records: RunRecords,
  runNumber: number,
  status: 'failed' | 'broken',
  { message }: Error,
  nowMs: number,
): void {
  try {
    records.end(runNumber, status, message, nowMs);
  } catch {
    // As above.
  }
}

/** A moment of the schedule is run once for all who share records: who makes versions of another store must have his own. */
function checkStore(directory: string, work: string, records: RunRecords): void {
  const other = records.store();
  if (other === null || other === directory || !existsSync(other)) return; // one that was moved is the same one
  throw new EngineError(
    'store_invalid',
    `${work} has the runs of the store ${other}, in which those of ${directory} would be taken for made; take another --work`,
  );
}

/** What is wrong when one run is in the way of another that was asked for by hand. */
export function goingOn({ runNumber, version, startedMs, leaseUntilMs }: RunRecord): EngineError {
  return new EngineError(
    'run_going_on',
    `run ${runNumber} makes version ${version} since ${isoOf(startedMs)}; wait for its end. If its process is gone, it is taken for dead ` +
      `at ${isoOf(leaseUntilMs)}; or take another --work`,
  );
}

/** The run that `unlessMade` finds to have made a version of the same input, or what became of this one. */
async function made(
  { version, sources, shopsPath: original, locationsPath, settings, training, work }: RunRequest,
  store: SnapshotStore,
  code: string,
  watch: PipelineWatch,
  unlessMade: (inputs: string) => RunRecord | undefined,
  intend: (intent: Intent) => void,
  nowMs: number,
): Promise<PipelineOutcome | RunRecord> {
  return withInputCopy(original, join(work, 'inputs'), async (shopsPath) => {
    const shops = await readTrainingShops(shopsPath, (done, total) => watch.progress('shops', done, total));
    const timeZone = await mostNamedTimeZone(shopsPath);
    if (timeZone !== null && timeZone !== knownTimeZone(settings.timeZone))
      watch.warn?.(
        `hours in signals are counted in ${settings.timeZone}, but most shops with a timeZone say ${timeZone}; say --time-zone ${timeZone} if they are meant`,
      );
    const locations =
      locationsPath === undefined
        ? undefined
        : await readUserLocations(locationsPath, (done, total) => watch.progress('locations', done, total));
    const log = await collectActions(sources, nowMs, (done, total) => watch.progress('actions', done, total));
    const input = { log, shops, shopsPath, settings, locations, training, codeVersion: code };
    const other = unlessMade(hashOfInput(input));
    if (other !== undefined) return other;
    const outputs = new StepStore(join(work, 'steps'));
    return runPipeline(version, input, { store, outputs }, watch, intend);
  });
}

/** Of all that a version is made of but its name and the version that is active. */
function hashOfInput({ log, shopsPath, settings, locations, training, codeVersion }: PipelineInput): string {
  const places = locations && hashOfLocations(locations);
  return hashOfJson([hashOfLog(log), hashOfFile(shopsPath), settings, places, training, codeVersion]);
}

/** What a run was told, to be compared with others. */
function settingsOf({
  settings,
  training,
  sources,
  shopsPath,
  locationsPath,
}: RunRequest): RunRecord['settings'] {
  const { actions, data } = sources;
  return { ...settings, ...training, actions, data, shops: shopsPath, locations: locationsPath };
}

/** Renews the lease whenever the run says how far it is: a step in one piece leaves no time to timers. */
function watched(watch: PipelineWatch, lease: Lease): PipelineWatch {
  return {
    stepDone(name, isTakenOver) {
      lease.check();
      watch.stepDone(name, isTakenOver);
    },
    progress(phase, done, total) {
      lease.keep();
      watch.progress(phase, done, total);
    },
    warn: (text) => watch.warn?.(text),
  };
}
