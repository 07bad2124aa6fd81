/**
 * Runs a new kernel on made-up rows before the first request: V8 runs WebAssembly through a quick compiler first, four
 * times slower, until it has seen where the work is. Then times what depends on the processor.
 */
import { Random } from '../base/random.ts';
import type { FirstPass, Kernel } from './kernel.ts';
import { METRIC_CODE, type Metric } from './kernel.ts';
import { Lane, laneBytes } from './lane.ts';
import { borrowMemory, LinearMemory, returnMemory } from './linear-memory.ts';
import { quantizedBytesOf } from './quantize.ts';

const ROW_COUNT = 512;
const ROW_FLOATS = 128;
const DEPTH = 16;
/** One of each register block: 8, 4, 2 and 1 queries. */
const QUERY_COUNT = 15;
const METRICS = Object.keys(METRIC_CODE) as Metric[];
/** Rounds as fast as the fastest that end the warm-up, and what counts as that. */
const STEADY_ROUNDS = 3;
const STEADY_WITHIN = 1.1;
const WARM_UP_MS_MAX = 80;
const TIMED_ROUNDS = 9;
/** The relaxed dot product must earn its second look at what it leaves. */
const RELAXED_FASTER_BY = 1.1;

/** Warms up the build that `make` instantiates; returns its faster byte pass on this processor. */
export function warmUp(make: (memory: LinearMemory) => Kernel): Kernel['bytePass'] {
  const memory = borrowMemory();
  try {
    return warmUpOver(memory, make(memory));
  } finally {
    returnMemory(memory);
  }
}

function warmUpOver(memory: LinearMemory, kernel: Kernel): Kernel['bytePass'] {
  const bytes = laneBytes({
    shopCount: ROW_COUNT,
    rowFloats: ROW_FLOATS,
    queryCountMax: QUERY_COUNT,
    signalCountMax: 0,
    depthMax: DEPTH,
    limitMax: DEPTH,
  });
  const rows = LinearMemory.snapshotBase(1, bytes);
  const norms = rows + ROW_COUNT * ROW_FLOATS * 4;
  const quantized = norms + ROW_COUNT * 8;
  memory.reserve(quantized + ROW_COUNT * quantizedBytesOf(ROW_FLOATS));
  const random = new Random(1);
  for (let i = 0; i < ROW_COUNT * ROW_FLOATS; i++) memory.views.f32[rows / 4 + i] = random.normal();
  for (let ordinal = 0; ordinal < ROW_COUNT; ordinal++) {
    const row = rows + ordinal * ROW_FLOATS * 4;
    memory.views.f64[norms / 8 + ordinal] = kernel.norm(row, ROW_FLOATS);
    kernel.quantize(row, ROW_FLOATS, quantized + ordinal * quantizedBytesOf(ROW_FLOATS));
  }
  const lane = new Lane(memory, kernel, 0, bytes);
  const table = { rows, norms, rowFloats: ROW_FLOATS, quantized };
  const rank = (metric: Metric, firstPass: FirstPass): void => {
    const candidates = lane.begin(ROW_COUNT);
    for (let i = 0; i < ROW_COUNT; i++) candidates[i] = i;
    lane.setCandidateCount(ROW_COUNT);
    lane.setQueries(table, metric, QUERY_COUNT);
    for (let n = 0; n < QUERY_COUNT; n++) {
      const row = rows / 4 + n * ROW_FLOATS;
      lane.query(n).set(memory.views.f32.subarray(row, row + ROW_FLOATS));
    }
    lane.rank(DEPTH, false, firstPass);
  };
  runUntilSteady(() => {
    for (const metric of METRICS) {
      rank(metric, 'floats');
      rank(metric, 'bytes');
      rank(metric, 'relaxedBytes');
      lane.fuse('rrf', new Array<number>(QUERY_COUNT).fill(1), 60);
      lane.select(DEPTH);
      lane.explain();
    }
  });
  const plainMs = fastestMs(() => rank('cosine', 'bytes'));
  const relaxedMs = fastestMs(() => rank('cosine', 'relaxedBytes'));
  return relaxedMs * RELAXED_FASTER_BY < plainMs ? 'relaxedBytes' : 'bytes';
}

/** Runs rounds until they get no faster. */
function runUntilSteady(round: () => void): void {
  const endMs = performance.now() + WARM_UP_MS_MAX;
  let fastest = Infinity;
  for (let steady = 0; steady < STEADY_ROUNDS && performance.now() < endMs;) {
    const ms = timed(round);
    steady = ms < fastest / STEADY_WITHIN ? 0 : ms < fastest * STEADY_WITHIN ? steady + 1 : steady;
    fastest = Math.min(fastest, ms);
  }
}

function fastestMs(run: () => void): number {
  return Math.min(...Array.from({ length: TIMED_ROUNDS }, () => timed(run)));
}

function timed(run: () => void): number {
  const startMs = performance.now();
  run();
  return performance.now() - startMs;
}
