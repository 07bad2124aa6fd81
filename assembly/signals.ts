/**
 * What signals say of the candidates: the column `values`, one number by position, NaN where nothing is known.
 * Columns are read and written in pairs; a column is followed by room for a whole pair.
 */
import { RequestBlock } from './memory';

/** What one signal adds at most: several may be added up. */
const SHARE_MAX: f64 = 1e300;

/** ln 2 as a float64 of 32 significant bits, so that products with an exponent are exact, and the rest. */
const LN2_HIGH: f64 = 0.6931471803691238;
const LN2_LOW: f64 = 1.9082149292705877e-10;
/** The upper words of 1 and of √½, from which on a mantissa counts up to √2. */
const ONE: i64 = 0x3ff0000000000000;
const SQRT_HALF: i64 = 0x3fe6a09e00000000;

/** Notes which ordinals are candidates, and the position of each. */
export function placeCandidates(block: RequestBlock): void {
  const count = block.candidateCount;
  if (count == 0) return;
  memory.fill(block.placed, 0, ((lastCandidate(block) >> 5) + 1) << 2);
  for (let position: u32 = 0; position < count; position++) {
    const ordinal = load<u32>(block.candidates + (position << 2));
    const word = block.placed + ((ordinal >> 5) << 2);
    store<u32>(word, load<u32>(word) | (1 << (ordinal & 31)));
    store<u32>(block.places + (ordinal << 2), position);
  }
}

@inline
function lastCandidate(block: RequestBlock): u32 {
  return load<u32>(block.candidates + ((block.candidateCount - 1) << 2));
}

/**
 * Adds factor · strength of each of `count` shops, u32 ordinals and f32 strengths, to the values of those that are
 * candidates; the first that is known of one takes the place of NaN. After `placeCandidates`. The bits are asked first: most
 * neighbours are none in a town of many shops, and all bits of one fit the nearest cache.
 */
export function addKnownOf(block: RequestBlock, ordinals: u32, strengths: u32, count: u32, factor: f64): void {
  if (block.candidateCount == 0) return;
  const last = lastCandidate(block);
  for (let at: u32 = 0; at < count; at++) {
    const ordinal = load<u32>(ordinals + (at << 2));
    if (ordinal > last) continue;
    if (((load<u32>(block.placed + ((ordinal >> 5) << 2)) >> (ordinal & 31)) & 1) == 0) continue;
    const value = block.values + (load<u32>(block.places + (ordinal << 2)) << 3);
    const before = load<f64>(value);
    const more = factor * <f64>load<f32>(strengths + (at << 2));
    store<f64>(value, isNaN(before) ? more : before + more);
  }
}

/** Writes the squared distance of each candidate from (x, y, z); `points` is f64[shopCount][3]. */
export function measureFrom(block: RequestBlock, points: u32, x: f64, y: f64, z: f64): void {
  for (let position: u32 = 0; position < block.candidateCount; position++) {
    const point = points + load<u32>(block.candidates + (position << 2)) * 24;
    const dx = x - load<f64>(point);
    const dy = y - load<f64>(point, 8);
    const dz = z - load<f64>(point, 16);
    store<f64>(block.distances + (position << 3), dx * dx + dy * dy + dz * dz);
  }
}

/** Makes each value v factor · ln(1 + scale · v); scale · v must be a finite number from 0 on. */
export function takeLogs(block: RequestBlock, scale: f64, factor: f64): void {
  const one = f64x2.splat(1);
  const scales = f64x2.splat(scale);
  const factors = f64x2.splat(factor);
  for (let at = block.values, end = at + (block.candidateCount << 3); at < end; at += 16) {
    const logs = ln(f64x2.add(one, f64x2.mul(scales, v128.load(at))));
    v128.store(at, f64x2.mul(factors, logs));
  }
}

/**
 * ln x = k · ln 2 + 2 artanh s, x = 2^k · m, √½ ≤ m < √2, s = (m − 1) / (m + 1): the series s + s³/3 + … + s¹⁹/19, whose
 * remainder is below 3e-17. x is a normal number above 0.
 */
@inline
function ln(x: v128): v128 {
  const shifted = i64x2.add(x, i64x2.splat(ONE - SQRT_HALF));
  const mantissa = v128.and(shifted, i64x2.splat(0x000fffffffffffff));
  // 2^52 + the biased exponent, as a float64
  const exponent = v128.or(i64x2.shr_u(shifted, 52), i64x2.splat(0x4330000000000000));
  const k = f64x2.sub(exponent, f64x2.splat(4503599627370496 + 1023));
  const m = i64x2.add(mantissa, i64x2.splat(SQRT_HALF));
  const one = f64x2.splat(1);
  const s = f64x2.div(f64x2.sub(m, one), f64x2.add(m, one));
  const z = f64x2.mul(s, s);
  const w = f64x2.mul(z, z);
  // Two chains, so that one does not wait for the other.
  let odd = f64x2.splat(1.0 / 17.0);
  let even = f64x2.add(f64x2.mul(f64x2.splat(1.0 / 19.0), w), f64x2.splat(1.0 / 15.0));
  odd = f64x2.add(f64x2.mul(odd, w), f64x2.splat(1.0 / 13.0));
  even = f64x2.add(f64x2.mul(even, w), f64x2.splat(1.0 / 11.0));
  odd = f64x2.add(f64x2.mul(odd, w), f64x2.splat(1.0 / 9.0));
  even = f64x2.add(f64x2.mul(even, w), f64x2.splat(1.0 / 7.0));
  odd = f64x2.add(f64x2.mul(odd, w), f64x2.splat(1.0 / 5.0));
  even = f64x2.add(f64x2.mul(even, w), f64x2.splat(1.0 / 3.0));
  const series = f64x2.add(even, f64x2.mul(odd, z));
  const twice = f64x2.add(s, s);
  const rest = f64x2.add(f64x2.mul(f64x2.mul(twice, z), series), f64x2.mul(k, f64x2.splat(LN2_LOW)));
  return f64x2.add(f64x2.mul(k, f64x2.splat(LN2_HIGH)), f64x2.add(twice, rest));
}

/** Adds weight · value, within ±SHARE_MAX, to the score of each candidate, but where that is no number. */
export function addWeighted(block: RequestBlock, weight: f64): void {
  const weights = f64x2.splat(weight);
  const most = f64x2.splat(SHARE_MAX);
  const least = f64x2.splat(-SHARE_MAX);
  for (let at: u32 = 0, end = block.candidateCount << 3; at < end; at += 16) {
    const value = v128.load(block.values + at);
    const score = v128.load(block.scores + at);
    const share = f64x2.pmax(f64x2.pmin(f64x2.mul(weights, value), most), least);
    v128.store(block.scores + at, v128.bitselect(f64x2.add(score, share), score, f64x2.eq(share, share)));
  }
}
