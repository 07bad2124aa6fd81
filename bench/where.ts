/**
 * Where a request runs: what a hand-off to a worker costs, what dividing a ranking among workers gains, and what the
 * engine makes of it, one request at a time and under load. The constants of src/engine/placement-rule.ts come from here.
 * What uses more than one core is measured in moments that other processes leave free.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../src/base/random.ts';
import { openEngine, type Engine } from '../src/index.ts';
import type { Kernel } from '../src/kernel/kernel.ts';
import { Lane, laneBytes, type RowTable } from '../src/kernel/lane.ts';
import { LinearMemory } from '../src/kernel/linear-memory.ts';
import { quantizedBytesOf } from '../src/kernel/quantize.ts';
import { warmKernel } from '../src/kernel/wasm-kernel.ts';
import type { Target } from '../src/workers/messages.ts';
import { WorkerPool } from '../src/workers/worker-pool.ts';
import { builtTown, openTown } from './bench-town.ts';
import { quietly } from './quiet.ts';
import { benchRequests, type BenchRequest } from './requests.ts';
import type { Bench, ResultRow } from './result.ts';
import { timingOf, type Timing } from './timing.ts';

const SEED = 7;
const DIMENSIONS = 128;
const THREADS = Math.max(2, availableParallelism());
/** How long a core sleeps before an idle hand-off. */
const IDLE_MS = 5;

const ROWS = 400_000;
const RUN_ROWS = 64;
const RANK_MS = 150;
const RANKINGS: readonly (readonly [C: number, N: number, depth: number])[] = [
  [2_000, 5, 100],
  [5_000, 10, 100],
  [10_000, 10, 100],
  [20_000, 10, 100],
  [20_000, 10, 1_000],
  [50_000, 10, 100],
  [200_000, 10, 10],
  [200_000, 10, 1_000],
];

const SHOP_COUNT = 100_000;
const LIMIT = 20;
/** C, N and depth of the requests that the engine is asked, and how many callers ask again as soon as they are answered. */
const REQUESTS: readonly (readonly [C: number, N: number, depth: number, callers: readonly number[]])[] = [
  [200, 5, 100, [2, 8, 32]],
  [2_000, 5, 100, [2, 8, 32]],
  [2_000, 5, 1_000, [2, 8, 32]],
  [36_000, 10, 100, []],
];
const ALONE_MS = 200;
const LOAD_MS = 200;

export const whereBench: Bench = {
  name: 'where',
  title: `where requests run: here, in a worker, divided among ${THREADS}; ${DIMENSIONS} dimensions`,
  seed: SEED,
  async run() {
    return [...(await measureWorkers()), ...(await measureEngines())];
  },
};

async function measureWorkers(): Promise<ResultRow[]> {
  const board = new Board();
  try {
    await board.rank(THREADS); // the threads have started
    const rows = await measureHandOff(board);
    for (const [C, N, depth] of RANKINGS) {
      board.request(C, N, depth);
      const subjects: readonly (readonly [name: string, run: () => unknown])[] = [
        ['rank here', () => board.rankHere()],
        ['rank in a worker', () => board.rank(1)],
        [`rank in ${THREADS} workers`, () => board.rank(THREADS)],
      ];
      for (const [subject, run] of subjects) {
        await samplesOf(run, RANK_MS); // warm-up
        const samplesMs = await quietly(() => samplesOf(run, RANK_MS));
        rows.push({ terms: { C, N, depth }, subject, timing: timingOf(samplesMs) });
      }
    }
    return rows;
  } finally {
    await board.close();
  }
}

/** Milliseconds of each run in `durationMs`. */
async function samplesOf(run: () => unknown, durationMs: number): Promise<number[]> {
  const samplesMs: number[] = [];
  const endMs = performance.now() + durationMs;
  for (let startMs = performance.now(); startMs < endMs; startMs = performance.now()) {
    await run();
    samplesMs.push(performance.now() - startMs);
  }
  return samplesMs;
}

/** A task that does nothing: one after the other, and after a pause in which the core goes to sleep. */
async function measureHandOff(board: Board): Promise<ResultRow[]> {
  const handOff = async (pauseMs: number, count: number): Promise<ResultRow> => {
    const samplesMs: number[] = [];
    for (let i = 0; i < count; i++) {
      if (pauseMs > 0) await sleep(pauseMs);
      const startMs = performance.now();
      await board.handOff();
      samplesMs.push(performance.now() - startMs);
    }
    const subject = pauseMs > 0 ? `hand-off after ${pauseMs} ms of rest` : 'hand-off, one after the other';
    return { terms: {}, subject, timing: timingOf(samplesMs) };
  };
  await handOff(0, 2_000);
  return [await quietly(() => handOff(0, 5_000)), await quietly(() => handOff(IDLE_MS, 100))];
}

/** Random rows, candidates in runs, and workers over one memory. */
class Board {
  readonly #memory = new LinearMemory();
  readonly #kernel: Kernel;
  readonly #pool: WorkerPool;
  readonly #target: Target;
  readonly #lanes: readonly Lane[];
  readonly #table: RowTable;
  readonly #random = new Random(SEED);
  #ordinals = Uint32Array.of(0);
  #queries: readonly Float32Array[] = [new Float32Array(DIMENSIONS)];
  #depth = 1;

