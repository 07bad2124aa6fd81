/** Which of the ranked shops make the list: pages, repetition, variety, promotion, the fallback chain; against plain loops. */
import { writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Random } from '../src/base/random.ts';
import type { Shop } from '../src/domain/shop.ts';
import { openEngine, type Engine, type Recommendation, type RecommendRequest } from '../src/index.ts';
import { openEngine as openEngineAt } from '../src/engine/engine.ts';
import { decodeAnswerId, encodeAnswerId } from '../src/recommender/answer-id.ts';
import { buildSnapshot } from '../src/snapshot/build-snapshot.ts';
import { TOWN_CENTER, type Town } from '../src/synthetic/town.ts';
import { buildTown, FullScan, similarityOf, Workspace, type ScanShop } from './built-town.ts';

const AT = '2026-11-22T12:00:00Z';
const NOW_MS = Date.parse(AT);
const SEEDS = Array.from({ length: 25 }, (_, i) => i + 1);

const workspace = new Workspace();
let town: Town;
let scan: FullScan;
let shops: ReadonlyMap<string, Shop>;
let engine: Engine;
let threaded: Engine;
beforeAll(async () => {
  const built = await buildTown(workspace, 'v1', { seed: 9, shopCount: 1_200, dimensions: 18 });
  town = built.town;
  scan = new FullScan(town);
  shops = new Map([...town.shops()].map((shop) => [shop.shopId, shop]));
  const open = (name: string, threads: number) =>
    openEngine({ store: built.store.directory, data: workspace.path(name), threads });
  [engine, threaded] = [await open('data', 0), await open('data-threads', 2)];
});
afterAll(async () => {
  await Promise.all([engine.close(), threaded.close()]);
  workspace.remove();
});

type Asked = RecommendRequest & { readonly limit: number };

/** A request about two shops, and all its candidates as a full scan ranks them. */
function randomCase(seed: number): { readonly request: Asked; readonly scored: readonly ScanShop[] } {
  const random = new Random(seed);
  const location = { lon: TOWN_CENTER.lon + random.between(-0.01, 0.01), lat: TOWN_CENTER.lat };
  const viewed = [town.shop(random.below(town.shopCount)), town.shop(random.below(town.shopCount))];
  const actions = viewed.map(({ shopId }) => ({ type: 'view', shopId, at: AT }));
  const request = { location, actions, limit: random.pick([1, 7, 20]), at: AT };
  const { shops } = scan.scored({
    location,
    limit: 0,
    queries: viewed.map(({ shopId }) => ({ vector: scan.vectorOf(shopId), weight: 1 })),
    passes: () => true,
    metric: 'cosine',
    k: 60,
    depth: 1_000,
  });
  return { request, scored: shops };
}

const idsOf = (answer: Recommendation): string[] => answer.shops.map(({ shopId }) => shopId);

/** An answer of both engines, which must be the same. */
async function answered(request: RecommendRequest): Promise<Recommendation> {
  const answer = await engine.recommend(request);
  const json = await threaded.recommendJson(request);
  const { tookMs: _tookMs, ...inWorker } = JSON.parse(Buffer.from(json as Uint8Array).toString());
  expect(JSON.parse(JSON.stringify({ ...answer, tookMs: undefined }))).toEqual(inWorker);
  return answer;
}

let clockCount = 0;
/** An engine over the same snapshot whose clock says what `clock` does. */
async function withClock(run: (engine: Engine, clock: { nowMs: number }) => Promise<void>): Promise<void> {
  const clock = { nowMs: NOW_MS };
  const data = workspace.path(`data-clock-${clockCount++}`);
  const options = { store: workspace.path('store'), data, threads: 0, storePollMs: 0 };
  const own = await openEngineAt(options, { nowMs: () => clock.nowMs });
  try {
    await run(own, clock);
  } finally {
    await own.close();
  }
}

function momentAfter(ms: number): string {
  return new Date(NOW_MS + ms).toISOString();
}

