/**
 * The last step of `rank`: a shortlist of float32 values put in order and written as a ranking.
 *
 * Entries are sorted by value as one u64 each, position above value. Neighbours that the error of their values may have
 * put in the wrong order form groups; only what is in a group needs the definition in float64.
 */
import { binOf, binReaching, countBins, leastDownTo } from './histogram';
import { RequestBlock } from './memory';
import { offer, sortBestFirst } from './select';
import { Shortlist, weed } from './shortlist';
import { exactSimilarities } from './similarity';
import { bins, ordering, shortlistCapacity } from './workspace';

/** Entries that are sorted by insertion at once. */
const FEW: u32 = 24;
/** Entries of one bin up to which sorting by insertion is cheaper than float64 for all. */
const BIN_CROWDED: u32 = 256;

// Scratch, `capacity` of each.
/** u64, then the groups: u32 first and last place. */
let sorted: u32 = 0;
/** f64: similarities by place. */
let exact: u32 = 0;
/** f64: similarities of `tied`; before that, u32: the bin of each entry. */
let tiedSimilarities: u32 = 0;
/** u32: positions by place. */
let positions: u32 = 0;
/** u32: positions of what is in a group. */
let tied: u32 = 0;

/** Orders a shortlist and writes its best `depth`. */
export function writeRanking(block: RequestBlock, n: u32, list: Shortlist): void {
  const depth = block.depth;
  takeScratch(depth);
  let count = sortByValue(list, depth);
  if (count == 0) {
    weed(block, n, list);
    count = list.count;
    memory.copy(positions, list.positions, count << 2);
    exactSimilarities(block, n, positions, count, exact);
    sortGroup(0, count - 1);
  } else {
    copyPositions(count);
    const groupsEnd = findGroups(depth, count, list.slack);
    if (block.similaritiesWanted) exactSimilarities(block, n, positions, count, exact);
    else scoreGroups(block, n, groupsEnd);
    for (let group = sorted; group < groupsEnd; group += 8) sortGroup(load<u32>(group), load<u32>(group, 4));
  }
  const kept = min<u32>(count, depth);
  memory.copy(block.rankedPositions + ((n * depth) << 2), positions, kept << 2);
  if (block.similaritiesWanted) memory.copy(block.rankedSimilarities + ((n * depth) << 3), exact, kept << 3);
  store<u32>(block.rankedCounts + (n << 2), kept);
}

function takeScratch(depth: u32): void {
  const capacity = shortlistCapacity(depth);
  sorted = ordering;
  exact = sorted + capacity * 8;
  tiedSimilarities = exact + capacity * 8;
  positions = tiedSimilarities + capacity * 8;
  tied = positions + capacity * 4;
}

@inline
function entryOf(value: f32, position: u32): u64 {
  return ((<u64>position) << 32) | reinterpret<u32>(value);
}

@inline
function valueOf(entry: u64): f32 {
  return reinterpret<f32>(<u32>entry);
}

/**
 * Sorts those entries of a shortlist that may be among the best `depth`, largest first: counted into bins, then by
 * insertion, which has little left to do. Returns how many, or 0 where it would have much, as one far value leaves the
 * others in few bins.
 */
function sortByValue(list: Shortlist, depth: u32): u32 {
  const count = list.count <= FEW ? copyEntries(list) : distribute(list, depth);
  for (let at = sorted + 8, end = sorted + (count << 3); at < end; at += 8) {
    const entry = load<u64>(at);
    const value = valueOf(entry);
    if (valueOf(load<u64>(at - 8)) >= value) continue;
    let to = at;
    do {
      store<u64>(to, load<u64>(to - 8));
      to -= 8;
    } while (to > sorted && valueOf(load<u64>(to - 8)) < value);
    store<u64>(to, entry);
  }
  return count;
}

function copyEntries(list: Shortlist): u32 {
  for (let i: u32 = 0; i < list.count; i++) {
    const entry = entryOf(load<f32>(list.lowers + (i << 2)), load<u32>(list.positions + (i << 2)));
    store<u64>(sorted + (i << 3), entry);
  }
  return list.count;
}

