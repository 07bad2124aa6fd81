/** Every kernel against the definition in float64, compared with ===. */
import { describe, expect, test } from 'vitest';
import { alignUp } from '../src/base/aligned-bytes.ts';
import { Random } from '../src/base/random.ts';
import type { FirstPass, FusionMethod, Kernel, Metric } from '../src/kernel/kernel.ts';
import { Lane, laneBytes } from '../src/kernel/lane.ts';
import { LinearMemory } from '../src/kernel/linear-memory.ts';
import { quantize, quantizedBytesOf } from '../src/kernel/quantize.ts';
import { ScalarKernel } from '../src/kernel/scalar-kernel.ts';
import { wasmKernel } from '../src/kernel/wasm-kernel.ts';

const METRICS: readonly Metric[] = ['cosine', 'innerProduct', 'l2'];
const FUSIONS: readonly FusionMethod[] = ['rrf', 'weighted', 'max', 'mean', 'linear'];
const BOUNDS = { queryCountMax: 12, signalCountMax: 2, depthMax: 3_000, limitMax: 2_000 };

interface Case {
  readonly rows: readonly Float32Array[];
  readonly queries: readonly Float32Array[];
  readonly candidates: readonly number[];
  /** What signals say of each candidate, NaN of some. */
  readonly signals: readonly (readonly number[])[];
  readonly fusion: FusionMethod;
  readonly weights: readonly number[];
  readonly metric: Metric;
  readonly depth: number;
  readonly limit: number;
  readonly rankConstant: number;
}

// The oracle: the definition of design section 5, written once more and independently of src/.
function lanes(terms: (i: number) => number, length: number): number {
  const s = new Float64Array(4);
  for (let i = 0; i < length; i++) s[i % 4] = s[i % 4]! + terms(i);
  return s[0]! + s[2]! + (s[1]! + s[3]!);
}
function defined(metric: Metric, q: Float32Array, r: Float32Array): number {
  if (metric === 'l2') return -lanes((i) => (r[i]! - q[i]!) ** 2, q.length);
  const dot = lanes((i) => q[i]! * r[i]!, q.length);
  if (metric === 'innerProduct') return dot;
  const norms =
    Math.sqrt(lanes((i) => q[i]! * q[i]!, q.length)) * Math.sqrt(lanes((i) => r[i]! * r[i]!, q.length));
  return norms === 0 ? 0 : dot / norms;
}
const order = (values: readonly number[], limit: number): number[] =>
  values
    .map((_, i) => i)
    .sort((a, b) => values[b]! - values[a]! || a - b)
    .slice(0, limit);

/** The scores by position: every method written out for one candidate at a time. */
function scoresOf(c: Case, columns: readonly (readonly number[])[], rankings: readonly number[][]): number[] {
  return c.candidates.map((_, position) => {
    const held = rankings.flatMap((ranking, n) => {
      const at = ranking.indexOf(position);
      if (at === -1) return [];
      const [first, last] = [columns[n]![ranking[0]!]!, columns[n]![ranking.at(-1)!]!];
      const norm = first === last ? 1 : (columns[n]![position]! - last) / (first - last);
      return [{ rank: at + 1, weight: c.weights[n]!, norm, rise: columns[n]![position]! - last }];
    });
    const sum = (terms: readonly number[]): number => terms.reduce((total, term) => total + term, 0);
    if (c.fusion === 'rrf') return sum(held.map(({ weight, rank }) => weight / (c.rankConstant + rank)));
    if (c.fusion === 'linear') return sum(held.map(({ weight, rise }) => weight * rise));
    if (c.fusion === 'weighted') return sum(held.map(({ weight, norm }) => weight * norm));
    if (c.fusion === 'max') {
      const largest = (sign: number): number =>
        Math.max(
          0,
          ...held.map(({ weight, norm }) => (Math.sign(weight) === sign ? sign * weight * norm : 0)),
        );
      return largest(1) - largest(-1);
    }
    const total = sum(held.map(({ weight }) => Math.abs(weight)));
    return sum(held.map(({ weight, norm }) => (weight * norm) / total));
  });
}

