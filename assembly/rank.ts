/**
 * The best candidates of each query, exactly: float32 rules out, float64 decides.
 *
 * One pass over the candidates in tiles that stay in the first-level cache computes float32 dot products for all
 * queries (`dots.ts`) and turns them into values that order as the similarities do:
 *
 *   cosine         v = q·r / ‖r‖             similarity = v / ‖q‖
 *   inner product  v = q·r                   similarity = v
 *   L2             v = q·r − ‖r‖² / 2        similarity = 2v − ‖q‖²
 *
 * Each query's shortlist keeps what the error bound below cannot rule out. At the end it is ordered by value; where
 * neighbours are closer than the bound resolves, the definition in float64 orders them.
 *
 * The bound. With u = 2^-24, a sum of D products in float32, in any order, fused or not, is off by at most
 * γ·Σ|q_i·r_i| ≤ γ·‖q‖·‖r‖ with γ = D·u / (1 − D·u) (Higham, Accuracy and Stability of Numerical Algorithms, §3.1).
 * We take γ = (D + 16)·u·1.02; the 16 u more cover the roundings of 1/‖r‖, of ‖r‖²/2 and of the last operation, and the
 * definition's own error, D·2^-53, which is far smaller. Two values err by at most 2E apart, the slack:
 *
 *   cosine  E = γ·‖q‖        inner product  E = γ·‖q‖·R        L2  E = γ·‖q‖·R + 4u·R² + D·2^-50·(‖q‖ + R)²
 *
 * with R the largest norm among the candidates. L2 has absolute terms: ‖r‖²/2 is rounded whatever ‖q‖ is, and a query
 * far away loses the rows in the rounding of (r − q)². All this holds while nothing overflows or vanishes in float32;
 * norms outside [1e-12, 1e12], zero vectors among them, are ranked by the definition alone.
 */
import { dots1x4, dots2x4, dots4x2, dots8x4 } from './dots';
import { METRIC_COSINE, METRIC_L2, RequestBlock } from './memory';
import { offer, sortBestFirst } from './select';
import { BINS_BYTES, push, Shortlist, SHORTLIST_BYTES, shortlistCapacity, startShortlist, weed } from './shortlist';
import { exactSimilarity, norm } from './similarity';

const NORM_MIN: f64 = 1e-12;
const NORM_MAX: f64 = 1e12;
/** Bytes of rows that are worked on together: half of a first-level cache of 48 KiB. */
const TILE_BYTES: u32 = 24 * 1024;
const TILE_ROWS_MAX: u32 = 240;
const TILE_ROWS_MIN: u32 = 24;
/** Queries that one call of a kernel takes at most. */
const GROUP_MAX: u32 = 8;
const SCORES_STRIDE: u32 = (TILE_ROWS_MAX + 8) * 4;
/** Entries of one bin up to which sorting by insertion is cheaper than float64 for all. */
const BIN_CROWDED: u32 = 256;
const UNIT_ROUNDOFF: f64 = 1.0 / 16777216.0;

export function rankCandidates(block: RequestBlock): void {
  const queryCount = block.queryCount;
  let queriesInRange = true;
  for (let n: u32 = 0; n < queryCount; n++) {
    const queryNorm = norm(block.queries + ((n * block.rowFloats) << 2), block.rowFloats);
    store<f64>(block.queryNorms + (n << 3), queryNorm);
    queriesInRange = queriesInRange && queryNorm >= NORM_MIN && queryNorm <= NORM_MAX;
  }
  // The scratch of one request, in the order in which `rankWorkspaceBytes` counts it.
  const aux = block.workspace;
  const panels = roundUp(aux + ((block.candidateCount + 8) << 2));
  const scores = roundUp(panels + ((queryCount * block.rowFloats) << 2));
  const bins = scores + GROUP_MAX * SCORES_STRIDE;
  const lists = bins + BINS_BYTES;
  const entries = roundUp(lists + queryCount * SHORTLIST_BYTES);
  const ordering = entries + queryCount * shortlistCapacity(block.depth) * 8;

  const normMax = block.candidateCount == 0 ? 0 : prepareAux(block, aux);
  if (!queriesInRange || !(normMax >= NORM_MIN && normMax <= NORM_MAX)) {
    for (let n: u32 = 0; n < queryCount; n++) rankByDefinition(block, n);
    return;
  }
  fillPanels(block, panels);
  startShortlists(block, lists, entries, normMax);
  shortlistCandidates(block, aux, panels, scores, bins, lists, ordering);
  for (let n: u32 = 0; n < queryCount; n++) {
    const list = changetype<Shortlist>(lists + n * SHORTLIST_BYTES);
    weed(block, n, list, bins, ordering);
    writeRanking(block, n, list, ordering, bins);
  }
}

