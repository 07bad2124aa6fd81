/** Whole answers against a full scan in float64, compared with ===; mapped and copied, here and in workers. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Random } from '../src/base/random.ts';
import { normalizeKeyword } from '../src/encoder/normalize-keyword.ts';
import { actionWeights } from '../src/recommender/action-weights.ts';
import type { Shop } from '../src/domain/shop.ts';
import { openEngine, type Engine, type Recommendation, type RecommendRequest } from '../src/index.ts';
import type { Metric } from '../src/kernel/kernel.ts';
import { TOWN_CENTER, type Town } from '../src/synthetic/town.ts';
import { SlowClock, slowWeek } from './slow-hours.ts';
import { buildTown, FullScan, Workspace, type ScanRequest } from './built-town.ts';

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
  const fusion = {
    k: random.pick([0, 60, 1_000]),
    halfLifeMinutes,
    depth: random.pick([limit, limit + 10, 5_000]),
  };
  const ages = Array.from({ length: random.below(6) }, () => random.below(100_000)).toSorted((a, b) => a - b);
  const drawn = ages.map((ageSeconds) => {
    const about =
      random.unit() < 0.5
        ? { keyword: random.pick(town.keywords).keyword }
        : { shopId: town.shop(random.below(town.shopCount)).shopId };
    return { about, ageSeconds };
  });
  const actions = drawn.map(({ about, ageSeconds }) => ({
    type: 'view',
    ...about,
    at: new Date(Date.parse(AT) - ageSeconds * 1000).toISOString(),
  }));
  const queries = drawn.map(({ about, ageSeconds }) => ({
    vector: about.keyword === undefined ? scan.vectorOf(about.shopId) : keywordVector(town, about.keyword),
    weight: weightOf(ageSeconds, ages[0]!, halfLifeMinutes),
  }));
  const radiusMeters = random.unit() < 0.5 ? random.between(100, 4_000) : undefined;
  const viewed = new Set(drawn.flatMap(({ about }) => about.shopId ?? []));
  const { filter, passes } = randomFilter(random, town, viewed);
  const openFor = random.pick([0, 40, 300]);
  const openOnly = random.pick([true, false, 'known'] as const);
  const excludeSeen = random.unit() < 0.3;
  const excludeShopIds =
    random.unit() < 0.3
      ? Array.from({ length: 20 }, () => town.shop(random.below(town.shopCount)).shopId)
      : [];
  const excluded = new Set([
    ...excludeShopIds,
    ...(excludeSeen ? drawn.flatMap(({ about }) => about.shopId ?? []) : []),
  ]);
  const spread = radiusMeters === undefined ? {} : { radiusMeters };
  return {
    request: {
      actions: new Random(seed).shuffle(actions),
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
      metric,
      k: fusion.k,
      depth: fusion.depth,
      passes: (shop) =>
        !excluded.has(shop.shopId) &&
        passes(shop) &&
        (openOnly === false || isOpen(shop.openingHours!, openFor)),
    },
  };
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
  expect(actionWeights([now + 1, now, daysAgo(1)], now, halfLifeMinutes)).toEqual([1, 1, 2 ** -24]);
  const [newer, older] = actionWeights([daysAgo(300), daysAgo(301)], now, halfLifeMinutes) as [
    number,
    number,
  ];
  expect(newer).toBeGreaterThan(0);
  expect(older / newer).toBeCloseTo(2 ** -24, 15);
  expect(actionWeights([daysAgo(1), daysAgo(10_000)], now, halfLifeMinutes)[1]).toBeGreaterThan(0);
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
    for (let seed = 1; seed <= 60; seed++) {
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
          similarities: reasons!.map((reason) => ('similarity' in reason ? reason.similarity : reason.value)),
        }));
        expect({ candidateCount: answer.candidateCount, shops: found }, `seed ${seed}`).toStrictEqual(
          expected,
        );
        expect(answer.basis).toBe(scanRequest.queries.length === 0 ? 'popular' : 'actions');
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
