/**
 * What a town's own actions teach: embeddings, signals and weights learned from nothing but a log and a list of shops, and the
 * journey that the product is for, on them.
 */
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { evaluateVersion } from '../src/evaluation/evaluate-version.ts';
import { EVALUATION_DEFAULTS } from '../src/evaluation/evaluate.ts';
import { FIT_DEFAULTS, FIT_SIGNALS, fitFusion, type FittedFusion } from '../src/evaluation/fit-fusion.ts';
import { withReplayedSnapshot } from '../src/evaluation/replayed-snapshot.ts';
import { cutAt, type CutLog } from '../src/evaluation/time-cut.ts';
import { openEngine, type ActionInput, type Engine, type Recommendation } from '../src/index.ts';
import { buildSnapshot } from '../src/snapshot/build-snapshot.ts';
import { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import { syntheticTown, TOWN_CENTER, type Town } from '../src/synthetic/town.ts';
import { writeTown } from '../src/synthetic/write-town.ts';
import { ActionLogBuilder, slice, type ActionLog } from '../src/training/action-log.ts';
import { countShopSignals, SIGNAL_DEFAULTS } from '../src/training/shop-signals.ts';
import { trainEmbeddings } from '../src/training/train-embeddings.ts';
import { writeEmbeddings } from '../src/training/write-embeddings.ts';
import { Workspace } from './built-town.ts';

const workspace = new Workspace();
const DAY_MS = 86_400_000;
const TOWN = { seed: 21, shopCount: 500, userCount: 400, actionCount: 24_000, dimensions: 8 };
const PROTOCOL = { protocol: 'next', types: ['view'] } as const;

let town: Town;
let cut: CutLog;
let store: SnapshotStore;
let fit: FittedFusion;
let engine: Engine;

beforeAll(async () => {
  town = syntheticTown(TOWN);
  writeTown(town, workspace.path('town'));
  store = SnapshotStore.open(workspace.path('store'), { create: true });
  const log = logOf(town);
  const [fitStart, testStart] = [Math.floor(log.count * 0.7), Math.floor(log.count * 0.85)];
  cut = cutAt(log, log.atMs[testStart]!);
  const before = await learn('before', slice(log, 0, fitStart));
  fit = withReplayedSnapshot(before, 'before', 'in-zone', (line) =>
    fitFusion(cutAt(slice(log, 0, testStart), log.atMs[fitStart]!), line, {
      ...FIT_DEFAULTS,
      ...PROTOCOL,
      candidates: 'in-zone',
      signals: FIT_SIGNALS.next,
      caseCountMax: 300,
    }),
  );
  await learn('plain', slice(log, 0, testStart));
  await learn('fitted', slice(log, 0, testStart), { requestDefaults: { fusion: fit.fusion } });
  store.activate('fitted');
  engine = await openEngine({ store: workspace.path('store'), data: workspace.path('data'), threads: 0 });
}, 60_000);

afterAll(async () => {
  await engine?.close();
  workspace.remove();
});

function logOf(of: Town): ActionLog {
  const builder = new ActionLogBuilder();
  for (const action of of.actions()) builder.add(action);
  return builder.finish();
}

/** Trains on a log and builds a version of it; returns its path. */
async function learn(version: string, log: ActionLog, modelCard = {}): Promise<string> {
  const shops = [...town.shops()];
  const trained = await trainEmbeddings(log, shops, { dimensions: 32, threads: 1 });
  const files = writeEmbeddings(trained, {}, workspace.path(`trained-${version}`));
  const built = await buildSnapshot(
    {
      shops: path.join(workspace.path('town'), 'shops.csv'),
      shopVectors: files.shopVectors,
      keywordVectors: files.keywordVectors,
      version,
      metric: 'cosine',
      timeZone: 'Asia/Seoul',
      modelCard,
      signals: (known) => countShopSignals(log, known, { ...SIGNAL_DEFAULTS, timeZone: 'Asia/Seoul' }),
    },
    store,
  );
  return built.path;
}

test('what was learned knows better than similarity, popularity and habit alone what users do next', () => {
  const options = { ...EVALUATION_DEFAULTS, ...PROTOCOL, candidates: 'in-zone', ks: [1, 5] } as const;
  const { rankers } = evaluateVersion(store, cut, {
    ...options,
    version: 'fitted',
    beside: 'plain',
    reference: 'doorrank',
    caseCountMax: 600,
  });
  const differences = rankers.flatMap(({ name, difference }) =>
    difference === undefined ? [] : [{ name, high: difference['accuracy@5']!.high }],
  );
  expect(differences.map(({ name }) => name)).toContain('doorrank plain');
  // Also the upper end of the interval of each is worse.
  for (const { name, high } of differences) expect(high, name).toBeLessThan(0);
});

test('the same cases give the same weights', () => {
  const again = withReplayedSnapshot(store.pathOf('before'), 'before', 'in-zone', (line) =>
    fitFusion(cutAt(slice(cut.log, 0, cut.testStart), cut.log.atMs[Math.floor(cut.log.count * 0.7)]!), line, {
      ...FIT_DEFAULTS,
      ...PROTOCOL,
      candidates: 'in-zone',
      signals: FIT_SIGNALS.next,
      caseCountMax: 300,
    }),
  );
  expect(again).toEqual(fit);
  expect(fit.fusion.typeWeights['search']).toBeGreaterThan(0);
});

test('who always ordered burgers and searches 짜장면 once gets Chinese shops first; after orders of pizza they fade', async () => {
  const userId = 'hungry';
  const searchedMs = Date.now() - 4 * DAY_MS;
  const at = (days: number): string => new Date(searchedMs + days * DAY_MS).toISOString();
  const list = (days: number): Promise<Recommendation> =>
    engine.recommend({ userId, location: TOWN_CENTER, openOnly: false, limit: 10, at: at(days) });
  const near = async (category: string): Promise<string[]> => {
    const asked = { location: TOWN_CENTER, openOnly: false, filter: { category }, limit: 4 };
    return (await engine.recommend(asked)).shops.map(({ shopId }) => shopId);
  };
  /** One order on each of the days. */
  const orders = (shopIds: readonly string[], days: readonly number[]): ActionInput[] =>
    days.map((day, n) => ({ userId, type: 'order', shopId: shopIds[n % shopIds.length]!, at: at(day) }));
  const countOf = ({ shops }: Recommendation, category: string): number =>
    shops.filter((shop) => shop.category === category).length;

  const everySecondDay = Array.from({ length: 20 }, (_, n) => -1 - 2 * n);
  await engine.record([
    ...orders(await near('burger'), everySecondDay),
    { userId, type: 'search', keyword: '짜장면', at: at(0) },
    ...orders(await near('pizza'), [1, 2, 3]),
  ]);

  const usual = await list(-0.1);
  expect(usual.shops[0]!.category).toBe('burger');
  expect(countOf(usual, 'chinese')).toBeLessThan(3);

  const hungry = await list(0.001);
  expect(hungry.shops.slice(0, 5).map(({ category }) => category)).toEqual(Array(5).fill('chinese'));
  const [first] = hungry.shops;
  expect(first!.reasons!.reduce((sum, { share }) => sum + share, 0)).toBe(first!.score);
  const strongest = first!.reasons!.toSorted((a, b) => b.share - a.share)[0]!;
  expect(strongest).toMatchObject({ action: { type: 'search', keyword: '짜장면' } });

  const sated = await list(4);
  expect(countOf(sated, 'chinese')).toBeLessThan(3);
  expect(countOf(sated, 'pizza')).toBeGreaterThan(countOf(hungry, 'pizza'));
  expect(['pizza', 'burger']).toContain(sated.shops[0]!.category);
});