describe('pages', () => {
  test('one after the other they are what one long answer is', async () => {
    for (const seed of SEEDS) {
      const { request, scored } = randomCase(seed);
      const pages: string[] = [];
      let after: string | undefined;
      for (;;) {
        const page = await answered({ ...request, ...(after !== undefined && { after }) });
        if (page.shops.length === 0) break;
        pages.push(...idsOf(page));
        after = page.answerId;
      }
      expect(pages, `seed ${seed}`).toEqual(scored.map(({ shopId }) => shopId));
    }
  });

  test('with variety and promotion no shop comes twice and none is left out', async () => {
    for (const seed of SEEDS) {
      const { request, scored } = randomCase(seed);
      const varied: RecommendRequest = {
        ...request,
        limit: 20,
        diversity: { mmr: {}, maxPer: { category: 2 } },
        promotion: { filter: { spicy: true }, share: 0.3 },
      };
      const seen: string[] = [];
      let after: string | undefined;
      for (;;) {
        const page = await engine.recommend({ ...varied, ...(after !== undefined && { after }) });
        if (page.shops.length === 0) break;
        seen.push(...idsOf(page));
        after = page.answerId;
      }
      expect(seen.toSorted(), `seed ${seed}`).toEqual(scored.map(({ shopId }) => shopId).toSorted());
    }
  });

  test('what the user does and is told meanwhile does not disturb them, but what has closed is gone', async () => {
    const { request, scored } = randomCase(3);
    const userId = 'paging';
    const [first] = request.actions!;
    await engine.record([{ ...first!, userId }]);
    const asked = { location: request.location, userId, limit: 10 };
    const whole = idsOf(await engine.recommend({ ...asked, limit: 40 }));
    const page = await engine.recommend(asked);
    await setTimeout(2); // what happens in the millisecond of the answer counts as before it
    await engine.record([{ type: 'view', shopId: scored.at(-1)!.shopId, userId }]);
    const closed = whole[12]!;
    await engine.setStatus({ shopId: closed, open: false });
    const next = await engine.recommend({ ...asked, after: page.answerId });
    await engine.clearStatus(closed);
    expect(idsOf(next)).toEqual([...whole.slice(10, 12), ...whole.slice(13, 21)]);
  });

  test('what is dated ahead counts on all of them as on the first, what comes later on none', async () => {
    await withClock(async (own, clock) => {
      const { request, scored } = randomCase(6);
      const shopIds = scored.map(({ shopId }) => shopId);
      const asked = { location: request.location, limit: 10 };
      const ways: Partial<RecommendRequest>[] = [
        { excludeSeen: { types: ['impression'] } },
        { repetition: { penalty: 1 } },
      ];
      for (const [n, way] of ways.entries()) {
        const userId = `ahead${n}`;
        const did = (type: string, place: number, ms: number) => {
          return { type, userId, shopId: shopIds.at(place)!, at: momentAfter(ms) };
        };
        clock.nowMs = NOW_MS;
        await own.record([did('view', 0, 3_000), did('impression', 1, 4_000), did('impression', 2, 1_000)]);
        const whole = await own.recommend({ ...asked, ...way, userId, limit: 30 });
        const pages = [await own.recommend({ ...asked, ...way, userId })];
        for (const ms of [4_500, 5_000]) {
          clock.nowMs = NOW_MS + ms - 4_000;
          await own.record([did('view', -1, ms), did('impression', 15, ms)]);
          pages.push(await own.recommend({ ...asked, ...way, userId, after: pages.at(-1)!.answerId }));
        }
        expect(whole.basis).toBe('actions');
        expect(pages.flatMap(({ shops: found }) => found)).toEqual(whole.shops);
      }
    });
  });

  test('however many there are, the last one is named by an answerId that is taken', async () => {
    const large = new Workspace();
    const shopCount = 76_000;
    const { store } = await buildTown(large, 'v1', { seed: 3, shopCount, dimensions: 4 });
    const own = await openEngine({ store: store.directory, data: large.path('data'), threads: 0 });
    const request = { location: TOWN_CENTER, openOnly: false as const, limit: 10 };
    const { answerId, candidateCount } = await own.recommend({ ...request, limit: 1 });
    const earlier = Array.from({ length: shopCount }, (_, ordinal) => ordinal);
    const last = decodeAnswerId(answerId)!.shown[0]!;
    const shownBefore = { earlier: earlier.toSpliced(last, 1), shown: [] };
    const before = encodeAnswerId({ ...decodeAnswerId(answerId)!, ...shownBefore });
    const page = await own.recommend({ ...request, after: before });
    expect(page).toMatchObject({ shops: [{}], candidateCount });
    expect(page.answerId.length).toBeGreaterThan(100_000);
    expect(await own.recommend({ ...request, after: page.answerId })).toMatchObject({ shops: [] });
    await own.record([{ userId: 'u', type: 'impression', answerId: page.answerId }]);
    expect(own.actions('u')).toMatchObject([{ shopIds: [page.shops[0]!.shopId] }]);
    await own.close();
    large.remove();
  });

  test('they belong to their request and to a version that is held', async () => {
    const { request } = randomCase(4);
    const { answerId } = await engine.recommend(request);
    const others = [
      { radiusMeters: 900 },
      { userId: 'another' },
      { filter: { spicy: true } },
      { within: { location: TOWN_CENTER, radiusMeters: 900 } },
      { openOnly: false },
      { location: { ...request.location, lon: request.location.lon + 0.001 } },
    ];
    for (const other of others)
      await expect(
        engine.recommend({ ...request, ...other, after: answerId }),
        JSON.stringify(other),
      ).rejects.toThrow(/^after is the answerId of another request/);
    const longer = { ...request, limit: 3, explain: false, after: answerId };
    await expect(engine.recommend(longer)).resolves.toMatchObject({ version: 'v1' });
    const flipped = `${answerId.slice(0, 30)}${answerId[30] === 'A' ? 'B' : 'A'}${answerId.slice(31)}`;
    for (const damaged of [flipped, answerId.slice(0, -1), 'AQ', 'A'.repeat(500)])
      await expect(engine.recommend({ ...request, after: damaged })).rejects.toThrow(
        /^after must be the answerId/,
      );
    await expect(engine.recommend({ ...request, version: 'v1', after: answerId })).resolves.toBeDefined();
  });
});

