/**
 * How near the kernel comes to what the machine can do: `rank` against bench/limit.c, its twin in C with AVX-512 or
 * AVX2 intrinsics, over the same rows, candidates and queries, checked to find the same; and both against the peak
 * rate of multiply-adds and the rate at which rows can be read from where they lie.
 * Rounds alternate between this process and the twin. Cosine; the best 10. Skipped where no C compiler is at hand.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { KernelBoard, type RankedEntry } from './kernel-board.ts';
import { LimitTwin } from './limit-twin.ts';
import type { Bench, ResultRow } from './result.ts';
import { timingOf, type Timing } from './timing.ts';

const SEED = 7;
const DIMENSIONS = [64, 128, 384, 768];
const CANDIDATE_COUNTS = [2_000, 20_000];
const QUERY_COUNTS = [1, 10];
const DEPTH = 10;
const ROUND_COUNT = 6;
const ROUND_MS = 30;
const PEAK_MS = 100;
const READ_MS = 400;
/** Every second run of rows is a candidate. */
const SHOP_COUNT = 2 * Math.max(...CANDIDATE_COUNTS);
/** Far more than any cache holds. */
const DRAM_BYTES = 512 * 2 ** 20;
/** What float32 may be off by, as a cosine. */
const COSINE_TOLERANCE = 2e-6;

/** What the machine can do at most. */
interface Limits {
  readonly bits: number;
  /** GFLOP/s by vector bits. */
  readonly peaks: ReadonlyMap<number, number>;
  /** From the nearest to the farthest: how much it holds, and GB/s of reading from it. */
  readonly levels: readonly {
    readonly name: string;
    readonly sizeBytes: number;
    readonly readRate: number;
  }[];
}

export const limitBench: Bench = {
  name: 'limit',
  title: `rank, best ${DEPTH}, against its twin in C and what the machine can do`,
  seed: SEED,
  async run() {
    let twin: LimitTwin;
    try {
      twin = await LimitTwin.start();
    } catch (error) {
      console.log(`skipped, as bench/limit.c cannot run here: ${(error as Error).message}`);
      return [];
    }
    try {
      const before = await measureLimits(twin);
      const board = new KernelBoard({
        seed: SEED,
        dimensionsMax: Math.max(...DIMENSIONS),
        queryCountMax: Math.max(...QUERY_COUNTS),
        depthMax: DEPTH,
        shopCountMax: SHOP_COUNT,
        floatCount: SHOP_COUNT * Math.max(...DIMENSIONS),
      });
      const measured: Measured[] = [];
      for (const dimensions of DIMENSIONS) {
        board.useDimensions(dimensions);
        for (const candidateCount of CANDIDATE_COUNTS) {
          for (const queryCount of QUERY_COUNTS) {
            measured.push(...(await measureRank(board, twin, { dimensions, candidateCount, queryCount })));
          }
        }
      }
      // What the machine can do is what it could at its best: others may have held it back before, or after.
      const limits = better(before, await measureLimits(twin));
      return [...limitRows(limits), ...measured.map((each) => rankRow(each, limits))];
    } finally {
      await twin.stop();
    }
  },
};

async function measureLimits(twin: LimitTwin): Promise<Limits> {
  const { bits } = twin;
  const peaks = new Map<number, number>();
  for (const width of [128, 256, 512].filter((width) => width <= bits)) {
    peaks.set(width, await twin.peak(width, PEAK_MS));
  }
  const levels = [];
  for (const { name, sizeBytes } of memoryLevels()) {
    const bufferBytes = Math.min(sizeBytes / 4, DRAM_BYTES);
    levels.push({ name, sizeBytes, readRate: await twin.readRate(bufferBytes, READ_MS) });
  }
  return { bits, peaks, levels };
}

function better(a: Limits, b: Limits): Limits {
  return {
    bits: a.bits,
    peaks: new Map(Array.from(a.peaks, ([bits, rate]) => [bits, Math.max(rate, b.peaks.get(bits)!)])),
    levels: a.levels.map((level, i) => ({
      ...level,
      readRate: Math.max(level.readRate, b.levels[i]!.readRate),
    })),
  };
}

/** The caches of a core as the system tells them, and the memory behind them. */
function memoryLevels(): { name: string; sizeBytes: number }[] {
  const caches = [2, 3].flatMap((level) => {
    try {
      const text = readFileSync(`/sys/devices/system/cpu/cpu0/cache/index${level}/size`, 'utf8');
      return [{ name: `L${level}`, sizeBytes: Number.parseInt(text, 10) * 1024 }];
    } catch {
      return []; // no such cache, or the system does not tell
    }
  });
  return [...caches, { name: 'DRAM', sizeBytes: Infinity }];
}

