/**
 * Cuts what users did into a training part and, behind it in time, a test part. Nothing is shuffled: a model that is
 * served has seen only the past (Ji, Sun, Zhang & Li, "A Critical Study on Data Leakage in Recommender System Offline
 * Evaluation", TOIS 2023).
 */
import { EngineError } from '../base/errors.ts';
import { ActionLogBuilder, addLog, type ActionLog } from '../training/action-log.ts';

/** A log with the row where its test part begins. */
export interface CutLog {
  /** Training part, then test part. */
  readonly log: ActionLog;
  /** First row of the test part: rows before it are the training part. */
  readonly testStart: number;
  /** Milliseconds since 1970. Nothing of the training part is later, nothing of the test part earlier. */
  readonly cutMs: number;
}

/** Keeps the ninth and tenth of 0.1 · 10 apart in binary. */
const ROUNDING = 1e-9;

/** The newest `share` (0..1) of the actions is the test part; of those at the same moment all are. */
export function cutByShare(log: ActionLog, share: number): CutLog {
  const row = Math.min(log.count - 1, log.count - Math.ceil(log.count * share - ROUNDING));
  return cutAt(log, log.atMs[row] ?? 0);
}

/** What happened at `cutMs` or later is the test part. Throws `input_invalid` if a part is empty. */
export function cutAt(log: ActionLog, cutMs: number): CutLog {
  let [low, high] = [0, log.count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (log.atMs[middle]! < cutMs) low = middle + 1;
    else high = middle;
  }
  return checked({ log, testStart: low, cutMs });
}

/** Two logs, the second of which begins when the first has ended. Throws `input_invalid` otherwise. */
export function cutBetween(training: ActionLog, test: ActionLog): CutLog {
  const builder = new ActionLogBuilder();
  for (const log of [training, test]) addLog(log, builder);
  const cut = checked({ log: builder.finish(), testStart: training.count, cutMs: test.atMs[0] ?? 0 });
  const lastMs = training.atMs.at(-1)!;
  if (lastMs <= cut.cutMs) return cut;
  throw new EngineError(
    'input_invalid',
    `the test actions begin at ${isoOf(cut.cutMs)}, expected nothing before the end of the others, ${isoOf(lastMs)}; cut by time`,
  );
}

function checked(cut: CutLog): CutLog {
  const { log, testStart } = cut;
  if (testStart > 0 && testStart < log.count) return cut;
  throw new EngineError(
    'input_invalid',
    `the cut leaves ${testStart} actions to train on and ${log.count - testStart} to test with, expected some of both; ` +
      'move the cut or give more actions',
  );
}

export function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
