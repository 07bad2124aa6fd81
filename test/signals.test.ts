/**
 * Signals against their definitions, written out over lists of actions: what a snapshot counted when it was built, and what a
 * user did before a request.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Random } from '../src/base/random.ts';
import type { Action } from '../src/domain/action.ts';
import type { Shop } from '../src/domain/shop.ts';
import { openEngine, type Engine, type RecommendedShop } from '../src/index.ts';
import { buildSnapshot } from '../src/snapshot/build-snapshot.ts';
import { ActionLogBuilder, type ActionLog } from '../src/training/action-log.ts';
import { countShopSignals } from '../src/training/shop-signals.ts';
import { buildTown, Workspace } from './built-town.ts';

const TIME_ZONE = 'America/New_York'; // its clock goes back on 2026-11-01
const START_MS = Date.UTC(2026, 9, 28);
const DAY_MS = 86_400_000;
const NOW_MS = START_MS + 8 * DAY_MS + 11_700_000;
const GAP_MINUTES = 60;
const SHOP_COUNT = 60;
const SIGNALS = {
  popularity: 0.3,
  popularityNear: 0.2,
  proximity: 0.5,
  ratingWithPrior: 0.1,
  hourFit: 0.7,
  known: 2,
  repeats: 1.1,
  recentRepeats: -0.6,
  again: -0.8,
  habit: 0.9,
  usualNext: 0.4,
  transition: 0.25,
  together: 0.8,
};

const workspace = new Workspace();
let shops: Shop[];
let actions: Action[];
let engine: Engine;

beforeAll(async () => {
  const { town, store, inputs } = await buildTown(workspace, 'plain', {
    seed: 5,
    shopCount: SHOP_COUNT,
    dimensions: 8,
  });
  shops = [...town.shops()];
  actions = randomActions(shops);
  await buildSnapshot(
    {
      ...inputs,
      version: 'counted',
      metric: 'cosine',
      signals: (known) =>
        countShopSignals(logOf(actions), known, {
          timeZone: TIME_ZONE,
          sessionGapMinutes: GAP_MINUTES,
          popularityHalfLifeDays: Infinity,
        }),
    },
    store,
  );
  store.activate('counted');
  engine = await openEngine({
    store: workspace.path('store'),
    data: workspace.path('data'),
    threads: 0,
  });
  await engine.record(
    actions.map(({ id, userId, type, shopId, atMs }) => ({
      id,
      userId,
      type,
      shopId: shopId!,
      at: new Date(atMs).toISOString(),
    })),
  );
});

afterAll(async () => {
  await engine?.close();
  workspace.remove();
});

/** A few users who go back to some shops, with steps of minutes and pauses of days. */
function randomActions(known: readonly Shop[]): Action[] {
  const random = new Random(11);
  const made: Action[] = [];
  for (let user = 0; user < 12; user++) {
    let atMs = START_MS + random.below(DAY_MS);
    const liked = Array.from({ length: 6 }, () => known[random.below(SHOP_COUNT)]!.shopId);
    while (atMs < NOW_MS && made.length < 900) {
      const type = random.unit() < 0.05 ? 'dismiss' : random.pick(['view', 'order']);
      made.push({ id: `a${made.length}`, userId: `u${user}`, type, shopId: random.pick(liked), atMs });
      atMs += random.unit() < 0.7 ? random.below(40 * 60_000) : random.below(DAY_MS);
    }
  }
  return made.toSorted((a, b) => a.atMs - b.atMs);
}

function logOf(of: readonly Action[]): ActionLog {
  const builder = new ActionLogBuilder();
  for (const { userId, type, shopId, keyword, atMs } of of)
    builder.add({ userId, type, shopId, keyword, atMs });
  return builder.finish();
}

/** Those that count for a shop, oldest first. */
function visits(userId?: string): readonly Action[] {
  return actions.filter(
    (action) => action.type !== 'dismiss' && (userId === undefined || action.userId === userId),
  );
}

function usersOf(shopId: string): Set<string> {
  return new Set(visits().flatMap((action) => (action.shopId === shopId ? [action.userId] : [])));
}

