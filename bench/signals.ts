/**
 * What the signals of a linear fusion cost: the whole line of `engine.recommend` with them against the line without, in turn
 * in one process. 100,000 shops, 128 dimensions, cosine, hours and 100 neighbours counted for each shop; about 2,000
 * candidates, 20 shops with reasons; 16 users with 200 recorded actions, of which the newest 5 take part as queries and
 * all as the user's history.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Random } from '../src/base/random.ts';
import { HOUR_BIN_COUNT } from '../src/catalog/hour-fits.ts';
import { NEIGHBOUR_COUNT_MAX, type NeighbourRows } from '../src/catalog/neighbours.ts';
import type { Engine, RecommendRequest } from '../src/index.ts';
import { SIGNAL_NAMES } from '../src/recommender/request-bounds.ts';
import { buildSnapshot, type ShopSignals } from '../src/snapshot/build-snapshot.ts';
import { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import { BenchEngine } from './bench-engine.ts';
import { builtTown, openTown, townInputs } from './bench-town.ts';
import { benchRequests, inTurn, type BenchRequest } from './requests.ts';
import type { Bench, ResultRow } from './result.ts';
import { timeInTurn, type Subject } from './timing.ts';

const SEED = 7;
const TOWN = { seed: SEED, shopCount: 100_000, dimensions: 128 };
const TERMS = { candidateCount: 2_000, actionCount: 5, depth: 100, limit: 20 };
const OLD_ACTION_COUNT = 195;
const DAY_MS = 86_400_000;

const OLD_COUNT_NOTHING = { order: 0 };

type Fusion = NonNullable<RecommendRequest['fusion']>;

const LINEAR: Fusion = { method: 'linear' };
const signals = (names: readonly string[]): Fusion => ({
  method: 'linear',
  signals: Object.fromEntries(names.map((name) => [name, 0.5])),
});
const FUSIONS: readonly (readonly [name: string, fusion: Fusion])[] = [
  ['rrf', { method: 'rrf' }],
  ['linear', LINEAR],
  [`linear, all ${SIGNAL_NAMES.length} signals`, signals(SIGNAL_NAMES)],
  ...SIGNAL_NAMES.map((name) => [`linear, ${name}`, signals([name])] as const),
];

export const signalsBench: Bench = {
  name: 'signals',
  title: `whole line with and without signals, ${TOWN.shopCount} shops × ${TOWN.dimensions}`,
  seed: SEED,
  async run() {
    const store = mkdtempSync(path.join(tmpdir(), 'doorrank-bench-'));
    try {
      await buildCounted(store);
      const opened = await BenchEngine.open(store, { split: 'fitted=0%' }); // beside the active one
      try {
        const requests = benchRequests(openTown(await builtTown(TOWN)), SEED, TERMS);
        return await measure(opened.engine, await recorded(opened.engine, requests));
      } finally {
        await opened.close();
      }
    } finally {
      rmSync(store, { recursive: true, force: true });
    }
  },
};

async function measure(engine: Engine, requests: readonly RecommendRequest[]): Promise<ResultRow[]> {
  const subjectOf = (name: string, asked: readonly RecommendRequest[]): Subject =>
    inTurn(name, asked, (request) => engine.recommend(request), { async: true });
  const fitted = requests.map(({ fusion: _ofVersion, ...others }) => ({ ...others, version: 'fitted' }));
  const subjects = [
    subjectOf('linear, all of them, weights of the version', fitted),
    ...FUSIONS.map(([name, fusion]) =>
      subjectOf(
        name,
        requests.map((request) => ({ ...request, fusion: { ...request.fusion, ...fusion } })),
      ),
    ),
  ];
  const timings = await timeInTurn(subjects);
  const plain = timings[subjects.findIndex(({ name }) => name === 'linear')]!;
  return subjects.map(({ name }, i) => {
    const timing = timings[i]!;
    const facts = { 'more µs (median)': (timing.medianMs - plain.medianMs) * 1e3 };
    return { terms: TERMS, subject: name, timing, facts };
  });
}

/** Records the actions of each request for a user, and older ones, and asks by the user. */
async function recorded(engine: Engine, requests: readonly BenchRequest[]): Promise<RecommendRequest[]> {
  const random = new Random(SEED);
  const asked: RecommendRequest[] = [];
  for (const [i, { actions, at, ...others }] of requests.entries()) {
    const userId = `u${i}`;
    const atMs = Date.parse(at);
    const { shops } = await engine.recommend({ ...others, limit: 300, fusion: { depth: 300 } });
    const old = Array.from({ length: OLD_ACTION_COUNT }, () => ({
      userId,
      type: 'order',
      shopId: random.pick(shops.slice(0, 100)).shopId,
      at: new Date(atMs - DAY_MS - random.below(90 * DAY_MS)).toISOString(),
    }));
    await engine.record([...old, ...actions.map((action) => ({ ...action, userId }))]);
    // As of now, with the newest actions alone as queries.
    asked.push({ ...others, userId, fusion: { ...others.fusion, typeWeights: OLD_COUNT_NOTHING } });
  }
  return asked;
}

async function buildCounted(directory: string): Promise<void> {
  const store = SnapshotStore.open(directory, { create: true });
  const { fusion } = benchRequests(openTown(await builtTown(TOWN)), SEED, TERMS)[0]!;
  const requestDefaults = { fusion: { ...fusion, ...signals(SIGNAL_NAMES), typeWeights: OLD_COUNT_NOTHING } };
  for (const [version, modelCard] of Object.entries({ counted: {}, fitted: { requestDefaults } }))
    await buildSnapshot(
      { ...(await townInputs(TOWN)), version, metric: 'cosine', signals: counted, modelCard },
      store,
    );
  store.activate('counted');
}

/** As dense as signals can be. */
function counted({ count }: { readonly count: number }): ShopSignals {
  const random = new Random(SEED);
  const day = '2026-11-22T00:00:00.000Z';
  return {
    countedActions: { count, from: day, to: day },
    popularity: new Float64Array(count),
    timeZone: 'Asia/Seoul',
    hourFits: new Int8Array(count * HOUR_BIN_COUNT).map(() => random.below(60) - 30),
    transitions: randomNeighbours(count, random),
    together: randomNeighbours(count, random),
  };
}

function randomNeighbours(count: number, random: Random): NeighbourRows {
  const starts = Uint32Array.from({ length: count + 1 }, (_, row) => row * NEIGHBOUR_COUNT_MAX);
  const stride = Math.floor((count - 1) / NEIGHBOUR_COUNT_MAX);
  const rows = new Uint32Array(count * NEIGHBOUR_COUNT_MAX).map((_, at) => {
    const row = Math.floor(at / NEIGHBOUR_COUNT_MAX);
    return (row + 1 + (at % NEIGHBOUR_COUNT_MAX) * stride + random.below(stride)) % count;
  });
  return { starts, rows, strengths: new Float32Array(rows.length).map(() => 0.1 + random.unit()) };
}
