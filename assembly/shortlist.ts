/**
 * The candidates that may still be among the best `depth` of one query, by a float32 value whose error is bounded.
 *
 * A candidate whose value lies more than `slack`, twice the bound, below the depth-th largest value seen cannot be
 * among the best: `depth` others beat it whatever the rounding. A shortlist holds the others, in the order of their
 * positions, and is weeded whenever it is full.
 */
import { RequestBlock } from './memory';
import { offer } from './select';
import { exactSimilarity } from './similarity';

@unmanaged
export class Shortlist {
  /** f32[capacity] and u32[capacity]. */
  values: u32;
  positions: u32;
  count: u32;
  /** Entries from which it is weeded. */
  weedAt: u32;
  /** Values below this are out. */
  cutoff: f32;
  slack: f32;
}

export const SHORTLIST_BYTES: u32 = 32;
const BIN_COUNT: u32 = 512;
/** u32[BIN_COUNT], for `weed`. */
export const BINS_BYTES: u32 = BIN_COUNT * 4;
/** Room behind the last entry for stores of four lanes. */
const STORE_SLACK: u32 = 8;

/** Entries that a shortlist of `depth` needs room for. `src/kernel/linear-memory.ts` mirrors it. */
export function shortlistCapacity(depth: u32): u32 {
  return 4 * depth + 256;
}

export function startShortlist(list: Shortlist, values: u32, positions: u32, depth: u32, slack: f32): void {
  list.values = values;
  list.positions = positions;
  list.count = 0;
  list.weedAt = 2 * depth + 64;
  list.cutoff = -Infinity;
  list.slack = slack;
}

/** Takes those of four neighbouring candidates, the first at `position`, that `bits` names. */
@inline
export function push(list: Shortlist, count: u32, bits: i32, values: v128, position: u32): u32 {
  const positions = i32x4.add(i32x4.splat(position), i32x4(0, 1, 2, 3));
  const valuesStart = list.values;
  const positionsStart = list.positions;
  let at = count << 2;
  // Left-packed without a branch: every lane is stored, only those that count move on.
  v128.store32_lane(valuesStart + at, values, 0);
  v128.store32_lane(positionsStart + at, positions, 0);
  at += (bits & 1) << 2;
  v128.store32_lane(valuesStart + at, values, 1);
  v128.store32_lane(positionsStart + at, positions, 1);
  at += (bits & 2) << 1;
  v128.store32_lane(valuesStart + at, values, 2);
  v128.store32_lane(positionsStart + at, positions, 2);
  at += bits & 4;
  v128.store32_lane(valuesStart + at, values, 3);
  v128.store32_lane(positionsStart + at, positions, 3);
  at += (bits & 8) >> 1;
  return at >> 2;
}

/** Drops what cannot be among the best `depth` any more. */
export function weed(block: RequestBlock, n: u32, list: Shortlist, bins: usize, settling: usize): void {
  const depth = block.depth;
  if (list.count > depth) {
    const kth = depthLargestBound(list, depth, bins);
    list.cutoff = max(list.cutoff, kth - list.slack);
    keepFrom(list);
    if (list.count > shortlistCapacity(depth) >> 1) settle(block, n, list, settling);
  }
  list.weedAt = min(shortlistCapacity(depth) - STORE_SLACK, list.count + max<u32>(depth, 64));
}

/** A value that at least `depth` entries reach, close to the depth-th largest: the lower edge of its bin. */
function depthLargestBound(list: Shortlist, depth: u32, bins: usize): f32 {
  const start = list.values;
  const end = start + (list.count << 2);
  let low: f32 = Infinity;
  let high: f32 = -Infinity;
  for (let at = start; at < end; at += 4) {
    const value = load<f32>(at);
    low = min(low, value);
    high = max(high, value);
  }
  if (!(high > low)) return low;
  const scale: f32 = min<f32>(<f32>(BIN_COUNT - 1) / (high - low), 3e38);
  memory.fill(bins, 0, BINS_BYTES);
  for (let at = start; at < end; at += 4) {
    const bin = bins + (binOf(load<f32>(at), low, scale) << 2);
    store<u32>(bin, load<u32>(bin) + 1);
  }
  let bin: u32 = BIN_COUNT;
  for (let reached: u32 = 0; reached < depth; ) reached += load<u32>(bins + (--bin << 2));
  let bound: f32 = Infinity;
  for (let at = start; at < end; at += 4) {
    const value = load<f32>(at);
    if (binOf(value, low, scale) >= bin) bound = min(bound, value);
  }
  return bound;
}

@inline
function binOf(value: f32, low: f32, scale: f32): u32 {
  return min<u32>(<u32>((value - low) * scale), BIN_COUNT - 1);
}

function keepFrom(list: Shortlist): void {
  let kept: u32 = 0;
  for (let at: u32 = 0; at < list.count; at++) {
    const value = load<f32>(list.values + (at << 2));
    store<f32>(list.values + (kept << 2), value);
    store<u32>(list.positions + (kept << 2), load<u32>(list.positions + (at << 2)));
    kept += u32(value >= list.cutoff);
  }
  list.count = kept;
}

/**
 * Many entries too close for float32: keeps exactly the best `depth` by the definition.
 * `settling` is scratch: f64[depth], u32[depth], u32[capacity] flags.
 */
function settle(block: RequestBlock, n: u32, list: Shortlist, settling: usize): void {
  const depth = block.depth;
  const values = settling;
  const entries = values + (depth << 3);
  const flags = entries + (depth << 2);
  let size: u32 = 0;
  for (let at: u32 = 0; at < list.count; at++) {
    const similarity = exactSimilarity(block, n, load<u32>(list.positions + (at << 2)));
    size = offer(values, entries, size, depth, similarity, at); // entries stand in the order of positions
  }
  memory.fill(flags, 0, list.count << 2);
  for (let i: u32 = 0; i < size; i++) store<u32>(flags + (load<u32>(entries + (i << 2)) << 2), 1);
  let kept: u32 = 0;
  for (let at: u32 = 0; at < list.count; at++) {
    store<f32>(list.values + (kept << 2), load<f32>(list.values + (at << 2)));
    store<u32>(list.positions + (kept << 2), load<u32>(list.positions + (at << 2)));
    kept += load<u32>(flags + (at << 2));
  }
  list.count = kept;
}