test('what was shown lately counts less, by the formula, and impressions can be excluded', async () => {
  for (const seed of SEEDS) {
    const { request, scored } = randomCase(seed);
    const random = new Random(seed);
    const shown = scored.filter(() => random.unit() < 0.1);
    const impressions = shown.flatMap(({ shopId }) =>
      Array.from({ length: 1 + random.below(2) }, () => ({ shopId, ageMinutes: random.below(600) })),
    );
    const [penalty, halfLifeMinutes] = [random.unit(), 120];
    const lowered = scored.map(({ shopId, score }) => {
      const ages = impressions.filter((impression) => impression.shopId === shopId);
      const exposure = ages.reduce((sum, { ageMinutes }) => sum + 2 ** -(ageMinutes / halfLifeMinutes), 0);
      return { shopId, score: score - score * (1 - (1 - penalty) ** exposure) };
    });
    const expected = lowered.toSorted((a, b) => b.score - a.score).slice(0, request.limit);
    const actions = [
      ...request.actions!,
      ...impressions.slice(0, 40).map(({ shopId, ageMinutes }) => ({
        type: 'impression',
        shopId,
        at: new Date(NOW_MS - ageMinutes * 60_000).toISOString(),
      })),
    ];
    if (impressions.length > 40) continue;
    const answer = await answered({ ...request, actions, repetition: { penalty, halfLifeMinutes } });
    const found = answer.shops.map(({ score }) => score);
    expect(found.length).toBe(expected.length);
    found.forEach((score, i) => expect(score, `seed ${seed}`).toBeCloseTo(expected[i]!.score, 12));
    for (const { reasons, score } of answer.shops)
      expect(reasons!.reduce((sum, { share }) => sum + share, 0)).toBe(score);
    const without = await answered({ ...request, actions, excludeSeen: { types: ['impression'] } });
    expect(without.candidateCount).toBe(
      scored.length - new Set(impressions.map(({ shopId }) => shopId)).size,
    );
    expect(without.basis).toBe('actions');
    const maxAgeMinutes = 300;
    const recent = impressions.filter(({ ageMinutes }) => ageMinutes <= maxAgeMinutes);
    const excludeSeen = { types: ['impression'], maxAgeMinutes };
    expect((await answered({ ...request, actions, excludeSeen })).candidateCount).toBe(
      scored.length - new Set(recent.map(({ shopId }) => shopId)).size,
    );
  }
});