function expected(c: Case) {
  const similarities = c.queries.map((q) =>
    c.candidates.map((ordinal) => defined(c.metric, q, c.rows[ordinal]!)),
  );
  const columns = [...similarities, ...c.signals];
  const rankings = columns.map((values) =>
    order(
      values.map((value) => (Number.isNaN(value) ? -Infinity : value)),
      c.depth,
    ).filter((position) => !Number.isNaN(values[position]!)),
  );
  const scores = scoresOf(c, columns, rankings);
  const winners = order(scores, c.limit);
  return {
    rankings: rankings.map((ranking, n) => ranking.map((position) => [position, columns[n]![position]!])),
    winners: winners.map((position) => ({
      position,
      score: scores[position]!,
      ranks: rankings.map((ranking) => ranking.indexOf(position) + 1),
      similarities: similarities.map((values) => values[position]!),
    })),
  };
}

const memory = new LinearMemory();
const relaxedSimd = () => wasmKernel('relaxed-simd', memory);
const simd = () => wasmKernel('simd', memory);
const kernels: [string, FirstPass, () => Kernel | null][] = [
  ['relaxed-simd', 'floats', relaxedSimd],
  ['relaxed-simd', 'bytes', relaxedSimd],
  ['relaxed-simd', 'relaxedBytes', relaxedSimd],
  ['simd', 'floats', simd],
  ['simd', 'bytes', simd],
  ['scalar', 'floats', () => new ScalarKernel(memory)],
];

function load(c: Case, kernel: Kernel) {
  const rowFloats = alignUp(c.rows[0]!.length, 4);
  const bytes = laneBytes({ ...BOUNDS, shopCount: c.rows.length, rowFloats });
  const rows = LinearMemory.snapshotBase(2, bytes);
  const norms = alignUp(rows + c.rows.length * rowFloats * 4, 64);
  const quantized = alignUp(norms + c.rows.length * 8, 64);
  const quantizedBytes = quantizedBytesOf(rowFloats);
  memory.reserve(quantized + c.rows.length * quantizedBytes);
  const { f32, f64 } = memory.views;
  c.rows.forEach((row, ordinal) => {
    f32.fill(0, rows / 4 + ordinal * rowFloats, rows / 4 + (ordinal + 1) * rowFloats);
    f32.set(row, rows / 4 + ordinal * rowFloats);
    f64[norms / 8 + ordinal] = kernel.norm(rows + ordinal * rowFloats * 4, rowFloats);
    kernel.quantize(rows + ordinal * rowFloats * 4, rowFloats, quantized + ordinal * quantizedBytes);
  });
  // Lane 1: an address that is wrong by a lane shows.
  return {
    lane: new Lane(memory, kernel, 1, bytes),
    table: { rows, norms, rowFloats, quantized },
  };
}

function run(c: Case, kernel: Kernel, firstPass: FirstPass) {
  const { lane, table } = load(c, kernel);
  lane.begin(c.candidates.length).set(c.candidates);
  lane.setCandidateCount(c.candidates.length);
  lane.setQueries(table, c.metric, c.queries.length);
  lane.setSignalCount(c.signals.length);
  c.queries.forEach((query, n) => lane.query(n).fill(0).set(query));
  lane.rank(c.depth, true, firstPass);
  c.signals.forEach((values, m) => {
    lane.values.set(values);
    lane.rankByValues(m);
  });
  const rankings = c.weights.map((_, n) => readRanking(lane, n));
  lane.fuse(c.fusion, c.weights, c.rankConstant);
  const count = lane.select(c.limit);
  lane.explain();
  return {
    rankings,
    winners: Array.from({ length: count }, (_, place) => readWinner(lane, place, c)),
  };
}

/** A row in bytes as a kernel writes it. */
function quantizedBy(kernel: Kernel, row: Float32Array) {
  const start = 65_536;
  memory.reserve(2 * start);
  memory.views.f32.set(row, start / 4);
  kernel.quantize(start, row.length, start + 4_096);
  const bytes = new DataView(memory.memory.buffer, start + 4_096, quantizedBytesOf(row.length));
  return { start: start + 4_096, bytes };
}

const readRanking = (lane: Lane, n: number) =>
  Array.from({ length: lane.rankedCount(n) }, (_, at) => [
    lane.rankedPosition(n, at),
    lane.rankedSimilarity(n, at),
  ]);
const readWinner = (lane: Lane, place: number, c: Case) => ({
  position: lane.winnerPosition(place),
  score: lane.winnerScore(place),
  ranks: c.weights.map((_, i) => lane.winnerRank(place, i)),
  similarities: c.queries.map((_, i) => lane.winnerSimilarity(place, i)),
});