@inline
function roundUp(address: u32): u32 {
  return (address + 63) & ~63;
}

/** Every candidate scored by the definition. */
function rankByDefinition(block: RequestBlock, n: u32): void {
  const values = block.rankedSimilarities + ((n * block.depth) << 3);
  const positions = block.rankedPositions + ((n * block.depth) << 2);
  let size: u32 = 0;
  for (let position: u32 = 0; position < block.candidateCount; position++) {
    size = offer(values, positions, size, block.depth, exactSimilarity(block, n, position), position);
  }
  sortBestFirst(values, positions, size);
  store<u32>(block.rankedCounts + (n << 2), size);
}

/**
 * Writes what turns a dot product into a value, 1/‖r‖ or −‖r‖²/2, for every candidate, and repeats the last candidate
 * up to whole blocks of rows. Returns the largest norm, or 0 if one is too small for its reciprocal.
 */
function prepareAux(block: RequestBlock, aux: u32): f64 {
  const count = block.candidateCount;
  const candidates = block.candidates;
  const metric = block.metric;
  let largest: f64 = 0;
  let smallest: f64 = Infinity;
  for (let position: u32 = 0; position < count; position++) {
    const rowNorm = load<f64>(block.norms + (load<u32>(candidates + (position << 2)) << 3));
    largest = max(largest, rowNorm);
    smallest = min(smallest, rowNorm);
    const value: f64 = metric == METRIC_COSINE ? 1 / rowNorm : -0.5 * rowNorm * rowNorm;
    store<f32>(aux + (position << 2), <f32>value);
  }
  const last = load<u32>(candidates + ((count - 1) << 2));
  for (let i: u32 = 0; i < 8; i++) store<u32>(candidates + ((count + i) << 2), last);
  return metric == METRIC_COSINE && smallest < NORM_MIN ? 0 : largest;
}

/** Queries that the next kernel takes of those that are left. */
@inline
function groupSize(left: u32): u32 {
  return left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
}

/** Interleaves the queries of each group as its kernel reads them. */
function fillPanels(block: RequestBlock, panels: u32): void {
  const floats = block.rowFloats;
  let group: u32 = 0;
  for (let first: u32 = 0; first < block.queryCount; first += group) {
    group = groupSize(block.queryCount - first);
    const panel = panels + ((first * floats) << 2);
    for (let q: u32 = 0; q < group; q++) {
      const query = block.queries + (((first + q) * floats) << 2);
      if (group == 8) {
        for (let i: u32 = 0; i < floats; i++) store<f32>(panel + ((i * 8 + q) << 2), load<f32>(query + (i << 2)));
      } else {
        for (let i: u32 = 0; i < floats; i += 4) v128.store(panel + ((i * group + q * 4) << 2), v128.load(query + (i << 2)));
      }
    }
  }
}

function startShortlists(block: RequestBlock, lists: u32, entries: u32, normMax: f64): void {
  const capacity = shortlistCapacity(block.depth);
  const floats = <f64>block.rowFloats;
  const gamma = (floats + 16) * UNIT_ROUNDOFF * 1.02;
  for (let n: u32 = 0; n < block.queryCount; n++) {
    const queryNorm = load<f64>(block.queryNorms + (n << 3));
    let bound = gamma * queryNorm;
    if (block.metric != METRIC_COSINE) bound *= normMax;
    if (block.metric == METRIC_L2) {
      const reach = queryNorm + normMax;
      bound += 4 * UNIT_ROUNDOFF * normMax * normMax + floats * 8.881784197001252e-16 * reach * reach; // 2^-50
    }
    const values = entries + n * capacity * 8;
    const slack = <f32>(2.001 * bound); // rounds by less than the thousandth
    startShortlist(changetype<Shortlist>(lists + n * SHORTLIST_BYTES), values, values + capacity * 4, block.depth, slack);
  }
}

