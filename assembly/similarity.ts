/**
 * Similarity as the product defines it, in float64: four lane sums S_j over the elements i ≡ j (mod 4) in index
 * order, total (S0 + S2) + (S1 + S3). A product of two float32 is exact in float64, so a fused multiply-add cannot
 * change a dot product; a squared difference is not exact, so L2 never fuses.
 */
import { METRIC_COSINE, METRIC_INNER_PRODUCT, RequestBlock } from './memory';

/** Lanes 2 and 3 of a f32x4 as f64x2. */
@inline
function promoteHigh(x: v128): v128 {
  return f64x2.promote_low_f32x4(i64x2.shuffle(x, x, 1, 1));
}

@inline
function addProduct(sum: v128, x: v128, y: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f64x2.relaxed_madd(x, y, sum) : f64x2.add(sum, f64x2.mul(x, y));
}

/** `low` holds S0 and S1, `high` holds S2 and S3. */
@inline
function total(low: v128, high: v128): f64 {
  const sum = f64x2.add(low, high);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

export function dot(x: usize, y: usize, floats: u32): f64 {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  const end = x + (floats << 2);
  while (x < end) {
    const a = v128.load(x);
    const b = v128.load(y);
    low = addProduct(low, f64x2.promote_low_f32x4(a), f64x2.promote_low_f32x4(b));
    high = addProduct(high, promoteHigh(a), promoteHigh(b));
    x += 16;
    y += 16;
  }
  return total(low, high);
}

function squaredDistance(x: usize, y: usize, floats: u32): f64 {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  const end = x + (floats << 2);
  while (x < end) {
    const a = v128.load(x);
    const b = v128.load(y);
    const differenceLow = f64x2.sub(f64x2.promote_low_f32x4(a), f64x2.promote_low_f32x4(b));
    const differenceHigh = f64x2.sub(promoteHigh(a), promoteHigh(b));
    low = f64x2.add(low, f64x2.mul(differenceLow, differenceLow));
    high = f64x2.add(high, f64x2.mul(differenceHigh, differenceHigh));
    x += 16;
    y += 16;
  }
  return total(low, high);
}

/** Length of a vector whose element count is a multiple of 4. */
export function norm(vector: usize, floats: u32): f64 {
  return sqrt(dot(vector, vector, floats));
}

/** Similarity of one query vector and one row. */
export function similarity(metric: u32, query: usize, queryNorm: f64, row: usize, rowNorm: f64, floats: u32): f64 {
  if (metric == METRIC_COSINE) {
    const norms = queryNorm * rowNorm;
    return norms == 0 ? 0 : dot(query, row, floats) / norms;
  }
  if (metric == METRIC_INNER_PRODUCT) return dot(query, row, floats);
  return -squaredDistance(row, query, floats);
}

/** Similarity of query `n` of a request and its candidate at `position`; needs `queryNorms`. */
export function exactSimilarity(block: RequestBlock, n: u32, position: u32): f64 {
  const ordinal = load<u32>(block.candidates + (position << 2));
  const query = block.queries + ((n * block.rowFloats) << 2);
  const queryNorm = load<f64>(block.queryNorms + (n << 3));
  const row = block.rows + ((ordinal * block.rowFloats) << 2);
  const rowNorm = load<f64>(block.norms + (ordinal << 3));
  return similarity(block.metric, query, queryNorm, row, rowNorm, block.rowFloats);
}
