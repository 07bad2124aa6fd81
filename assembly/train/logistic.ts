/**
 * The logistic function and its loss, four at a time, from e = exp(−|y|) by polynomials that were fitted to the least largest error.
 * Errors against the exact value, over all of float32 (test/train-kernel.test.ts): σ 1e-6, loss 1.2e-5.
 */

/** exp(−|y|) as 2^whole · 2^part with part in ±0.5; below 2^-126 it stays there. */
@inline
export function expOfMinus(absolute: v128): v128 {
  const exponent = f32x4.max(f32x4.mul(absolute, f32x4.splat(-1.44269504)), f32x4.splat(-126));
  const whole = f32x4.nearest(exponent);
  const part = f32x4.sub(exponent, whole);
  let power = f32x4.splat(0.009570101);
  power = f32x4.add(f32x4.mul(power, part), f32x4.splat(0.055917863));
  power = f32x4.add(f32x4.mul(power, part), f32x4.splat(0.24024744));
  power = f32x4.add(f32x4.mul(power, part), f32x4.splat(0.6931218));
  power = f32x4.add(f32x4.mul(power, part), f32x4.splat(0.9999993));
  const scale = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(whole), i32x4.splat(127)), 23);
  return f32x4.mul(power, scale);
}

/** σ(y) = 1 / (1 + exp(−y)). */
@inline
export function sigmoid(y: v128, exp: v128): v128 {
  const isNegative = f32x4.lt(y, f32x4.splat(0));
  return f32x4.div(v128.bitselect(exp, f32x4.splat(1), isNegative), f32x4.add(f32x4.splat(1), exp));
}

/** −ln σ(−y) = max(y, 0) + ln(1 + exp(−|y|)). */
@inline
export function softplus(y: v128, exp: v128): v128 {
  let log = f32x4.splat(0.031103998);
  log = f32x4.add(f32x4.mul(log, exp), f32x4.splat(-0.13321984));
  log = f32x4.add(f32x4.mul(log, exp), f32x4.splat(0.28670657));
  log = f32x4.add(f32x4.mul(log, exp), f32x4.splat(-0.49074313));
  log = f32x4.add(f32x4.mul(log, exp), f32x4.splat(0.9992996));
  log = f32x4.add(f32x4.mul(log, exp), f32x4.splat(8.690753e-6));
  return f32x4.add(f32x4.max(y, f32x4.splat(0)), log);
}