test('an impression by answerId is of all shops that the answer showed', async () => {
  const { request } = randomCase(5);
  const first = await engine.recommend(request);
  const actions = [...request.actions!, { type: 'impression', answerId: first.answerId }];
  const next = await answered({ ...request, actions, excludeSeen: { types: ['impression'] } });
  expect(next.candidateCount).toBe(first.candidateCount - first.shops.length);
  expect(idsOf(next).filter((shopId) => idsOf(first).includes(shopId))).toEqual([]);
  // Recorded, it means the same.
  const userId = 'shown';
  const sent = actions.map((action) => ({ userId, at: AT, ...action }));
  await engine.record(sent.toReversed());
  const { location, limit, at } = request;
  const stored = { location, limit, at, userId, excludeSeen: { types: ['impression'] } };
  expect(idsOf(await engine.recommend(stored))).toEqual(idsOf(next));
  const repetition = { penalty: 0.5, halfLifeMinutes: 60 };
  const brought = await engine.recommend({ ...request, actions, repetition });
  const lowered = await engine.recommend({ location, limit, at, userId, repetition });
  expect(lowered.shops.map(({ shopId, score }) => ({ shopId, score }))).toEqual(
    brought.shops.map(({ shopId, score }) => ({ shopId, score })),
  );
  const before = '2026-11-22T11:59:00Z'; // nothing had been shown then
  expect((await engine.recommend({ ...stored, at: before })).candidateCount).toBe(first.candidateCount);
});

test('an impression dated ahead counts as one of now, but not where a past is asked about', async () => {
  await withClock(async (own) => {
    const { request, scored } = randomCase(7);
    const { location, actions } = request;
    const asked = { location, limit: 5 };
    const ways: Partial<RecommendRequest>[] = [
      { excludeSeen: { types: ['impression'] } },
      { excludeSeen: { types: ['impression'], maxAgeMinutes: 0 } },
      { repetition: { penalty: 0.5 } },
    ];
    const outcome = async (given: Partial<RecommendRequest>) => {
      const answer = await own.recommend({ ...asked, ...given });
      return {
        count: answer.candidateCount,
        shops: answer.shops.map(({ shopId, score }) => [shopId, score]),
      };
    };
    for (const way of ways) {
      const shownAt = async (ms: number | undefined, at?: string) => {
        const shown = {
          type: 'impression',
          shopId: scored[0]!.shopId,
          ...(ms !== undefined && { at: momentAfter(ms) }),
        };
        const userId = 'stored';
        await own.record([...actions!, shown].map((action) => ({ ...action, userId })));
        const stored = await outcome({ ...way, userId, at });
        await own.erase(userId);
        expect(await outcome({ ...way, actions: [...actions!, shown], at })).toEqual(stored);
        return stored;
      };
      const now = await shownAt(0);
      const never = await outcome({ actions: actions! });
      expect(now).not.toEqual(never);
      expect(await shownAt(undefined)).toEqual(now);
      expect(await shownAt(3_000)).toEqual(now);
      expect(await shownAt(0, AT)).toEqual(now);
      expect(await shownAt(3_000, AT)).toEqual(never);
    }
  });
});