/** By the clock of the town, with Temporal rather than by arithmetic. */
function hourOf(atMs: number): { hour: number; isWeekend: boolean } {
  const at = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(TIME_ZONE);
  return { hour: at.hour, isWeekend: at.dayOfWeek >= 6 };
}

function hourFitOf(shop: Shop): number {
  const now = hourOf(NOW_MS);
  /** What the actions of such shops say of the hour of the request: a half of those in it, a quarter of those beside it. */
  const countOf = (isMeant: (shopId: string) => boolean): { near: number; all: number } => {
    const meant = visits().filter(({ shopId }) => isMeant(shopId!));
    const parts = meant.map(({ atMs }) => {
      const { hour, isWeekend } = hourOf(atMs);
      if (isWeekend !== now.isWeekend) return 0;
      return { 0: 0.5, 1: 0.25, 23: 0.25 }[(hour - now.hour + 24) % 24] ?? 0;
    });
    return { near: parts.reduce((sum, part) => sum + part, 0), all: meant.length };
  };
  const like = new Set(shops.filter(({ category }) => category === shop.category).map((s) => s.shopId));
  const everywhere = countOf(() => true);
  const usual = (everywhere.near + 1 / 48) / (everywhere.all + 1);
  const category = countOf((shopId) => like.has(shopId));
  if (category.all === 0) return Number.NaN;
  const ofCategory = (category.near + 20 * usual) / (category.all + 20);
  const own = countOf((shopId) => shopId === shop.shopId);
  return Math.log((own.near + 5 * ofCategory) / (own.all + 5) / usual);
}

function transitionOf(userId: string, shop: Shop): number {
  const last = visits(userId).at(-1)!.shopId;
  let steps = 0;
  for (const user of new Set(actions.map((action) => action.userId))) {
    visits(user).forEach((action, at, own) => {
      const next = own[at + 1];
      const isStep = next !== undefined && next.atMs - action.atMs <= GAP_MINUTES * 60_000;
      if (isStep && action.shopId === last && next.shopId === shop.shopId && next.shopId !== last) steps++;
    });
  }
  const part = visits().filter(({ shopId }) => shopId === shop.shopId).length / visits().length;
  return steps === 0 ? Number.NaN : Math.log(1 + steps / (10 * part));
}

function togetherOf(own: readonly string[], shop: Shop): number {
  const userCount = new Set(visits().map((action) => action.userId)).size;
  const [theirs, sum] = [usersOf(shop.shopId), { lifts: 0 }];
  for (const other of own) {
    if (other === shop.shopId) continue;
    const users = usersOf(other);
    const both = [...users].filter((user) => theirs.has(user)).length;
    const lift = both < 2 ? 0 : (both + 1) / ((users.size * theirs.size) / userCount + 1);
    if (lift > 1) sum.lifts += Math.log(lift);
  }
  return sum.lifts === 0 ? Number.NaN : sum.lifts / Math.sqrt(own.length);
}

function visitedBy(userId: string): string[] {
  return [...new Set(visits(userId).map(({ shopId }) => shopId!))];
}

/** What each signal about the user's own actions says of a shop. */
function ownValues(userId: string, shop: Shop): Record<string, number> {
  const own = visits(userId);
  const here = own.filter(({ shopId }) => shopId === shop.shopId);
  const sum = (countOf: (action: Action) => number): number =>
    here.reduce((total, action) => total + countOf(action), 0) || Number.NaN;
  const days = ({ atMs }: Action): number => (NOW_MS - atMs) / DAY_MS;
  const last = own.at(-1)!.shopId;
  return {
    known: here.length > 0 ? 1 : Number.NaN,
    repeats: sum((action) => 2 ** (-days(action) / 30)),
    recentRepeats: sum((action) => 2 ** -days(action)),
    again: shop.shopId === last ? 1 : Number.NaN,
    habit: sum((action) => {
      const apart = Math.min(days(action) % 1, 1 - (days(action) % 1)) * 24;
      return 2 ** (-days(action) / 60) * Math.exp(-0.5 * (apart / 1.5) ** 2);
    }),
    usualNext:
      own.filter(({ shopId }, at) => shopId === shop.shopId && own[at - 1]?.shopId === last).length ||
      Number.NaN,
  };
}