function limitRows({ peaks, levels }: Limits): ResultRow[] {
  return [
    ...Array.from(peaks, ([bits, rate]) => limitRow('peak multiply-add', `${bits} bit`, { 'GFLOP/s': rate })),
    ...levels.map(({ name, readRate }) => limitRow('read', name, { 'GB/s': readRate })),
  ];
}

function limitRow(work: string, subject: string, facts: Record<string, number>): ResultRow {
  return { terms: { work }, subject, facts };
}

interface Terms {
  readonly dimensions: number;
  readonly candidateCount: number;
  readonly queryCount: number;
}

interface Measured extends Terms {
  readonly subject: string;
  readonly timing: Timing;
}

async function measureRank(board: KernelBoard, twin: LimitTwin, terms: Terms): Promise<Measured[]> {
  const { dimensions, candidateCount, queryCount } = terms;
  const kernel = board.kernels[0]!;
  board.request({ metric: 'cosine', candidateCount, queryCount, depth: DEPTH }, true);
  const { rows, ordinals, queries } = board;
  await twin.load({ rows, ordinals, queries, dimensions, depth: DEPTH });
  checkSame(board.rankings(kernel), await twin.rankings(), queries, dimensions);
  board.request({ metric: 'cosine', candidateCount, queryCount, depth: DEPTH }, false);

  const name = `C, ${twin.bits} bit`;
  const subjects = [
    { name: 'doorrank', samplesMs: () => samplesMs(() => board.rank(kernel)) },
    { name, samplesMs: () => twin.samplesMs('rank', ROUND_MS) },
    { name: `${name}, dot products alone`, samplesMs: () => twin.samplesMs('dots', ROUND_MS) },
  ];
  const samples = subjects.map((): number[] => []);
  for (let round = 0; round <= ROUND_COUNT; round++) {
    const order = [...subjects.keys()];
    for (const i of round % 2 === 0 ? order : order.toReversed()) {
      const found = await subjects[i]!.samplesMs();
      if (round > 0) samples[i]!.push(...found); // the first round warms up
    }
  }
  return subjects.map(({ name: subject }, i) => ({ ...terms, subject, timing: timingOf(samples[i]!) }));
}

function rankRow(
  { dimensions, candidateCount, queryCount, subject, timing }: Measured,
  limits: Limits,
): ResultRow {
  const runNs = timing.minMs * 1e6;
  const rowBytes = candidateCount * dimensions * 4;
  // Half of a cache is for what else comes by.
  const level = limits.levels.find(({ sizeBytes }) => 2 * rowBytes <= sizeBytes)!;
  const pairCount = candidateCount * queryCount;
  const rate = (2 * pairCount * dimensions) / runNs;
  return {
    terms: { work: 'rank', D: dimensions, C: candidateCount, N: queryCount, 'rows in': level.name },
    subject,
    timing,
    facts: {
      'ns/pair': runNs / pairCount,
      'GFLOP/s': rate,
      '% of 128-bit peak': (100 * rate) / limits.peaks.get(128)!,
      '% of widest peak': (100 * rate) / limits.peaks.get(limits.bits)!,
      'GB/s': rowBytes / runNs,
      '% of reading': (100 * rowBytes) / runNs / level.readRate,
    },
  };
}

/** Milliseconds of every run during one round. */
function samplesMs(run: () => void): number[] {
  const samples: number[] = [];
  let startMs = performance.now();
  for (const endMs = startMs + ROUND_MS; startMs < endMs;) {
    run();
    const doneMs = performance.now();
    samples.push(doneMs - startMs);
    startMs = doneMs;
  }
  return samples;
}

/** Throws unless both found the same candidates, but for neighbours that float32 cannot tell apart. */
function checkSame(
  expected: readonly RankedEntry[][],
  found: readonly RankedEntry[][],
  queries: Float32Array,
  dimensions: number,
): void {
  expected.forEach((ranking, n) => {
    const queryNorm = Math.hypot(...queries.subarray(n * dimensions, (n + 1) * dimensions));
    ranking.forEach(({ position, similarity }, at) => {
      const other = found[n]![at]!;
      const apart = Math.abs(other.similarity / queryNorm - similarity);
      assert.ok(apart < COSINE_TOLERANCE, `entry ${at} of ranking ${n}: similarities ${apart} apart`);
      const near = [ranking[at - 1], ranking[at + 1]].some(
        (entry) => entry !== undefined && Math.abs(entry.similarity - similarity) < COSINE_TOLERANCE,
      );
      assert.ok(
        near || other.position === position,
        `entry ${at} of ranking ${n}: ${other.position}, not ${position}`,
      );
    });
  });
}
