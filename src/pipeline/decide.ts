/**
 * Whether a new version becomes the active one. By the paired difference of one metric over the same cases and its 95 %
 * interval:
 *
 *   beside an active version   activated if the lower end of new − active is not below −margin, of enough cases and users
 *   without one                activated if the lower end of new − popularity is above 0
 *
 * So doubt keeps what serves: with few cases the interval is wide, and a version must be clearly not worse.
 */
import { check } from '../base/errors.ts';
import { besideName, SUBJECT } from '../evaluation/evaluate.ts';
import type { Estimate, EvaluationResult } from '../evaluation/result.ts';

export interface Decision {
  readonly isActivated: boolean;
  /** A sentence with the figures that decided. */
  readonly reason: string;
}

export interface DecisionRule {
  readonly metric: string;
  readonly margin: number;
  /** Whether the active version may have been trained on the test part. */
  readonly isTestSeen: boolean;
}

const POPULARITY = 'popularity';
const DIGITS = 4;

/** Of fewer cases, or cases of fewer users, the interval is no measure of doubt: one case that came out alike has none. */
export const DECIDING_MIN = 30;

/** What differences must be to for `decide`, when `active` serves. */
export function referenceBeside(active: string | null): string {
  return active === null ? POPULARITY : besideName(active);
}

/** `evaluation` has its differences to `referenceBeside` the active version. */
export function decide(evaluation: EvaluationResult, { metric, margin, isTestSeen }: DecisionRule): Decision {
  const { beside } = evaluation.terms;
  const subject = evaluation.rankers.find(({ name }) => name === SUBJECT);
  const difference = subject?.difference?.[metric];
  check(difference !== undefined, `an evaluation without ${metric} or differences decides nothing`);
  const figures = figuresOf(metric, subject!.metrics[metric]!, difference, beside ?? POPULARITY);
  const lower = difference.low ?? -Infinity; // one user decides nothing
  if (beside === null) {
    const isActivated = lower > 0;
    return { isActivated, reason: `${figures}: ${isActivated ? '' : 'not '}clearly above popularity` };
  }
  const { caseCount, userCount } = evaluation.slice;
  const isEnough = Math.min(caseCount, userCount) >= DECIDING_MIN;
  const isActivated = isEnough && lower >= -margin;
  const tooFew = `${caseCount} cases of ${userCount} users are too few to replace what serves, ${DECIDING_MIN} of both are needed`;
  const rule = !isEnough
    ? tooFew
    : isActivated
      ? `not worse by more than ${margin}`
      : difference.mean < -margin
        ? `worse by more than ${margin}`
        : `may be worse by more than ${margin}; more cases would tell`;
  const seen = isTestSeen
    ? `. ${beside} may have been trained on the test part, which makes it hard to beat`
    : '';
  return { isActivated, reason: `${figures}: ${rule}${seen}` };
}

/** Such as `ndcg@5 0.1234, 0.0100 more than v1 (95 %: -0.0020 to 0.0220)`. */
function figuresOf(metric: string, { mean }: Estimate, difference: Estimate, other: string): string {
  const { low, high } = difference;
  const size = Math.abs(difference.mean).toFixed(DIGITS);
  const comparison = `${size} ${difference.mean < 0 ? 'less' : 'more'} than ${other}`;
  const interval =
    low === null || high === null
      ? 'of one user, so without an interval'
      : `95 %: ${low.toFixed(DIGITS)} to ${high.toFixed(DIGITS)}`;
  return `${metric} ${mean.toFixed(DIGITS)}, ${comparison} (${interval})`;
}
