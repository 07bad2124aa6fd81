/** Whole answers against a full scan in float64, compared with ===; mapped and copied, here and in workers. */
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Random } from '../src/base/random.ts';
import { normalizeKeyword } from '../src/encoder/normalize-keyword.ts';
import { decays } from '../src/recommender/action-weights.ts';
import type { Location } from '../src/domain/location.ts';
import type { Shop } from '../src/domain/shop.ts';
import { chordSquared, writePosition } from '../src/geo/earth.ts';
import { openEngine, type Engine, type Recommendation, type RecommendRequest } from '../src/index.ts';
import type { Metric } from '../src/kernel/kernel.ts';
import { ln } from '../src/kernel/ln.ts';
import { buildSnapshot } from '../src/snapshot/build-snapshot.ts';
import { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import { TOWN_CENTER, type Town } from '../src/synthetic/town.ts';
import { SlowClock, slowWeek } from './slow-hours.ts';
import { buildTown, FullScan, Workspace, type ScanRequest, type ScanSignal } from './built-town.ts';

const AT = '2026-11-22T12:00:00Z';
const TIME_ZONE = 'Asia/Seoul';
const CLOCK = new SlowClock(TIME_ZONE);
const METRICS: readonly Metric[] = ['cosine', 'innerProduct', 'l2'];

interface Case {
  readonly request: RecommendRequest;
  readonly scan: ScanRequest;
}

/** A request of the town's people and, beside it, what the scan needs to answer the same. */
function randomCase(seed: number, town: Town, scan: FullScan, metric: Metric): Case {
  const random = new Random(seed);
  const location = {
    lon: TOWN_CENTER.lon + random.between(-0.02, 0.02),
    lat: TOWN_CENTER.lat + random.between(-0.02, 0.02),
  };
  const halfLifeMinutes = random.pick([1, 60, 10_000]);
  const limit = random.pick([1, 20, 300]);
  const method = random.pick(['rrf', 'weighted', 'max', 'mean', 'linear'] as const);
  const typeWeights = random.pick<Record<string, number>>([
    {},
    { view: 2, order: 0.5 },
    { dismiss: -3, view: 0 },
  ]);
  const minSimilarity = random.unit() < 0.3 ? random.pick(LEAST[metric]) : undefined;
  const signals = method === 'max' || method === 'mean' ? [] : randomSignals(random, location);
  const fusion = {
    method,
    k: random.pick([0, 60, 1_000]),
    halfLifeMinutes,
    depth: random.pick([limit, limit + 10, 5_000]),
    typeWeights,
    signals: Object.fromEntries(signals.map(({ name, weight }) => [name, weight])),
    ...(minSimilarity !== undefined && { minSimilarity }),
  };
  const ages = Array.from({ length: random.below(6) }, () => random.below(100_000)).toSorted((a, b) => a - b);
  const drawn = ages.map((ageSeconds) => {
    const about =
      random.unit() < 0.5
        ? { keyword: random.pick(town.keywords).keyword }
        : { shopId: town.shop(random.below(town.shopCount)).shopId };
    return {
      about,
      ageSeconds,
      type: random.pick(['view', 'order', 'dismiss']),
      weight: random.pick([1, 1, 0.25, -1]),
    };
  });
  const actions = drawn.map(({ about, ageSeconds, type, weight }) => ({
    type,
    ...about,
    weight,
    at: new Date(Date.parse(AT) - ageSeconds * 1000).toISOString(),
  }));
  const vectors = Array.from({ length: random.pick([0, 0, 2]) }, () => ({
    vector: Array.from({ length: town.dimensions }, () => random.normal()),
    weight: random.pick([1, -0.5, 3]),
  }));
  const baseWeight = (type: string): number => typeWeights[type] ?? (type === 'dismiss' ? -0.5 : 1);
  const counting = drawn.filter(({ type }) => baseWeight(type) !== 0);
  const newestSeconds = vectors.length > 0 ? 0 : (counting[0]?.ageSeconds ?? 0);
  const queries = [
    ...counting.map(({ about, ageSeconds, type, weight }) => ({
      vector: about.keyword === undefined ? scan.vectorOf(about.shopId) : keywordVector(town, about.keyword),
      weight: weight * baseWeight(type) * weightOf(ageSeconds, newestSeconds, halfLifeMinutes),
    })),
    ...vectors.map(({ vector, weight }) => ({ vector: Float32Array.from(vector), weight })),
  ];
  const radiusMeters = random.unit() < 0.5 ? random.between(100, 4_000) : undefined;
  const liked = counting.filter(({ type, weight }) => weight * baseWeight(type) > 0);
  const viewed = new Set(liked.flatMap(({ about }) => about.shopId ?? []));
  const { filter, passes } = randomFilter(random, town, viewed);
  const openFor = random.pick([0, 40, 300]);
  const openOnly = random.pick([true, false, 'known'] as const);
  const excludeSeen = random.pick([false, false, true, { types: ['order'] }, { maxAgeMinutes: 300 }]);
  const excludeShopIds =
    random.unit() < 0.3
      ? Array.from({ length: 20 }, () => town.shop(random.below(town.shopCount)).shopId)
      : [];
  const excluded = new Set([
    ...excludeShopIds,
    ...drawn.flatMap(({ about, type, ageSeconds }) =>
      isSeen(excludeSeen, type, ageSeconds) ? (about.shopId ?? []) : [],
    ),
  ]);
  const spread = radiusMeters === undefined ? {} : { radiusMeters };
  return {
    request: {
      actions: new Random(seed).shuffle(actions),
      vectors,
      location,
      ...spread,
      limit,
      fusion,
      excludeSeen,
      excludeShopIds,
      openFor,
      openOnly,
      at: AT,
      ...(filter !== undefined && { filter }),
    },
    scan: {
      location,
      ...spread,
      limit,
      queries,
      signals,
      metric,
      method,
      k: fusion.k,
      depth: fusion.depth,
      ...(minSimilarity !== undefined && { minSimilarity }),
      passes: (shop) =>
        !excluded.has(shop.shopId) &&
        passes(shop) &&
        (openOnly === false || isOpen(shop.openingHours!, openFor)),
    },
  };
}

/** Similarities that some candidates reach and others do not. */
const LEAST: Readonly<Record<Metric, readonly number[]>> = {
  cosine: [-1, 0, 0.3, 0.99],
  innerProduct: [0, 0.5, 100],
  l2: [-0.5, -1.5, -1e9],
};

function isSeen(excludeSeen: RecommendRequest['excludeSeen'], type: string, ageSeconds: number): boolean {
  if (typeof excludeSeen !== 'object') return excludeSeen === true;
  const { types, maxAgeMinutes = Infinity } = excludeSeen;
  return (types === undefined || types.includes(type)) && ageSeconds <= maxAgeMinutes * 60;
}

/** Some signals that a request may name, with what they mean. */
function randomSignals(random: Random, location: Location): ScanSignal[] {
  const all: readonly Omit<ScanSignal, 'weight'>[] = [
    { name: 'popularity', strengthOf: ({ popularity = 0 }) => Math.fround(Math.log(1 + 2 * popularity)) },
    {
      name: 'proximity',
      strengthOf: ({ lon, lat }) =>
        -0.5 * ln(1 + (1 / 500 ** 2) * chordSquaredBetween(location, { lon, lat })), // test/signal-kernel tells it from Math.log
    },
    { name: 'rating', strengthOf: ({ rating = Number.NaN }) => rating },
    { name: 'price', strengthOf: ({ price = Number.NaN }) => price },
  ];
  const chosen = random.shuffle([...all]).slice(0, random.pick([0, 1, 3]));
  return chosen.map((signal) => ({ ...signal, weight: random.pick([1, 0.2, -0.4]) }));
}

/** The same chord as the product measures: an oracle of its own would differ in the last bits. */
function chordSquaredBetween(from: Location, to: Location): number {
  const positions = new Float64Array(6);
  writePosition(from.lon, from.lat, positions, 0);
  writePosition(to.lon, to.lat, positions, 3);
  return chordSquared(positions, 0, positions, 3);
}

interface FilterCase {
  readonly filter?: RecommendRequest['filter'];
  readonly passes: (shop: Shop) => boolean;
}

/** One of a few filters and, beside it, what it means. */
function randomFilter(random: Random, town: Town, viewedShopIds: ReadonlySet<string>): FilterCase {
  const prices = [...town.shops()].flatMap(({ shopId, price }) => (viewedShopIds.has(shopId) ? price! : []));
  const sorted = prices.toSorted((a, b) => a - b);
  const middles = [sorted[(sorted.length - 1) >> 1]!, sorted[sorted.length >> 1]!] as const;
  const median = (middles[0] + middles[1]) / 2;
  const isNear = ({ price }: Shop): boolean =>
    sorted.length === 0 || Math.abs(price! - median) <= 0.3 * median;
  return random.pick<FilterCase>([
    { passes: () => true },
    { filter: { price: { max: 12_000 } }, passes: ({ price }) => price! <= 12_000 },
    { filter: { price: { nearViewed: 0.3 } }, passes: isNear },
    {
      filter: { or: [{ category: { prefix: 'c' } }, { not: { chain: { exists: false } } }], spicy: false },
      passes: ({ category, attributes }) =>
        (category!.startsWith('c') || attributes['chain'] !== undefined) && attributes['spicy'] === false,
    },
    {
      filter: { not: { or: [{ price: { nearViewed: 0.3 } }, { rating: { min: 4.8 } }] } },
      passes: (shop) => (sorted.length === 0 || !isNear(shop)) && !(shop.rating! >= 4.8),
    },
  ]);
}

const openByQuestion = new Map<string, boolean>();
/** Whether the slow clock finds a shop of these hours open from AT on; many shops have the same. */
function isOpen(hours: string, openFor: number): boolean {
  const question = `${hours} ${openFor}`;
  let open = openByQuestion.get(question);
  if (open === undefined) {
    open = CLOCK.isOpenThroughout(slowWeek(hours), Date.parse(AT), openFor);
    openByQuestion.set(question, open);
  }
  return open;
}

/** Documented: from 500 half-lives on ages count from the newest action, and none counts more than 1,000. */
function weightOf(ageSeconds: number, newestSeconds: number, halfLifeMinutes: number): number {
  const halfLives = (seconds: number): number => (seconds * 1000) / (halfLifeMinutes * 60_000);
  const tooOld = Math.max(0, halfLives(newestSeconds) - 500);
  return 2 ** -Math.min(1_000, halfLives(ageSeconds) - tooOld);
}

function keywordVector(town: Town, keyword: string): Float32Array {
  const at = town.keywords.findIndex(
    (known) => normalizeKeyword(known.keyword) === normalizeKeyword(keyword),
  );
  // The file of keywords holds five decimals.
  return town.keywordVectors
    .slice(at * town.dimensions, (at + 1) * town.dimensions)
    .map((value) => Number(value.toFixed(5)));
}

test('actions of long ago still count the more the newer they are', () => {
  const now = Date.parse(AT);
  const daysAgo = (days: number): number => now - days * 86_400_000;
  const halfLifeMinutes = 60;
  expect(decays([now + 1, now, daysAgo(1)], now, halfLifeMinutes)).toEqual([1, 1, 2 ** -24]);
  const [newer, older] = decays([daysAgo(300), daysAgo(301)], now, halfLifeMinutes) as [number, number];
  expect(newer).toBeGreaterThan(0);
  expect(older / newer).toBeCloseTo(2 ** -24, 15);
  expect(decays([daysAgo(1), daysAgo(10_000)], now, halfLifeMinutes)[1]).toBeGreaterThan(0);
});

test('columns of the largest and of the least numbers are weighed as any others', async () => {
  const workspace = new Workspace();
  const [least, most] = [-Number.MAX_VALUE, Number.MAX_VALUE];
  const columns = [
    { huge: most, tiny: 0, expected: 1 },
    { huge: least, tiny: Number.MIN_VALUE * 4, expected: 0 },
    { huge: 0, tiny: Number.MIN_VALUE, expected: 0.5 },
    { huge: most / 2, tiny: Number.MIN_VALUE * 2, expected: 0.75 },
  ];
  const inputs = { shops: workspace.path('extreme.ndjson'), shopVectors: workspace.path('extreme.f32') };
  const rows = columns.map(({ huge, tiny }, i) => ({
    shopId: `s${i}`,
    lon: TOWN_CENTER.lon,
    lat: TOWN_CENTER.lat,
    huge,
    tiny,
  }));
  writeFileSync(inputs.shops, rows.map((row) => JSON.stringify(row)).join('\n'));
  writeFileSync(inputs.shopVectors, new Float32Array(rows.length * 4).fill(1));
  const store = SnapshotStore.open(workspace.path('store'), { create: true });
  await buildSnapshot({ ...inputs, version: 'extreme', metric: 'cosine' }, store);
  store.activate('extreme');
  const engine = await openEngine({
    store: store.directory,
    data: workspace.path('data-extreme'),
    threads: 0,
  });
  const { shops } = await engine.recommend({
    location: TOWN_CENTER,
    actions: [{ type: 'view', shopId: 's0' }],
    fusion: { method: 'weighted', signals: { huge: 1, tiny: 2 } },
  });
  await engine.close();
  workspace.remove();
  const shares = shops.map(({ shopId, score, reasons }) => {
    const [huge, tiny] = reasons!.slice(-2).map(({ share }) => share);
    return { shopId, huge, tiny, score };
  });
  expect(shares).toHaveLength(rows.length);
  for (const { shopId, huge, tiny, score } of shares) {
    const row = Number(shopId.slice(1));
    expect(huge).toBe(columns[row]!.expected);
    expect(tiny).toBe((2 * columns[row]!.tiny) / (4 * Number.MIN_VALUE));
    expect(score).toBe(1 + huge! + tiny!);
  }
});

describe.each(METRICS)('%s', (metric) => {
  const workspace = new Workspace();
  let town: Town;
  let scan: FullScan;
  const engines: Engine[] = [];
  beforeAll(async () => {
    const built = await buildTown(
      workspace,
      'v1',
      { seed: 5, shopCount: 1_500, dimensions: 18 },
      metric,
      TIME_ZONE,
    );
    town = built.town;
    scan = new FullScan(town);
    for (const mapping of ['auto', 'copy'] as const) {
      engines.push(
        await openEngine({
          store: built.store.directory,
          data: workspace.path(`data-${mapping}`),
          mapping,
          threads: 0,
        }),
      );
    }
  });
  afterAll(async () => {
    await Promise.all(engines.map((engine) => engine.close()));
    workspace.remove();
  });

  test('one engine maps, the other copies', () => {
    expect(engines.map((engine) => engine.stats().mapped)).toEqual([process.platform === 'linux', false]);
  });

  test('answers are those of a full scan, bit by bit', async () => {
    for (let seed = 1; seed <= 90; seed++) {
      const { request, scan: scanRequest } = randomCase(seed, town, scan, metric);
      const expected = scan.answer(scanRequest);
      // Every second request rests on recorded actions, the others bring theirs along.
      const { actions = [], ...rest } = request;
      const userId = `u${seed}`;
      for (const engine of engines) {
        const stored = seed % 2 === 0 && actions.length > 0;
        if (stored) await engine.record(actions.map((action) => ({ ...action, userId })));
        const answer = await engine.recommend(stored ? { ...rest, userId } : request);
        const found = answer.shops.map(({ shopId, score, reasons }) => ({
          shopId,
          score,
          ranks: reasons!.map(({ rank }) => rank),
          similarities: reasons!.flatMap((reason) => ('similarity' in reason ? [reason.similarity] : [])),
          shares: reasons!.map(({ share }) => share + 0), // no -0
        }));
        for (const { score, shares } of found)
          expect(
            shares.reduce((sum, share) => sum + share, 0),
            `seed ${seed}`,
          ).toBe(score);
        expect({ candidateCount: answer.candidateCount, shops: found }, `seed ${seed}`).toStrictEqual(
          expected,
        );
        const isByActions =
          scanRequest.queries.some(({ weight }) => weight > 0) ||
          (scanRequest.method === 'linear' && scanRequest.queries.length > 0);
        const isLikeEnough = scanRequest.minSimilarity === undefined || answer.basis === 'actions';
        expect(answer.basis).toBe(isByActions && isLikeEnough ? 'actions' : 'popular');
        expect(answer.similarityCount).toBe(expected.candidateCount * scanRequest.queries.length);
      }
    }
  });

  test('mapped and copied give the same bytes', async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const { request } = randomCase(seed, town, scan, metric);
      const [mapped, copied] = await Promise.all(
        engines.map(async (engine) => bytesOf(await engine.recommend(request))),
      );
      expect(mapped, `seed ${seed}`).toBe(copied);
    }
  });
});

/** An answer without how long it took. */
function bytesOf(answer: Recommendation): string {
  return JSON.stringify({ ...answer, tookMs: null });
}