test('impressions that do not count yet take no places of those that do', async () => {
  await withClock(async (own, clock) => {
    const { request, scored } = randomCase(8);
    const userId = 'often shown';
    const shown = (n: number, ms: number) => {
      return { type: 'impression', userId, shopId: scored[n]!.shopId, at: momentAfter(ms) };
    };
    await own.record([
      { ...request.actions![0]!, userId },
      ...Array.from({ length: 50 }, (_, n) => shown(n % 5, -1_000 * n)),
    ]);
    const asked = { location: request.location, userId, limit: 5, excludeSeen: { types: ['impression'] } };
    const whole = await own.recommend({ ...asked, limit: 10 });
    const page = await own.recommend(asked);
    clock.nowMs += 60_000;
    await own.record(Array.from({ length: 60 }, (_, n) => shown(20 + n, 1_000 + n)));
    const next = await own.recommend({ ...asked, after: page.answerId });
    expect([page, next].flatMap(idsOf)).toEqual(idsOf(whole));
    expect(idsOf(await own.recommend({ ...asked, limit: 10, at: AT }))).toEqual(idsOf(whole));
  });
});

/** At most `countMax` shops of each category, in order. */
function capped(order: readonly string[], countMax: number, limit: number): string[] {
  const counts = new Map<string, number>();
  const kept = order.filter((shopId) => {
    const category = shops.get(shopId)!.category!;
    counts.set(category, (counts.get(category) ?? 0) + 1);
    return counts.get(category)! <= countMax;
  });
  return kept.slice(0, limit);
}