test.each(['u0', 'u3', 'u7', 'u11'])(
  'every signal is its definition, and shares add up: %s',
  async (userId) => {
    const location = { lon: 126.99, lat: 37.56 };
    const answer = await engine.recommend({
      userId,
      location,
      radiusMeters: 20_000,
      limit: SHOP_COUNT,
      at: new Date(NOW_MS).toISOString(),
      fusion: { method: 'linear', signals: SIGNALS },
    });
    expect(answer.shops.length).toBeGreaterThan(20);
    const found = answer.shops.map(({ shopId }) => shops.find((shop) => shop.shopId === shopId)!);
    const rated = shops.flatMap(({ rating }) => rating ?? []);
    const meanRating = rated.reduce((sum, rating) => sum + rating, 0) / rated.length;
    answer.shops.forEach(({ shopId, score, distanceMeters, reasons }, place) => {
      const shop = found[place]!;
      const values = Object.fromEntries(
        reasons!.flatMap((reason) =>
          'signal' in reason ? [[reason.signal, reason.value ?? Number.NaN]] : [],
        ),
      );
      const shares = Object.fromEntries(
        reasons!.flatMap((reason) => ('signal' in reason ? [[reason.signal, reason.share]] : [])),
      );
      const expected: Record<string, number> = {
        popularity: shop.popularity ?? 0,
        ratingWithPrior: ((shop.rating ?? Number.NaN) + 10 * meanRating) / 11,
        hourFit: hourFitOf(shop),
        transition: transitionOf(userId, shop),
        together: togetherOf(visitedBy(userId), shop),
        ...ownValues(userId, shop),
      };
      for (const [name, value] of Object.entries(expected)) {
        // Bytes of 1/32 for hours, 24 bits for neighbours.
        const tolerance = name === 'hourFit' ? 1 / 64 + 1e-9 : 1e-6 * Math.max(1, Math.abs(value));
        const isSame = Number.isNaN(value)
          ? Number.isNaN(values[name])
          : Math.abs(value - values[name]!) <= tolerance;
        expect(isSame, `${name} of ${shopId}: ${value}, found ${values[name]}`).toBe(true);
      }
      const known = (value: number): number => (Number.isNaN(value) ? 0 : value);
      const expectedShares: Record<string, number> = {
        popularity: SIGNALS.popularity * Math.log(1 + 2 * (shop.popularity ?? 0)),
        proximity: -SIGNALS.proximity * 0.5 * Math.log(1 + (distanceMeters / 500) ** 2),
        ratingWithPrior: SIGNALS.ratingWithPrior * known(values['ratingWithPrior']! - meanRating),
        hourFit: SIGNALS.hourFit * known(values['hourFit']!),
        known: SIGNALS.known * known(values['known']!),
        repeats: SIGNALS.repeats * Math.log(1 + known(values['repeats']!)),
        recentRepeats: SIGNALS.recentRepeats * Math.log(1 + known(values['recentRepeats']!)),
        again: SIGNALS.again * known(values['again']!),
        habit: SIGNALS.habit * Math.log(1 + known(values['habit']!)),
        usualNext: SIGNALS.usualNext * Math.log(1 + known(values['usualNext']!)),
        transition: SIGNALS.transition * known(values['transition']!),
        together: SIGNALS.together * known(values['together']!),
      };
      for (const [name, share] of Object.entries(expectedShares))
        expect(shares[name], `share of ${name} of ${shopId}`).toBeCloseTo(share, 3);
      expect(reasons!.reduce((sum, { share }) => sum + share, 0)).toBe(score);
    });
  },
);

