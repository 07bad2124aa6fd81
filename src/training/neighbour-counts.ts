/** Which shops speak for which others: by the next step of a user, and by having their users in common. */
import { Float64List, Uint32List } from '../base/growing-list.ts';
import { NEIGHBOUR_COUNT_MAX, type NeighbourRows } from '../catalog/neighbours.ts';
import type { Visits } from './visits.ts';

/** Steps that never happened and stand against those that did, see recommender/signals/transition.ts. */
const STEPS_BEFORE = 10;
/**
 * Users that two shops must have in common. One alone says as good as nothing: New York's accuracy@1 .336 with, .341 without
 * such pairs, Petaling Jaya's nDCG@5 .0812 and .0815, and snapshots are 23 to 36 % smaller.
 */
const SHARED_USERS_MIN = 2;
/** Newest shops of a user that count as shared: the work grows with the square of it. */
const SHOPS_OF_USER_MAX = 200;

/** ln(1 + n / (10 · p)) for n steps within a session from a shop to another one that has the part p of all actions. */
export function transitions(visits: Visits, gapMs: number): NeighbourRows {
  const { count, shopCount, users, rows, atMs } = visits;
  const before = new Int32Array(count).fill(-1);
  const lastOf = new Map<number, number>();
  const sums = new Float64Array(shopCount);
  for (let at = 0; at < count; at++) {
    const last = lastOf.get(users[at]!);
    if (last !== undefined && atMs[at]! - atMs[last]! <= gapMs && rows[last] !== rows[at])
      before[at] = rows[last]!;
    lastOf.set(users[at]!, at);
    sums[rows[at]!]!++;
  }
  const steps = groupedBy(before, shopCount);
  return strongest(visits, (row, tally) => {
    for (let i = steps.starts[row]!; i < steps.starts[row + 1]!; i++) tally.add(rows[steps.places[i]!]!);
    return (other, n) => Math.log1p((n * count) / (STEPS_BEFORE * sums[other]!));
  });
}

/**
 * ln((n + 1) / (a · b / users + 1)) for n users of both of two shops that have a and b users; those above 0,
 * of two users or more. The newest 200 shops of a user count.
 */
export function sharedUsers(visits: Visits): NeighbourRows {
  const { shopCount, userCount } = visits;
  const { users, rows } = distinctShops(visits);
  const byShop = groupedBy(rows, shopCount);
  const byUser = groupedBy(users, userCount);
  const userCountOf = (row: number): number => byShop.starts[row + 1]! - byShop.starts[row]!;
  let active = 0;
  for (let user = 0; user < userCount; user++) if (byUser.starts[user + 1]! > byUser.starts[user]!) active++;
  return strongest(visits, (row, tally) => {
    for (let i = byShop.starts[row]!; i < byShop.starts[row + 1]!; i++) {
      const user = users[byShop.places[i]!]!;
      for (let j = byUser.starts[user]!; j < byUser.starts[user + 1]!; j++) {
        const other = rows[byUser.places[j]!]!;
        if (other !== row) tally.add(other);
      }
    }
    return (other, n) =>
      n < SHARED_USERS_MIN ? 0 : Math.log((n + 1) / ((userCountOf(row) * userCountOf(other)) / active + 1));
  });
}

/** The shops of each user, each once, the newest 200. */
function distinctShops({ count, shopCount, users, rows }: Visits): { users: Int32Array; rows: Int32Array } {
  const seen = new Set<number>();
  const countOf = new Map<number, number>();
  const foundUsers: number[] = [];
  const foundRows: number[] = [];
  for (let at = count - 1; at >= 0; at--) {
    const [user, row] = [users[at]!, rows[at]!];
    const key = user * shopCount + row;
    const had = countOf.get(user) ?? 0;
    if (seen.has(key) || had === SHOPS_OF_USER_MAX) continue;
    seen.add(key);
    countOf.set(user, had + 1);
    foundUsers.push(user);
    foundRows.push(row);
  }
  return { users: Int32Array.from(foundUsers), rows: Int32Array.from(foundRows) };
}

interface Groups {
  /** First of `places` of each group, then how many there are. */
  readonly starts: Uint32Array;
  readonly places: Uint32Array;
}

/** The places of each number below `groupCount` in `numbers`; those below 0 are in none. */
function groupedBy(numbers: Int32Array, groupCount: number): Groups {
  const starts = new Uint32Array(groupCount + 1);
  for (const number of numbers) if (number >= 0) starts[number + 1]!++;
  for (let group = 0; group < groupCount; group++) starts[group + 1]! += starts[group]!;
  const places = new Uint32Array(starts[groupCount]!);
  const next = starts.slice();
  numbers.forEach((number, place) => {
    if (number >= 0) places[next[number]!++] = place;
  });
  return { starts, places };
}

/** How often each shop was met. */
class Tally {
  readonly counts: Uint32Array;
  readonly met: number[] = [];

  constructor(shopCount: number) {
    this.counts = new Uint32Array(shopCount);
  }

  add(row: number): void {
    if (this.counts[row]!++ === 0) this.met.push(row);
  }

  clear(): void {
    for (const row of this.met) this.counts[row] = 0;
    this.met.length = 0;
  }
}

/**
 * For each shop the strongest of those that `count` meets, by the strength that it returns for a shop and its count. Of many
 * that were met once strengths are often the same: then by count, by all actions, by the newest one. So which are kept does
 * not hang on the order of the shops' file.
 */
function strongest(
  { shopCount, rows: visited }: Visits,
  count: (row: number, tally: Tally) => (other: number, n: number) => number,
): NeighbourRows {
  const visitCounts = new Uint32Array(shopCount);
  const newest = new Int32Array(shopCount).fill(-1);
  visited.forEach((row, at) => {
    visitCounts[row]!++;
    newest[row] = at;
  });
  const tally = new Tally(shopCount);
  const starts = new Uint32Array(shopCount + 1);
  const rows = new Uint32List();
  const strengths = new Float64List();
  for (let row = 0; row < shopCount; row++) {
    const strengthOf = count(row, tally);
    const found = tally.met
      .map((other) => {
        const n = tally.counts[other]!;
        return { other, n, strength: strengthOf(other, n) };
      })
      .filter(({ strength }) => Math.fround(strength) > 0)
      .sort(
        (a, b) =>
          b.strength - a.strength ||
          b.n - a.n ||
          visitCounts[b.other]! - visitCounts[a.other]! ||
          newest[b.other]! - newest[a.other]!,
      );
    for (const { other, strength } of found.slice(0, NEIGHBOUR_COUNT_MAX)) {
      rows.push(other);
      strengths.push(strength);
    }
    starts[row + 1] = rows.count;
    tally.clear();
  }
  return { starts, rows: rows.values.slice(), strengths: Float32Array.from(strengths.values) };
}
