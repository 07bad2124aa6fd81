/**
 * The first pass in whole numbers: dot products of rows in bytes (`quantize.ts`) and queries in 14 or 7 bits, a quarter
 * of the memory to read and twice the products an instruction. What they cannot rule out is valued in float32 as in the
 * other pass; `rank.ts` bounds the error.
 */
import { BYTE_QUERY_BYTES, ByteQuery, panelElementBytes, RELAXED_OFFSET, writeByteQuery } from './byte-queries';
import { NORM_MAX, NORM_MIN, repeatLast, slackOf, UNIT_ROUNDOFF, writeTerms, writeValues } from './float-pass';
import { dots1x8, dots2x4, dots4x2 } from './dots';
import { largestLane, smallestLane } from './histogram';
import { METRIC_COSINE, METRIC_INNER_PRODUCT, METRIC_L2, RequestBlock } from './memory';
import { RECORD_BYTES } from './quantize';
import { listOf, push, pushAll, Shortlist, startShortlist, takesAll, weed } from './shortlist';
import { prepareTile, tileRowsOf } from './tiles';
import { entries, shortlistCapacity, take, tileDots, TILE_STRIDE } from './workspace';

/** Survivors of the 7-bit pass beyond `depth` from which a second look costs less than it saves. */
const SECOND_LOOK_BEYOND: u32 = 16;

// What the rows of a tile need, one array each: the factor s·m of a product, the error per unit of ‖q‖, −‖r‖²/2 (L2)
// and 64·Σa (relaxed), with m = 1/‖r‖ for cosine and 1 else.
let factors: u32 = 0;
let errors: u32 = 0;
let halves: u32 = 0;
let offsets: u32 = 0;
/** Of all queries, group by group; see `dots.ts`. */
let panels: u32 = 0;
/** `ByteQuery` of each query. */
let queries: u32 = 0;
// The survivors of one query: u32 ordinals, f32 terms and values.
let survivors: u32 = 0;
let terms: u32 = 0;
let values: u32 = 0;

@inline
function elementBytesOf(block: RequestBlock): u32 {
  return block.quantizedBytes - RECORD_BYTES;
}

@inline
function queryOf(n: u32): ByteQuery {
  return changetype<ByteQuery>(queries + n * BYTE_QUERY_BYTES);
}

@inline
function groupSize(left: u32): u32 {
  return left >= 4 ? 4 : left >= 2 ? 2 : 1;
}

/**
 * Fills the shortlists by bytes and values what is on them in float32. Returns false if the norms of the candidates
 * do not allow it.
 */
export function shortlistByBytes(block: RequestBlock, relaxed: bool): bool {
  takeScratch(block);
  fillPanels(block, relaxed);
  const entryBytes = shortlistCapacity(block.depth) * 12;
  for (let n: u32 = 0; n < block.queryCount; n++) {
    startShortlist(listOf(n), entries + n * entryBytes, block.depth, false, 0);
  }
  const inRange = relaxed ? shortlistTiles(block, true) : shortlistTiles(block, false);
  if (!inRange) return false;
  for (let n: u32 = 0; n < block.queryCount; n++) {
    weed(block, n, listOf(n));
    if (relaxed && listOf(n).count > block.depth + SECOND_LOOK_BEYOND) lookAgain(block, n);
    if (!valueInFloats(block, n)) return false;
  }
  return true;
}

function takeScratch(block: RequestBlock): void {
  const capacity = shortlistCapacity(block.depth);
  panels = take(block.queryCount * elementBytesOf(block) * 2);
  queries = take(block.queryCount * BYTE_QUERY_BYTES);
  factors = take(TILE_STRIDE);
  errors = take(TILE_STRIDE);
  halves = take(TILE_STRIDE);
  offsets = take(TILE_STRIDE);
  survivors = take((capacity + 8) << 2);
  terms = take((capacity + 8) << 2);
  values = take((capacity + 8) << 2);
}

