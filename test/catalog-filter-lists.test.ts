/** Lists from a file of shops to an answer: built, opened, verified, filtered. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeFileSync } from 'node:fs';
import { openEngine, type Engine, type RecommendRequest } from '../src/index.ts';
import { buildSnapshot, type BuiltSnapshot } from '../src/snapshot/build-snapshot.ts';
import { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import { Workspace } from './built-town.ts';

const LOCATION = { lon: 126.9784, lat: 37.5667 };
const SHOPS = [
  { shopId: 'a', price: 10, tags: ['짬뽕', 'late'], sizes: [20, 40.5], menu: [{ dish: 'x' }] },
  { shopId: 'b', price: 11, tags: ['late', null], sizes: [], steps: Array(101).fill(0) },
  { shopId: 'c', price: 20, tags: [], sizes: [40.5] },
  { shopId: 'd', price: 30 },
];

const workspace = new Workspace();
let built: BuiltSnapshot;
let engine: Engine;
beforeAll(async () => {
  const shops = workspace.path('shops.ndjson');
  const shopVectors = workspace.path('vectors.ndjson');
  const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  writeFileSync(shops, lines(SHOPS.map((shop) => ({ ...LOCATION, ...shop }))));
  writeFileSync(shopVectors, lines(SHOPS.map(({ shopId }, i) => ({ shopId, vector: [1, i] }))));
  const store = SnapshotStore.open(workspace.path('store'), { create: true });
  built = await buildSnapshot({ shops, shopVectors, version: 'v1', metric: 'cosine' }, store);
  store.activate('v1');
  engine = await openEngine({ store: store.directory, data: workspace.path('data'), threads: 0 });
});
afterAll(async () => {
  await engine.close();
  workspace.remove();
});

test('a build tells lists that can be filtered from those that cannot', () => {
  expect(built.columns).toEqual(['category', 'price', 'rating', 'popularity', 'tags', 'sizes']);
  expect(built.unfilterable).toEqual(['menu', 'steps']);
});

test.each<[filter: RecommendRequest['filter'], shopIds: string]>([
  [{ tags: { contains: '짬뽕' } }, 'a'],
  [{ tags: { contains: 'late' } }, 'ab'],
  [{ sizes: { contains: 40.5 } }, 'ac'],
  [{ tags: { exists: false } }, 'cd'],
  [{ not: { sizes: { contains: 40.5 } } }, 'bd'],
  [{ or: [{ tags: { contains: '짬뽕' } }, { price: { min: 15 } }], not: { price: 30 } }, 'ac'],
])('%j is answered with %s', async (filter, shopIds) => {
  const { shops } = await engine.recommend({ location: LOCATION, filter });
  expect(
    shops
      .map(({ shopId }) => shopId)
      .sort()
      .join(''),
  ).toBe(shopIds);
});

test('nearViewed counts a shop once, and only those of the fifty newest actions', async () => {
  const view = (shopId: string) => ({ type: 'view', shopId });
  const asked = async (basis: Partial<RecommendRequest>): Promise<string> => {
    const filter = { price: { nearViewed: 0.1 } };
    const { shops } = await engine.recommend({ location: LOCATION, filter, ...basis });
    return shops
      .map(({ shopId }) => shopId)
      .sort()
      .join('');
  };
  const answered = (actions: RecommendRequest['actions']): Promise<string> => asked({ actions });
  expect(await answered([view('a')])).toBe('ab');
  expect(await answered([view('a'), view('d'), view('nobody')])).toBe('c');
  expect(await answered([view('a'), view('a'), view('a'), view('d')])).toBe('c');
  expect(await answered([view('nobody'), { type: 'search', keyword: 'x' }])).toBe('abcd');
  const searches = Array.from({ length: 49 }, (_, i) => ({ type: 'search', keyword: `k${i}` }));
  const at = (n: number) => ({ userId: 'u1', at: new Date(Date.UTC(2026, 0, 1, 0, n)).toISOString() });
  const actions = [view('a'), view('d'), ...searches].map((action, n) => ({ ...action, ...at(n) }));
  await engine.record(actions);
  expect(await asked({ userId: 'u1' })).toBe('d');
  // More actions are read to leave seen shops out; nearViewed is about the same fifty.
  expect(await asked({ userId: 'u1', excludeSeen: true })).toBe('');
});