/** Puts entries in the order of their bins; 0 if one is crowded. */
function distribute(list: Shortlist, depth: u32): u32 {
  const count = list.count;
  const binOfEach = tiedSimilarities;
  if (!countBins(list.lowers, count, bins, binOfEach)) return 0;
  // The depth-th largest is no less than the least of its bin; what is close to that comes along.
  const least = leastDownTo(binReaching(depth, bins), list.lowers, count, binOfEach) - list.slack;
  const lastWanted = binOf(least);
  let before: u32 = 0;
  for (let bin = bins, end = bins + (lastWanted << 2); bin <= end; bin += 4) {
    const size = load<u32>(bin);
    if (size > BIN_CROWDED) return 0;
    store<u32>(bin, sorted + (before << 3));
    before += size;
  }
  // All others go to one bin behind: a branch that cannot be predicted costs more than to write them.
  store<u32>(bins + ((lastWanted + 1) << 2), sorted + (before << 3));
  for (let at: u32 = 0, end = count << 2; at < end; at += 4) {
    const bin = bins + (min(load<u32>(binOfEach + at), lastWanted + 1) << 2);
    const to = load<u32>(bin);
    store<u32>(bin, to + 8);
    store<u64>(to, entryOf(load<f32>(list.lowers + at), load<u32>(list.positions + at)));
  }
  return before;
}

function copyPositions(count: u32): void {
  for (let i: u32 = 0; i < count; i += 4) {
    const from = sorted + (i << 3);
    v128.store(positions + (i << 2), v128.shuffle<u32>(v128.load(from), v128.load(from, 16), 1, 3, 5, 7));
  }
}

/**
 * Writes the first and last place of each group of entries whose neighbours are closer than `slack` over `sorted`,
 * where they were read already. Returns their end.
 */
function findGroups(depth: u32, count: u32, slack: f32): u32 {
  const slacks = f32x4.splat(slack);
  // Nothing is close to what stands behind the last entry, so four can be looked at wherever one begins.
  for (let i: u32 = 0; i < 5; i++) store<u64>(sorted + ((count + i) << 3), entryOf(-Infinity, 0));
  let group = sorted;
  for (let first: u32 = 0; first < depth && first + 1 < count; ) {
    const at = sorted + (first << 3);
    const values = v128.shuffle<f32>(v128.load(at), v128.load(at, 16), 0, 2, 4, 6);
    const nexts = v128.shuffle<f32>(v128.load(at, 8), v128.load(at, 24), 0, 2, 4, 6);
    const close = i32x4.bitmask(f32x4.le(f32x4.sub(values, nexts), slacks));
    if (close == 0) {
      first += 4;
      continue;
    }
    first += ctz(close);
    if (first >= depth) break;
    let last = first + 1;
    while (gapBehind(last) <= slack) last++;
    store<u32>(group, first);
    store<u32>(group, last, 4);
    group += 8;
    first = last + 1;
  }
  return group;
}

@inline
function gapBehind(place: u32): f32 {
  const at = sorted + (place << 3);
  return valueOf(load<u64>(at)) - valueOf(load<u64>(at, 8));
}

/** Writes the similarities of what is in a group, by place. */
function scoreGroups(block: RequestBlock, n: u32, groupsEnd: u32): void {
  let count: u32 = 0;
  for (let group = sorted; group < groupsEnd; group += 8) {
    for (let place = load<u32>(group); place <= load<u32>(group, 4); place++) {
      store<u32>(tied + (count++ << 2), load<u32>(positions + (place << 2)));
    }
  }
  exactSimilarities(block, n, tied, count, tiedSimilarities);
  let from = tiedSimilarities;
  for (let group = sorted; group < groupsEnd; group += 8) {
    for (let place = load<u32>(group); place <= load<u32>(group, 4); place++) {
      store<f64>(exact + (place << 3), load<f64>(from));
      from += 8;
    }
  }
}

/** Puts a group in the order of the definition: similarity descending, then position ascending. */
function sortGroup(first: u32, last: u32): void {
  const groupExact = exact + (first << 3);
  const groupPositions = positions + (first << 2);
  const count = last - first + 1;
  if (count > FEW) {
    // A heap of all of them; the entry at i is read before `offer` can write to it.
    for (let i: u32 = 0; i < count; i++) {
      offer(groupExact, groupPositions, i, count, load<f64>(groupExact + (i << 3)), load<u32>(groupPositions + (i << 2)));
    }
    sortBestFirst(groupExact, groupPositions, count);
    return;
  }
  for (let i: u32 = 1; i < count; i++) {
    const similarity = load<f64>(groupExact + (i << 3));
    const position = load<u32>(groupPositions + (i << 2));
    let at = i;
    for (; at > 0; at--) {
      const before = load<f64>(groupExact + ((at - 1) << 3));
      const beforePosition = load<u32>(groupPositions + ((at - 1) << 2));
      if (before > similarity || (before == similarity && beforePosition < position)) break;
      store<f64>(groupExact + (at << 3), before);
      store<u32>(groupPositions + (at << 2), beforePosition);
    }
    store<f64>(groupExact + (at << 3), similarity);
    store<u32>(groupPositions + (at << 2), position);
  }
}
