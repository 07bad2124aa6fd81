/**
 * A row in bytes: r = s·a + e with a scale s, whole numbers a in −127..127 and a small rest e.
 *
 *   i8[Q]   a, zeros behind the dimensions; Q is `rowFloats` rounded up to a multiple of 16
 *   f32     scale s: largest |r_i| / 127
 *   f32     rest: ‖e‖, rounded up
 *   f32     norm: ‖r‖
 *   i32     sum: Σ a_i
 *
 * Everything is computed in float64 in the order that `similarity.ts` sums in, so every build and the twin in
 * `src/kernel/quantize.ts` give the same bytes.
 */
import { largestLane } from './histogram';
import { norm as vectorNorm, promoteHigh, total } from './similarity';

/** Bytes behind the elements. */
export const RECORD_BYTES: u32 = 16;
/** Above every rounding of the rest: its own in float32 is 2^-24. */
const REST_ROUNDED_UP: f64 = 1.000001;

@inline
function elementBytes(floats: u32): u32 {
  return (floats + 15) & ~15;
}

/** Writes the bytes of the row of `floats` float32 at `row`. */
export function quantizeRow(row: u32, floats: u32, out: u32): void {
  quantizeOrCompare(false, row, floats, out);
}

/** The first of `count` rows whose bytes at `quantized` are not what `quantizeRow` makes of it, or `count`. */
export function firstUnlike(rows: u32, floats: u32, count: u32, quantized: u32): u32 {
  const stride = elementBytes(floats) + RECORD_BYTES;
  for (let ordinal: u32 = 0; ordinal < count; ordinal++) {
    if (!quantizeOrCompare(true, rows + ordinal * (floats << 2), floats, quantized + ordinal * stride)) return ordinal;
  }
  return count;
}

/** Writes the bytes of a row, or looks whether they are there. */
@inline
function quantizeOrCompare(compare: bool, row: u32, floats: u32, out: u32): bool {
  const record = out + elementBytes(floats);
  const norm = vectorNorm(row, floats);
  let largest = f32x4.splat(0);
  for (let i: u32 = 0; i < floats; i += 4) largest = f32x4.pmax(largest, f32x4.abs(v128.load(row + (i << 2))));
  const scale: f32 = largestLane(largest) / 127;
  const inverse = f64x2.splat(scale > 0 ? 1 / <f64>scale : 0);
  const scales = f64x2.splat(<f64>scale);
  let restLow = f64x2.splat(0);
  let restHigh = restLow;
  let sums = i32x4.splat(0);
  let unlike: u32 = 0;
  if (!compare) memory.fill(out, 0, elementBytes(floats));
  else for (let i = floats; i < elementBytes(floats); i += 4) unlike |= load<u32>(out + i);
  for (let i: u32 = 0; i < floats; i += 4) {
    const x = v128.load(row + (i << 2));
    const xLow = f64x2.promote_low_f32x4(x);
    const xHigh = promoteHigh(x);
    const low = nearestWhole(f64x2.mul(xLow, inverse));
    const high = nearestWhole(f64x2.mul(xHigh, inverse));
    const dLow = f64x2.sub(xLow, f64x2.mul(low, scales));
    const dHigh = f64x2.sub(xHigh, f64x2.mul(high, scales));
    restLow = f64x2.add(restLow, f64x2.mul(dLow, dLow));
    restHigh = f64x2.add(restHigh, f64x2.mul(dHigh, dHigh));
    const whole = i64x2.shuffle(i32x4.trunc_sat_f64x2_s_zero(low), i32x4.trunc_sat_f64x2_s_zero(high), 0, 2);
    sums = i32x4.add(sums, whole);
    const words = i16x8.narrow_i32x4_s(whole, whole);
    const bytes = i8x16.narrow_i16x8_s(words, words);
    if (compare) unlike |= load<u32>(out + i) ^ i32x4.extract_lane(bytes, 0);
    else v128.store32_lane(out + i, bytes, 0);
  }
  const rest = <f32>(sqrt(total(restLow, restHigh)) * REST_ROUNDED_UP);
  const sum = i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1) + i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3);
  if (compare) {
    unlike |= load<u32>(record) ^ reinterpret<u32>(scale);
    unlike |= load<u32>(record, 4) ^ reinterpret<u32>(rest);
    unlike |= load<u32>(record, 8) ^ reinterpret<u32>(<f32>norm);
    return (unlike | (load<u32>(record, 12) ^ sum)) == 0;
  }
  store<f32>(record, scale);
  store<f32>(record, rest, 4);
  store<f32>(record, <f32>norm, 8);
  store<i32>(record, sum, 12);
  return true;
}

/** The nearest whole numbers in −127..127, halves upwards. */
@inline
function nearestWhole(x: v128): v128 {
  const rounded = f64x2.floor(f64x2.add(x, f64x2.splat(0.5)));
  return f64x2.pmin(f64x2.pmax(rounded, f64x2.splat(-127)), f64x2.splat(127));
}
