/**
 * The natural logarithm of the kernels, in additions and multiplications that every build does alike: `Math.log` may differ from
 * one engine to the next. Within 2 ulp of it.
 *
 * ln x = k · ln 2 + 2 artanh s, x = 2^k · m, √½ ≤ m < √2, s = (m − 1) / (m + 1): the series s + s³/3 + … + s¹⁹/19, whose
 * remainder is below 3e-17.
 */

/** ln 2 as a float64 of 32 significant bits, so that products with an exponent are exact, and the rest. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
/** The upper words of √½ and of what is added to it to make 1. */
const SQRT_HALF = 0x3fe6a09e;
const TO_ONE = 0x3ff00000 - SQRT_HALF;

const number = new Float64Array(1);
const words = new Uint32Array(number.buffer);

/** ln x of a normal number above 0. */
export function ln(x: number): number {
  number[0] = x;
  const shifted = words[1]! + TO_ONE;
  const k = (shifted >>> 20) - 1023;
  words[1] = (shifted & 0xfffff) + SQRT_HALF;
  const m = number[0];
  const s = (m - 1) / (m + 1);
  const z = s * s;
  const w = z * z;
  const even = ((((1 / 19) * w + 1 / 15) * w + 1 / 11) * w + 1 / 7) * w + 1 / 3;
  const odd = (((1 / 17) * w + 1 / 13) * w + 1 / 9) * w + 1 / 5;
  const series = even + odd * z;
  const twice = s + s;
  return k * LN2_HIGH + (twice + (twice * z * series + k * LN2_LOW));
}
