/**
 * From actions and shops to a version that serves, if it is good enough:
 *
 *   cut → embeddings and snapshot before validation → weights → embeddings and snapshot before the test, with these weights
 *       → evaluation beside the active version → embeddings and snapshot of everything, with these weights
 *       → lists of users by it, and the same snapshot with them, if lists are wanted → published → activated, or kept back with a reason
 *
 * What is compared is how versions are made: the one that is published has learned from the test part too, so nothing is
 * left to ask it.
 */
import type { SnapshotFile } from '../evaluation/evaluate-version.ts';
import type { FittedFusion } from '../evaluation/fit-fusion.ts';
import type { EvaluationResult } from '../evaluation/result.ts';
import { isoOf } from '../evaluation/time-cut.ts';
import type { ModelCard } from '../snapshot/format.ts';
import { readHeader, readUserListCount } from '../snapshot/open-snapshot.ts';
import type { SnapshotStore } from '../snapshot/snapshot-store.ts';
import type { TrainingReport } from '../training/train-embeddings.ts';
import { hashOfFile } from './content-hash.ts';
import { cutActions } from './cut-actions.ts';
import { decide, type Decision } from './decide.ts';
import {
  PipelineSteps,
  type EmbeddingStep,
  type ListStep,
  type PipelineInput,
  type PipelineWatch,
} from './pipeline-steps.ts';
import type { ListReport } from './list-step.ts';
import { publishSnapshot } from './publish-snapshot.ts';
import type { StepStore } from './step-store.ts';

export interface PipelineOutcome extends Decision {
  readonly version: string;
  /** That was active before. */
  readonly active: string | null;
  readonly evaluation: EvaluationResult;
}

/** What a run is about to do to the store. JSON. */
export interface Intent extends PipelineOutcome {
  /** Of the snapshot that is published. */
  readonly sha256: string;
}

export interface PipelinePlaces {
  readonly store: SnapshotStore;
  readonly outputs: StepStore;
}

/**
 * Makes `version` and decides about it. Outputs of steps that are there are taken over, those of earlier runs are removed at
 * the end. `confirm` is told what will be done to the store before it is: what it throws leaves the store as it was.
 *
 * Throws `input_invalid` if a part of the actions is empty or has nothing to learn from or to ask, `version_exists`,
 * `store_invalid`, and `snapshot_invalid` for an active version that does not hold.
 */
export async function runPipeline(
  version: string,
  input: PipelineInput,
  { store, outputs }: PipelinePlaces,
  watch: PipelineWatch,
  confirm: (intent: Intent) => void = () => {},
): Promise<PipelineOutcome> {
  const { log, settings } = input;
  const active = activeFile(store);
  if (active !== null && settings.userListLimit === undefined) warnOfLists(active, watch);
  const cuts = cutActions(log, settings, active && seenUntilMs(active));
  const steps = new PipelineSteps(input, outputs, watch);

  const early = await steps.embeddings('embeddings-before-validation', cuts.validation.testStart);
  const unweighted = await steps.snapshot('snapshot-before-validation', 'before-validation', early, {});
  const fitted = await steps.weights('weights', cuts.validation, unweighted);
  const requestDefaults = { fusion: fitted.fusion };

  const later = await steps.embeddings('embeddings-before-test', cuts.test.testStart);
  const card = { requestDefaults };
  const candidate = await steps.snapshot('snapshot-before-test', 'before-test', later, card);
  const evaluation = await steps.evaluation('evaluation', cuts.test, candidate, active);
  const decision = decide(evaluation, { ...settings, isTestSeen: cuts.isTestSeen });

  const all = await steps.embeddings('embeddings-of-all', log.count);
  const lists = await userLists(steps, input, all, card);
  const facts = modelCard(input, all.report, fitted, evaluation, decision, lists?.report);
  const final = await steps.snapshot('snapshot-of-all', version, all, { ...facts, requestDefaults }, lists);

  const outcome = { version, active: active?.version ?? null, evaluation, ...decision };
  const intent = { ...outcome, sha256: hashOfFile(final.path) };
  confirm(intent);
  publishSnapshot(final, store);
  const settled = settle(intent, store);
  outputs.removeOthers();
  return settled;
}

/** Does what is left of an intent whose version is in the store: activates it, unless that was not decided or is done. */
export function settle(intent: Intent, store: SnapshotStore): PipelineOutcome {
  const { version, active, evaluation, isActivated, reason } = intent;
  const outcome = { version, active, evaluation, isActivated, reason };
  const current = store.current();
  if (!isActivated || current === version) return outcome;
  if (current === active) {
    store.activate(version);
    return outcome;
  }
  const meanwhile = `${current ?? 'nothing'} became the active version meanwhile, which it was not compared with`;
  return { ...outcome, isActivated: false, reason: `${reason}; but ${meanwhile}` };
}

/** By a snapshot that answers as the version will, so that a version of another name, or of another decision, has the same. */
async function userLists(
  steps: PipelineSteps,
  { settings: { userListLimit } }: PipelineInput,
  all: EmbeddingStep,
  card: ModelCard,
): Promise<ListStep | null> {
  if (userListLimit === undefined) return null;
  const listing = await steps.snapshot('snapshot-before-lists', 'before-lists', all, card);
  return steps.userLists('user-lists', listing, userListLimit);
}

function activeFile(store: SnapshotStore): SnapshotFile | null {
  const version = store.current();
  return version === null ? null : { version, path: store.pathOf(version) };
}

function warnOfLists({ path, version }: SnapshotFile, watch: PipelineWatch): void {
  const count = readUserListCount(path, readHeader(path));
  if (count > 0)
    watch.warn?.(
      `${version}, which is active, holds lists of ${count} users; the new version will hold none, as --user-lists is not given`,
    );
}

/** The moment of the newest action that a version was trained on; NaN if it does not say. */
function seenUntilMs({ path }: SnapshotFile): number {
  const { actionsTo } = readHeader(path).modelCard;
  return typeof actionsTo === 'string' ? Date.parse(actionsTo) : Number.NaN;
}

/** What the snapshot will say of itself. Without the moment of the run, so that the same input makes the same bytes. */
function modelCard(
  { log, codeVersion, settings }: PipelineInput,
  report: TrainingReport,
  { weights, losses, caseCount, foundCaseCount }: FittedFusion,
  evaluation: EvaluationResult,
  decision: Decision,
  userLists: ListReport | undefined,
): ModelCard {
  return {
    trainedBy: 'doorrank pipeline run',
    codeVersion,
    actionsFrom: isoOf(log.atMs[0]!),
    actionsTo: isoOf(log.atMs.at(-1)!),
    ...report,
    pipeline: settings,
    fit: { caseCount, foundCaseCount, weights, losses },
    evaluation,
    decision,
    ...(userLists !== undefined && { userLists }),
  };
}
