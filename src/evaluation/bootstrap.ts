/**
 * How far a mean might be off: percentile intervals of the bootstrap (Efron & Tibshirani, "An Introduction to the
 * Bootstrap", 1993, chapter 13). Users are drawn with replacement and bring all their cases along, since cases of one user
 * are not independent (Field & Welsh, "Bootstrapping clustered data", JRSS B 2007).
 */
import { Random } from '../base/random.ts';

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Of 95 %. */
const SHARE_BELOW_LOW = 0.025;
const SHARE_BELOW_HIGH = 0.975;

/**
 * The mean over cases of each column in each resample. All columns see the same users in the same resample, so the
 * difference of two columns' means is that of paired samples.
 * `columns`: float64[caseCount] each. `users`: by case. Returns float64[resampleCount] for each column.
 */
export function resampledMeans(
  columns: readonly Float64Array[],
  users: Uint32Array,
  seed: number,
  resampleCount: number,
): Float64Array[] {
  const { clusters, count } = numbered(users);
  const caseCounts = sums(new Float64Array(users.length).fill(1), clusters, count);
  const totals = columns.map((column) => sums(column, clusters, count));
  const means = columns.map(() => new Float64Array(resampleCount));
  const random = new Random(seed);
  const times = new Float64Array(count);
  for (let resample = 0; resample < resampleCount; resample++) {
    times.fill(0);
    for (let i = 0; i < count; i++) times[random.below(count)]!++;
    const drawn = dot(times, caseCounts);
    totals.forEach((total, c) => (means[c]![resample] = dot(times, total) / drawn));
  }
  return means;
}

/** What the middle 95 % of resampled values lie between (linear interpolation between order statistics). */
export function percentileInterval(values: Float64Array): Interval {
  const sorted = values.toSorted();
  const at = (share: number): number => {
    const place = share * (sorted.length - 1);
    const below = Math.floor(place);
    const next = sorted[Math.min(below + 1, sorted.length - 1)]!;
    return sorted[below]! + (place - below) * (next - sorted[below]!);
  };
  return { low: at(SHARE_BELOW_LOW), high: at(SHARE_BELOW_HIGH) };
}

/** Users that occur as 0, 1, 2 …, by case. */
function numbered(users: Uint32Array): { readonly clusters: Uint32Array; readonly count: number } {
  const numbers = new Map<number, number>();
  const clusters = users.map((user) => {
    const number = numbers.get(user) ?? numbers.size;
    numbers.set(user, number);
    return number;
  });
  return { clusters, count: numbers.size };
}

/** Sums of a column by cluster. */
function sums(column: Float64Array, clusters: Uint32Array, count: number): Float64Array {
  const totals = new Float64Array(count);
  for (let i = 0; i < column.length; i++) totals[clusters[i]!]! += column[i]!;
  return totals;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