const ADVERSARIAL: ((random: Random, dimensions: number) => Float32Array)[] = [
  (random, d) => Float32Array.from({ length: d }, () => random.normal()),
  (random, d) => Float32Array.from({ length: d }, (_, i) => (i === random.below(d) ? 1 : 0)),
  (random, d) => Float32Array.from({ length: d }, () => random.normal() * 1e-42),
  (random, d) => Float32Array.from({ length: d }, () => random.normal() * 10 ** random.between(-30, 30)),
  (random, d) => new Float32Array(d).fill(random.pick([0, 1, -1, 3.4e38, 1e-20])),
];

function randomCase(seed: number): Case {
  const random = new Random(seed);
  const dimensions = random.pick([1, 2, 3, 4, 5, 7, 8, 31, 50, 64, 128]);
  const shopCount = random.pick([1, 2, 5, 60, 500]);
  const shapes = random.unit() < 0.5 ? ADVERSARIAL : ADVERSARIAL.slice(0, 1);
  const vector = () => random.pick(shapes)(random, dimensions);
  const rows: Float32Array[] = [];
  // A third of the rows repeat an earlier one, so rankings are full of ties.
  for (let i = 0; i < shopCount; i++)
    rows.push(i > 0 && random.unit() < 0.33 ? rows[random.below(i)]! : vector());
  const kept = random.unit();
  const queryCount = random.below(BOUNDS.queryCountMax + 1);
  const candidates = rows.map((_, ordinal) => ordinal).filter(() => random.unit() < kept);
  const spread = random.pick<() => number>([
    () => random.below(4),
    () => random.pick([0, -0, 1e-320, -1e300, 7]),
    () => random.normal(),
  ]);
  const signal = () => candidates.map(() => (random.unit() < 0.2 ? Number.NaN : spread()));
  const signals = Array.from({ length: random.below(BOUNDS.signalCountMax + 1) }, signal);
  return {
    rows,
    queries: Array.from({ length: queryCount }, () =>
      random.unit() < 0.3 ? rows[random.below(shopCount)]! : vector(),
    ),
    candidates,
    signals,
    fusion: random.pick(FUSIONS),
    weights: Array.from(
      { length: queryCount + signals.length },
      () => random.pick([1, 1, 1, -1]) * 2 ** -random.between(0, 40),
    ),
    metric: random.pick(METRICS),
    depth: 1 + random.below(random.pick([3, 40, 600])),
    limit: 1 + random.below(random.pick([3, 40, 600])),
    rankConstant: random.pick([0, 1, 60]),
  };
}

/**
 * Thousands of candidates closer to each other than float32 resolves, the best of them late: what the first pass cannot
 * tell apart, the definition must.
 */
function nearTwins(seed: number, metric: Metric): Case {
  const random = new Random(seed);
  const dimensions = random.pick([16, 50]);
  const base = Float32Array.from({ length: dimensions }, () => 100 * random.normal());
  const twin = () => base.map((value) => value * (1 + (random.below(9) - 4) * 2 ** -23));
  const rows = Array.from({ length: 3_000 }, twin);
  return {
    rows,
    queries: Array.from({ length: 3 }, () => base.map((value) => value + random.normal())),
    candidates: rows.map((_, ordinal) => ordinal),
    signals: [],
    fusion: 'rrf',
    weights: [1, 1, 1],
    metric,
    depth: random.pick([1, 5, 40, 1_500]),
    limit: 10,
    rankConstant: 60,
  };
}

/**
 * Rows on a circle where ‖r‖² / 2 lies in the middle between two float32, and a query too short for the error of its
 * dot products to cover that rounding: only the absolute term of the L2 bound does.
 */
function onTheMiddle(seed: number, queryLength: number): Case {
  const random = new Random(seed);
  const middle = 100_000 + 2 ** -8; // float32 are 2^-7 apart here
  const rows = Array.from({ length: 3_000 }, () => {
    const x = Math.fround(random.between(290, 310));
    return Float32Array.of(x, Math.sqrt(2 * middle - x * x));
  });
  return {
    ...nearTwins(seed, 'l2'),
    rows,
    queries: [Float32Array.of(queryLength, 0)],
    weights: [1],
    depth: 1_000,
  };
}

const few = (c: Case, rows: readonly Float32Array[], query: Float32Array): Case => ({
  ...c,
  rows,
  queries: [query],
  weights: [1],
  candidates: rows.map((_, ordinal) => ordinal),
});