test('at most so many shops of a category, the best of them, down to the last candidate', async () => {
  for (const seed of SEEDS) {
    const { request, scored } = randomCase(seed);
    const countMax = 1 + (seed % 3);
    const order = scored.map(({ shopId }) => shopId);
    for (const limit of [request.limit, 1_000]) {
      const asked = { ...request, limit, diversity: { maxPer: { category: countMax } } };
      expect(idsOf(await answered(asked)), `seed ${seed}`).toEqual(capped(order, countMax, limit));
    }
  }
  const { request } = randomCase(1);
  const refused = engine.recommend({ ...request, diversity: { maxPer: { price: 1 } } });
  await expect(refused).rejects.toThrow(
    /^diversity.maxPer must name columns of texts \(.*category.*got "price"/,
  );
});

test('marginal relevance is what its formula says, picked one by one', async () => {
  for (const seed of SEEDS) {
    const { request, scored } = randomCase(seed);
    const lambda = new Random(seed).unit();
    const pool = scored.slice(0, Math.max(100, 5 * request.limit));
    const [largest, least] = [pool[0]!.score, pool.at(-1)!.score];
    const chosen: string[] = [];
    while (chosen.length < Math.min(request.limit, pool.length)) {
      const values = pool.map(({ shopId, score }) => {
        if (chosen.includes(shopId)) return -Infinity;
        const cosines = chosen.map((other) =>
          similarityOf('cosine', scan.vectorOf(other), scan.vectorOf(shopId)),
        );
        const norm = largest === least ? 1 : (score - least) / (largest - least);
        return lambda * norm - (1 - lambda) * (chosen.length === 0 ? 0 : Math.max(...cosines));
      });
      chosen.push(pool[values.indexOf(Math.max(...values))]!.shopId);
    }
    expect(idsOf(await answered({ ...request, diversity: { mmr: { lambda } } })), `seed ${seed}`).toEqual(
      chosen,
    );
  }
});

test('promoted shops take their share of the places, marked, the best of them first', async () => {
  for (const seed of SEEDS) {
    const { request, scored } = randomCase(seed);
    const share = new Random(seed).pick([0, 0.1, 0.25, 0.5, 1]);
    const isPromoted = ({ shopId }: ScanShop): boolean => shops.get(shopId)!.attributes['spicy'] === true;
    const [promoted, organic] = [scored.filter(isPromoted), [...scored]];
    const expected: { shopId: string; promoted?: true }[] = [];
    const isFree = ({ shopId }: ScanShop): boolean => !expected.some((taken) => taken.shopId === shopId);
    for (let place = 1; place <= Math.min(request.limit, scored.length); place++) {
      const isDue = Math.floor(place * share + 1e-9) > Math.floor((place - 1) * share + 1e-9);
      const chosen = isDue ? promoted.find(isFree) : undefined;
      if (chosen === undefined) expected.push({ shopId: organic.find(isFree)!.shopId });
      else expected.push({ shopId: chosen.shopId, promoted: true });
    }
    const answer = await answered({ ...request, promotion: { filter: { spicy: true }, share } });
    const found = answer.shops.map(({ shopId, promoted: mark }) => ({
      shopId,
      ...(mark && { promoted: mark }),
    }));
    expect(found, `seed ${seed}`).toEqual(expected);
  }
  const { request } = randomCase(1);
  const filter = { and: [{ nope: 1 }] };
  await expect(engine.recommend({ ...request, promotion: { filter, share: 0.5 } })).rejects.toMatchObject({
    field: 'promotion.filter.and[0].nope',
  });
});

describe('the fallback chain', () => {
  const somewhere = { location: TOWN_CENTER, at: AT };

  test('names the step that answered', async () => {
    expect(await engine.recommend({ ...somewhere, userId: 'nobody' })).toMatchObject({ basis: 'popular' });
    const known = { ...somewhere, actions: [{ type: 'view', shopId: 's1' }] };
    expect(await engine.recommend(known)).toMatchObject({ basis: 'actions' });
    expect(await engine.recommend({ ...known, fallback: { steps: ['popular', 'actions'] } })).toMatchObject({
      basis: 'popular',
    });
    const dismissed = { ...somewhere, actions: [{ type: 'dismiss', shopId: 's1' }] };
    expect(await engine.recommend(dismissed)).toMatchObject({ basis: 'popular' });
  });

  test('a chain that has no step for the user answers with no shops', async () => {
    const answer = await answered({ ...somewhere, userId: 'nobody', fallback: { steps: ['actions'] } });
    expect(answer).toMatchObject({ basis: 'actions', shops: [], similarityCount: 0 });
    expect(answer.candidateCount).toBeGreaterThan(0);
    const request = { ...somewhere, userId: 'nobody', fallback: { steps: ['actions' as const] } };
    const { answerId } = await engine.recommend(somewhere);
    for (const asked of [request, { ...somewhere, fallback: request.fallback, after: answerId }])
      expect(await engine.explain({ request: asked, shopId: 's1' })).toMatchObject({
        rank: null,
        place: null,
        obstacles: [{ code: 'unranked', field: 'fallback.steps' }],
      });
  });

  test('a page of what can no longer be ranked has no shops', async () => {
    const steps: ('actions' | 'list')[][] = [['list'], ['actions'], ['actions', 'list']];
    for (const [n, way] of steps.entries()) {
      const request = { ...somewhere, userId: 'nobody', limit: 5, fallback: { steps: way } };
      const { answerId, basis } = await answered(request);
      const next = { ...request, after: answerId };
      expect(await answered(next), way.join()).toMatchObject({ basis, shops: [], similarityCount: 0 });
      expect(await engine.explain({ request: next, shopId: `s${n}` })).toMatchObject({
        place: null,
        obstacles: [{ code: 'unranked' }],
      });
    }
    const userId = 'forgotten';
    const request = { location: TOWN_CENTER, userId, limit: 5 };
    const forgetting = [
      () => engine.erase(userId),
      // As many as are kept of a user push out all before them.
      () => engine.record(Array.from({ length: 200 }, (_, n) => ({ userId, type: 'view', shopId: `s${n}` }))),
    ];
    for (const forget of forgetting) {
      await engine.record([{ userId, type: 'view', shopId: 's1' }]);
      const { answerId, shops: found } = await engine.recommend(request);
      expect(found).toHaveLength(5);
      await setTimeout(2); // what happens in the millisecond of the answer counts as before it
      await forget();
      const next = await engine.recommend({ ...request, after: answerId });
      expect(next).toMatchObject({ basis: 'actions', shops: [] });
    }
    await engine.erase(userId);
  });

  test('nothing like enough leads to the next step', async () => {
    const known = {
      ...somewhere,
      actions: [{ type: 'view', shopId: 's1' }],
      fusion: { minSimilarity: 0.999_999 },
    };
    const { shopId } = town.shop(1);
    const found = await answered(known);
    expect(found.basis === 'actions' ? idsOf(found) : found.basis).toEqual(
      found.basis === 'actions' ? [shopId] : 'popular',
    );
    const many = await answered({ ...known, fallback: { shopCountMin: 2 } });
    expect(many).toMatchObject({ basis: 'popular' });
    expect(many.shops.length).toBe(20);
    // Where no step finds as many, the one with the most is the answer.
    const all = await answered({ ...known, limit: 5, fallback: { shopCountMin: 1_000 } });
    expect([all.basis, all.shops.length]).toEqual(['popular', 5]);
    // No more than the limit need be found.
    const { fusion: _fusion, ...plain } = known;
    const fallback = { steps: ['actions' as const, 'wider' as const], shopCountMin: 1_000 };
    const one = await answered({ ...plain, limit: 1, radiusMeters: 480, fallback });
    expect(one).toMatchObject({ basis: 'actions', shops: [{}] });
  });

  test('a radius is doubled until enough is found, and no further than it may', async () => {
    const near = { ...somewhere, radiusMeters: 60, actions: [{ type: 'view', shopId: 's1' }] };
    const counts: number[] = [];
    for (const radiusMeters of [60, 120, 240, 480])
      counts.push((await engine.recommend({ ...near, radiusMeters })).candidateCount);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    const steps = ['actions', 'popular', 'wider'] as const;
    for (const shopCountMin of [1, counts[1]!, counts[2]!, counts[3]!]) {
      const fallback = { steps: [...steps], shopCountMin, radiusMetersMax: 480 };
      const answer = await answered({ ...near, limit: 500, fallback });
      const widenings = counts.findIndex((count) => count >= shopCountMin);
      expect(answer.candidateCount).toBe(counts[widenings]);
      expect(answer).toMatchObject(
        widenings === 0
          ? { basis: 'actions' }
          : { basis: 'wider', wider: { radiusMeters: 60 * 2 ** widenings, basis: 'actions' } },
      );
    }
    const bounded = { steps: [...steps], shopCountMin: 1_000, radiusMetersMax: 100 };
    const widest = await answered({ ...near, limit: 500, fallback: bounded });
    const within100 = await engine.recommend({ ...near, radiusMeters: 100 });
    expect(widest.candidateCount).toBe(within100.candidateCount);
    // However far it may go: four doublings.
    const endless = { steps: [...steps], shopCountMin: 1_000, radiusMetersMax: 20_000_000 };
    const within160 = (await engine.recommend({ ...near, radiusMeters: 160 })).candidateCount;
    const farthest = await answered({ ...near, radiusMeters: 10, limit: 1_000, fallback: endless });
    expect(farthest).toMatchObject({ wider: { radiusMeters: 160 }, candidateCount: within160 });
    // Where the request does not say how far: four times.
    const unsaid = await answered({
      ...near,
      limit: 500,
      fallback: { steps: [...steps], shopCountMin: 1_000 },
    });
    expect(unsaid).toMatchObject({ basis: 'wider', wider: { radiusMeters: 240 } });
    expect(unsaid.candidateCount).toBe(counts[2]);
    // Nor farther than any place on Earth is.
    const whole = { ...somewhere, radiusMeters: 15_000_000, limit: 1_000 };
    for (const radiusMetersMax of [undefined, 20_040_000])
      expect(
        await answered({
          ...whole,
          fallback: { steps: ['popular', 'wider'], shopCountMin: 1_000, radiusMetersMax },
        }),
      ).toMatchObject({ basis: 'wider', wider: { radiusMeters: 20_040_000 } });
  });

  test('the next page rests on what the first rested on', async () => {
    const near = { ...somewhere, radiusMeters: 60, limit: 10 };
    expect((await engine.recommend(near)).candidateCount).toBeLessThan(10);
    const fallback = { steps: ['actions', 'popular', 'wider'] as ('actions' | 'popular' | 'wider')[] };
    const wide = { ...near, fallback: { ...fallback, shopCountMin: 10, radiusMetersMax: 1_000 } };
    const whole = idsOf(await engine.recommend({ ...wide, limit: 500 }));
    const first = await answered(wide);
    expect(first.basis).toBe('wider');
    const next = await answered({ ...wide, after: first.answerId });
    const last = await answered({ ...wide, after: next.answerId });
    expect([first, next, last].map(({ basis }) => basis)).toEqual(['wider', 'wider', 'wider']);
    expect([first, next, last].flatMap(idsOf)).toEqual(whole.slice(0, 30));
    expect(whole.length).toBeGreaterThan(10);
  });
});

describe("the user's own list", () => {
  const listWorkspace = new Workspace();
  let listed: Engine;
  const list = ['s4', 's900', 's17', 's3', 's250', 's61'];
  beforeAll(async () => {
    const { inputs, store } = await buildTown(listWorkspace, 'v1', {
      seed: 9,
      shopCount: 1_200,
      dimensions: 18,
    });
    const userLists = listWorkspace.path('lists.ndjson');
    writeFileSync(userLists, `${JSON.stringify({ userId: 'ahead', shopIds: list })}\n`);
    await buildSnapshot({ ...inputs, userLists, version: 'lists', metric: 'cosine' }, store);
    store.activate('lists');
    listed = await openEngine({ store: store.directory, data: listWorkspace.path('data'), threads: 0 });
  });
  afterAll(async () => {
    await listed.close();
    listWorkspace.remove();
  });

  const asked = { location: TOWN_CENTER, userId: 'ahead', at: AT };

  test('answers where no action does, in its order, with the shops that are candidates and no others', async () => {
    const { shops: candidates } = await listed.recommend({ location: TOWN_CENTER, at: AT, limit: 1_000 });
    const reachable = new Set(candidates.map(({ shopId }) => shopId));
    const expected = list.filter((shopId) => reachable.has(shopId));
    expect(expected.length).toBeGreaterThan(2);
    const answer = await listed.recommend(asked);
    expect(answer).toMatchObject({ basis: 'list', similarityCount: 0 });
    expect(idsOf(answer)).toEqual(expected);
    expect(answer.shops[0]!.reasons).toEqual([
      { signal: 'list', rank: 1, value: list.indexOf(expected[0]!) + 1, share: 1 / 61 },
    ]);
    const page = await listed.recommend({ ...asked, limit: 2 });
    expect(idsOf(await listed.recommend({ ...asked, limit: 2, after: page.answerId }))).toEqual(
      expected.slice(2, 4),
    );
    const other = candidates.find(({ shopId }) => !list.includes(shopId))!;
    expect((await listed.explain({ request: asked, shopId: other.shopId })).obstacles).toMatchObject([
      { code: 'not_listed' },
    ]);
  });

  test('gives way to actions, and to popularity where it has too few', async () => {
    const acted = { location: TOWN_CENTER, at: AT, actions: [{ type: 'view', shopId: 's1' }] };
    expect(await listed.recommend(acted)).toMatchObject({ basis: 'actions' });
    expect(await listed.recommend({ ...asked, fallback: { shopCountMin: 15 } })).toMatchObject({
      basis: 'popular',
    });
    expect(await listed.recommend({ ...asked, fallback: { steps: ['popular', 'list'] } })).toMatchObject({
      basis: 'popular',
    });
    expect(await listed.recommend({ ...asked, userId: 'unlisted' })).toMatchObject({ basis: 'popular' });
  });
});
