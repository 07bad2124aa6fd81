/** What kernels do for signals, against its definition and as twins: every build leaves the same bits. */
import { describe, expect, test } from 'vitest';
import { Random } from '../src/base/random.ts';
import type { Kernel } from '../src/kernel/kernel.ts';
import { Lane, laneBytes } from '../src/kernel/lane.ts';
import { LinearMemory } from '../src/kernel/linear-memory.ts';
import { ln } from '../src/kernel/ln.ts';
import { ScalarKernel } from '../src/kernel/scalar-kernel.ts';
import { wasmKernel } from '../src/kernel/wasm-kernel.ts';

const SHOP_COUNT = 900;
/** Of a town so large that a lane's slack is nothing beside what each shop takes. */
const MANY = 300_000;
const NEIGHBOUR_COUNT = 60;
const memory = new LinearMemory();
const KERNELS: [string, () => Kernel | null][] = [
  ['relaxed-simd', () => wasmKernel('relaxed-simd', memory)],
  ['simd', () => wasmKernel('simd', memory)],
  ['scalar', () => new ScalarKernel(memory)],
];

/** Candidates in a lane, fused to scores of 0, and shops behind it: neighbours with strengths, and points. */
function load(kernel: Kernel, candidates: readonly number[], shopCount = SHOP_COUNT) {
  const bounds = { queryCountMax: 1, signalCountMax: 1, depthMax: 1, limitMax: 1 };
  const bytes = laneBytes({ ...bounds, shopCount, rowFloats: 4 });
  const points = LinearMemory.snapshotBase(2, bytes);
  const ordinals = points + shopCount * 24;
  const strengths = ordinals + NEIGHBOUR_COUNT * 4;
  memory.reserve(strengths + NEIGHBOUR_COUNT * 4);
  // What an earlier request left: no place of it may be taken for one of this.
  memory.views.u32.fill(0xffffffff, LinearMemory.laneStart(1, bytes) / 4, points / 4);
  const lane = new Lane(memory, kernel, 1, bytes);
  start(lane, points, candidates);
  return { lane, points, list: { ordinals, strengths, count: NEIGHBOUR_COUNT } };
}

/** The next request of a lane. */
function start(lane: Lane, points: number, candidates: readonly number[]): void {
  lane.begin(candidates.length).set(candidates);
  lane.setCandidateCount(candidates.length);
  lane.setQueries({ rows: points, norms: points, rowFloats: 4, quantized: null }, 'innerProduct', 0);
  lane.rank(1, false);
  lane.fuse('linear', [], 60);
}

/** Every one with some likelihood, so that runs and single ones come; none, one, an odd number. */
function randomCandidates(random: Random): number[] {
  const likelihood = random.pick([0, 0.002, 0.05, 0.5, 1]);
  const all = Array.from({ length: SHOP_COUNT }, (_, ordinal) => ordinal);
  return all.filter(() => random.unit() < likelihood);
}

