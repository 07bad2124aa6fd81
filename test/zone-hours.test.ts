/** Hours of single zones: who is open for a location by any of its ways, and what it costs, against a plain full scan. */
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Random } from '../src/base/random.ts';
import { OpeningHours } from '../src/catalog/opening-hours.ts';
import { verifyZoneHours } from '../src/catalog/zone-hours.ts';
import type { Location } from '../src/domain/location.ts';
import { openEngine, type Engine } from '../src/engine/engine.ts';
import { chordSquared, chordSquaredOfMeters, writePosition } from '../src/geo/earth.ts';
import type { Recommendation, RecommendRequest } from '../src/index.ts';
import { buildSnapshot, type BuiltSnapshot } from '../src/snapshot/build-snapshot.ts';
import { readHeader } from '../src/snapshot/open-snapshot.ts';
import { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import { verifySnapshot } from '../src/snapshot/verify-snapshot.ts';
import { Workspace } from './built-town.ts';
import { rewritten } from './rewritten-snapshot.ts';
import { SlowClock, slowWeek } from './slow-hours.ts';
import { drawWorld, exactPolygon, geoJsonOf, holdsExactly, type DrawnShop } from './zone-oracle.ts';

type Openness = 'open' | 'closed' | 'unknown';
interface HourlyShop extends DrawnShop {
  readonly openingHours?: string;
  readonly timeZone: string;
  readonly status?: { readonly open: boolean; readonly untilMs: number };
}

const SEED = 20261123;
const SHOP_COUNT = 200;
/** Wide rows, so that a request about many actions is large enough to be divided. */
const DIMENSIONS = 8_192;
const NOW = Date.parse('2026-11-23T03:00:00Z');
const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;
const TEXTS = [
  'Mo-Su 00:00-24:00',
  'Mo-Sa 09:00-18:00',
  'Mo-Su 17:00-03:00',
  'Tu-Sa 06:00-11:00,12:00-22:00',
];
const UNREADABLE = 'sunrise-sunset';
const CLOCKS = { 'Asia/Seoul': new SlowClock('Asia/Seoul'), 'Europe/Berlin': new SlowClock('Europe/Berlin') };

const workspace = new Workspace();
const random = new Random(SEED);
/** Half of the shops have no zone with hours of its own, as most do. */
const world = drawWorld(
  Array.from({ length: 100 }, (_, seed) => seed).find((seed) => drawWorld(seed, 1, 1).kind === 'town')!,
  SHOP_COUNT,
  80,
);
const shops = world.shops.map((shop, i): HourlyShop => {
  const untilMs = random.pick([Infinity, NOW + 600 * MINUTE_MS, NOW + 4 * DAY_MINUTES * MINUTE_MS]);
  const status = { open: random.unit() < 0.5, untilMs };
  return {
    ...shop,
    zones: shop.zones.map((zone) => ({ ...zone, ...(i % 2 === 0 && hoursOrNot()) })),
    ...hoursOrNot(),
    timeZone: random.pick(Object.keys(CLOCKS)),
    ...(random.unit() < 0.2 && { status }),
  };
});
const engines: Engine[] = [];
let built: BuiltSnapshot;

function hoursOrNot(): { readonly openingHours?: string } {
  const draw = random.unit();
  return draw < 0.3 ? {} : { openingHours: draw < 0.4 ? UNREADABLE : random.pick(TEXTS) };
}

beforeAll(async () => {
  const store = SnapshotStore.open(workspace.path('store'), { create: true });
  const rows = shops.map(({ lon, lat, openingHours, timeZone, radiusMeters, zones }, row) => ({
    shopId: `s${row}`,
    lon,
    lat,
    openingHours,
    timeZone,
    deliveryRadiusMeters: radiusMeters,
    zone: zones.length === 0 ? undefined : geoJsonOf(random, zones),
  }));
  const input = { shops: workspace.path('shops.ndjson'), shopVectors: workspace.path('vectors.f32') };
  writeFileSync(input.shops, rows.map((row) => JSON.stringify(row)).join('\n'));
  writeFileSync(
    input.shopVectors,
    Float32Array.from({ length: SHOP_COUNT * DIMENSIONS }, () => random.unit()),
  );
  built = await buildSnapshot({ ...input, version: 'v1', metric: 'cosine' }, store);
  store.activate('v1');
  for (const threads of [0, 2]) {
    const options = { store: store.directory, data: workspace.path(`data-${threads}`), threads };
    const engine = await openEngine({ ...options, storePollMs: 0 }, { nowMs: () => NOW });
    await engine.setStatuses(
      shops.flatMap(({ status }, row) => {
        if (status === undefined) return [];
        const { open, untilMs } = status;
        return { shopId: `s${row}`, open, ...(untilMs < Infinity && { until: isoOf(untilMs) }) };
      }),
    );
    engines.push(engine);
  }
});
afterAll(async () => {
  await Promise.all(engines.map((engine) => engine.close()));
  workspace.remove();
});

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}

/** What one way in which a shop reaches a location is. */
function opennessOf(shop: HourlyShop, text: string | undefined, atMs: number, openFor: number): Openness {
  const { timeZone, status } = shop;
  const isHeld = status !== undefined && atMs < status.untilMs;
  if (isHeld && !status.open) return 'closed';
  const fromMs = isHeld ? status.untilMs : atMs;
  const untilMs = atMs + openFor * MINUTE_MS;
  if (isHeld && fromMs >= untilMs) return 'open';
  if (text === undefined || text === UNREADABLE) return 'unknown';
  const clock = CLOCKS[timeZone as keyof typeof CLOCKS];
  return clock.isOpenThroughout(slowWeek(text), fromMs, (untilMs - fromMs) / MINUTE_MS) ? 'open' : 'closed';
}

