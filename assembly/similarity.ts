/**
 * Similarity as the product defines it, in float64: four lane sums S_j over the elements i ≡ j (mod 4) in index
 * order, total (S0 + S2) + (S1 + S3). A product of two float32 is exact in float64, so a fused multiply-add cannot
 * change a dot product; a squared difference is not exact, so L2 never fuses.
 *
 * Rows go four at a time: one sum waits for its last addition, four rows' sums do not wait for each other.
 */
import { METRIC_COSINE, METRIC_L2, RequestBlock } from './memory';

/** Lanes 2 and 3 of a f32x4 as f64x2. */
@inline
export function promoteHigh(x: v128): v128 {
  return f64x2.promote_low_f32x4(i64x2.shuffle(x, x, 1, 1));
}

@inline
function addProduct(sum: v128, x: v128, y: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f64x2.relaxed_madd(x, y, sum) : f64x2.add(sum, f64x2.mul(x, y));
}

/** Adds two products, or two squared differences, to two lane sums. */
@inline
function addTerms(metric: u32, sum: v128, query: v128, row: v128): v128 {
  if (metric != METRIC_L2) return addProduct(sum, query, row);
  const difference = f64x2.sub(row, query);
  return f64x2.add(sum, f64x2.mul(difference, difference));
}

/** `low` holds S0 and S1, `high` holds S2 and S3. */
@inline
export function total(low: v128, high: v128): f64 {
  const sum = f64x2.add(low, high);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** Length of a vector whose element count is a multiple of 4. */
export function norm(vector: usize, floats: u32): f64 {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  for (const end = vector + (floats << 2); vector < end; vector += 16) {
    const x = v128.load(vector);
    const xLow = f64x2.promote_low_f32x4(x);
    const xHigh = promoteHigh(x);
    low = addProduct(low, xLow, xLow);
    high = addProduct(high, xHigh, xHigh);
  }
  return sqrt(total(low, high));
}

/** Dot product of two rows of a request. */
export function dotOfRows(block: RequestBlock, ordinal: u32, other: u32): f64 {
  const rowBytes = block.rowFloats << 2;
  let x = block.rows + ordinal * rowBytes;
  let y = block.rows + other * rowBytes;
  let low = f64x2.splat(0);
  let high = low;
  for (const end = x + rowBytes; x < end; x += 16) {
    low = addProduct(low, promoted(x), promoted(y));
    high = addProduct(high, promoted(x + 8), promoted(y + 8));
    y += 16;
  }
  return total(low, high);
}

/** What `fourSimilarities` found: a function of AssemblyScript returns one value. */
export let similarity0: f64 = 0;
export let similarity1: f64 = 0;
export let similarity2: f64 = 0;
export let similarity3: f64 = 0;

/**
 * Similarities of query `n` of a request and its candidates at four positions; needs `queryNorms`. Positions behind
 * the last may repeat it.
 */
export function fourSimilarities(block: RequestBlock, n: u32, p0: u32, p1: u32, p2: u32, p3: u32): void {
  const o0 = ordinalAt(block, p0);
  const o1 = ordinalAt(block, p1);
  const o2 = ordinalAt(block, p2);
  const o3 = ordinalAt(block, p3);
  if (block.metric == METRIC_L2) {
    sumFour(METRIC_L2, block, n, o0, o1, o2, o3);
    similarity0 = -similarity0;
    similarity1 = -similarity1;
    similarity2 = -similarity2;
    similarity3 = -similarity3;
    return;
  }
  sumFour(METRIC_COSINE, block, n, o0, o1, o2, o3);
  if (block.metric != METRIC_COSINE) return;
  const queryNorm = load<f64>(block.queryNorms + (n << 3));
  similarity0 = cosine(similarity0, queryNorm * load<f64>(block.norms + (o0 << 3)));
  similarity1 = cosine(similarity1, queryNorm * load<f64>(block.norms + (o1 << 3)));
  similarity2 = cosine(similarity2, queryNorm * load<f64>(block.norms + (o2 << 3)));
  similarity3 = cosine(similarity3, queryNorm * load<f64>(block.norms + (o3 << 3)));
}

@inline
function ordinalAt(block: RequestBlock, position: u32): u32 {
  return load<u32>(block.candidates + (position << 2));
}

@inline
function cosine(dot: f64, norms: f64): f64 {
  return norms == 0 ? 0 : dot / norms;
}

@inline
function sumFour(metric: u32, block: RequestBlock, n: u32, o0: u32, o1: u32, o2: u32, o3: u32): void {
  const rowBytes = block.rowFloats << 2;
  let r0 = block.rows + o0 * rowBytes;
  let r1 = block.rows + o1 * rowBytes;
  let r2 = block.rows + o2 * rowBytes;
  let r3 = block.rows + o3 * rowBytes;
  let low0 = f64x2.splat(0);
  let low1 = low0;
  let low2 = low0;
  let low3 = low0;
  let high0 = low0;
  let high1 = low0;
  let high2 = low0;
  let high3 = low0;
  let query = block.queries + n * rowBytes;
  for (const end = query + rowBytes; query < end; query += 16) {
    const q = v128.load(query);
    const qLow = f64x2.promote_low_f32x4(q);
    const qHigh = promoteHigh(q);
    low0 = addTerms(metric, low0, qLow, promoted(r0));
    high0 = addTerms(metric, high0, qHigh, promoted(r0 + 8));
    low1 = addTerms(metric, low1, qLow, promoted(r1));
    high1 = addTerms(metric, high1, qHigh, promoted(r1 + 8));
    low2 = addTerms(metric, low2, qLow, promoted(r2));
    high2 = addTerms(metric, high2, qHigh, promoted(r2 + 8));
    low3 = addTerms(metric, low3, qLow, promoted(r3));
    high3 = addTerms(metric, high3, qHigh, promoted(r3 + 8));
    r0 += 16;
    r1 += 16;
    r2 += 16;
    r3 += 16;
  }
  similarity0 = total(low0, high0);
  similarity1 = total(low1, high1);
  similarity2 = total(low2, high2);
  similarity3 = total(low3, high3);
}

/** Two float32 as f64x2. */
@inline
function promoted(at: u32): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(at));
}

/** Writes the similarities of query `n` to the candidates at `positions` to `out`, which has room for whole fours. */
export function exactSimilarities(block: RequestBlock, n: u32, positions: u32, count: u32, out: u32): void {
  for (let i: u32 = 0; i < count; i += 4) {
    const last = count - 1;
    fourSimilarities(
      block,
      n,
      load<u32>(positions + (i << 2)),
      load<u32>(positions + (min(i + 1, last) << 2)),
      load<u32>(positions + (min(i + 2, last) << 2)),
      load<u32>(positions + (min(i + 3, last) << 2)),
    );
    store<f64>(out + (i << 3), similarity0);
    store<f64>(out + (i << 3), similarity1, 8);
    store<f64>(out + (i << 3), similarity2, 16);
    store<f64>(out + (i << 3), similarity3, 24);
  }
}