function fillPanels(block: RequestBlock, relaxed: bool): void {
  const queryBytes = elementBytesOf(block) * panelElementBytes(relaxed);
  memory.fill(panels, 0, block.queryCount * queryBytes); // what the relaxed product makes of other than 7 bits is open
  let group: u32 = 0;
  for (let first: u32 = 0; first < block.queryCount; first += group) {
    group = groupSize(block.queryCount - first);
    for (let q: u32 = 0; q < group; q++) {
      writeByteQuery(block, first + q, relaxed, panels + first * queryBytes, q, group, queryOf(first + q));
    }
  }
}

@inline
function shortlistTiles(block: RequestBlock, relaxed: bool): bool {
  const rowBytes = block.quantizedBytes;
  const elementBytes = elementBytesOf(block);
  const tileRows = tileRowsOf(rowBytes);
  const rest = largestRest(block);
  repeatLast(block.candidates, block.candidateCount);
  for (let start: u32 = 0; start < block.candidateCount; start += tileRows) {
    const count = min<u32>(tileRows, block.candidateCount - start);
    const ordinals = block.candidates + (start << 2);
    prepareTile(block.quantized, rowBytes, ordinals, count);
    if (!readRecords(block, ordinals, count, rest)) return false;
    let group: u32 = 0;
    for (let first: u32 = 0; first < block.queryCount; first += group) {
      group = groupSize(block.queryCount - first);
      const panel = panels + first * elementBytes * panelElementBytes(relaxed);
      if (relaxed) computeDots<i8>(block, group, panel, ordinals, count);
      else computeDots<i16>(block, group, panel, ordinals, count);
      for (let q: u32 = 0; q < group; q++) filterTile(block, relaxed, first + q, tileDots + q * TILE_STRIDE, start, count);
    }
  }
  return true;
}

@inline
function computeDots<T>(block: RequestBlock, group: u32, panel: u32, ordinals: u32, count: u32): void {
  const rows = block.quantized;
  const rowBytes = block.quantizedBytes;
  const elements = elementBytesOf(block);
  const fours = (count + 3) & ~3;
  if (group == 4) dots4x2<T>(panel, elements, rows, rowBytes, ordinals, fours, tileDots, TILE_STRIDE);
  else if (group == 2) dots2x4<T>(panel, elements, rows, rowBytes, ordinals, fours, tileDots, TILE_STRIDE);
  else dots1x8<T>(panel, elements, rows, rowBytes, ordinals, (count + 7) & ~7, tileDots);
}

function largestRest(block: RequestBlock): f32 {
  let rest: f32 = 0;
  for (let n: u32 = 0; n < block.queryCount; n++) rest = max(rest, queryOf(n).rest);
  return rest;
}

/**
 * Turns the records of a tile's rows into the arrays above. `rest` is the largest of the queries it serves. Returns
 * false if a norm is out of range.
 */
function readRecords(block: RequestBlock, ordinals: u32, count: u32, rest: f32): bool {
  const record = block.quantized + elementBytesOf(block);
  const stride = block.quantizedBytes;
  const isCosine = block.metric == METRIC_COSINE;
  const restAndOne = f32x4.splat((1 + rest) * 1.00001);
  const restUp = f32x4.splat(rest * 1.00001);
  let least = f32x4.splat(Infinity);
  let largest = f32x4.splat(0);
  for (let i: u32 = 0; i < count; i += 4) {
    const at = ordinals + (i << 2);
    const a = v128.load(record + load<u32>(at) * stride);
    const b = v128.load(record + load<u32>(at, 4) * stride);
    const c = v128.load(record + load<u32>(at, 8) * stride);
    const d = v128.load(record + load<u32>(at, 12) * stride);
    const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
    const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    const abHigh = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
    const cdHigh = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    const scale = v128.shuffle<f32>(ab, cd, 0, 1, 4, 5);
    const residual = v128.shuffle<f32>(ab, cd, 2, 3, 6, 7);
    const norm = v128.shuffle<f32>(abHigh, cdHigh, 0, 1, 4, 5);
    const sum = v128.shuffle<i32>(abHigh, cdHigh, 2, 3, 6, 7);
    least = f32x4.pmin(least, norm);
    largest = f32x4.pmax(largest, norm);
    const error = f32x4.add(f32x4.mul(residual, restAndOne), f32x4.mul(norm, restUp));
    const multiplier = isCosine ? f32x4.div(f32x4.splat(1), norm) : f32x4.splat(1);
    const to = i << 2;
    v128.store(factors + to, f32x4.mul(scale, multiplier));
    v128.store(errors + to, f32x4.mul(error, multiplier));
    v128.store(halves + to, f32x4.mul(f32x4.mul(norm, norm), f32x4.splat(-0.5)));
    v128.store(offsets + to, i32x4.mul(sum, i32x4.splat(RELAXED_OFFSET)));
  }
  const normMax = <f64>largestLane(largest);
  return normMax <= NORM_MAX && (!isCosine || <f64>smallestLane(least) >= NORM_MIN);
}

