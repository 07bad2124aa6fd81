/** The cases that a log and a protocol make, or a sample of them. */
import { EngineError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import type { ActionLog } from '../training/action-log.ts';
import type { EvaluationCase, Protocol } from './cases.ts';
import { newCases } from './new-cases.ts';
import { nextCases } from './next-cases.ts';
import type { CutLog } from './time-cut.ts';

export interface CaseSelection {
  /** Types of the actions to predict. Default: all that say a user wanted a shop. */
  readonly types?: readonly string[] | undefined;
  /** Of `next`: predict only the last action of each session. */
  readonly lastOfSessions?: boolean | undefined;
  /** A session ends where the user pauses for longer than this. */
  readonly sessionGapMs: number;
  /** Of `next`: predict only actions of which this log has one with the same user, shop and moment. */
  readonly targets?: ActionLog | undefined;
  /** Of more cases so many are drawn at random. */
  readonly caseCountMax?: number | undefined;
  readonly seed: number;
}

export interface SelectedCases {
  readonly cases: readonly EvaluationCase[];
  /** That they were drawn from. */
  readonly foundCount: number;
}

/** Throws `input_invalid` if there is no case. */
export function selectCases(
  cut: CutLog,
  protocol: Protocol,
  { types, lastOfSessions = false, sessionGapMs, targets, caseCountMax = Infinity, seed }: CaseSelection,
): SelectedCases {
  const found =
    protocol === 'new'
      ? newCases(cut, { types })
      : nextCases(cut, { types, targets, sessionGapMs: lastOfSessions ? sessionGapMs : undefined });
  if (found.length > 0) return { cases: sampled(found, caseCountMax, seed), foundCount: found.length };
  throw new EngineError(
    'input_invalid',
    protocol === 'new'
      ? 'no user of the test part acts on a shop that is new to them, expected one at least; give more test actions'
      : 'no action of the test part is to be predicted, expected one at least; give other types, targets or more test actions',
  );
}

/** At most `countMax` of the cases, drawn at random, in their order. */
function sampled(
  cases: readonly EvaluationCase[],
  countMax: number,
  seed: number,
): readonly EvaluationCase[] {
  if (cases.length <= countMax) return cases;
  const places = new Random(seed).shuffle(cases.map((_, at) => at)).slice(0, countMax);
  return places.sort((a, b) => a - b).map((at) => cases[at]!);
}