/** Rows that bytes hold exactly and queries that 14 bits do not: nothing but the query's own error is left. */
function wholeRows(seed: number, metric: Metric): Case {
  const random = new Random(seed);
  const dimensions = random.pick([3, 4, 6]);
  const row = () =>
    Float32Array.from({ length: dimensions }, (_, i) => (i === 0 ? 127 : 127 - random.below(255)));
  const query = Float32Array.from({ length: dimensions }, () => 1e4 * random.normal());
  return few(
    { ...nearTwins(seed, metric), depth: random.pick([1, 5, 40]) },
    Array.from({ length: 3_000 }, row),
    query,
  );
}

/** Rows and a query that are whole numbers in either pass, with dot products that float32 rounds. */
function roundedProducts(seed: number, metric: Metric): Case {
  const random = new Random(seed);
  const dimensions = 64;
  const levels = random.pick([63, 8191]);
  const query = Float32Array.from({ length: dimensions }, (_, i) =>
    i === 0 ? levels : levels - random.below(3),
  );
  const row = () =>
    Float32Array.from({ length: dimensions }, (_, i) => (i === 0 ? 127 : 127 - random.below(2)));
  return few(
    { ...nearTwins(seed, metric), depth: random.pick([1, 5, 40]) },
    Array.from({ length: 3_000 }, row),
    query,
  );
}

/** Rows so far below the longest that the scale of their products with the query is hardly a float32. */
function vanishing(seed: number): Case {
  const random = new Random(seed);
  const vector = (length: number) => Float32Array.from({ length: 16 }, () => length * random.normal());
  const query = vector(1e-11);
  const rows = [...Array.from({ length: 2_000 }, () => vector(1e-28)), query];
  return few({ ...nearTwins(seed, 'innerProduct'), depth: random.pick([5, 40]) }, rows, query);
}

function oneHot(dimensions: number, at: number, value: number): Float32Array {
  return new Float32Array(dimensions).fill(value, at, at + 1);
}

/**
 * What strains the bound of the float32 pass: rows a few units in the last place apart with a query far away, which under
 * L2 loses them in its own rounding; one-hot rows of every size, some too small for a reciprocal; elements of every size.
 */
function strained(seed: number): Case {
  const random = new Random(seed);
  const dimensions = random.pick([3, 8, 31, 64, 128]);
  const shopCount = random.pick([3, 65, 300, 700]);
  const base = Float32Array.from({ length: dimensions }, () => random.normal());
  const size = random.pick([1, 1, 1e-11, 1e10, 1e-6, 1e6]);
  const distance = random.pick([2 ** -24, 2 ** -23, 2 ** -20, 2 ** -16, 1e-3]);
  const row = random.pick([
    () => base.map((value) => size * (value + distance * random.normal())),
    () => oneHot(dimensions, random.below(dimensions), random.pick([1, -1, 1e-12, 1e12, 1e-20, 1e-40])),
    () => base.map(() => size * random.normal() * 10 ** random.between(-20, 0)),
  ]);
  const rows = Array.from({ length: shopCount }, row);
  const far = random.pick([1, 1, 1e3, 1e8, 1e-4]);
  const queryCount = random.pick([1, 2, 5, 9]);
  const query = (): Float32Array =>
    random.unit() < 0.5 ? random.pick(rows) : random.unit() < 0.5 ? row() : base.map(() => random.normal());
  return {
    rows,
    queries: Array.from({ length: queryCount }, () => query().map((value) => far * value)),
    candidates: rows.map((_, ordinal) => ordinal),
    signals: [],
    fusion: 'rrf',
    weights: Array.from({ length: queryCount }, () => 1),
    metric: random.pick(METRICS),
    depth: random.pick([1, 3, 40, 600]),
    limit: 20,
    rankConstant: 60,
  };
}

/** Lengths on both sides of what float32 can square, among lengths that it can. */
function outOfRange(seed: number, metric: Metric): Case {
  const random = new Random(seed);
  const length = () => random.pick([1, 1e-41, 1e11, 1e-13, 1e13, 1e-20, 1e20].slice(0, 2 + random.below(6)));
  const vector = (by: number) => Float32Array.from({ length: 12 }, () => by * random.normal());
  // They come when shortlists have filled with others.
  const rows = Array.from({ length: 1_200 }, (_, i) => vector(i < 400 ? 1 : length()));
  return few(
    { ...nearTwins(seed, metric), depth: random.pick([1, 5, 40]) },
    rows,
    vector(random.pick([1, length()])),
  );
}