/** The values of four rows of a tile, `at` bytes into its arrays. */
@inline
function valuesAt(metric: u32, relaxed: bool, scale: v128, dots: u32, at: u32): v128 {
  let whole = v128.load(dots + at);
  if (relaxed) whole = i32x4.sub(whole, v128.load(offsets + at));
  const values = f32x4.mul(f32x4.convert_i32x4_s(whole), f32x4.mul(v128.load(factors + at), scale));
  return metric == METRIC_L2 ? f32x4.add(values, v128.load(halves + at)) : values;
}

/** The errors of four values: rounding −‖r‖²/2 and adding it costs less than 16 u of it. */
@inline
function errorsAt(metric: u32, norm: v128, slack: v128, at: u32): v128 {
  const errorsOfRows = f32x4.mul(v128.load(errors + at), norm);
  if (metric == METRIC_COSINE) return errorsOfRows;
  if (metric == METRIC_INNER_PRODUCT) return f32x4.add(errorsOfRows, slack);
  const ofHalves = f32x4.mul(v128.load(halves + at), f32x4.splat(<f32>(-16 * UNIT_ROUNDOFF)));
  return f32x4.add(errorsOfRows, f32x4.add(ofHalves, slack));
}

@inline
function filterTile(block: RequestBlock, relaxed: bool, n: u32, dots: u32, start: u32, count: u32): void {
  if (relaxed) {
    if (block.metric == METRIC_L2) filterRelaxedL2(block, n, dots, start, count);
    else filterRelaxed(block, n, dots, start, count);
  } else if (block.metric == METRIC_L2) filterL2(block, n, dots, start, count);
  else filterPlain(block, n, dots, start, count);
}
function filterRelaxedL2(block: RequestBlock, n: u32, dots: u32, start: u32, count: u32): void {
  filterTileBy(METRIC_L2, true, block, n, dots, start, count);
}
function filterRelaxed(block: RequestBlock, n: u32, dots: u32, start: u32, count: u32): void {
  filterTileBy(METRIC_INNER_PRODUCT, true, block, n, dots, start, count);
}
function filterL2(block: RequestBlock, n: u32, dots: u32, start: u32, count: u32): void {
  filterTileBy(METRIC_L2, false, block, n, dots, start, count);
}
function filterPlain(block: RequestBlock, n: u32, dots: u32, start: u32, count: u32): void {
  filterTileBy(METRIC_INNER_PRODUCT, false, block, n, dots, start, count);
}

