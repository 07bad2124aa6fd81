/** What a recommender has to beat: rankers of one simple idea each. */
import type { EvaluationCase } from '../cases.ts';
import type { Setting } from '../setting.ts';

/**
 * Knows the training part and, of each case, the history of its user: never what came after. Of shops that it says
 * nothing of, or the same, the more popular one stands first.
 */
export interface Baseline {
  /** Writes how much each shop counts by ordinal into `strengths`, which holds zeros. */
  write(asked: EvaluationCase, strengths: Float64Array): void;
}

export type MakeBaseline = (setting: Setting, options: BaselineOptions) => Baseline;

export interface BaselineOptions {
  /** Where the user pauses for longer, a session has ended. */
  readonly sessionGapMs: number;
}
