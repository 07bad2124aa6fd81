/** From scoreboards to means, intervals and differences: over all cases and over those of each group. */
import { check } from '../base/errors.ts';
import { percentileInterval, resampledMeans } from './bootstrap.ts';
import type { EvaluationCase } from './cases.ts';
import type { CaseCounts, Estimate, GroupName, Metrics, RankerResult } from './result.ts';
import type { Scoreboard } from './scoreboard.ts';

export interface SummaryTerms {
  readonly seed: number;
  readonly resampleCount: number;
  /** Name of the ranker that differences are to. */
  readonly reference: string;
}

/** Places of cases. */
export type Groups = Readonly<Record<GroupName, readonly number[]>>;

/** Who is asked about: nothing known, fewer than `heavyFrom` actions, or as many and more. */
export function groupsOf(cases: readonly EvaluationCase[], heavyFrom: number): Groups {
  const groups = { new: [] as number[], light: [] as number[], heavy: [] as number[] };
  cases.forEach(({ history: { length } }, at) => {
    groups[length === 0 ? 'new' : length < heavyFrom ? 'light' : 'heavy'].push(at);
  });
  return groups;
}

export function countsOf(cases: readonly EvaluationCase[]): CaseCounts {
  return { caseCount: cases.length, userCount: new Set(cases.map(({ user }) => user)).size };
}

/** One result for each board, in their order. */
export function summarize(
  boards: readonly Scoreboard[],
  cases: readonly EvaluationCase[],
  groups: Groups,
  terms: SummaryTerms,
): RankerResult[] {
  const everyone = cases.map((_, at) => at);
  const whole = estimatesOf(boards, cases, everyone, terms);
  const ofGroup = (name: GroupName) => estimatesOf(boards, cases, groups[name], terms);
  const byGroup = { new: ofGroup('new'), light: ofGroup('light'), heavy: ofGroup('heavy') };
  return boards.map((board, b) => ({
    name: board.name,
    metrics: whole[b]!.metrics,
    ...(board.name !== terms.reference && { difference: whole[b]!.difference }),
    coverage: board.coverage(),
    groups: {
      new: byGroup.new[b]!.metrics,
      light: byGroup.light[b]!.metrics,
      heavy: byGroup.heavy[b]!.metrics,
    },
  }));
}

/** All resamples of one user are the same. */
const NO_INTERVAL = { low: null, high: null };

interface Estimates {
  readonly metrics: Metrics;
  /** To the reference. */
  readonly difference: Metrics;
}

/** What each board says over the cases at `places`. */
function estimatesOf(
  boards: readonly Scoreboard[],
  cases: readonly EvaluationCase[],
  places: readonly number[],
  { seed, resampleCount, reference }: SummaryTerms,
): Estimates[] {
  if (places.length === 0) return boards.map(() => ({ metrics: {}, difference: {} }));
  const names = [...boards[0]!.columns.keys()];
  const columns = boards.flatMap((board) =>
    names.map((name) => Float64Array.from(places, (at) => board.columns.get(name)![at]!)),
  );
  const users = Uint32Array.from(places, (at) => cases[at]!.user);
  const intervalOf = new Set(users).size > 1 ? percentileInterval : () => NO_INTERVAL;
  const resampled = resampledMeans(columns, users, seed, resampleCount);
  const referenceAt = boards.findIndex(({ name }) => name === reference);
  check(referenceAt !== -1, `${reference} is no ranker of this evaluation`);
  const estimates = (b: number, of: (at: number, referenceAt: number) => Estimate): Metrics =>
    Object.fromEntries(
      names.map((name, m) => [name, of(b * names.length + m, referenceAt * names.length + m)]),
    );
  return boards.map((_, b) => ({
    metrics: estimates(b, (at) => ({ mean: meanOf(columns[at]!), ...intervalOf(resampled[at]!) })),
    difference: estimates(b, (at, to) => ({
      mean: meanOf(columns[at]!) - meanOf(columns[to]!),
      ...intervalOf(resampled[at]!.map((mean, r) => mean - resampled[to]![r]!)),
    })),
  }));
}

export function meanOf(column: Float64Array): number {
  return column.reduce((sum, value) => sum + value, 0) / column.length;
}