/** The pass over the candidates. */
function shortlistCandidates(block: RequestBlock, aux: u32, panels: u32, scores: u32, bins: u32, lists: u32, settling: u32): void {
  const rowBytes = block.rowFloats << 2;
  const tileRows = max<u32>(TILE_ROWS_MIN, min<u32>(TILE_ROWS_MAX, TILE_BYTES / rowBytes)) & ~7;
  for (let start: u32 = 0; start < block.candidateCount; start += tileRows) {
    const count = min<u32>(tileRows, block.candidateCount - start);
    const ordinals = block.candidates + (start << 2);
    if (isScattered(ordinals, count)) touch(block.rows, rowBytes, ordinals, count);
    let group: u32 = 0;
    for (let first: u32 = 0; first < block.queryCount; first += group) {
      group = groupSize(block.queryCount - first);
      const panel = panels + first * rowBytes;
      const rowCount = (count + 3) & ~3;
      if (group == 8) dots8x4(panel, block.rows, rowBytes, ordinals, rowCount, scores, SCORES_STRIDE);
      else if (group == 4) dots4x2(panel, block.rows, rowBytes, ordinals, rowCount, scores, SCORES_STRIDE);
      else if (group == 2) dots2x4(panel, block.rows, rowBytes, ordinals, rowCount, scores, SCORES_STRIDE);
      else dots1x4(panel, block.rows, rowBytes, ordinals, rowCount, scores);
      for (let q: u32 = 0; q < group; q++) {
        const list = changetype<Shortlist>(lists + (first + q) * SHORTLIST_BYTES);
        filterTile(block, first + q, list, scores + q * SCORES_STRIDE, aux + (start << 2), start, count, bins, settling);
      }
    }
  }
}

/** Whether more than a third of the rows do not follow the one before: then they are not in the cache's way. */
function isScattered(ordinals: u32, count: u32): bool {
  let breaks: u32 = 0;
  for (let i: u32 = 1; i < count; i++) {
    breaks += u32(load<u32>(ordinals + (i << 2)) != load<u32>(ordinals + ((i - 1) << 2)) + 1);
  }
  return breaks * 3 > count;
}

/**
 * Loads a word of every cache line of the rows, so that they are fetched side by side and not one after the other;
 * WebAssembly has no prefetch. The sum goes where the optimizer cannot drop it.
 */
function touch(rows: u32, rowBytes: u32, ordinals: u32, count: u32): void {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const row = rows + load<u32>(ordinals + (i << 2)) * rowBytes;
    for (let at = row; at < row + rowBytes; at += 64) sum += load<u32>(at);
  }
  touched = sum;
}
let touched: u32 = 0;

function filterTile(
  block: RequestBlock,
  n: u32,
  list: Shortlist,
  scores: u32,
  aux: u32,
  start: u32,
  count: u32,
  bins: u32,
  settling: u32,
): void {
  if (block.metric == METRIC_COSINE) filterTileBy(METRIC_COSINE, block, n, list, scores, aux, start, count, bins, settling);
  else if (block.metric == METRIC_L2) filterTileBy(METRIC_L2, block, n, list, scores, aux, start, count, bins, settling);
  else filterTileBy(1, block, n, list, scores, aux, start, count, bins, settling);
}

@inline
function filterTileBy(
  metric: u32,
  block: RequestBlock,
  n: u32,
  list: Shortlist,
  scores: u32,
  aux: u32,
  start: u32,
  count: u32,
  bins: u32,
  settling: u32,
): void {
  let size = list.count;
  let cutoff = f32x4.splat(list.cutoff);
  for (let i: u32 = 0; i < count; i += 4) {
    let values = v128.load(scores + (i << 2));
    if (metric == METRIC_COSINE) values = f32x4.mul(values, v128.load(aux + (i << 2)));
    if (metric == METRIC_L2) values = f32x4.add(values, v128.load(aux + (i << 2)));
    let bits = i32x4.bitmask(f32x4.ge(values, cutoff));
    if (bits == 0) continue;
    if (i + 4 > count) bits &= (1 << (count - i)) - 1;
    size = push(list, size, bits, values, start + i);
    if (size >= list.weedAt) {
      list.count = size;
      weed(block, n, list, bins, settling);
      size = list.count;
      cutoff = f32x4.splat(list.cutoff);
    }
  }
  list.count = size;
}

/**
 * Orders a shortlist and writes its best. `ordering` is scratch: f32[capacity], u32[capacity], f64[capacity].
 */