function reaches(shop: HourlyShop, location: Location): boolean {
  if (shop.radiusMeters === undefined) return shop.zones.length === 0;
  const positions = new Float64Array(6);
  writePosition(shop.lon, shop.lat, positions, 0);
  writePosition(location.lon, location.lat, positions, 3);
  return chordSquared(positions, 0, positions, 3) <= chordSquaredOfMeters(shop.radiusMeters);
}

type Asked = RecommendRequest & { readonly at: string; readonly openFor: number };

/** Every shop that is to be found, as `shopId hours fee`. */
function expected({ location, at, openFor, openOnly = true }: Asked): string[] {
  const passes = { true: ['open', 'unknown'], known: ['open'], false: ['open', 'unknown', 'closed'] };
  const counts = (openness: Openness) => passes[`${openOnly}`].includes(openness);
  return shops.flatMap((shop, row) => {
    const held = shop.zones.filter(({ polygons }) =>
      polygons.some((drawn) => holdsExactly(exactPolygon(drawn), location)),
    );
    const openness = (text: string | undefined) => opennessOf(shop, text, Date.parse(at), openFor);
    const zones = held.map(({ openingHours = shop.openingHours, deliveryFee }) => {
      return { deliveryFee, openness: openness(openingHours) };
    });
    const ways = zones.map((zone) => zone.openness);
    if (reaches(shop, location)) ways.push(openness(shop.openingHours));
    if (ways.length === 0) return [];
    const hours = (['open', 'unknown', 'closed'] as const).find((one) => ways.includes(one))!;
    if (!counts(hours)) return [];
    const fees = zones.flatMap((zone) => (counts(zone.openness) ? (zone.deliveryFee ?? []) : []));
    return [`s${row} ${hours} ${fees.length === 0 ? undefined : Math.min(...fees)}`];
  });
}

function found({ shops: answered, candidateCount }: Recommendation): string[] {
  expect(answered.length).toBe(candidateCount);
  return answered.map(({ shopId, hours, deliveryFee }) => `${shopId} ${hours} ${deliveryFee}`).toSorted();
}

function drawRequest(location: Location): Asked {
  return {
    location,
    at: isoOf(NOW + random.below(8 * DAY_MINUTES) * MINUTE_MS),
    openFor: random.unit() < 0.3 ? 0 : random.below(120),
    openOnly: random.pick([true, 'known', false] as const),
    limit: 1_000,
    explain: false,
  };
}

test('the build says how many zones have hours of their own, and of how many they cannot be read', () => {
  const zones = shops.flatMap((shop) => shop.zones);
  expect(built).toMatchObject({
    zoneCount: zones.length,
    hours: {
      zoneStatedCount: zones.filter(({ openingHours }) => openingHours !== undefined).length,
      zoneUnreadableCount: zones.filter(({ openingHours }) => openingHours === UNREADABLE).length,
    },
  });
});

test('a shop is open for a location if any of its ways there is, and the fee is of the zones that count', async () => {
  const kinds = new Set<string>();
  for (const location of world.locations) {
    const request = drawRequest(location);
    const shopsFound = expected(request).toSorted();
    expect(found(await engines[0]!.recommend(request)), JSON.stringify(request)).toEqual(shopsFound);
    for (const shop of shopsFound) kinds.add(`${request.openOnly} ${shop.replace(/^s\d+ /, '')}`);
  }
  expect(kinds.size, 'openOnly, hours and fees of all kinds').toBeGreaterThan(20);
});

test('threads that answer requests or divide them say the same', { timeout: 60_000 }, async () => {
  const engine = engines[1]!;
  const small = world.locations.map((location) => drawRequest(location));
  const answers = await Promise.all(small.map((request) => engine.recommendJson(request)));
  answers.forEach((json, i) => {
    const text = typeof json === 'string' ? json : new TextDecoder().decode(json);
    expect(found(JSON.parse(text) as Recommendation)).toEqual(expected(small[i]!).toSorted());
  });
  const actions = Array.from({ length: 50 }, (_, i) => ({ type: 'view', shopId: `s${i}` }));
  const large = small.slice(0, 20).map((request) => ({ ...request, actions, openOnly: false as const }));
  const inWorkers = engine.stats().requestsInWorkers;
  expect(inWorkers).toBeGreaterThan(0);
  const divided = await Promise.all(large.map((request) => engine.recommend(request)));
  divided.forEach((answer, i) => expect(found(answer)).toEqual(expected(large[i]!).toSorted()));
  expect(engine.stats().requestsInWorkers).toBeGreaterThan(inWorkers);
});

test('a section that does not hold is refused', () => {
  const path = SnapshotStore.open(workspace.path('store')).pathOf('v1');
  const { sizeBytes } = readHeader(path).sections.zoneHours!;
  const zoneCount = sizeBytes / 4;
  const with_ = (zones: number, value: number) =>
    rewritten(path, workspace.path(`zones-${zones}-${value}`), {
      zoneHours: new Uint8Array(new Uint32Array(zones).fill(value).buffer),
    });
  verifySnapshot(with_(zoneCount, 1));
  expect(() => verifySnapshot(with_(zoneCount, 9_999))).toThrow('section zoneHours: zone 0 has 9999');
  for (const wrong of [0, zoneCount - 1, zoneCount + 1])
    expect(() => verifySnapshot(with_(wrong, 0))).toThrow(
      `section zoneHours: has ${wrong * 4} bytes, expected 4 for each of ${zoneCount} zones`,
    );
  const hours = OpeningHours.unknown(1);
  expect(() => verifyZoneHours(Uint32Array.of(1, 2), hours)).toThrow('zone 1 has 2, expected 0..1');
});