describe.each(KERNELS)('%s', (_, make) => {
  const kernel = make()!;

  test('what is known of neighbours is added to those that are candidates', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const random = new Random(seed);
      const candidates = randomCandidates(random);
      const { lane, list } = load(kernel, candidates);
      const expected = new Map<number, number>();
      lane.values.fill(Number.NaN);
      for (let round = 0; round < 3; round++) {
        const factor = random.pick([1, 0.3, -2]);
        for (let at = 0; at < NEIGHBOUR_COUNT; at++) {
          const ordinal = random.below(SHOP_COUNT);
          const strength = Math.fround(0.1 + random.unit());
          memory.views.u32[list.ordinals / 4 + at] = ordinal;
          memory.views.f32[list.strengths / 4 + at] = strength;
          const before = expected.get(ordinal);
          expected.set(ordinal, before === undefined ? factor * strength : before + factor * strength);
        }
        lane.addKnown(list, factor);
      }
      expect([...lane.values], `seed ${seed}`).toStrictEqual(
        candidates.map((ordinal) => expected.get(ordinal) ?? Number.NaN),
      );
    }
  });

  test('the position of any shop is known, noted or not, in each request of a lane', () => {
    const { lane, points } = load(kernel, []);
    for (let seed = 1; seed <= 20; seed++) {
      const candidates = randomCandidates(new Random(seed));
      start(lane, points, candidates);
      for (const note of [() => {}, () => lane.place()]) {
        note();
        for (let ordinal = -1; ordinal <= SHOP_COUNT; ordinal++)
          expect(lane.positionOf(ordinal), `seed ${seed}, ordinal ${ordinal}`).toBe(
            candidates.indexOf(ordinal),
          );
      }
    }
  });

  test('a lane has room for what is noted of all shops of a large town at once', () => {
    const all = Array.from({ length: MANY }, (_, ordinal) => ordinal);
    const { lane, points, list } = load(kernel, all, MANY);
    memory.views.f64.subarray(points / 8, points / 8 + MANY * 3).fill(0);
    memory.views.u32.fill(MANY - 1, list.ordinals / 4, list.ordinals / 4 + list.count);
    memory.views.f32.fill(1, list.strengths / 4, list.strengths / 4 + list.count);
    lane.values.fill(Number.NaN);
    const distances = lane.squaredDistances(points, [3, 0, 0]);
    lane.addKnown(list, 1);
    lane.scores.fill(7);
    lane.addValues(2);
    expect(lane.candidates.every((ordinal, position) => ordinal === position)).toBe(true);
    expect(distances.every((squared) => squared === 9)).toBe(true);
    expect(lane.scores.subarray(0, -1).every((score) => score === 7)).toBe(true);
    expect(lane.scores.at(-1)).toBe(7 + 2 * list.count);
    expect(lane.positionOf(MANY - 1)).toBe(MANY - 1);
    lane.select(1);
    lane.explain();
    expect(lane.winnerPosition(0)).toBe(MANY - 1);
  });

  test('squared distances are those of the points', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = new Random(seed);
      const candidates = randomCandidates(random);
      const { lane, points } = load(kernel, candidates);
      const all = memory.views.f64.subarray(points / 8, points / 8 + SHOP_COUNT * 3);
      for (let at = 0; at < all.length; at++) all[at] = random.normal() * 6e6;
      const center = [random.normal() * 6e6, 17, -3.5] as const;
      const [x, y, z] = center;
      expect([...lane.squaredDistances(points, center)], `seed ${seed}`).toStrictEqual(
        candidates.map((ordinal) => {
          const [dx, dy, dz] = [x - all[ordinal * 3]!, y - all[ordinal * 3 + 1]!, z - all[ordinal * 3 + 2]!];
          return dx * dx + dy * dy + dz * dz;
        }),
      );
    }
  });

  test('logarithms are those of ln.ts', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = new Random(seed);
      const { lane } = load(kernel, randomCandidates(random));
      const values = Array.from(lane.values, () => random.pick([0, 1, 3, 1e-9, 2 ** (random.unit() * 60)]));
      const [scale, factor] = [random.pick([1, 2, 1 / 250_000]), random.pick([1, -0.5])];
      lane.values.set(values);
      lane.logValues(scale, factor);
      expect([...lane.values], `seed ${seed}`).toStrictEqual(
        values.map((value) => factor * ln(1 + scale * value)),
      );
    }
  });

  test('values add to scores within bounds, and what is no number adds nothing', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = new Random(seed);
      const { lane } = load(kernel, randomCandidates(random));
      const scores = Array.from(lane.scores, () => random.pick([0, random.normal(), -1e300]));
      const values = scores.map(() =>
        random.pick([Number.NaN, random.normal(), 0, 1.7e308, -1.7e308, Infinity]),
      );
      const weight = random.pick([1, -0.25, 1_000, 0]);
      lane.scores.set(scores);
      lane.values.set(values);
      lane.addValues(weight);
      expect([...lane.scores], `seed ${seed}`).toStrictEqual(
        scores.map((score, at) => {
          const share = weight * values[at]!;
          return Number.isNaN(share) ? score : score + Math.max(-1e300, Math.min(1e300, share));
        }),
      );
    }
  });
});

test('ln is within 2 units of the last place of Math.log', () => {
  const random = new Random(3);
  const near = [1, 1 + 2 ** -52, 1 - 2 ** -53, Math.SQRT1_2, Math.SQRT2, 2, 2 ** -1022, Number.MAX_VALUE];
  const far = Array.from({ length: 100_000 }, () => (1 + random.unit()) * 2 ** (random.below(2_046) - 1_022));
  const close = Array.from({ length: 100_000 }, () => 1 + random.normal() * 2 ** -random.below(50));
  for (const x of [...near, ...far, ...close].filter((value) => value > 0)) {
    const expected = Math.log(x);
    const unit = 2 ** (Math.floor(Math.log2(Math.abs(expected))) - 52);
    const isNear = expected === 0 ? ln(x) === 0 : Math.abs(ln(x) - expected) <= 2 * unit;
    expect(isNear, `ln ${x} is ${ln(x)}, expected ${expected}`).toBe(true);
  }
});