  constructor() {
    const shopCount = ROWS;
    const bounds = {
      queryCountMax: 20,
      signalCountMax: 0,
      depthMax: 1_000,
      limitMax: 1,
      shopCount,
      rowFloats: DIMENSIONS,
    };
    const bytes = laneBytes(bounds);
    const norms = LinearMemory.snapshotBase(THREADS, bytes);
    const rows = norms + ROWS * 8;
    const quantized = rows + ROWS * DIMENSIONS * 4;
    const quantizedBytes = quantizedBytesOf(DIMENSIONS);
    this.#memory.reserve(quantized + ROWS * quantizedBytes);
    this.#kernel = warmKernel(this.#memory);
    this.#lanes = Array.from({ length: THREADS }, (_, i) => new Lane(this.#memory, this.#kernel, i, bytes));
    this.#table = { rows, norms, rowFloats: DIMENSIONS, quantized };
    this.#fillNormal(this.#memory.views.f32.subarray(rows / 4, rows / 4 + ROWS * DIMENSIONS));
    for (let ordinal = 0; ordinal < ROWS; ordinal++) {
      const row = rows + ordinal * DIMENSIONS * 4;
      this.#memory.views.f64[norms / 8 + ordinal] = this.#kernel.norm(row, DIMENSIONS);
      this.#kernel.quantize(row, DIMENSIONS, quantized + ordinal * quantizedBytes);
    }
    this.#pool = new WorkerPool(THREADS, [this.#memory.memory]);
    const placement = { base: norms, fileBytes: 0, laneBytes: bytes, source: 'bench' };
    this.#target = { slot: 0, epoch: 0, placement };
  }

  /** What is to be ranked from now on. */
  request(candidateCount: number, queryCount: number, depth: number): void {
    this.#ordinals = Uint32Array.from(
      { length: candidateCount },
      (_, i) => i + RUN_ROWS * Math.floor(i / RUN_ROWS),
    );
    this.#queries = Array.from({ length: queryCount }, () => new Float32Array(DIMENSIONS));
    for (const query of this.#queries) this.#fillNormal(query);
    this.#depth = depth;
  }

  handOff(): Promise<unknown> {
    return this.#pool.answer(0, [], 0);
  }

  rankHere(): void {
    this.#prepared().rank(this.#depth, false);
  }

  async rank(threads: number): Promise<void> {
    const lane = this.#prepared();
    const helpers = this.#lanes.slice(1, threads);
    const blocks = lane.divideRank(this.#depth, false, helpers);
    await this.#pool.rank(this.#target, blocks);
    lane.joinShares(helpers);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  /** The first lane with the request in it. */
  #prepared(): Lane {
    const lane = this.#lanes[0]!;
    lane.begin(ROWS).set(this.#ordinals);
    lane.setCandidateCount(this.#ordinals.length);
    lane.setQueries(this.#table, 'cosine', this.#queries.length);
    this.#queries.forEach((query, n) => lane.query(n).set(query));
    return lane;
  }

  #fillNormal(out: Float32Array): void {
    for (let i = 0; i < out.length; i++) out[i] = this.#random.normal();
  }
}

/** The engine with and without worker threads: one request at a time, and several callers at once. */
async function measureEngines(): Promise<ResultRow[]> {
  const town = await builtTown({ seed: SEED, shopCount: SHOP_COUNT, dimensions: DIMENSIONS });
  const generation = openTown(town);
  const data = mkdtempSync(path.join(tmpdir(), 'doorrank-bench-'));
  const engines: { readonly name: string; readonly engine: Engine }[] = [];
  try {
    for (const threads of [0, THREADS]) {
      const options = { store: town.storeDirectory, data: path.join(data, String(threads)), threads };
      const engine = await openEngine({ ...options, storePollMs: 0 });
      engines.push({ name: threads === 0 ? 'inline alone' : `${threads} threads`, engine });
    }
    const rows: ResultRow[] = [];
    for (const [candidateCount, actionCount, depth, callerCounts] of REQUESTS) {
      const requests = benchRequests(generation, SEED, { candidateCount, actionCount, depth, limit: LIMIT });
      const terms = { C: candidateCount, N: actionCount, depth };
      for (const { name, engine } of engines) {
        let next = 0;
        const ask = () => engine.recommend(requests[next++ % requests.length]!);
        await samplesOf(ask, ALONE_MS); // warm-up
        const samplesMs = await quietly(() => samplesOf(ask, ALONE_MS));
        rows.push({ terms: { ...terms, callers: 1 }, subject: name, timing: timingOf(samplesMs) });
      }
      for (const callers of callerCounts) {
        for (const form of ['objects', 'JSON']) {
          for (const { name, engine } of engines) {
            const ask = (request: BenchRequest) =>
              form === 'JSON' ? engine.recommendJson(request) : engine.recommend(request);
            const { timing, perSecond } = await underLoad(ask, requests, callers);
            const facts = { 'requests/s': perSecond };
            rows.push({ terms: { ...terms, callers, form }, subject: name, timing, facts });
          }
        }
      }
    }
    return rows;
  } finally {
    for (const { engine } of engines) await engine.close();
    rmSync(data, { recursive: true, force: true });
  }
}

/** Callers that ask again as soon as they are answered: the latencies, and how many requests were answered a second. */
async function underLoad(
  ask: (request: BenchRequest) => Promise<unknown>,
  requests: readonly BenchRequest[],
  callers: number,
): Promise<{ timing: Timing; perSecond: number }> {
  const load = async () => {
    const samplesMs: number[] = [];
    const startMs = performance.now();
    const endMs = startMs + LOAD_MS;
    const caller = async (first: number): Promise<void> => {
      for (let next = first; performance.now() < endMs; next++) {
        const askedMs = performance.now();
        await ask(requests[next % requests.length]!);
        samplesMs.push(performance.now() - askedMs);
        // Real callers come from sockets: the event loop turns between an answer and the next question.
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await Promise.all(Array.from({ length: callers }, (_, first) => caller(first)));
    return {
      timing: timingOf(samplesMs),
      perSecond: (samplesMs.length * 1_000) / (performance.now() - startMs),
    };
  };
  await load(); // warm-up
  return quietly(load);
}
