/** Why a shop stands where it does, or what keeps it out: every word held against plain checks of the same shop. */
import { writeFileSync } from 'node:fs';
import geodesic from 'geographiclib-geodesic';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Random } from '../src/base/random.ts';
import type { Location } from '../src/domain/location.ts';
import type { Shop } from '../src/domain/shop.ts';
import { kdOrder } from '../src/geo/kd-order.ts';
import { openEngine, type Engine, type Explanation, type RecommendRequest } from '../src/index.ts';
import { buildSnapshot } from '../src/snapshot/build-snapshot.ts';
import { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import { TOWN_CENTER, type Town } from '../src/synthetic/town.ts';
import { buildTown, Workspace } from './built-town.ts';
import { SlowClock, slowWeek } from './slow-hours.ts';

const TIME_ZONE = 'Asia/Seoul';
const CLOCK = new SlowClock(TIME_ZONE);
const MINUTE_MS = 60_000;

const workspace = new Workspace();
let town: Town;
let engine: Engine;
let threaded: Engine;
beforeAll(async () => {
  const options = { seed: 6, shopCount: 900, dimensions: 16 };
  const built = await buildTown(workspace, 'v1', options, 'cosine', TIME_ZONE);
  town = built.town;
  const open = (name: string, threads: number) =>
    openEngine({ store: built.store.directory, data: workspace.path(name), threads });
  [engine, threaded] = [await open('data', 0), await open('data-threads', 2)];
});
afterAll(async () => {
  await Promise.all([engine.close(), threaded.close()]);
  workspace.remove();
});

function metersBetween(from: Location, to: Location): number {
  return geodesic.Geodesic.WGS84.Inverse(from.lat, from.lon, to.lat, to.lon).s12!;
}

type Asked = RecommendRequest & { readonly at: string; readonly limit: number; readonly openFor: number };

function randomRequest(seed: number): Asked {
  const random = new Random(seed);
  const shopIds = Array.from({ length: 4 }, () => town.shop(random.below(town.shopCount)).shopId);
  return {
    location: { lon: TOWN_CENTER.lon + random.between(-0.03, 0.03), lat: TOWN_CENTER.lat },
    radiusMeters: random.pick([600, 2_000, 8_000]),
    limit: random.pick([1, 10, 200]),
    openFor: random.pick([0, 90]),
    at: new Date(Date.parse('2026-11-22T00:00:00Z') + random.below(7 * 24 * 60) * MINUTE_MS).toISOString(),
    actions: [
      { type: 'view', shopId: shopIds[0]! },
      { type: 'order', shopId: shopIds[1]! },
    ],
    excludeShopIds: shopIds.slice(2),
    excludeSeen: { types: ['order'] },
    filter: { price: { max: 20_000 }, and: [{ rating: { min: 3.5 } }, { spicy: false }] },
  };
}

/** The codes of all that keeps a shop from being a candidate, found one by one. */
function plainObstacles(request: Asked, shop: Shop): string[] {
  const meters = metersBetween(request.location, shop);
  const isSeen = request.actions![1]!.shopId === shop.shopId;
  const isOpen = CLOCK.isOpenThroughout(
    slowWeek(shop.openingHours!),
    Date.parse(request.at),
    request.openFor,
  );
  return [
    ...(meters > (shop.deliveryRadiusMeters ?? Infinity) ? ['outside_zone'] : []),
    ...(meters > request.radiusMeters! ? ['outside_radius'] : []),
    ...(shop.price! > 20_000 ? ['filtered filter.price'] : []),
    ...(shop.rating! < 3.5 ? ['filtered filter.and[0].rating'] : []),
    ...(shop.attributes['spicy'] === true ? ['filtered filter.and[1].spicy'] : []),
    ...(isOpen ? [] : ['closed']),
    ...(isSeen ? ['excluded'] : []),
    ...(request.excludeShopIds!.includes(shop.shopId) ? ['excluded'] : []),
  ];
}

const codesOf = ({ obstacles }: Explanation): string[] =>
  obstacles.map(({ code, field }) => (code === 'filtered' ? `${code} ${field}` : code));

test('a shop that is no candidate is kept out by exactly what a plain look at it finds', async () => {
  let explainedCount = 0;
  for (let seed = 1; seed <= 20; seed++) {
    const random = new Random(seed);
    const request = randomRequest(seed);
    for (let i = 0; i < 25; i++) {
      const shop = town.shop(random.below(town.shopCount));
      const expected = plainObstacles(request, shop);
      const found = await engine.explain({ request, shopId: shop.shopId });
      expect(found.distanceMeters).toBeCloseTo(metersBetween(request.location, shop), 0);
      const wanted = expected.length === 0 ? found.rank !== null : codesOf(found);
      expect(wanted, `seed ${seed} ${shop.shopId} ${found.text}`).toEqual(
        expected.length === 0 ? true : expected,
      );
      if (expected.length > 0) explainedCount++;
    }
  }
  expect(explainedCount).toBeGreaterThan(100);
});

test('how far, and until when, is told as the map and the clock on the wall have it', async () => {
  const explained: { request: Asked; shop: Shop; obstacle: Explanation['obstacles'][number] }[] = [];
  for (let seed = 1; seed <= 40; seed++) {
    const request = { ...randomRequest(seed), openFor: 0 };
    const shop = town.shop(new Random(seed).below(town.shopCount));
    const { obstacles } = await engine.explain({ request, shopId: shop.shopId });
    explained.push(...obstacles.map((obstacle) => ({ request, shop, obstacle })));
  }
  const outside = explained.filter(({ obstacle }) => obstacle.code === 'outside_zone');
  const closed = explained.filter(({ obstacle }) => obstacle.code === 'closed');
  expect(Math.min(outside.length, closed.length)).toBeGreaterThan(5);
  for (const { request, shop, obstacle } of outside) {
    const beyond = metersBetween(request.location, shop) - shop.deliveryRadiusMeters!;
    expect(Math.abs(obstacle.meters! - beyond)).toBeLessThan(1);
    expect(obstacle.text).toBe(`outside zone by ${Math.round(obstacle.meters!)} m`);
  }
  for (const { request, shop, obstacle } of closed) {
    const untilMs = Date.parse(obstacle.until!);
    const week = slowWeek(shop.openingHours!);
    expect(CLOCK.isOpen(week, untilMs)).toBe(true);
    for (let atMs = Date.parse(request.at); atMs < untilMs; atMs += MINUTE_MS) {
      if (CLOCK.isOpen(week, atMs))
        throw new Error(`${shop.openingHours} is open at ${new Date(atMs).toISOString()}`);
    }
    const wall = new Intl.DateTimeFormat('en-GB', {
      timeZone: TIME_ZONE,
      hour: '2-digit',
      minute: '2-digit',
    });
    expect(obstacle.text).toMatch(new RegExp(`^closed until .*${wall.format(untilMs)}$`));
  }
});

test('an area of the caller, hours that end too soon, a radius widened', async () => {
  const within = { location: { lon: TOWN_CENTER.lon + 0.01, lat: TOWN_CENTER.lat }, radiusMeters: 700 };
  const near = { location: TOWN_CENTER, openOnly: false, within };
  let outsideCount = 0;
  for (let i = 0; i < 60; i++) {
    const shop = town.shop(i);
    const isOutside = metersBetween(within.location, shop) > within.radiusMeters;
    const { obstacles } = await engine.explain({ request: near, shopId: shop.shopId });
    expect(obstacles.some(({ code, field }) => code === 'outside_within' && field === 'within')).toBe(
      isOutside,
    );
    if (isOutside) outsideCount++;
  }
  expect(outsideCount).toBeGreaterThan(10);
  expect(outsideCount).toBeLessThan(60);

  const at = '2026-11-25T12:00:00Z';
  let closingCount = 0;
  for (let i = 0; i < 120; i++) {
    const shop = town.shop(i);
    const week = slowWeek(shop.openingHours!);
    const closes = [...Array(180).keys()].find(
      (minutes) => !CLOCK.isOpen(week, Date.parse(at) + minutes * MINUTE_MS),
    );
    const request = { location: TOWN_CENTER, at, openFor: 180 };
    const { obstacles } = await engine.explain({ request, shopId: shop.shopId });
    const soon = obstacles.find(({ field }) => field === 'openFor');
    expect(soon !== undefined, shop.openingHours).toBe(closes !== undefined && closes > 0);
    if (soon === undefined) continue;
    closingCount++;
    const wall = new Intl.DateTimeFormat('en-GB', {
      timeZone: TIME_ZONE,
      hour: '2-digit',
      minute: '2-digit',
    });
    const closesAt = wall.format(Date.parse(at) + closes! * MINUTE_MS);
    expect(soon.text).toMatch(new RegExp(`^closes at .*${closesAt}, not open for 180 minutes$`));
  }
  expect(closingCount).toBeGreaterThan(0);

  const fallback = {
    steps: ['popular' as const, 'wider' as const],
    shopCountMin: 1_000,
    radiusMetersMax: 400,
  };
  const widened = { location: TOWN_CENTER, openOnly: false, radiusMeters: 100, limit: 1_000, fallback };
  for (let i = 0; i < 200; i++) {
    const shop = town.shop(i);
    const beyond = metersBetween(TOWN_CENTER, shop) - 400;
    const { obstacles } = await engine.explain({ request: widened, shopId: shop.shopId });
    const outside = obstacles.find(({ code }) => code === 'outside_radius');
    expect(outside !== undefined).toBe(beyond > 0);
    expect(Math.abs((outside?.meters ?? 0) - Math.max(0, beyond))).toBeLessThan(1);
  }
});

test('a radius that ends a little before a shop or behind it is told as the answer has it', async () => {
  let [insideCount, outsideCount] = [0, 0];
  for (let i = 0; i < 40; i++) {
    const { shopId } = town.shop(i);
    const near = { location: TOWN_CENTER, openOnly: false };
    const { distanceMeters } = await engine.explain({ request: near, shopId });
    for (const step of [-4, -2, -1, 0, 1, 2, 4]) {
      const request = { ...near, radiusMeters: distanceMeters + step / 100 };
      const { obstacles, rank, text } = await engine.explain({ request, shopId });
      const isOutside = obstacles.some(({ code }) => code === 'outside_radius');
      const isKeptOut = isOutside || obstacles.some(({ code }) => code === 'outside_zone');
      expect(rank === null, `${shopId} ${step} ${text}`).toBe(isKeptOut);
      expect(text).not.toBe('');
      if (isOutside) outsideCount++;
      else insideCount++;
    }
  }
  expect(Math.min(insideCount, outsideCount)).toBeGreaterThan(40);
});

test('a shop that was seen and is named is told both', async () => {
  const request = {
    location: TOWN_CENTER,
    openOnly: false,
    actions: [{ type: 'view', shopId: 's3' }],
    excludeSeen: true,
    excludeShopIds: ['s3'],
  };
  const { obstacles } = await engine.explain({ request, shopId: 's3' });
  const fields = obstacles.filter(({ code }) => code === 'excluded').map(({ field }) => field);
  expect(fields).toEqual(['excludeSeen', 'excludeShopIds']);
});

test('a live status says until when', async () => {
  const request = { location: TOWN_CENTER, openOnly: true };
  const shopId = 's42';
  await engine.setStatus({ shopId, open: false });
  expect((await engine.explain({ request, shopId })).text).toMatch(/(^|; )closed(;|$)/);
  const until = '2100-01-01T03:00:00.000Z'; // noon in Seoul, when it is open on any day
  await engine.setStatus({ shopId, open: false, until });
  const { obstacles } = await engine.explain({ request, shopId });
  expect(obstacles).toContainEqual({ code: 'closed', until, text: 'closed until 2100-01-01 12:00' });
  await engine.clearStatus(shopId);
});

test('a candidate stands where the whole answer has it, with the same reasons, in every thread', async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const request = { ...randomRequest(seed), fusion: { signals: { proximity: 0.5 } }, openOnly: false };
    const whole = await engine.recommend({ ...request, limit: 1_000 });
    for (const [i, shop] of whole.shops.entries()) {
      if (i > 12 && i % 17 !== 0) continue;
      const found = await engine.explain({ request, shopId: shop.shopId });
      const isIn = i < request.limit;
      expect(found, `seed ${seed}`).toMatchObject({
        place: isIn ? i + 1 : null,
        rank: i + 1,
        score: shop.score,
        reasons: shop.reasons,
        obstacles: isIn ? [] : [{ code: 'beyond_limit' }],
        candidateCount: whole.candidateCount,
      });
      expect(found.text).toMatch(new RegExp(`rank ${i + 1}, because .+`));
      expect(await threaded.explain({ request, shopId: shop.shopId })).toEqual(found);
    }
  }
});

