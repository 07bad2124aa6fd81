/**
 * One step of gradient descent: an input row against six output rows at once, of which the first may be the true context
 * and the others are negatives.
 *
 * Six, as word2vec's five negatives and the pair itself: the row is loaded once for six products, and their six sums are
 * enough not to wait for an addition. Products and sums are plain, never fused, so every processor gives the same bits.
 */
import { expOfMinus, sigmoid, softplus } from './logistic';

export const GROUP: u32 = 6;

/** What the last step lost: the sum of −ln σ over its outputs. */
export let stepLoss: f32 = 0;

/**
 * Moves `input` towards the first output if `isTrue`, and away from the others; outputs likewise. `outputs` holds the
 * addresses of six rows, of which the first `count` take part. A row that is named twice takes both changes.
 */
export function step(input: usize, outputs: usize, count: u32, isTrue: bool, rowBytes: u32, rate: f32): void {
  const o0 = <usize>load<u32>(outputs);
  const o1 = <usize>load<u32>(outputs, 4);
  const o2 = <usize>load<u32>(outputs, 8);
  const o3 = <usize>load<u32>(outputs, 12);
  const o4 = <usize>load<u32>(outputs, 16);
  const o5 = <usize>load<u32>(outputs, 20);
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let s4 = s0;
  let s5 = s0;
  for (let at: usize = 0; at < rowBytes; at += 16) {
    const x = v128.load(input + at);
    s0 = f32x4.add(s0, f32x4.mul(x, v128.load(o0 + at)));
    s1 = f32x4.add(s1, f32x4.mul(x, v128.load(o1 + at)));
    s2 = f32x4.add(s2, f32x4.mul(x, v128.load(o2 + at)));
    s3 = f32x4.add(s3, f32x4.mul(x, v128.load(o3 + at)));
    s4 = f32x4.add(s4, f32x4.mul(x, v128.load(o4 + at)));
    s5 = f32x4.add(s5, f32x4.mul(x, v128.load(o5 + at)));
  }
  // +1 for the true context, −1 for a negative, 0 for what takes no part: y = −sign · dot is what should be small.
  const taking = i32x4.splat(count);
  const signsLow = v128.and(
    f32x4(isTrue ? 1 : -1, -1, -1, -1),
    i32x4.lt_s(i32x4(0, 1, 2, 3), taking),
  );
  const signsHigh = v128.and(f32x4.splat(-1), i32x4.lt_s(i32x4(4, 5, 6, 7), taking));
  const yLow = f32x4.neg(f32x4.mul(signsLow, sumLanes(s0, s1, s2, s3)));
  const yHigh = f32x4.neg(f32x4.mul(signsHigh, sumLanes(s4, s5, s5, s5)));
  const expLow = expOfMinus(f32x4.abs(yLow));
  const expHigh = expOfMinus(f32x4.abs(yHigh));
  const rates = f32x4.splat(rate);
  const low = f32x4.mul(f32x4.mul(signsLow, rates), sigmoid(yLow, expLow));
  const high = f32x4.mul(f32x4.mul(signsHigh, rates), sigmoid(yHigh, expHigh));
  const losses = f32x4.add(
    v128.and(softplus(yLow, expLow), f32x4.ne(signsLow, f32x4.splat(0))),
    v128.and(softplus(yHigh, expHigh), f32x4.ne(signsHigh, f32x4.splat(0))),
  );
  stepLoss = addLanes(losses);

  const g0 = v128.shuffle<f32>(low, low, 0, 0, 0, 0);
  const g1 = v128.shuffle<f32>(low, low, 1, 1, 1, 1);
  const g2 = v128.shuffle<f32>(low, low, 2, 2, 2, 2);
  const g3 = v128.shuffle<f32>(low, low, 3, 3, 3, 3);
  const g4 = v128.shuffle<f32>(high, high, 0, 0, 0, 0);
  const g5 = v128.shuffle<f32>(high, high, 1, 1, 1, 1);
  for (let at: usize = 0; at < rowBytes; at += 16) {
    const x = v128.load(input + at);
    const u0 = v128.load(o0 + at);
    v128.store(o0 + at, f32x4.add(u0, f32x4.mul(g0, x)));
    const u1 = v128.load(o1 + at);
    v128.store(o1 + at, f32x4.add(u1, f32x4.mul(g1, x)));
    const u2 = v128.load(o2 + at);
    v128.store(o2 + at, f32x4.add(u2, f32x4.mul(g2, x)));
    const u3 = v128.load(o3 + at);
    v128.store(o3 + at, f32x4.add(u3, f32x4.mul(g3, x)));
    const u4 = v128.load(o4 + at);
    v128.store(o4 + at, f32x4.add(u4, f32x4.mul(g4, x)));
    const u5 = v128.load(o5 + at);
    v128.store(o5 + at, f32x4.add(u5, f32x4.mul(g5, x)));
    const changes = f32x4.add(
      f32x4.add(f32x4.add(f32x4.mul(g0, u0), f32x4.mul(g1, u1)), f32x4.add(f32x4.mul(g2, u2), f32x4.mul(g3, u3))),
      f32x4.add(f32x4.mul(g4, u4), f32x4.mul(g5, u5)),
    );
    v128.store(input + at, f32x4.add(x, changes));
  }
}

/** The sums of the lanes of four vectors, as one vector. */
@inline
function sumLanes(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}

@inline
function addLanes(v: v128): f32 {
  const pairs = f32x4.add(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}
