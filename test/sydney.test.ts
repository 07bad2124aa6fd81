/** A real catalog: the restaurants of Sydney by cuisine, price and rating; a search, a view, another search. */
import { createReadStream, writeFileSync } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { parse } from 'csv-parse';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Random } from '../src/base/random.ts';
import { openEngine, type Engine, type Recommendation } from '../src/index.ts';
import { buildSnapshot } from '../src/snapshot/build-snapshot.ts';
import { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import { Workspace } from './built-town.ts';
import { cityFile, hasCity } from './shared-data.ts';

const TOWN_HALL = { lon: 151.2067, lat: -33.8732 };
const DIMENSIONS = 64;

interface Restaurant {
  readonly shop_id: string;
  readonly name: string;
  readonly cuisines: string;
  readonly type: string;
  readonly cost_for_two_aud: string;
  readonly rating: string;
  readonly votes: string;
  readonly lat: string;
  readonly lon: string;
  readonly subzone: string;
}

async function restaurants(): Promise<Restaurant[]> {
  const rows = createReadStream(cityFile('sydney', 'shops.csv.gz'))
    .pipe(createGunzip())
    .pipe(parse({ columns: true }));
  return (await rows.toArray()) as Restaurant[];
}

/** A few serve no cuisine the data names; what kind of place they are stands in for it. */
const cuisinesOf = ({ cuisines, type }: Restaurant): string[] =>
  cuisines === '' ? [`a place of type ${type}`] : cuisines.split('|');

/**
 * A vector per cuisine: a random direction of its own, turned towards the cuisines it is served with, so that Ramen is
 * near Japanese. Simple on purpose; an encoder that learns takes its place later.
 */
function cuisineVectors(shops: readonly Restaurant[]): Map<string, Float64Array> {
  const random = new Random(2018);
  const cuisines = [...new Set(shops.flatMap(cuisinesOf))].toSorted();
  const own = new Map(
    cuisines.map((cuisine) => [cuisine, Float64Array.from({ length: DIMENSIONS }, () => random.normal())]),
  );
  const turned = new Map(cuisines.map((cuisine) => [cuisine, own.get(cuisine)!.map((value) => value * 2)]));
  const counts = new Map<string, number>();
  for (const shop of shops)
    for (const cuisine of cuisinesOf(shop)) counts.set(cuisine, (counts.get(cuisine) ?? 0) + 1);
  for (const shop of shops) {
    for (const a of cuisinesOf(shop)) {
      for (const b of cuisinesOf(shop)) if (a !== b) add(turned.get(a)!, own.get(b)!, 1 / counts.get(a)!);
    }
  }
  return turned;
}

function add(target: Float64Array, values: Float64Array, weight: number): void {
  for (let i = 0; i < target.length; i++) target[i]! += weight * values[i]!;
}

function unit(values: Float64Array): number[] {
  const length = Math.hypot(...values);
  return Array.from(values, (value) => value / length);
}

describe.skipIf(!hasCity('sydney'))('Sydney (skipped without the city; see test/shared-data.ts)', () => {
  const workspace = new Workspace();
  let engine: Engine;
  let cuisinesById: Map<string, string[]>;
  beforeAll(async () => {
    const shops = await restaurants();
    cuisinesById = new Map(shops.map((shop) => [shop.shop_id, cuisinesOf(shop)]));
    const vectors = cuisineVectors(shops);
    const inputs = {
      shops: workspace.path('shops.ndjson'),
      shopVectors: workspace.path('vectors.ndjson'),
      keywordVectors: workspace.path('keywords.ndjson'),
    };
    const rows = shops.map(
      ({ shop_id, name, cuisines, type, cost_for_two_aud, rating, votes, lat, lon, subzone }) => ({
        shopId: shop_id,
        name,
        lon: Number(lon),
        lat: Number(lat),
        category: cuisines.split('|')[0],
        ...(cost_for_two_aud !== '' && { price: Number(cost_for_two_aud) }),
        ...(rating !== '' && { rating: Number(rating) }),
        popularity: Number(votes),
        cuisines: cuisines.split('|'),
        type,
        subzone,
      }),
    );
    const shopVectors = shops.map((shop) => {
      const sum = new Float64Array(DIMENSIONS);
      for (const cuisine of cuisinesOf(shop)) add(sum, vectors.get(cuisine)!, 1);
      return { shopId: shop.shop_id, vector: unit(sum) };
    });
    const keywords = [...vectors].map(([keyword, vector]) => ({ keyword, vector: unit(vector) }));
    const lines = (values: readonly object[]): string =>
      values.map((value) => JSON.stringify(value)).join('\n');
    writeFileSync(inputs.shops, lines(rows));
    writeFileSync(inputs.shopVectors, lines(shopVectors));
    writeFileSync(inputs.keywordVectors, lines(keywords));
    const store = SnapshotStore.open(workspace.path('store'), { create: true });
    await buildSnapshot({ ...inputs, version: 'sydney', metric: 'cosine' }, store);
    store.activate('sydney');
    engine = await openEngine({ store: store.directory, data: workspace.path('data'), threads: 0 });
  });
  afterAll(async () => {
    await engine.close();
    workspace.remove();
  });

  const cuisines = ({ shops }: Recommendation): string[][] =>
    shops.map(({ shopId }) => cuisinesById.get(shopId)!);

  test('every restaurant and cuisine is there', () => {
    const cuisines = new Set([...cuisinesById.values()].flat());
    expect(engine.snapshots()).toMatchObject([{ shopCount: 10_084, keywordCount: cuisines.size }]);
  });

  test('ramen, a look at a ramen shop, and pizza in the evening: each list is about what was just done', async () => {
    const userId = 'visitor';
    const ask = (at: string): Promise<Recommendation> =>
      engine.recommend({
        userId,
        location: TOWN_HALL,
        radiusMeters: 3_000,
        limit: 10,
        at,
      });

    await engine.record([{ userId, type: 'search', keyword: 'Ramen', at: '2026-11-22T12:00:00+11:00' }]);
    const afterRamen = await ask('2026-11-22T12:00:05+11:00');
    expect(cuisines(afterRamen).every((list) => list.includes('Ramen'))).toBe(true);

    const viewed = afterRamen.shops[1]!;
    await engine.record([{ userId, type: 'view', shopId: viewed.shopId, at: '2026-11-22T12:01:00+11:00' }]);
    const afterView = await ask('2026-11-22T12:01:05+11:00');
    expect(cuisines(afterView).every((list) => list.includes('Ramen'))).toBe(true);
    expect(afterView.shops[0]!.shopId).toBe(viewed.shopId);

    await engine.record([{ userId, type: 'search', keyword: 'Pizza', at: '2026-11-22T18:30:00+11:00' }]);
    const afterPizza = await ask('2026-11-22T18:30:05+11:00');
    expect(cuisines(afterPizza).every((list) => list.includes('Pizza'))).toBe(true);
  });

  test('a cuisine that is misspelt, or part of what was searched, counts as the cuisine', async () => {
    const takenAs = async (keyword: string): Promise<string | undefined> => {
      const actions = [{ type: 'search', keyword }];
      const { shops } = await engine.recommend({ actions, location: TOWN_HALL, limit: 1 });
      const reason = shops[0]!.reasons![0]!;
      return 'action' in reason ? (reason.action.takenAs ?? keyword) : undefined;
    };
    const meant = {
      'ramen noodles': 'ramen',
      vietnamse: 'vietnamese',
      'French bistro': 'french',
      'fish n chips': 'fish and chips',
      'best dumpling house': 'dumplings',
      'mediteranean grill': 'mediterranean',
      plumber: undefined,
      'car wash': undefined,
    };
    const found = await Promise.all(Object.keys(meant).map(takenAs));
    expect(Object.fromEntries(Object.keys(meant).map((text, i) => [text, found[i]]))).toEqual(meant);
  });

  test('price, rating and type are filters', async () => {
    const request = {
      actions: [{ type: 'search', keyword: 'Pizza' }],
      location: TOWN_HALL,
      radiusMeters: 5_000,
      limit: 50,
    };
    const { shops, candidateCount } = await engine.recommend({
      ...request,
      filter: { price: { max: 60 }, rating: { min: 3.8 }, type: 'Casual Dining' },
    });
    expect(shops.length).toBeGreaterThan(10);
    for (const shop of shops) {
      expect(shop.price).toBeLessThanOrEqual(60);
      expect(shop.rating).toBeGreaterThanOrEqual(3.8);
      expect(shop.attributes['type']).toBe('Casual Dining');
    }
    expect(candidateCount).toBeLessThan((await engine.recommend(request)).candidateCount);
  });
});
