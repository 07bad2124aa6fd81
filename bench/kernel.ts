/**
 * The kernel alone. `rank`: similarities of N query vectors to C candidates and the best k of each; one term varies
 * at a time around cosine, D 128, C 2,000, N 10, k 10. With D 4 there is little to multiply, what is left is
 * selection. `fuse`: N rankings of k entries to the best 20.
 * The relaxed-SIMD build and the SIMD build by each first pass, and the scalar twin, over the same memory, checked to
 * give the same bits.
 * The same request repeats: rows are in the processor's cache as far as they fit.
 */
import assert from 'node:assert/strict';
import { METRIC_CODE, type FirstPass, type KernelBuild, type Metric } from '../src/kernel/kernel.ts';
import { KernelBoard, type RankTerms } from './kernel-board.ts';
import type { Bench, ResultRow } from './result.ts';
import { timeInTurn, type Rounds, type Timing } from './timing.ts';

const SEED = 7;
const DIMENSIONS = [4, 50, 64, 128, 256, 384, 768];
const CANDIDATE_COUNTS = [200, 2_000, 20_000, 200_000];
const QUERY_COUNTS = [1, 5, 10, 20, 50];
const DEPTHS = [10, 100, 1_000];
const FUSED_QUERY_COUNTS = [5, 50];
/** The scalar twin takes a microsecond for a pair: it is held against requests up to this size. */
const SCALAR_PAIRS_MAX = 20_000;
const SHOP_COUNT_MAX = 2 * 200_000;
const FLOAT_COUNT = SHOP_COUNT_MAX * 128;
const ROUNDS: Rounds = { count: 6, roundMs: 30 };

const FIRST_PASSES: Readonly<Record<KernelBuild, readonly FirstPass[]>> = {
  'relaxed-simd': ['floats', 'bytes', 'relaxedBytes'],
  simd: ['floats', 'bytes'],
  scalar: ['floats'],
};

type Terms = RankTerms & { readonly dimensions: number };
const CENTER: Terms = { metric: 'cosine', dimensions: 128, candidateCount: 2_000, queryCount: 10, depth: 10 };

export const kernelBench: Bench = {
  name: 'kernel',
  title: 'rank and fuse by metric, D, C, N and k',
  seed: SEED,
  async run() {
    const board = new KernelBoard({
      seed: SEED,
      dimensionsMax: Math.max(...DIMENSIONS),
      queryCountMax: Math.max(...QUERY_COUNTS),
      depthMax: Math.max(...DEPTHS),
      shopCountMax: SHOP_COUNT_MAX,
      floatCount: FLOAT_COUNT,
    });
    const rows: ResultRow[] = [];
    for (const terms of variedTerms()) rows.push(...(await measureRank(board, terms)));
    for (const queryCount of FUSED_QUERY_COUNTS) {
      for (const depth of DEPTHS) rows.push(...(await measureFuse(board, { ...CENTER, queryCount, depth })));
    }
    return rows;
  },
};

/** The center first, then everything that differs from it in one term. */
function variedTerms(): Terms[] {
  const varied: Terms[] = [
    ...(Object.keys(METRIC_CODE) as Metric[]).map((metric) => ({ ...CENTER, metric })),
    ...DIMENSIONS.map((dimensions) => ({ ...CENTER, dimensions })),
    ...CANDIDATE_COUNTS.map((candidateCount) => ({ ...CENTER, candidateCount })),
    ...QUERY_COUNTS.map((queryCount) => ({ ...CENTER, queryCount })),
    ...DEPTHS.map((depth) => ({ ...CENTER, depth })),
  ];
  const center = JSON.stringify(CENTER);
  return [CENTER, ...varied.filter((terms) => JSON.stringify(terms) !== center)];
}

async function measureRank(board: KernelBoard, terms: Terms): Promise<ResultRow[]> {
  const pairs = terms.candidateCount * terms.queryCount;
  const kernels = board.kernels.filter(({ build }) => build !== 'scalar' || pairs <= SCALAR_PAIRS_MAX);
  const contenders = kernels.flatMap((kernel) =>
    FIRST_PASSES[kernel.build].map((pass) => ({ kernel, pass })),
  );
  board.useDimensions(terms.dimensions);
  board.request(terms, true);
  const expected = board.rankings(kernels[0]!);
  for (const { kernel, pass } of contenders)
    assert.deepEqual(board.rankings(kernel, pass), expected, `${kernel.build}, ${pass}`);
  board.request(terms, false);
  const subjects = contenders.map(({ kernel, pass }) => ({
    name: `${kernel.build}, ${pass}`,
    run: () => board.rank(kernel, pass),
  }));
  const timings = await timeInTurn(subjects, ROUNDS);
  return subjects.map(({ name }, i) => {
    const timing = timings[i]!;
    return {
      terms: shownTerms('rank', terms),
      subject: name,
      timing,
      facts: { 'ns/pair': nsEach(timing, pairs) },
    };
  });
}

async function measureFuse(board: KernelBoard, terms: Terms): Promise<ResultRow[]> {
  board.useDimensions(terms.dimensions);
  board.request(terms, false);
  board.requestFusion();
  const subjects = board.kernels.map((kernel) => ({ name: kernel.build, run: () => board.fuse(kernel) }));
  const timings = await timeInTurn(subjects, ROUNDS);
  const entries = terms.depth * terms.queryCount;
  return subjects.map(({ name }, i) => {
    const timing = timings[i]!;
    return {
      terms: shownTerms('fuse', terms),
      subject: name,
      timing,
      facts: { 'ns/entry': nsEach(timing, entries) },
    };
  });
}

function shownTerms(
  work: 'rank' | 'fuse',
  { metric, dimensions, candidateCount, queryCount, depth }: Terms,
): ResultRow['terms'] {
  return { work, metric, D: dimensions, C: candidateCount, N: queryCount, k: depth };
}

function nsEach({ minMs }: Timing, count: number): number {
  return (minMs * 1e6) / count;
}
