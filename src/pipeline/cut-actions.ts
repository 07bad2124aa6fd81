/**
 * Cuts what users did into three parts, one after the other in time:
 *
 *   training      | validation               | test
 *   embeddings … →| weights are fitted to it |
 *   embeddings and weights ……………………………… →| versions are compared with it
 *
 * A version that has been trained on the test part knows the answers: in synthetic towns of 8,000 actions that makes 0.12 to
 * 0.17 of nDCG@5. The active one has, as it was trained on all there was, unless enough was done since: then the test part
 * is only that.
 */
import { check, EngineError } from '../base/errors.ts';
import { cutAt, cutByShare, isoOf, type CutLog } from '../evaluation/time-cut.ts';
import { slice, type ActionLog } from '../training/action-log.ts';
import type { PipelineSettings } from './pipeline-settings.ts';

/** Fewer actions since the active version was trained are no test. */
export const UNSEEN_ACTIONS_MIN = 200;

export interface ActionCuts {
  /** Training and validation part, cut between them. */
  readonly validation: CutLog;
  /** All actions, cut before the test part. */
  readonly test: CutLog;
  /** Whether the active version may have been trained on some of the test part: then it is hard to beat. */
  readonly isTestSeen: boolean;
}

/**
 * `seenUntilMs` is the moment of the newest action that the active version was trained on, NaN if it does not say, null
 * without an active version. Throws `input_invalid` if a part would be empty.
 */
export function cutActions(
  log: ActionLog,
  { validationShare, testShare }: Pick<PipelineSettings, 'validationShare' | 'testShare'>,
  seenUntilMs: number | null,
): ActionCuts {
  check(validationShare + testShare < 1, 'shares are checked where they are said');
  const byShare = cutByShare(log, testShare);
  const isUnseen = seenUntilMs === null || seenUntilMs < byShare.cutMs;
  const test = (!isUnseen && unseenPart(log, seenUntilMs)) || byShare;
  const before = slice(log, 0, test.testStart);
  const validationStart = Math.round(test.testStart - validationShare * log.count);
  if (validationStart < 1)
    throw new EngineError(
      'input_invalid',
      `${before.count} actions before ${isoOf(test.cutMs)} leave none to train on before a validation part; give more actions`,
    );
  return {
    validation: cutAt(before, log.atMs[validationStart]!),
    test,
    isTestSeen: !isUnseen && test === byShare,
  };
}

/** Cut behind what was seen, or undefined if too little is there. */
function unseenPart(log: ActionLog, seenUntilMs: number): CutLog | undefined {
  const start = log.atMs.findIndex((atMs) => atMs > seenUntilMs);
  const isEnough = start > 0 && log.count - start >= UNSEEN_ACTIONS_MIN;
  return isEnough ? cutAt(log, log.atMs[start]!) : undefined;
}
