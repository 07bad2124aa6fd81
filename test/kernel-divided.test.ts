/** A ranking divided into shares and joined, against the same ranking undivided, compared with ===. */
import { describe, expect, test } from 'vitest';
import { Random } from '../src/base/random.ts';
import { joinRankings } from '../src/kernel/join-rankings.ts';
import type { Kernel, Metric } from '../src/kernel/kernel.ts';
import { Lane, laneBytes } from '../src/kernel/lane.ts';
import { LinearMemory } from '../src/kernel/linear-memory.ts';
import { quantizedBytesOf } from '../src/kernel/quantize.ts';
import { ScalarKernel } from '../src/kernel/scalar-kernel.ts';
import { wasmKernel } from '../src/kernel/wasm-kernel.ts';

const LANE_COUNT = 6;
/** Enough for the whole to take the byte pass where a share takes the float pass. */
const SHOP_COUNT_MAX = 1_500;
const DIMENSIONS_MAX = 32;
const BOUNDS = {
  queryCountMax: 12,
  signalCountMax: 0,
  depthMax: 500,
  limitMax: 50,
  shopCount: SHOP_COUNT_MAX,
};

const memory = new LinearMemory();
const kernels: [string, () => Kernel | null][] = [
  ['relaxed-simd', () => wasmKernel('relaxed-simd', memory)],
  ['simd', () => wasmKernel('simd', memory)],
  ['scalar', () => new ScalarKernel(memory)],
];
const bytes = laneBytes({ ...BOUNDS, rowFloats: DIMENSIONS_MAX });
const rows = LinearMemory.snapshotBase(LANE_COUNT, bytes);
const norms = rows + SHOP_COUNT_MAX * DIMENSIONS_MAX * 4;
const quantized = norms + SHOP_COUNT_MAX * 8;
memory.reserve(quantized + SHOP_COUNT_MAX * quantizedBytesOf(DIMENSIONS_MAX));

interface Case {
  readonly candidates: readonly number[];
  readonly queries: readonly Float32Array[];
  readonly rowFloats: number;
  readonly metric: Metric;
  readonly depth: number;
  readonly similaritiesWanted: boolean;
  readonly shareCount: number;
}

/** Writes random rows, half of them like an earlier one so that shares tie, and draws a request over them. */
function randomCase(seed: number, kernel: Kernel): Case {
  const random = new Random(seed);
  const rowFloats = 4 * (1 + random.below(DIMENSIONS_MAX / 4));
  const shopCount = random.pick([1, 3, 50, SHOP_COUNT_MAX]);
  const { f32, f64 } = memory.views;
  for (let ordinal = 0; ordinal < shopCount; ordinal++) {
    const row = f32.subarray(rows / 4 + ordinal * rowFloats, rows / 4 + (ordinal + 1) * rowFloats);
    const like = rows / 4 + random.below(ordinal + 1) * rowFloats;
    if (random.unit() < 0.5) row.set(f32.slice(like, like + rowFloats));
    else row.forEach((_, i) => (row[i] = random.normal()));
    const address = rows + ordinal * rowFloats * 4;
    f64[norms / 8 + ordinal] = kernel.norm(address, rowFloats);
    kernel.quantize(address, rowFloats, quantized + ordinal * quantizedBytesOf(rowFloats));
  }
  const kept = random.unit();
  const ordinals = Array.from({ length: shopCount }, (_, ordinal) => ordinal);
  return {
    candidates: ordinals.filter(() => random.unit() < kept),
    queries: Array.from({ length: 1 + random.below(BOUNDS.queryCountMax) }, () =>
      Float32Array.from({ length: rowFloats }, () => random.normal()),
    ),
    rowFloats,
    metric: random.pick(['cosine', 'innerProduct', 'l2']),
    depth: 1 + random.below(random.pick([2, 30, BOUNDS.depthMax])),
    similaritiesWanted: random.unit() < 0.5,
    shareCount: 1 + random.below(LANE_COUNT),
  };
}

/** Ranks by `rank`; all that can be read of the lane afterwards. */
function answer(c: Case, kernel: Kernel, rank: (lane: Lane) => void) {
  const lane = new Lane(memory, kernel, 0, bytes);
  lane.begin(SHOP_COUNT_MAX).set(c.candidates);
  lane.setCandidateCount(c.candidates.length);
  lane.setQueries({ rows, norms, rowFloats: c.rowFloats, quantized }, c.metric, c.queries.length);
  c.queries.forEach((query, n) => lane.query(n).set(query));
  rank(lane);
  const rankings = c.queries.map((_, n) =>
    Array.from({ length: lane.rankedCount(n) }, (_entry, at) => [
      lane.rankedPosition(n, at),
      c.similaritiesWanted ? lane.rankedSimilarity(n, at) : 0,
    ]),
  );
  const weights = c.queries.map((_, n) => 1 / (n + 1));
  lane.fuse('rrf', weights, 60);
  const winnerCount = lane.select(BOUNDS.limitMax);
  lane.explain();
  const winners = Array.from({ length: winnerCount }, (_, place) => ({
    ordinal: lane.ordinalAt(lane.winnerPosition(place)),
    score: lane.winnerScore(place),
    ranks: c.queries.map((_query, n) => lane.winnerRank(place, n)),
    similarities: c.queries.map((_query, n) => lane.winnerSimilarity(place, n)),
  }));
  return { rankings, winners };
}

describe.each(kernels)('%s', (_, kernelOf) => {
  test('shares ranked by themselves, in any order, join to what one ranking is', () => {
    const kernel = kernelOf();
    if (kernel === null) return;
    for (let seed = 0; seed < 150; seed++) {
      const c = randomCase(seed, kernel);
      const whole = answer(c, kernel, (lane) => lane.rank(c.depth, c.similaritiesWanted));
      const divided = answer(c, kernel, (lane) => {
        const helpers = Array.from(
          { length: c.shareCount - 1 },
          (_share, i) => new Lane(memory, kernel, i + 1, bytes),
        );
        const blocks = lane.divideRank(c.depth, c.similaritiesWanted, helpers);
        expect(blocks).toHaveLength(c.shareCount);
        for (const block of new Random(seed).shuffle(blocks)) kernel.rank(block);
        lane.joinShares(helpers);
      });
      expect(divided, `seed ${seed}`).toEqual(whole);
    }
  });
});

test('of equals, the one of the earlier share comes first; a share may be empty', () => {
  const share = (firstPosition: number, positions: number[], similarities: number[]) => ({
    firstPosition,
    positions: Uint32Array.from(positions),
    similarities: Float64Array.from(similarities),
  });
  const shares = [share(0, [1, 0], [0.5, 0.25]), share(2, [], []), share(2, [0, 2, 1], [0.5, 0.5, 0.125])];
  const join = (length: number) => {
    const positions = new Uint32Array(length);
    const similarities = new Float64Array(length);
    const count = joinRankings(shares, positions, similarities);
    return { count, positions: [...positions], similarities: [...similarities] };
  };
  expect(join(3)).toEqual({ count: 3, positions: [1, 2, 4], similarities: [0.5, 0.5, 0.5] });
  expect(join(6)).toEqual({
    count: 5,
    positions: [1, 2, 4, 0, 3, 0],
    similarities: [0.5, 0.5, 0.5, 0.25, 0.125, 0],
  });
});