/** So many dimensions, all of one sign and near the largest, that sums of products fill 32 bits. */
function longest(seed: number, dimensions: number): Case {
  const random = new Random(seed);
  const vector = () => Float32Array.from({ length: dimensions }, () => 127 - random.below(3));
  // Every second row is half as long: its sums stay below what those of the others pass.
  const rows = Array.from({ length: 200 }, (_, i) =>
    i % 2 === 0 ? vector() : vector().fill(0, dimensions / 2),
  );
  return few({ ...nearTwins(seed, 'innerProduct'), depth: 3 }, rows, vector());
}

/**
 * Two rows whose float32 sums, element by element, are rounded down in one and up in the other at every step, so that
 * what eight queries at a time find is wrong by almost all that the bound of one long sum allows. The worse one looks
 * better by more than the bound of four short sums.
 */
function oneWay(): Case {
  const dimensions = 2_048;
  const ulp = (i: number) => 2 ** (Math.floor(Math.log2(i + 1)) - 23);
  const down = Float32Array.from({ length: dimensions }, (_, i) => 1 + 0.49 * ulp(i));
  const up = Float32Array.from({ length: dimensions }, (_, i) => 1 - 0.49 * ulp(i));
  const lost = down.reduce((sum, value) => sum + value - 1, 0);
  up[0] = 1 + Math.round((2 * lost - 0.01 * lost) * 2 ** 13) / 2 ** 13;
  const others = Array.from({ length: 30 }, (_, i) => new Float32Array(dimensions).fill(0.5 + i / 100));
  const rows = [...others, up, down];
  const c = few(nearTwins(1, 'innerProduct'), rows, new Float32Array(dimensions).fill(1));
  return {
    ...c,
    queries: Array.from({ length: 8 }, () => c.queries[0]!),
    weights: Array.from({ length: 8 }, () => 1),
    depth: 1,
  };
}