test.each(['known', 'repeats', 'recentRepeats', 'again', 'habit', 'usualNext'])(
  'what a user did ranks, and lies between 0 and 1, among the candidates alone: %s',
  async (name) => {
    const isCount = name !== 'known' && name !== 'again';
    const strengthOf = (value: number): number => (isCount ? Math.log(1 + value) : value);
    for (const userId of ['u1', 'u4', 'u9']) {
      for (const method of ['rrf', 'weighted'] as const) {
        const { shops: answered } = await engine.recommend({
          userId,
          location: { lon: 126.99, lat: 37.56 },
          excludeShopIds: visitedBy(userId).filter((_, at) => at % 3 === 1),
          openOnly: false,
          limit: SHOP_COUNT,
          at: new Date(NOW_MS).toISOString(),
          fusion: { method, signals: { [name]: 1 } },
        });
        const ids = new Set(answered.map(({ shopId }) => shopId));
        expect(visitedBy(userId).some((shopId) => ids.has(shopId))).toBe(true);
        expect(visitedBy(userId).some((shopId) => !ids.has(shopId))).toBe(true);
        const strengths = answered.map(({ shopId }) =>
          strengthOf(
            ownValues(
              userId,
              shops.find((shop) => shop.shopId === shopId)!,
            )[name]!,
          ),
        );
        const known = strengths.filter((strength) => !Number.isNaN(strength));
        const [least, largest] = [Math.min(...known), Math.max(...known)];
        answered.forEach(({ shopId, reasons }, place) => {
          const strength = strengths[place]!;
          const better = known.filter((other) => other > strength + 1e-9).length;
          const same = known.filter((other) => Math.abs(other - strength) <= 1e-9).length;
          const reason = reasons!.find((found) => 'signal' in found && found.signal === name)!;
          const isUnknown = Number.isNaN(strength);
          const rank = reason.rank ?? 0;
          const isRanked = isUnknown ? rank === 0 : rank > better && rank <= better + same;
          const norm = largest === least ? 1 : (strength - least) / (largest - least);
          const isNormed = Math.abs(reason.share - (isUnknown ? 0 : norm)) < 1e-9;
          const where = `${name} of ${shopId} to ${userId} by ${method}: ${JSON.stringify(reason)}`;
          expect(method === 'rrf' ? isRanked : isNormed, where).toBe(true);
        });
      }
    }
  },
);

test('actions of the future count as of now, those that count nothing are none, and the newest 20 shops say what goes together', async () => {
  const request = {
    location: { lon: 126.99, lat: 37.56 },
    openOnly: false,
    limit: SHOP_COUNT,
    at: new Date(NOW_MS).toISOString(),
    fusion: { method: 'linear' as const, signals: { known: 1, repeats: 1, together: 1 } },
  };
  const valuesOf = ({ reasons }: RecommendedShop): Record<string, number | null> =>
    Object.fromEntries(
      reasons!.flatMap((reason) => ('signal' in reason ? [[reason.signal, reason.value]] : [])),
    );
  const [ahead, weightless] = (await engine.recommend(request)).shops.map(({ shopId }) => shopId) as [
    string,
    string,
  ];
  const two = await engine.recommend({
    ...request,
    actions: [
      { type: 'order', shopId: ahead, at: new Date(NOW_MS + 3 * DAY_MS).toISOString() },
      { type: 'order', shopId: weightless, weight: 0, at: new Date(NOW_MS - DAY_MS).toISOString() },
    ],
  });
  const valuesIn = (shopId: string) => valuesOf(two.shops.find((shop) => shop.shopId === shopId)!);
  expect(valuesIn(ahead)).toMatchObject({ known: 1, repeats: 1 });
  expect(valuesIn(weightless)).toMatchObject({ known: null, repeats: null });

  const visited = shops.slice(0, 30).map(({ shopId }) => shopId);
  const many = await engine.recommend({
    ...request,
    actions: visited.map((shopId, at) => {
      return { type: 'view', shopId, at: new Date(NOW_MS - at * 60_000).toISOString() };
    }),
  });
  for (const shop of many.shops) {
    const expected = togetherOf(
      visited.slice(0, 20),
      shops.find(({ shopId }) => shopId === shop.shopId)!,
    );
    expect(valuesOf(shop)['together'] ?? 0, shop.shopId).toBeCloseTo(
      Number.isNaN(expected) ? 0 : expected,
      5,
    );
  }
});