describe('candidates that variety, promotion and pages keep out', () => {
  const base = {
    location: TOWN_CENTER,
    actions: [{ type: 'view', shopId: 's3' }],
    openOnly: false,
    limit: 5,
  };

  test('a full category, marginal relevance, a promoted one in the place', async () => {
    const plain = await engine.recommend({ ...base, limit: 60 });
    const capped = { ...base, limit: 30, diversity: { maxPer: { category: 1 } } };
    const kept = new Set((await engine.recommend(capped)).shops.map(({ shopId }) => shopId));
    const passedOver = plain.shops.find(({ shopId }) => !kept.has(shopId))!;
    expect((await engine.explain({ request: capped, shopId: passedOver.shopId })).obstacles).toEqual([
      {
        code: 'passed_over',
        field: 'diversity.maxPer.category',
        text: 'passed over: category has its shops',
      },
    ]);
    const promotion = { filter: { spicy: true }, share: 0.4 };
    const promoted = (await engine.recommend({ ...base, promotion })).shops.find((shop) => shop.promoted)!;
    const explained = await engine.explain({ request: { ...base, promotion }, shopId: promoted.shopId });
    expect(explained).toMatchObject({ promoted: true, obstacles: [] });
    expect(explained.text).toMatch(/^place \d, promoted; rank \d+, because /);
    const varied = { ...base, diversity: { mmr: { lambda: 0.1 } } };
    const chosen = new Set((await engine.recommend(varied)).shops.map(({ shopId }) => shopId));
    const alike = plain.shops.slice(0, 5).find(({ shopId }) => !chosen.has(shopId))!;
    const [obstacle] = (await engine.explain({ request: varied, shopId: alike.shopId })).obstacles;
    expect(obstacle).toMatchObject({ code: 'passed_over', field: 'diversity.mmr' });
  });

  test('a full category also where the answer has places left', async () => {
    const request = { ...base, limit: 200, diversity: { maxPer: { category: 1 } } };
    const kept = (await engine.recommend(request)).shops.map(({ shopId }) => shopId);
    expect(kept.length).toBeLessThan(request.limit);
    const { shops } = await engine.recommend({ ...base, limit: 1_000 });
    for (const { shopId } of shops.filter((shop) => !kept.includes(shop.shopId)).slice(-20)) {
      const { obstacles } = await engine.explain({ request, shopId });
      expect(obstacles).toMatchObject([{ code: 'passed_over', field: 'diversity.maxPer.category' }]);
    }
  });

  test('what a page before showed, what is too unlike', async () => {
    const { answerId, shops } = await engine.recommend(base);
    const request = { ...base, after: answerId };
    const [shown] = shops;
    const explained = await engine.explain({ request, shopId: shown!.shopId });
    expect(explained).toMatchObject({
      place: null,
      rank: null,
      score: null,
      obstacles: [{ code: 'shown_before' }],
    });
    const strict = { ...base, fusion: { minSimilarity: 0.95 }, limit: 50 };
    const last = (await engine.recommend({ ...base, limit: 1_000 })).shops.at(-1)!;
    expect(await engine.explain({ request: strict, shopId: last.shopId })).toMatchObject({
      basis: 'actions',
      rank: null,
      obstacles: [{ code: 'unlike', field: 'fusion.minSimilarity' }],
    });
  });

  test('unknown shops and bad requests are refused with their place', async () => {
    await expect(engine.explain({ request: base, shopId: 'nowhere' })).rejects.toMatchObject({
      code: 'shop_unknown',
    });
    const bad = { request: { ...base, limit: 0 }, shopId: 's1' };
    await expect(engine.explain(bad)).rejects.toThrow(/^request.limit must be a whole number 1..1000, got 0/);
    const unfit: [object, string, string][] = [
      [{ fusion: { signals: { nope: 1 } } }, 'request.fusion.signals', 'out_of_bounds'],
      [{ filter: { nope: 1 } }, 'request.filter.nope', 'out_of_bounds'],
      [{ vectors: [{ vector: [1] }] }, 'request.vectors[0].vector', 'out_of_bounds'],
      [{ diversity: { maxPer: { price: 1 } } }, 'request.diversity.maxPer', 'out_of_bounds'],
      [{ promotion: { filter: { nope: 1 }, share: 0.5 } }, 'request.promotion.filter.nope', 'out_of_bounds'],
      [{ after: 'made-up' }, 'request.after', 'malformed'],
    ];
    for (const [change, field, kind] of unfit) {
      const refused = engine.explain({ request: { ...base, ...change }, shopId: 's1' });
      await expect(refused).rejects.toMatchObject({ name: 'RequestError', field, kind });
      await expect(refused).rejects.toThrow(`${field} `);
    }
  });
});

