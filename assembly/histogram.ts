/**
 * Values counted into bins of equal width, bin 0 holding the largest: enough to find a threshold close to the k-th
 * largest, or to put values nearly in order, without comparing them with each other.
 */

const BIN_COUNT_MAX: u32 = 2048;
/** u32[BIN_COUNT_MAX], and one for the caller's use. */
export const BINS_BYTES: u32 = BIN_COUNT_MAX * 4 + 4;

let highest: f32 = 0;
let binsPerUnit: f32 = 0;
let lastBin: i32 = 0;

/**
 * Counts f32[count] at `values`, which needs room for three more behind it, and writes the bin of each to `binOfEach`,
 * u32[count] with the same room. Returns false, having counted nothing, if all are equal.
 */
export function countBins(values: u32, count: u32, bins: u32, binOfEach: u32): bool {
  const end = values + (count << 2);
  const last = load<f32>(end - 4);
  store<f32>(end, last);
  store<f32>(end, last, 4);
  store<f32>(end, last, 8);
  let low = v128.load(values);
  let high = low;
  for (let at = values + 16; at < end; at += 16) {
    const x = v128.load(at);
    low = f32x4.pmin(low, x);
    high = f32x4.pmax(high, x);
  }
  highest = largestLane(high);
  const lowest = smallestLane(low);
  if (!(highest > lowest)) return false;
  lastBin = (count <= 96 ? 64 : count <= 512 ? 512 : BIN_COUNT_MAX) - 1;
  binsPerUnit = min<f32>(<f32>lastBin / (highest - lowest), 3e38);
  memory.fill(bins, 0, (lastBin + 1) << 2);
  for (let at: u32 = 0; at < count << 2; at += 16) v128.store(binOfEach + at, binsOf(v128.load(values + at)));
  for (let at: u32 = 0; at < count << 2; at += 4) {
    const bin = bins + (load<u32>(binOfEach + at) << 2);
    store<u32>(bin, load<u32>(bin) + 1);
  }
  return true;
}

@inline
export function largestLane(x: v128): f32 {
  return max(
    max(f32x4.extract_lane(x, 0), f32x4.extract_lane(x, 1)),
    max(f32x4.extract_lane(x, 2), f32x4.extract_lane(x, 3)),
  );
}

@inline
export function smallestLane(x: v128): f32 {
  return min(
    min(f32x4.extract_lane(x, 0), f32x4.extract_lane(x, 1)),
    min(f32x4.extract_lane(x, 2), f32x4.extract_lane(x, 3)),
  );
}

/** The bin of each of four values. */
@inline
function binsOf(values: v128): v128 {
  const distance = f32x4.mul(f32x4.sub(f32x4.splat(highest), values), f32x4.splat(binsPerUnit));
  return i32x4.min_s(i32x4.trunc_sat_f32x4_s(distance), i32x4.splat(lastBin));
}

/** The bin of a value up to the highest; the last one for what is below all that were counted. */
@inline
export function binOf(value: f32): u32 {
  return <u32>min<f32>((highest - value) * binsPerUnit, <f32>lastBin);
}

/** The first bin with which the bins hold `wanted` values; all of them together if there are fewer. */
export function binReaching(wanted: u32, bins: u32): u32 {
  let bin: u32 = 0;
  for (let reached = load<u32>(bins); reached < wanted && bin < <u32>lastBin; ) reached += load<u32>(bins + (++bin << 2));
  return bin;
}

/** The least of the values in the bins up to `bin`; the arrays as of `countBins`, whose padding changes nothing. */
export function leastDownTo(bin: u32, values: u32, count: u32, binOfEach: u32): f32 {
  const wanted = i32x4.splat(bin);
  const infinity = f32x4.splat(Infinity);
  let least = infinity;
  for (let at: u32 = 0; at < count << 2; at += 16) {
    const isWanted = i32x4.le_s(v128.load(binOfEach + at), wanted);
    least = f32x4.pmin(least, v128.bitselect(v128.load(values + at), infinity, isWanted));
  }
  return smallestLane(least);
}