/** Pushes the candidates of a tile that may be among the best; most are passed over in the inner loop. */
@inline
function filterTileBy(metric: u32, relaxed: bool, block: RequestBlock, n: u32, dots: u32, start: u32, count: u32): void {
  const list = listOf(n);
  const query = queryOf(n);
  const scale = f32x4.splat(query.scale);
  const norm = f32x4.splat(query.norm);
  const slack = f32x4.splat(query.slack);
  let size = list.count;
  const end = count << 2;
  if (takesAll(list, count)) {
    const behind = size << 2;
    for (let at: u32 = 0; at < end; at += 16) {
      const found = valuesAt(metric, relaxed, scale, dots, at);
      const error = errorsAt(metric, norm, slack, at);
      v128.store(list.lowers + behind + at, f32x4.sub(found, error));
      v128.store(list.uppers + behind + at, f32x4.add(found, error));
    }
    list.count = pushAll(list, size, count, start);
    return;
  }
  let cutoff = f32x4.splat(list.cutoff);
  for (let at: u32 = 0; at < end; at += 16) {
    let bits = 0;
    let found = scale;
    let error = scale;
    for (; at < end; at += 16) {
      found = valuesAt(metric, relaxed, scale, dots, at);
      error = errorsAt(metric, norm, slack, at);
      bits = i32x4.bitmask(f32x4.ge(f32x4.add(found, error), cutoff));
      if (bits) break;
    }
    if (at >= end) break;
    if (at + 16 > end) bits &= (1 << ((end - at) >> 2)) - 1;
    size = push(list, size, bits, f32x4.sub(found, error), f32x4.add(found, error), false, start + (at >> 2));
    if (size >= list.weedAt) {
      list.count = size;
      weed(block, n, list);
      size = list.count;
      cutoff = f32x4.splat(list.cutoff);
    }
  }
  list.count = size;
}

/** Narrows the bounds of a shortlist by its query in 14 bits, and weeds it once more. */
function lookAgain(block: RequestBlock, n: u32): void {
  const list = listOf(n);
  const elementBytes = elementBytesOf(block);
  const tileRows = tileRowsOf(block.quantizedBytes);
  const query = queryOf(n);
  memory.fill(panels, 0, elementBytes * 2); // no group needs its panel any more
  writeByteQuery(block, n, false, panels, 0, 1, query);
  const scale = f32x4.splat(query.scale);
  const norm = f32x4.splat(query.norm);
  const slack = f32x4.splat(query.slack);
  writeOrdinals(block, list);
  for (let start: u32 = 0; start < list.count; start += tileRows) {
    const count = min<u32>(tileRows, list.count - start);
    const ordinals = survivors + (start << 2);
    readRecords(block, ordinals, count, query.rest);
    computeDots<i16>(block, 1, panels, ordinals, count);
    for (let at: u32 = 0; at < count << 2; at += 16) {
      const isL2 = block.metric == METRIC_L2;
      const found = isL2 ? valuesAt(METRIC_L2, false, scale, tileDots, at) : valuesAt(METRIC_COSINE, false, scale, tileDots, at);
      const error = isL2 ? errorsAt(METRIC_L2, norm, slack, at) : errorsAt(METRIC_COSINE, norm, slack, at);
      const lower = list.lowers + (start << 2) + at;
      const upper = list.uppers + (start << 2) + at;
      v128.store(lower, f32x4.pmax(v128.load(lower), f32x4.sub(found, error)));
      v128.store(upper, f32x4.pmin(v128.load(upper), f32x4.add(found, error)));
    }
  }
  weed(block, n, list);
}

/** The ordinals of a shortlist's entries, with whole blocks of rows behind them. */
function writeOrdinals(block: RequestBlock, list: Shortlist): void {
  for (let at: u32 = 0; at < list.count << 2; at += 4) {
    store<u32>(survivors + at, load<u32>(block.candidates + (load<u32>(list.positions + at) << 2)));
  }
  repeatLast(survivors, list.count);
}

/** Makes a shortlist what the float pass leaves: values in float32 with one error for all. */
function valueInFloats(block: RequestBlock, n: u32): bool {
  const list = listOf(n);
  writeOrdinals(block, list);
  if (!writeTerms(block, survivors, list.count, terms)) return false;
  writeValues(block, n, survivors, list.count, terms, values);
  memory.copy(list.lowers, values, list.count << 2);
  list.uppers = list.lowers;
  list.slack = slackOf(block, n, false);
  list.cutoff = -Infinity;
  return true;
}