function writeRanking(block: RequestBlock, n: u32, list: Shortlist, ordering: u32, bins: u32): void {
  const capacity = shortlistCapacity(block.depth);
  const values = ordering;
  const positions = values + capacity * 4;
  const exact = positions + capacity * 4;
  const count = list.count;
  if (!orderByValue(list, values, positions, bins)) {
    memory.copy(positions, list.positions, count << 2);
    memory.fill(values, 0, count << 2); // all alike: the definition orders them
  }
  const kept = min<u32>(count, block.depth);
  const outPositions = block.rankedPositions + ((n * block.depth) << 2);
  const outSimilarities = block.rankedSimilarities + ((n * block.depth) << 3);
  for (let first: u32 = 0; first < kept; ) {
    let last = first;
    while (last + 1 < count && valueAt(values, last) - valueAt(values, last + 1) <= list.slack) last++;
    if (last > first) orderByDefinition(block, n, positions + (first << 2), exact + (first << 3), last - first + 1);
    else if (block.similaritiesWanted) store<f64>(exact + (first << 3), exactSimilarity(block, n, load<u32>(positions + (first << 2))));
    first = last + 1;
  }
  memory.copy(outPositions, positions, kept << 2);
  if (block.similaritiesWanted) memory.copy(outSimilarities, exact, kept << 3);
  store<u32>(block.rankedCounts + (n << 2), kept);
}

@inline
function valueAt(values: u32, at: u32): f32 {
  return load<f32>(values + (at << 2));
}

/** Scores entries by the definition and puts them in its order: similarity descending, then position ascending. */
function orderByDefinition(block: RequestBlock, n: u32, positions: u32, exact: u32, count: u32): void {
  // A heap of all of them; the entry at i is read before `offer` can write to it.
  for (let i: u32 = 0; i < count; i++) {
    const position = load<u32>(positions + (i << 2));
    offer(exact, positions, i, count, exactSimilarity(block, n, position), position);
  }
  sortBestFirst(exact, positions, count);
}

/**
 * Copies a shortlist in the order of its values, largest first: counted into bins over their range, then sorted by
 * insertion, which has little left to do. Returns false where it would have much, as one far value leaves the others
 * in few bins.
 */
function orderByValue(list: Shortlist, values: u32, positions: u32, bins: u32): bool {
  const count = list.count;
  let low: f32 = Infinity;
  let high: f32 = -Infinity;
  for (let i: u32 = 0; i < count; i++) {
    low = min(low, valueAt(list.values, i));
    high = max(high, valueAt(list.values, i));
  }
  const binCount: u32 = BINS_BYTES / 4;
  const scale: f32 = high > low ? min<f32>(<f32>(binCount - 1) / (high - low), 3e38) : 0;
  memory.fill(bins, 0, BINS_BYTES);
  for (let i: u32 = 0; i < count; i++) {
    const bin = bins + (binFromTop(valueAt(list.values, i), high, scale, binCount) << 2);
    store<u32>(bin, load<u32>(bin) + 1);
  }
  let before: u32 = 0;
  for (let bin: u32 = bins; bin < bins + BINS_BYTES; bin += 4) {
    const size = load<u32>(bin);
    if (size > BIN_CROWDED) return false;
    store<u32>(bin, before);
    before += size;
  }
  for (let i: u32 = 0; i < count; i++) {
    const value = valueAt(list.values, i);
    const bin = bins + (binFromTop(value, high, scale, binCount) << 2);
    const at = load<u32>(bin);
    store<u32>(bin, at + 1);
    store<f32>(values + (at << 2), value);
    store<u32>(positions + (at << 2), load<u32>(list.positions + (i << 2)));
  }
  for (let i: u32 = 1; i < count; i++) {
    const value = valueAt(values, i);
    const position = load<u32>(positions + (i << 2));
    let at = i;
    while (at > 0 && valueAt(values, at - 1) < value) {
      store<f32>(values + (at << 2), valueAt(values, at - 1));
      store<u32>(positions + (at << 2), load<u32>(positions + ((at - 1) << 2)));
      at--;
    }
    store<f32>(values + (at << 2), value);
    store<u32>(positions + (at << 2), position);
  }
  return true;
}

@inline
function binFromTop(value: f32, high: f32, scale: f32, binCount: u32): u32 {
  return min<u32>(<u32>((high - value) * scale), binCount - 1);
}
