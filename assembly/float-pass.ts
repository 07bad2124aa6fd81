/**
 * The first pass in float32: dot products of all queries and candidates (`dots.ts`), turned into values that order as
 * the similarities do, in a shortlist for each query. `rank.ts` says what the values are and bounds their error.
 */
import { dots1x1, dots1x8, dots2x4, dots4x2, dots8x4 } from './dots';
import { METRIC_COSINE, METRIC_INNER_PRODUCT, METRIC_L2, RequestBlock } from './memory';
import { listOf, push, pushAll, startShortlist, takesAll, weed } from './shortlist';
import { prepareTile, tileRowsOf } from './tiles';
import { entries, shortlistCapacity, take, tileDots, TILE_STRIDE } from './workspace';

/** Squares, products and reciprocals of norms between these are float32; `rank.ts` says who must lie there. */
export const NORM_MIN: f64 = 1e-12;
export const NORM_MAX: f64 = 1e12;
/** From here on a row is enough of a stream (bench/kernel). */
const STREAM_ROW_BYTES: u32 = 1024;
export const UNIT_ROUNDOFF: f64 = 1.0 / 16777216.0;

/**
 * Candidates per entry of a ranking from which eight queries go together: that is faster, but one sum of all elements
 * errs four times as much as four of a quarter each, and the more of the candidates are ranked, the more are near ties.
 */
const WIDE_GROUPS_FROM: u32 = 8;
/** Queries that one kernel takes at most: 8 or 4. */
let groupMax: u32 = 8;

/** Fills the shortlists. Returns false if the norms of the candidates do not allow it. */
export function shortlistByFloats(block: RequestBlock): bool {
  const terms = take((block.candidateCount + 8) << 2);
  const panels = take((block.queryCount * block.rowFloats) << 2);
  if (!writeTerms(block, block.candidates, block.candidateCount, terms)) return false;
  groupMax = block.depth * WIDE_GROUPS_FROM <= block.candidateCount ? 8 : 4;
  fillPanels(block, panels);
  const entryBytes = shortlistCapacity(block.depth) * 12;
  for (let n: u32 = 0; n < block.queryCount; n++) {
    const isWide = groupMax == 8 && n < (block.queryCount & ~7);
    startShortlist(listOf(n), entries + n * entryBytes, block.depth, true, slackOf(block, n, isWide));
  }
  const rowBytes = block.rowFloats << 2;
  const tileRows = tileRowsOf(rowBytes);
  for (let start: u32 = 0; start < block.candidateCount; start += tileRows) {
    const count = min<u32>(tileRows, block.candidateCount - start);
    const ordinals = block.candidates + (start << 2);
    const scattered = prepareTile(block.rows, rowBytes, ordinals, count);
    const oneStream = block.queryCount == 1 && !scattered && rowBytes >= STREAM_ROW_BYTES && (rowBytes & 63) == 0;
    if (oneStream) {
      dots1x1(panels, block.rows, rowBytes, ordinals, count, tileDots);
      filterTile(block, 0, tileDots, terms + (start << 2), start, count);
      continue;
    }
    let group: u32 = 0;
    for (let first: u32 = 0; first < block.queryCount; first += group) {
      group = groupSize(block.queryCount - first);
      computeDots(block, group, panels + first * rowBytes, ordinals, count);
      for (let q: u32 = 0; q < group; q++) {
        filterTile(block, first + q, tileDots + q * TILE_STRIDE, terms + (start << 2), start, count);
      }
    }
  }
  return true;
}

/** Queries that the next kernel takes of those that are left. */
@inline
function groupSize(left: u32): u32 {
  return left >= groupMax ? groupMax : left >= 4 ? 4 : left >= 2 ? 2 : 1;
}