test('popularity near the location is a mixture of what is popular in the cell, the district and the town', async () => {
  const location = { lon: shops[0]!.lon, lat: shops[0]!.lat };
  const answer = await engine.recommend({
    location,
    radiusMeters: 20_000,
    limit: SHOP_COUNT,
    fusion: { method: 'linear', signals: { popularityNear: 1 } },
  });
  const near = answer.shops.map(({ shopId, distanceMeters, reasons }) => ({
    distanceMeters,
    counted: (shops.find((shop) => shop.shopId === shopId)!.popularity ?? 0) + 0.5,
    reason: reasons![0]!,
  }));
  const partOf = (shop: (typeof near)[number], meters: number): number => {
    const within = near.filter(({ distanceMeters }) => distanceMeters <= meters);
    return shop.distanceMeters <= meters ? shop.counted / within.reduce((sum, s) => sum + s.counted, 0) : 0;
  };
  expect(answer.basis).toBe('popular');
  expect(near.filter(({ distanceMeters }) => distanceMeters <= 500).length).toBeGreaterThan(0);
  for (const shop of near) {
    const share = partOf(shop, 500) / 2 + partOf(shop, 2_000) / 3 + partOf(shop, Infinity) / 6;
    expect(shop.reason).toMatchObject({ signal: 'popularityNear' });
    expect(shop.reason.share).toBeCloseTo(Math.log(share * near.length), 6);
  }
});

test('counted popularity fades with age, and counts only where owners say none', () => {
  const log = logOf([
    { id: 'a', userId: 'u', type: 'order', shopId: 's1', atMs: 0 },
    { id: 'b', userId: 'u', type: 'view', shopId: 's1', atMs: 10 * DAY_MS },
    { id: 'c', userId: 'v', type: 'dismiss', shopId: 's2', atMs: 10 * DAY_MS },
    { id: 'd', userId: 'v', type: 'search', keyword: 'pizza', atMs: 10 * DAY_MS },
    { id: 'e', userId: 'v', type: 'view', shopId: 'unknown', atMs: 10 * DAY_MS },
  ]);
  const rows = new Map([
    ['s2', 0],
    ['s1', 1],
  ]);
  const counted = countShopSignals(
    log,
    { count: 2, rowOf: (shopId) => rows.get(shopId), categories: [undefined, undefined] },
    { timeZone: 'UTC', sessionGapMinutes: 30, popularityHalfLifeDays: 10 },
  );
  expect([...counted.popularity]).toEqual([0, 1.5]);
  // Neither the dismissal nor the search, nor what was done at a shop that the build does not know.
  expect(counted.countedActions).toEqual({
    count: 2,
    from: '1970-01-01T00:00:00.000Z',
    to: '1970-01-11T00:00:00.000Z',
  });
  expect(counted.hourFits.subarray(0, 48).every((byte) => byte === -128)).toBe(true);
  expect(counted.transitions.rows.length + counted.together.rows.length).toBe(0);
});

test('of a user who did nothing, and in a snapshot that nothing was counted for, signals know nothing', async () => {
  const request = {
    userId: 'nobody',
    location: { lon: 126.99, lat: 37.56 },
    fusion: {
      method: 'linear' as const,
      signals: { popularity: 1, known: 5, together: 3, transition: 2, hourFit: 1 },
    },
  };
  const valuesOf = ({ reasons = [] }: RecommendedShop): unknown[] =>
    reasons.map((reason) => ['signal' in reason ? reason.signal : '', 'value' in reason ? reason.value : 0]);
  const [counted] = (await engine.recommend(request)).shops;
  expect(valuesOf(counted!)).toEqual([
    ['popularity', expect.any(Number)],
    ['known', null],
    ['together', null],
    ['transition', null],
    ['hourFit', expect.any(Number)],
  ]);
  await engine.activate('plain');
  const [plain] = (await engine.recommend({ ...request, userId: 'u0' })).shops;
  expect(valuesOf(plain!).slice(-3)).toEqual([
    ['together', null],
    ['transition', null],
    ['hourFit', null],
  ]);
});
