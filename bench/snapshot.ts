/**
 * Building and opening a snapshot: build (a process of its own, from CSV, .npy and NDJSON), open mapped, open copied,
 * open and verify everything on all cores and in one thread. D 128; 100,000 shops, with `--large` 1,000,000. Files are
 * in the page cache.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { silentLog } from '../src/base/log.ts';
import { LinearMemory } from '../src/kernel/linear-memory.ts';
import { bestKernel } from '../src/kernel/wasm-kernel.ts';
import { unload, type MappingMode } from '../src/snapshot/mapping.ts';
import { loadSnapshot, type LoadedSnapshot } from '../src/snapshot/open-snapshot.ts';
import { verifyInThreads } from '../src/snapshot/verify-in-threads.ts';
import { NO_SCRATCH, townInputs } from './bench-town.ts';
import { buildInChild, type MeasuredBuild } from './build-in-child.ts';
import type { Bench, ResultRow } from './result.ts';
import { timeInTurn, timingOf, type Rounds, type Subject, type Timing } from './timing.ts';

const SEED = 7;
const DIMENSIONS = 128;
const SHOP_COUNT = 100_000;
const SHOP_COUNT_LARGE = 1_000_000;
const ROUNDS: Rounds = { count: 5, roundMs: 1 };

export const snapshotBench: Bench = {
  name: 'snapshot',
  title: 'build, open and verify',
  seed: SEED,
  async run({ large }) {
    const rows: ResultRow[] = [];
    for (const shopCount of large ? [SHOP_COUNT, SHOP_COUNT_LARGE] : [SHOP_COUNT]) {
      rows.push(...(await measureSize(shopCount)));
    }
    return rows;
  },
};

async function measureSize(shopCount: number): Promise<ResultRow[]> {
  const inputs = await townInputs({ seed: SEED, shopCount, dimensions: DIMENSIONS });
  const directory = mkdtempSync(path.join(tmpdir(), 'doorrank-bench-'));
  try {
    const built = await buildInChild(inputs, path.join(directory, 'store'), 'bench');
    return [buildRow(shopCount, built), ...(await measureOpening(shopCount, built.path))];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function buildRow(shopCount: number, { buildMs, sizeBytes, peakRssBytes }: MeasuredBuild): ResultRow {
  return {
    terms: { step: 'build', S: shopCount, D: DIMENSIONS },
    subject: 'doorrank',
    timing: timingOf([buildMs]),
    facts: { 'file MB': sizeBytes / 1e6, 'peak RSS MB': peakRssBytes / 1e6 },
  };
}

async function measureOpening(shopCount: number, file: string): Promise<ResultRow[]> {
  const memory = new LinearMemory();
  const kernel = bestKernel(memory);
  const load = (mode: MappingMode): LoadedSnapshot =>
    loadSnapshot(file, undefined, memory, NO_SCRATCH, mode, silentLog);
  const letGo = ({ placement }: LoadedSnapshot): void => unload(memory, placement.base, placement.fileBytes);
  const opening = (mode: MappingMode): Subject => {
    let loaded: LoadedSnapshot;
    return { name: mode, run: () => (loaded = load(mode)), afterEach: () => letGo(loaded) };
  };
  const [mapped] = await timeInTurn([opening('auto')], ROUNDS);
  const [copied] = await timeInTurn([opening('copy')], ROUNDS);
  const verifying = (threadCount: number): Subject => {
    let loaded: LoadedSnapshot;
    const run = (): void => {
      loaded = load('auto');
      verifyInThreads({ memory, kernel, ...loaded }, threadCount);
    };
    return { name: `verify in ${threadCount}`, run, afterEach: () => letGo(loaded) };
  };
  const [verified, verifiedAlone] = await timeInTurn(
    [verifying(availableParallelism()), verifying(1)],
    ROUNDS,
  );
  const row = (step: string, timing: Timing): ResultRow => ({
    terms: { step, S: shopCount, D: DIMENSIONS },
    subject: 'doorrank',
    timing,
  });
  return [
    row('open mapped', mapped!),
    row('open copied', copied!),
    row('open and verify', verified!),
    row('the same, one thread', verifiedAlone!),
  ];
}
