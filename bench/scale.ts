/**
 * How the whole line grows: `engine.recommend` on the calling thread, with reasons, against the number of shops S at
 * a fixed number of candidates C, against C, and against the number of actions N. What a snapshot of S shops takes:
 * to build, to keep, to open, to verify; what a second process on it takes; and what a swap does to requests.
 * D 64, cosine, the best 100 of each action, 20 shops; with `--large` also 4,000,000 shops.
 */
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { silentLog } from '../src/base/log.ts';
import { LinearMemory } from '../src/kernel/linear-memory.ts';
import { bestKernel } from '../src/kernel/wasm-kernel.ts';
import type { Recommendation } from '../src/index.ts';
import { unload } from '../src/snapshot/mapping.ts';
import { loadSnapshot } from '../src/snapshot/open-snapshot.ts';
import { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import { verifyGeneration } from '../src/snapshot/verify-generation.ts';
import { BenchEngine } from './bench-engine.ts';
import { builtTown, NO_SCRATCH, openTown, type BuiltTown } from './bench-town.ts';
import { benchRequests, inTurn, type BenchRequest } from './requests.ts';
import { residentInChild, type ChildWork } from './resident-in-child.ts';
import type { Bench, ResultRow } from './result.ts';
import { threadClock } from './thread-clock.ts';
import { timeInTurn, timingOf } from './timing.ts';

const CHECKOUT = path.join(import.meta.dirname, '..');
const SEED = 7;
const DIMENSIONS = 64;
const SHOP_COUNTS = [1_000, 10_000, 100_000, 1_000_000];
const SHOP_COUNT_LARGE = 4_000_000;
/** What a town of so many shops takes on disk and in memory while it is made, bytes a shop. */
const DISK_BYTES_PER_SHOP = 1_500;
const MEMORY_BYTES_PER_SHOP = 2_000;
const CANDIDATE_COUNTS = [200, 2_000, 20_000, 80_000, 200_000];
const ACTION_COUNTS = [1, 5, 10, 20, 50];
const CANDIDATE_COUNT = 2_000;
const ACTION_COUNT = 5;
/** Against S, also with few candidates: a small town has no more. */
const CANDIDATE_COUNTS_BY_S = [200, 2_000];
const DEPTH = 100;
const LIMIT = 20;
const SWAP_ROUND_COUNT = 3;

export const scaleBench: Bench = {
  name: 'scale',
  title: `whole line against S, C and N, D ${DIMENSIONS}; a second process; a swap`,
  seed: SEED,
  async run({ large }) {
    const sizes = large && hasRoom() ? [...SHOP_COUNTS, SHOP_COUNT_LARGE] : SHOP_COUNTS;
    const places: Place[] = [];
    try {
      for (const shopCount of sizes) places.push(await openPlace(shopCount));
      const rows: ResultRow[] = [];
      for (const candidateCount of CANDIDATE_COUNTS_BY_S) {
        const holding = places.filter(({ shopCount }) => shopCount > candidateCount);
        rows.push(...(await measure('S', holding, [{ candidateCount, actionCount: ACTION_COUNT }])));
      }
      const million = places.filter(({ shopCount }) => shopCount === Math.max(...SHOP_COUNTS));
      const byC = CANDIDATE_COUNTS.map((candidateCount) => ({ candidateCount, actionCount: ACTION_COUNT }));
      rows.push(...(await measure('C', million, byC)));
      const byN = ACTION_COUNTS.map((actionCount) => ({ candidateCount: CANDIDATE_COUNT, actionCount }));
      rows.push(...(await measure('N', million, byN)));
      for (const place of places) rows.push(snapshotRow(place));
      rows.push(...(await measureResident(million[0]!)));
      rows.push(
        ...(await measureSwaps(places.filter(({ shopCount }) => shopCount <= Math.max(...SHOP_COUNTS)))),
      );
      return rows;
    } finally {
      for (const { opened } of places) await opened.close();
    }
  },
};

/** A town of so many shops and an engine that serves it. */
interface Place {
  readonly shopCount: number;
  readonly town: BuiltTown;
  readonly opened: BenchEngine;
}

interface Terms {
  readonly candidateCount: number;
  readonly actionCount: number;
}

/** Whether the largest town can be made here; says so if not. */
function hasRoom(): boolean {
  const { bavail, bsize } = statfsSync(tmpdir());
  const diskNeeded = SHOP_COUNT_LARGE * DISK_BYTES_PER_SHOP;
  const memoryNeeded = SHOP_COUNT_LARGE * MEMORY_BYTES_PER_SHOP;
  if (bavail * bsize > diskNeeded && freemem() > memoryNeeded) return true;
  console.log(
    `${SHOP_COUNT_LARGE} shops are skipped: they need ${diskNeeded / 1e9} GB of disk below ${tmpdir()} ` +
      `and ${memoryNeeded / 1e9} GB of memory, free are ${(bavail * bsize) / 1e9} and ${freemem() / 1e9}`,
  );
  return false;
}

async function openPlace(shopCount: number): Promise<Place> {
  const town = await builtTown({ seed: SEED, shopCount, dimensions: DIMENSIONS });
  return { shopCount, town, opened: await BenchEngine.open(town.storeDirectory) };
}

/** Every place under all terms, in turn. Leaves out, and says so, where no location has so many candidates. */
async function measure(
  against: string,
  places: readonly Place[],
  terms: readonly Terms[],
): Promise<ResultRow[]> {
  const all = places.flatMap((place) => {
    const generation = openTown(place.town);
    return terms.map((each) => {
      const requests = benchRequests(generation, SEED, { ...each, depth: DEPTH, limit: LIMIT });
      return {
        place,
        requests,
        candidateCount: each.candidateCount,
        parts: [] as Recommendation['tookMs'][],
      };
    });
  });
  const found = [];
  for (const each of all) {
    const { candidateCount } = await each.place.opened.engine.recommend(each.requests[0]!);
    if (candidateCount >= each.candidateCount) found.push({ ...each, C: candidateCount });
    else console.log(`${each.place.shopCount} shops have no location with ${each.candidateCount} candidates`);
  }
  const subjects = found.map(({ place, requests, C, parts }) => {
    const ask = async (request: BenchRequest): Promise<void> => {
      parts.push((await place.opened.engine.recommend(request)).tookMs);
    };
    return inTurn(`S ${place.shopCount}, C ${C}, N ${requests[0]!.actions.length}`, requests, ask, {
      async: true,
    });
  });
  const timings = await timeInTurn(subjects);
  return found.map(({ place, requests, C, parts }, i) => ({
    terms: { against, S: place.shopCount, D: DIMENSIONS, C, N: requests[0]!.actions.length },
    subject: 'doorrank',
    timing: timings[i]!,
    facts: {
      'candidates µs': medianMs(parts, 'candidates') * 1000,
      'similarity µs': medianMs(parts, 'similarity') * 1000,
      'fusion µs': medianMs(parts, 'fusion') * 1000,
    },
  }));
}

function medianMs(parts: readonly Recommendation['tookMs'][], name: keyof Recommendation['tookMs']): number {
  return timingOf(parts.map((part) => part[name])).medianMs;
}

/** What the snapshot took to build, takes on disk, and takes to open and to verify. */
function snapshotRow({ shopCount, town }: Place): ResultRow {
  const memory = new LinearMemory();
  const startMs = performance.now();
  const { generation, placement } = loadSnapshot(
    town.snapshot,
    undefined,
    memory,
    NO_SCRATCH,
    'auto',
    silentLog,
  );
  const openedMs = performance.now();
  verifyGeneration(generation, bestKernel(memory), town.snapshot);
  const verifiedMs = performance.now();
  unload(memory, placement.base, placement.fileBytes);
  return {
    terms: { against: 'S', S: shopCount, D: DIMENSIONS },
    subject: 'snapshot',
    facts: {
      'file B/shop': town.build.sizeBytes / shopCount,
      'build s': town.build.buildMs / 1000,
      'open ms': openedMs - startMs,
      'verify s': (verifiedMs - openedMs) / 1000,
    },
  };
}

/** A second process that serves the same snapshot as this one, from the built package, and one that does nothing. */
async function measureResident({ shopCount, town }: Place): Promise<ResultRow[]> {
  const terms = { candidateCount: CANDIDATE_COUNT, actionCount: ACTION_COUNT, depth: DEPTH, limit: LIMIT };
  execFileSync('npx', ['tsc', '-p', 'src'], { cwd: CHECKOUT, stdio: ['ignore', 'inherit', 'ignore'] });
  const serving = {
    library: pathToFileURL(path.join(CHECKOUT, 'dist', 'index.js')).href,
    storeDirectory: town.storeDirectory,
    requests: benchRequests(openTown(town), SEED, terms),
  };
  const works: [string, ChildWork | null][] = [
    ['bare node', null],
    ['second process', serving],
  ];
  const rows: ResultRow[] = [];
  for (const [subject, work] of works) {
    const { residentBytes, privateBytes, sharedBytes, anonymousBytes } = await residentInChild(work);
    const facts = {
      'resident MB': residentBytes / 1e6,
      'private MB': privateBytes / 1e6,
      'shared MB': sharedBytes / 1e6,
      'anonymous MB': anonymousBytes / 1e6,
    };
    rows.push({ terms: { against: 'processes', S: shopCount, D: DIMENSIONS }, subject, facts });
  }
  return rows;
}

/**
 * Swaps among the three largest of `places`, a worker verifying, while one request after the other runs; the last of
 * them lets go of the largest snapshot.
 */
async function measureSwaps(places: readonly Place[]): Promise<ResultRow[]> {
  const [small, middle, largest] = places.slice(-3) as [Place, Place, Place];
  const terms = { candidateCount: CANDIDATE_COUNT, actionCount: ACTION_COUNT, depth: DEPTH, limit: LIMIT };
  const requests = benchRequests(openTown(largest.town), SEED, terms);
  const directory = mkdtempSync(path.join(tmpdir(), 'doorrank-bench-'));
  const store = storeOf(directory, [small, middle, largest]);
  const opened = await BenchEngine.open(store, { threads: 1 });
  try {
    const works = [
      { swap: 'none, a second long', run: () => setTimeout(1_000) },
      ...[
        { to: largest, from: small },
        { to: middle, from: largest },
        { to: small, from: middle },
      ].map(({ to, from }) => ({
        swap: `from ${from.shopCount} to ${to.shopCount}`,
        run: () => opened.engine.activate(to.town.version),
      })),
    ];
    const longest = works.map((): Turn[] => []);
    for (let round = 0; round <= SWAP_ROUND_COUNT; round++) {
      for (const [i, { run }] of works.entries()) {
        const turn = await longestTurn(opened, requests, run);
        if (round > 0) longest[i]!.push(turn); // the first round warms up
      }
    }
    const rows: ResultRow[] = works.map(({ swap }, i) => ({
      terms: { against: 'swaps', swap },
      subject: 'longest turn of the event loop',
      timing: timingOf(longest[i]!.map(({ wallMs }) => wallMs)),
      facts: { 'own work ms': timingOf(longest[i]!.map(({ ownMs }) => ownMs)).medianMs },
    }));
    const pointer = SnapshotStore.open(store);
    const activate = inTurn('activate', [largest, small], ({ town }) => pointer.activate(town.version));
    const [timing] = await timeInTurn([activate]);
    return [
      ...rows,
      { terms: { against: 'swaps', swap: 'its pointer on disk' }, subject: 'store', timing: timing! },
    ];
  } finally {
    await opened.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A store that holds the snapshots of `places` and serves the first. */
function storeOf(directory: string, places: readonly Place[]): string {
  const store = path.join(directory, 'store');
  mkdirSync(path.join(store, 'snapshots'), { recursive: true });
  for (const { town } of places)
    linkSync(town.snapshot, path.join(store, 'snapshots', path.basename(town.snapshot)));
  SnapshotStore.open(store).activate(places[0]!.town.version);
  return store;
}

interface Turn {
  readonly wallMs: number;
  /** Processor time of this thread: what others did meanwhile and what it waited for is not in it. */
  readonly ownMs: number;
}

/** Of turns of the event loop with one request each while `work` goes on, the longest by either measure. */
async function longestTurn(
  { engine }: BenchEngine,
  requests: readonly BenchRequest[],
  work: () => Promise<unknown>,
): Promise<Turn> {
  const ownClock = threadClock() ?? (() => Number.NaN);
  let done = false;
  const working = work().finally(() => (done = true));
  let longest: Turn = { wallMs: 0, ownMs: 0 };
  let start: Turn = { wallMs: performance.now(), ownMs: ownClock() };
  for (let next = 0; !done; next++) {
    await engine.recommend(requests[next % requests.length]!);
    await setImmediate();
    const now: Turn = { wallMs: performance.now(), ownMs: ownClock() };
    longest = {
      wallMs: Math.max(longest.wallMs, now.wallMs - start.wallMs),
      ownMs: Math.max(longest.ownMs, now.ownMs - start.ownMs),
    };
    start = now;
  }
  await working;
  return longest;
}
