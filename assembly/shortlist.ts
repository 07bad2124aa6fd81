/**
 * The candidates that may still be among the best `depth` of one query, each with bounds of its value.
 *
 * `depth` candidates are at least as good as the depth-th largest lower bound, so what cannot reach it, by its upper
 * bound, is out whatever the rounding. A shortlist holds the others, in the order of their positions, and is weeded
 * whenever it is full. Where one bound on the error holds for all, both arrays are one, f32 values, and `slack` is
 * twice that error.
 */
import { binReaching, countBins, leastDownTo } from './histogram';
import { RequestBlock } from './memory';
import { offer } from './select';
import { exactSimilarities } from './similarity';
import { bins, lists, ordering, shortlistCapacity, SHORTLIST_BYTES } from './workspace';

@unmanaged
export class Shortlist {
  /** f32[capacity]; the same array in the float pass. */
  lowers: u32;
  uppers: u32;
  /** u32[capacity]. */
  positions: u32;
  count: u32;
  /** Entries from which it is weeded. */
  weedAt: u32;
  /** Candidates whose upper bound is below this are out. */
  cutoff: f32;
  slack: f32;
}

/** The shortlist of query `n`. */
@inline
export function listOf(n: u32): Shortlist {
  return changetype<Shortlist>(lists + n * SHORTLIST_BYTES);
}

/** Starts a list in `entries`, room for three arrays of `capacity` words. */
export function startShortlist(list: Shortlist, entries: u32, depth: u32, oneError: bool, slack: f32): void {
  const arrayBytes = shortlistCapacity(depth) << 2;
  list.lowers = entries;
  list.positions = entries + arrayBytes;
  list.uppers = oneError ? entries : entries + 2 * arrayBytes;
  list.count = 0;
  list.weedAt = 2 * depth + 64;
  list.cutoff = -Infinity;
  list.slack = slack;
}

/**
 * Takes those of four neighbouring candidates, the first at `position`, that `bits` names; returns the new count.
 * Left-packed without a branch: every lane is stored, only those that are named move on.
 */
@inline
export function push(list: Shortlist, count: u32, bits: i32, lowers: v128, uppers: v128, oneError: bool, position: u32): u32 {
  const positions = i32x4.add(i32x4.splat(position), i32x4(0, 1, 2, 3));
  let at = count << 2;
  v128.store32_lane(list.lowers + at, lowers, 0);
  if (!oneError) v128.store32_lane(list.uppers + at, uppers, 0);
  v128.store32_lane(list.positions + at, positions, 0);
  at += (bits & 1) << 2;
  v128.store32_lane(list.lowers + at, lowers, 1);
  if (!oneError) v128.store32_lane(list.uppers + at, uppers, 1);
  v128.store32_lane(list.positions + at, positions, 1);
  at += (bits & 2) << 1;
  v128.store32_lane(list.lowers + at, lowers, 2);
  if (!oneError) v128.store32_lane(list.uppers + at, uppers, 2);
  v128.store32_lane(list.positions + at, positions, 2);
  at += bits & 4;
  v128.store32_lane(list.lowers + at, lowers, 3);
  if (!oneError) v128.store32_lane(list.uppers + at, uppers, 3);
  v128.store32_lane(list.positions + at, positions, 3);
  at += (bits & 8) >> 1;
  return at >> 2;
}

/** Takes all of a tile, whose values were written behind the last entries; returns the new count. */
@inline
export function pushAll(list: Shortlist, count: u32, tileCount: u32, position: u32): u32 {
  let positions = i32x4.add(i32x4.splat(position), i32x4(0, 1, 2, 3));
  for (let at = list.positions + (count << 2), end = at + (tileCount << 2); at < end; at += 16) {
    v128.store(at, positions);
    positions = i32x4.add(positions, i32x4.splat(4));
  }
  return count + tileCount;
}

/** Whether a list is so far from being weeded that it takes `count` more, whatever they are. */
@inline
export function takesAll(list: Shortlist, count: u32): bool {
  return list.cutoff == -Infinity && list.count + count < list.weedAt;
}

/** Drops what cannot be among the best `depth` any more. */
export function weed(block: RequestBlock, n: u32, list: Shortlist): void {
  const depth = block.depth;
  if (list.count > depth) {
    list.cutoff = max(list.cutoff, depthLargestBound(list, depth) - list.slack);
    keepFrom(list);
    if (list.count > shortlistCapacity(depth) >> 1) settle(block, n, list);
  }
  // Half the capacity at most is left, 2 depth + 128, so there is room for 4 more lanes than that.
  list.weedAt = list.count + 2 * depth + 64;
}

/** A value that at least `depth` lower bounds reach, close to the depth-th largest: the least of its bin. */
function depthLargestBound(list: Shortlist, depth: u32): f32 {
  const binOfEach = ordering;
  if (!countBins(list.lowers, list.count, bins, binOfEach)) return load<f32>(list.lowers);
  return leastDownTo(binReaching(depth, bins), list.lowers, list.count, binOfEach);
}

function keepFrom(list: Shortlist): void {
  const lowers = list.lowers;
  const uppers = list.uppers;
  const positions = list.positions;
  const cutoff = list.cutoff;
  let kept: u32 = 0;
  for (let at: u32 = 0, end = list.count << 2; at < end; at += 4) {
    const upper = load<f32>(uppers + at);
    store<f32>(lowers + kept, load<f32>(lowers + at));
    store<f32>(uppers + kept, upper);
    store<u32>(positions + kept, load<u32>(positions + at));
    kept += u32(upper >= cutoff) << 2;
  }
  list.count = kept >> 2;
}

/** Many entries too close for their bounds: keeps exactly the best `depth` by the definition. */
function settle(block: RequestBlock, n: u32, list: Shortlist): void {
  const depth = block.depth;
  const exact = ordering;
  const flags = exact + (shortlistCapacity(depth) << 3);
  const best = flags + (shortlistCapacity(depth) << 2);
  const values = (best + (depth << 2) + 7) & ~7;
  exactSimilarities(block, n, list.positions, list.count, exact);
  let size: u32 = 0;
  for (let at: u32 = 0; at < list.count; at++) {
    size = offer(values, best, size, depth, load<f64>(exact + (at << 3)), at); // entries stand in the order of positions
  }
  memory.fill(flags, 0, list.count << 2);
  for (let i: u32 = 0; i < size; i++) store<u32>(flags + (load<u32>(best + (i << 2)) << 2), 1);
  let kept: u32 = 0;
  for (let at: u32 = 0; at < list.count; at++) {
    store<f32>(list.lowers + (kept << 2), load<f32>(list.lowers + (at << 2)));
    store<f32>(list.uppers + (kept << 2), load<f32>(list.uppers + (at << 2)));
    store<u32>(list.positions + (kept << 2), load<u32>(list.positions + (at << 2)));
    kept += load<u32>(flags + (at << 2));
  }
  list.count = kept;
}
