/**
 * `rank` alone: similarities of 5 query vectors to C candidates and the best 100 of each, by metric, D and C;
 * the relaxed-SIMD build, the SIMD build and the scalar twin over the same memory, checked to give the same bits.
 * Candidates come in runs of 64 neighbouring rows, as a location gives them. The same request repeats: rows are
 * in the processor's cache as far as they fit.
 */
import assert from 'node:assert/strict';
import { Random } from '../src/base/random.ts';
import { METRIC_CODE, type Kernel, type Metric } from '../src/kernel/kernel.ts';
import { Lane, laneBytes, type RowTable } from '../src/kernel/lane.ts';
import { LinearMemory } from '../src/kernel/linear-memory.ts';
import { ScalarKernel } from '../src/kernel/scalar-kernel.ts';
import { wasmKernel } from '../src/kernel/wasm-kernel.ts';
import type { Bench, ResultRow } from './result.ts';
import { timeInTurn, type Rounds } from './timing.ts';

const SEED = 7;
const DIMENSIONS = [64, 128, 384];
const CANDIDATE_COUNTS = [200, 2_000, 20_000];
const QUERY_COUNT = 5;
const DEPTH = 100;
const RUN_ROWS = 64;
/** Every second run is a candidate. */
const SHOP_COUNT = 2 * Math.max(...CANDIDATE_COUNTS);
const DIMENSIONS_MAX = Math.max(...DIMENSIONS);
const ROUNDS: Rounds = { count: 6, roundMs: 30 };

export const kernelBench: Bench = {
  name: 'kernel',
  title: `rank: ${QUERY_COUNT} query vectors, best ${DEPTH} of each`,
  seed: SEED,
  async run() {
    const board = new Board();
    const rows: ResultRow[] = [];
    for (const metric of Object.keys(METRIC_CODE) as Metric[]) {
      for (const dimensions of DIMENSIONS) {
        board.useDimensions(dimensions);
        for (const candidateCount of CANDIDATE_COUNTS) {
          rows.push(...(await measureRank(board, metric, dimensions, candidateCount)));
        }
      }
    }
    return rows;
  },
};

async function measureRank(
  board: Board,
  metric: Metric,
  dimensions: number,
  candidateCount: number,
): Promise<ResultRow[]> {
  board.request(metric, candidateCount, true);
  const expected = board.rankings(board.kernels[0]!);
  for (const kernel of board.kernels) assert.deepEqual(board.rankings(kernel), expected, kernel.build);
  board.request(metric, candidateCount, false);
  const subjects = board.kernels.map((kernel) => ({ name: kernel.build, run: () => board.rank(kernel) }));
  const timings = await timeInTurn(subjects, ROUNDS);
  return subjects.map(({ name }, i) => ({
    terms: { metric, D: dimensions, C: candidateCount, N: QUERY_COUNT },
    subject: name,
    timing: timings[i]!,
    facts: { 'ns/pair': (timings[i]!.medianMs * 1e6) / (candidateCount * QUERY_COUNT) },
  }));
}

/** Rows, a lane and every kernel over one memory. */
class Board {
  readonly kernels: readonly Kernel[];
  readonly #memory = new LinearMemory();
  readonly #block: number;
  readonly #lane: Lane;
  readonly #random = new Random(SEED);
  #table: RowTable;

  constructor() {
    const bounds = { queryCountMax: QUERY_COUNT, depthMax: DEPTH, limitMax: DEPTH };
    const bytes = laneBytes({ ...bounds, shopCount: SHOP_COUNT, rowFloats: DIMENSIONS_MAX });
    const norms = LinearMemory.snapshotBase(1, bytes);
    const rows = norms + SHOP_COUNT * 8;
    this.#memory.reserve(rows + SHOP_COUNT * DIMENSIONS_MAX * 4);
    this.kernels = [
      wasmKernel('relaxed-simd', this.#memory),
      wasmKernel('simd', this.#memory),
      new ScalarKernel(this.#memory),
    ].filter((kernel) => kernel !== null);
    this.#block = LinearMemory.laneStart(0, bytes);
    this.#lane = new Lane(this.#memory, this.kernels[0]!, 0, bytes);
    this.#table = { rows, norms, rowFloats: DIMENSIONS_MAX, quantized: null };
    this.#fillNormal(this.#memory.views.f32.subarray(rows / 4, rows / 4 + SHOP_COUNT * DIMENSIONS_MAX));
  }

  /** Reads the same floats as rows of `dimensions`. */
  useDimensions(dimensions: number): void {
    this.#table = { ...this.#table, rowFloats: dimensions };
    const { rows, norms } = this.#table;
    for (let ordinal = 0; ordinal < SHOP_COUNT; ordinal++) {
      const norm = this.kernels[0]!.norm(rows + ordinal * dimensions * 4, dimensions);
      this.#memory.views.f64[norms / 8 + ordinal] = norm;
    }
  }

  /** Writes what the next `rank` is to do. */
  request(metric: Metric, candidateCount: number, similaritiesWanted: boolean): void {
    const ordinals = this.#lane.begin(SHOP_COUNT);
    for (let i = 0; i < candidateCount; i++) ordinals[i] = i + RUN_ROWS * Math.floor(i / RUN_ROWS);
    this.#lane.setCandidateCount(candidateCount);
    this.#lane.setQueries(this.#table, metric, QUERY_COUNT);
    for (let n = 0; n < QUERY_COUNT; n++) this.#fillNormal(this.#lane.query(n));
    this.#lane.rank(DEPTH, similaritiesWanted);
  }

  rank(kernel: Kernel): void {
    kernel.rank(this.#block);
  }

  rankings(kernel: Kernel): [position: number, similarity: number][] {
    this.rank(kernel);
    return Array.from({ length: QUERY_COUNT }, (_, n) => n).flatMap((n) =>
      Array.from({ length: this.#lane.rankedCount(n) }, (_entry, at): [number, number] => [
        this.#lane.rankedPosition(n, at),
        this.#lane.rankedSimilarity(n, at),
      ]),
    );
  }

  #fillNormal(out: Float32Array): void {
    for (let i = 0; i < out.length; i++) out[i] = this.#random.normal();
  }
}