describe.each(kernels)('%s, %s first', (_, firstPass, make) => {
  const kernel = make();
  test('runs on this machine', () => expect(kernel).not.toBeNull());

  test('rankings, fusion, ranks and similarities are the definition, bit by bit', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const c = randomCase(seed);
      expect(run(c, kernel!, firstPass), `randomCase(${seed})`).toStrictEqual(expected(c));
    }
  });

  test.each(METRICS)('near twins are told apart by the definition: %s', (metric) => {
    for (let seed = 1; seed <= 8; seed++) {
      const c = nearTwins(seed, metric);
      expect(run(c, kernel!, firstPass), `nearTwins(${seed}, ${metric})`).toStrictEqual(expected(c));
    }
  });

  test.each(METRICS)('one far row leaves the order of the others as it is: %s', (metric) => {
    const random = new Random(17);
    const c = nearTwins(17, metric);
    const rows = c.rows.map(() => Float32Array.from({ length: c.rows[0]!.length }, () => random.normal()));
    rows[1_234] = rows[0]!.map((value) => 1e6 * value);
    const far = { ...c, rows, depth: 1_500 };
    expect(run(far, kernel!, firstPass)).toStrictEqual(expected(far));
  });

  test('what strains the bound is ranked by the definition all the same', () => {
    for (let seed = 1; seed <= 500; seed++) {
      const c = strained(seed);
      expect(run(c, kernel!, firstPass), `strained(${seed})`).toStrictEqual(expected(c));
    }
  });

  test('the L2 bound covers the rounding of half the squared norm', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const length = [1, 1e-3, 1e-4, 1e-5][seed % 4]!;
      const c = { ...onTheMiddle(seed, length), depth: 250 * seed };
      expect(run(c, kernel!, firstPass), `onTheMiddle(${seed}, ${length})`).toStrictEqual(expected(c));
    }
  });

  test.each(METRICS)('the bound covers what the query loses in whole numbers: %s', (metric) => {
    for (let seed = 1; seed <= 12; seed++) {
      const c = wholeRows(seed, metric);
      expect(run(c, kernel!, firstPass), `wholeRows(${seed}, ${metric})`).toStrictEqual(expected(c));
    }
  });

  test.each(METRICS)('the bound covers the rounding of products of whole numbers: %s', (metric) => {
    for (let seed = 1; seed <= 8; seed++) {
      const c = roundedProducts(seed, metric);
      expect(run(c, kernel!, firstPass), `roundedProducts(${seed}, ${metric})`).toStrictEqual(expected(c));
    }
  });

  test('rows far below the longest are told apart', () => {
    for (let seed = 1; seed <= 4; seed++) {
      const c = vanishing(seed);
      expect(run(c, kernel!, firstPass), `vanishing(${seed})`).toStrictEqual(expected(c));
    }
  });

  test.each(METRICS)('lengths beyond what float32 can square: %s', (metric) => {
    for (let seed = 1; seed <= 12; seed++) {
      const c = outOfRange(seed, metric);
      expect(run(c, kernel!, firstPass), `outOfRange(${seed}, ${metric})`).toStrictEqual(expected(c));
    }
  });

  test.each([2_064, 4_096, 8_192])('sums of %i products near the largest', (dimensions) => {
    const c = longest(5, dimensions);
    expect(run(c, kernel!, firstPass)).toStrictEqual(expected(c));
  });

  test('a long sum that every step rounds the same way', () => {
    const c = oneWay();
    expect(run(c, kernel!, firstPass)).toStrictEqual(expected(c));
  });

  test('rows in bytes are the twin of each other and hold what they say', () => {
    const random = new Random(23);
    for (let i = 0; i < 400; i++) {
      const row = random.pick(ADVERSARIAL)(random, random.pick([4, 8, 20, 52, 128]));
      const { start, bytes } = quantizedBy(kernel!, row);
      const twin = new DataView(new ArrayBuffer(bytes.byteLength));
      quantize(row, twin);
      expect(new Uint8Array(bytes.buffer, start, bytes.byteLength), `row ${i}`).toEqual(
        new Uint8Array(twin.buffer),
      );
      const scale = twin.getFloat32(twin.byteLength - 16, true);
      const rest = Math.hypot(...row.map((value, at) => Math.fround(value) - twin.getInt8(at) * scale));
      expect(twin.getFloat32(twin.byteLength - 12, true)).toBeGreaterThanOrEqual(Math.fround(rest));
    }
  });

  test('winners as they are compared: the largest cosine to those that were named', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const c = { ...randomCase(seed), metric: 'innerProduct' as const };
      const random = new Random(seed);
      const { lane, table } = load(c, kernel!);
      lane.begin(c.candidates.length).set(c.candidates);
      lane.setCandidateCount(c.candidates.length);
      lane.setQueries(table, c.metric, 0);
      lane.rank(1, false);
      lane.fuse('rrf', [], 60);
      const count = lane.select(c.limit);
      const rowOf = (place: number) => c.rows[lane.ordinalAt(lane.winnerPosition(place))]!;
      const largest = Array.from({ length: count }, () => -1);
      const cosines = lane.winnerCosines();
      for (let i = 0; i < 3 && count > 0; i++) {
        const position = random.below(c.candidates.length);
        const row = c.rows[lane.ordinalAt(position)]!;
        lane.cover(position);
        largest.forEach((before, place) => {
          largest[place] = Math.max(before, defined('cosine', row, rowOf(place)));
        });
      }
      expect(Array.from(cosines), `randomCase(${seed})`).toStrictEqual(largest);
    }
  });

  test('candidates without a score are no winners, and winners can be chosen anew', () => {
    const c = randomCase(12);
    const { lane, table } = load(c, kernel!);
    lane.begin(4).set([0, 1, 2, 3]);
    lane.setCandidateCount(4);
    lane.setQueries(table, 'innerProduct', 0);
    lane.setSignalCount(1);
    lane.rank(4, false);
    lane.values.set([5, 7, 6, 8]);
    lane.rankByValues(0);
    lane.fuse('rrf', [1], 0);
    lane.scores[1] = -Infinity;
    expect(lane.select(4)).toBe(3);
    expect([0, 1, 2].map((place) => lane.winnerPosition(place))).toEqual([3, 2, 0]);
    lane.setWinners([0, 3]);
    lane.explain();
    expect([0, 1].map((place) => [lane.winnerScore(place), lane.winnerRank(place, 0)])).toEqual([
      [1 / 4, 4],
      [1, 1],
    ]);
  });

  test('a ranking ends before the first similarity below the least', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const c = { ...randomCase(seed), signals: [] };
      const { lane, table } = load(c, kernel!);
      lane.begin(c.candidates.length).set(c.candidates);
      lane.setCandidateCount(c.candidates.length);
      lane.setQueries(table, c.metric, c.queries.length);
      c.queries.forEach((query, n) => lane.query(n).fill(0).set(query));
      lane.rank(c.depth, true, firstPass);
      expected(c).rankings.forEach((ranking, n) => {
        if (n >= c.queries.length) return;
        const least = new Random(seed).pick([...ranking.map(([, similarity]) => similarity!), 0, Infinity]);
        lane.cutRanking(n, least);
        expect(readRanking(lane, n), `randomCase(${seed})`).toStrictEqual(
          ranking.filter(([, similarity]) => similarity! >= least),
        );
      });
    }
  });
});