describe('shops all alike', () => {
  const places = Array.from({ length: 12 }, (_, i) => ({
    lon: TOWN_CENTER.lon + i / 10_000,
    lat: TOWN_CENTER.lat,
  }));
  const order = kdOrder(
    Float64Array.from(places, ({ lon }) => lon),
    Float64Array.from(places, ({ lat }) => lat),
  );
  let few: Engine;
  beforeAll(async () => {
    const [west, east] = [TOWN_CENTER.lon - 0.1, TOWN_CENTER.lon + 0.1];
    const [south, north] = [TOWN_CENTER.lat - 0.1, TOWN_CENTER.lat + 0.1];
    const ring = [
      [west, south],
      [east, south],
      [east, north],
      [west, north],
      [west, south],
    ];
    const zone = {
      type: 'Feature',
      properties: { openingHours: 'Mo-Su 09:00-18:00' },
      geometry: { type: 'Polygon', coordinates: [ring] },
    };
    const shops = Array.from(order, (row, ordinal) => ({
      shopId: `s${ordinal}`,
      ...places[row]!,
      category: ordinal === 5 ? 'b' : 'a',
      ...(ordinal === 7 && { zone }),
    }));
    const inputs = { shops: workspace.path('few.ndjson'), shopVectors: workspace.path('few.f32') };
    writeFileSync(inputs.shops, shops.map((shop) => JSON.stringify(shop)).join('\n'));
    writeFileSync(inputs.shopVectors, new Float32Array(shops.length * 4).fill(1));
    const store = SnapshotStore.open(workspace.path('few'), { create: true });
    await buildSnapshot({ ...inputs, version: 'few', metric: 'cosine', timeZone: TIME_ZONE }, store);
    store.activate('few');
    few = await openEngine({ store: store.directory, data: workspace.path('data-few'), threads: 0 });
  });
  afterAll(() => few.close());

  test('among equal scores those in front of a shop of the answer were passed over', async () => {
    const request: RecommendRequest = {
      location: TOWN_CENTER,
      openOnly: false,
      actions: [{ type: 'view', shopId: 's0' }],
      fusion: { method: 'weighted' },
      limit: 2,
      diversity: { maxPer: { category: 1 } },
    };
    const codes: (string | undefined)[] = [];
    for (let ordinal = 0; ordinal < places.length; ordinal++)
      codes.push((await few.explain({ request, shopId: `s${ordinal}` })).obstacles[0]?.code);
    const [passedOver, beyond] = ['passed_over', 'beyond_limit'];
    expect(codes).toEqual([undefined, ...Array(4).fill(passedOver), undefined, ...Array(6).fill(beyond)]);
  });

  test('the end of a status is told by the clock of a zone that has hours, else in UTC', async () => {
    const until = '2100-01-01T03:00:00.000Z'; // noon in Seoul
    await few.setStatuses(['s2', 's7'].map((shopId) => ({ shopId, open: false, until })));
    const textOf = async (shopId: string) =>
      (await few.explain({ request: { location: TOWN_CENTER }, shopId })).text;
    expect(await textOf('s2')).toBe('closed until 2100-01-01 03:00 UTC');
    expect(await textOf('s7')).toBe('closed until 2100-01-01 12:00');
  });
});