@inline
function computeDots(block: RequestBlock, group: u32, panel: u32, ordinals: u32, count: u32): void {
  const rows = block.rows;
  const floats = block.rowFloats;
  const rowBytes = floats << 2;
  const fours = (count + 3) & ~3;
  if (group == 8) dots8x4(panel, rows, rowBytes, ordinals, fours, tileDots, TILE_STRIDE);
  else if (group == 4) dots4x2<f32>(panel, floats, rows, rowBytes, ordinals, fours, tileDots, TILE_STRIDE);
  else if (group == 2) dots2x4<f32>(panel, floats, rows, rowBytes, ordinals, fours, tileDots, TILE_STRIDE);
  else dots1x8<f32>(panel, floats, rows, rowBytes, ordinals, (count + 7) & ~7, tileDots);
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

/** The largest norm of the rows that `writeTerms` last saw. */
let normMax: f64 = 0;

/**
 * Writes for each row what makes its dot product a value: 1/‖r‖, −‖r‖²/2 or nothing. Both arrays have room for a whole
 * block of rows; `ordinals` repeats the last there. Returns false if a norm is out of range.
 */
export function writeTerms(block: RequestBlock, ordinals: u32, count: u32, terms: u32): bool {
  const norms = block.norms;
  const metric = block.metric;
  repeatLast(ordinals, count);
  let least = f64x2.splat(Infinity);
  let largest = f64x2.splat(0);
  for (let i: u32 = 0; i < count; i += 4) {
    const at = ordinals + (i << 2);
    const low = v128.load64_lane(norms + (load<u32>(at, 4) << 3), v128.load64_zero(norms + (load<u32>(at) << 3)), 1);
    const high = v128.load64_lane(norms + (load<u32>(at, 12) << 3), v128.load64_zero(norms + (load<u32>(at, 8) << 3)), 1);
    least = f64x2.pmin(least, f64x2.pmin(low, high));
    largest = f64x2.pmax(largest, f64x2.pmax(low, high));
    const norm = i64x2.shuffle(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2);
    if (metric == METRIC_COSINE) v128.store(terms + (i << 2), f32x4.div(f32x4.splat(1), norm));
    if (metric == METRIC_L2) v128.store(terms + (i << 2), f32x4.mul(f32x4.mul(norm, norm), f32x4.splat(-0.5)));
  }
  normMax = max(f64x2.extract_lane(largest, 0), f64x2.extract_lane(largest, 1));
  const normMin = min(f64x2.extract_lane(least, 0), f64x2.extract_lane(least, 1));
  return normMax >= NORM_MIN && normMax <= NORM_MAX && (metric != METRIC_COSINE || normMin >= NORM_MIN);
}

/** Repeats the last of `count` ordinals, so that whole blocks of rows can be read. */
export function repeatLast(ordinals: u32, count: u32): void {
  const end = ordinals + (count << 2);
  const last = load<u32>(end - 4);
  for (let at: u32 = 0; at < 32; at += 4) store<u32>(end + at, last);
}

/**
 * Twice the error of the values of query `n` and the rows that `writeTerms` last saw; `isWide` if eight queries go
 * together.
 */
export function slackOf(block: RequestBlock, n: u32, isWide: bool): f32 {
  const floats = <f64>block.rowFloats;
  const queryNorm = load<f64>(block.queryNorms + (n << 3));
  let bound = ((isWide ? floats : floats / 4 + 2) + 16) * UNIT_ROUNDOFF * 1.02 * queryNorm;
  if (block.metric != METRIC_COSINE) bound *= normMax;
  if (block.metric == METRIC_L2) {
    const reach = queryNorm + normMax;
    bound += 5 * UNIT_ROUNDOFF * normMax * normMax + floats * 8.881784197001252e-16 * reach * reach; // 2^-50
  }
  return <f32>(2.001 * bound); // rounds by less than the thousandth
}

function filterTile(block: RequestBlock, n: u32, dots: u32, terms: u32, start: u32, count: u32): void {
  if (block.metric == METRIC_COSINE) filterTileBy(METRIC_COSINE, block, n, dots, terms, start, count);
  else if (block.metric == METRIC_L2) filterTileBy(METRIC_L2, block, n, dots, terms, start, count);
  else filterTileBy(METRIC_INNER_PRODUCT, block, n, dots, terms, start, count);
}

/** Pushes the candidates of a tile that may be among the best; most are passed over in the inner loop. */
@inline
function filterTileBy(metric: u32, block: RequestBlock, n: u32, dots: u32, terms: u32, start: u32, count: u32): void {
  const list = listOf(n);
  let size = list.count;
  const end = count << 2;
  if (takesAll(list, count)) {
    const to = list.lowers + (size << 2);
    for (let at: u32 = 0; at < end; at += 16) v128.store(to + at, valuesOf(metric, v128.load(dots + at), terms + at));
    list.count = pushAll(list, size, count, start);
    return;
  }
  let cutoff = f32x4.splat(list.cutoff);
  for (let at: u32 = 0; at < end; at += 16) {
    let bits = 0;
    let values = f32x4.splat(0);
    for (; at < end; at += 16) {
      values = valuesOf(metric, v128.load(dots + at), terms + at);
      bits = i32x4.bitmask(f32x4.ge(values, cutoff));
      if (bits) break;
    }
    if (at >= end) break;
    if (at + 16 > end) bits &= (1 << ((end - at) >> 2)) - 1;
    size = push(list, size, bits, values, values, true, start + (at >> 2));
    if (size >= list.weedAt) {
      list.count = size;
      weed(block, n, list);
      size = list.count;
      cutoff = f32x4.splat(list.cutoff);
    }
  }
  list.count = size;
}

/** The values of four dot products whose rows have the terms at `terms`. */
@inline
function valuesOf(metric: u32, dots: v128, terms: u32): v128 {
  if (metric == METRIC_COSINE) return f32x4.mul(dots, v128.load(terms));
  if (metric == METRIC_L2) return f32x4.add(dots, v128.load(terms));
  return dots;
}

/**
 * Writes the values of query `n` and the rows at `ordinals` to `values`, all with room for a whole block of rows;
 * `terms` as of `writeTerms`.
 */
export function writeValues(block: RequestBlock, n: u32, ordinals: u32, count: u32, terms: u32, values: u32): void {
  const rowBytes = block.rowFloats << 2;
  prepareTile(block.rows, rowBytes, ordinals, count);
  dots1x8<f32>(block.queries + n * rowBytes, block.rowFloats, block.rows, rowBytes, ordinals, (count + 7) & ~7, values);
  for (let at: u32 = 0, end = count << 2; at < end; at += 16) {
    const dots = v128.load(values + at);
    const metric = block.metric;
    if (metric == METRIC_COSINE) v128.store(values + at, valuesOf(METRIC_COSINE, dots, terms + at));
    if (metric == METRIC_L2) v128.store(values + at, valuesOf(METRIC_L2, dots, terms + at));
  }
}
