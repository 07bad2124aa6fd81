/**
 * Query vectors as whole numbers: q = t·b + g with a scale t, whole numbers b in −levels..levels and a small rest g.
 * 14 bits, or 7 bits for the relaxed dot product, which stores b + 64.
 */
import { UNIT_ROUNDOFF } from './float-pass';
import { METRIC_L2, RequestBlock } from './memory';
import { largestLane } from './histogram';
import { promoteHigh, total } from './similarity';

const LEVELS: u32 = 8191;
const LEVELS_RELAXED: u32 = 63;
/**
 * Above what is lost where a number is too small for float32, as those of rows far below the largest can be: D products
 * of 127 and a level times 2^-149, and 2^-149 times ‖q‖.
 */
const VANISHING: f64 = 1e-35;
/** What the relaxed dot product adds to a query's elements. */
export const RELAXED_OFFSET: i32 = 64;

@unmanaged
export class ByteQuery {
  /** t. */
  scale: f32;
  /** ‖q‖, rounded up. */
  norm: f32;
  /** What the error of a value adds to its multiple of ‖q‖, for every row alike; not for cosine. */
  slack: f32;
  /** Bound of (‖g‖ + the roundings that grow with a row's length) / ‖q‖. */
  rest: f32;
}

/** Bytes of a `ByteQuery`. */
export const BYTE_QUERY_BYTES: u32 = 16;

/** Bytes of a panel's element. */
@inline
export function panelElementBytes(relaxed: bool): u32 {
  return relaxed ? 1 : 2;
}

/** Writes query `n` as number `q` of the `group` in `panel`, which holds zeros, and what its products need. */
export function writeByteQuery(block: RequestBlock, n: u32, relaxed: bool, panel: u32, q: u32, group: u32, query: ByteQuery): void {
  const floats = block.rowFloats;
  const source = block.queries + ((n * floats) << 2);
  const norm = load<f64>(block.queryNorms + (n << 3));
  let largest = f32x4.splat(0);
  for (let i: u32 = 0; i < floats; i += 4) largest = f32x4.pmax(largest, f32x4.abs(v128.load(source + (i << 2))));
  // D products of 127 and a level stay below 2^31.
  const levels = relaxed ? LEVELS_RELAXED : min<u32>(LEVELS, (<u32>0x7fffffff) / 127 / floats);
  const scale = largestLane(largest) / <f32>levels;
  const inverse = f32x4.splat(<f32>1 / scale);
  const limit = f32x4.splat(<f32>levels);
  const scales = f64x2.splat(<f64>scale);
  let restLow = f64x2.splat(0);
  let restHigh = restLow;
  for (let i: u32 = 0; i < floats; i += 4) {
    const x = v128.load(source + (i << 2));
    const whole = f32x4.max(f32x4.min(f32x4.nearest(f32x4.mul(x, inverse)), limit), f32x4.neg(limit));
    const low = f64x2.sub(f64x2.promote_low_f32x4(x), f64x2.mul(f64x2.promote_low_f32x4(whole), scales));
    const high = f64x2.sub(promoteHigh(x), f64x2.mul(promoteHigh(whole), scales));
    restLow = f64x2.add(restLow, f64x2.mul(low, low));
    restHigh = f64x2.add(restHigh, f64x2.mul(high, high));
    const numbers = i32x4.trunc_sat_f32x4_s(whole);
    if (relaxed) {
      const words = i16x8.narrow_i32x4_s(i32x4.add(numbers, i32x4.splat(RELAXED_OFFSET)), numbers);
      v128.store32_lane(panel + (i >> 4) * group * 16 + q * 16 + (i & 15), i8x16.narrow_i16x8_u(words, words), 0);
    } else {
      v128.store64_lane(panel + (i >> 3) * group * 16 + q * 16 + ((i & 7) << 1), i16x8.narrow_i32x4_s(numbers, numbers), 0);
    }
  }
  const rest = sqrt(total(restLow, restHigh));
  query.scale = scale;
  query.norm = <f32>(norm * 1.000001);
  query.rest = <f32>(((rest + 16 * UNIT_ROUNDOFF * (norm + rest)) / norm) * 1.00001);
  let slack = VANISHING * (1 + norm * 1e5);
  if (block.metric == METRIC_L2) slack += <f64>floats * 1.7763568394002505e-15 * norm * norm; // 2^-49
  query.slack = <f32>(slack * 1.00001);
}
