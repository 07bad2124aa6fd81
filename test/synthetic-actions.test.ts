/** What synthetic users do follows their tastes, in time, at shops that deliver to them and are open. */
import { expect, test } from 'vitest';
import type { Action } from '../src/domain/action.ts';
import { syntheticTown, type Town } from '../src/synthetic/town.ts';
import { TOWN_START_MS } from '../src/synthetic/town-actions.ts';
import { HOURS_BY_KIND, isOpen, openingHoursText } from '../src/synthetic/week-hours.ts';

const SEEDS = [1, 2, 3];

test('as many actions as asked for, each after the one before, ids counting up', () => {
  for (const seed of SEEDS) {
    const town = syntheticTown({ seed, shopCount: 1000, userCount: 5000, actionCount: 20_000 });
    const actions = [...town.actions()];
    expect(actions.length).toBe(20_000);
    expect(actions.map(({ id }) => id)).toEqual(actions.map((_, i) => `a${i}`));
    const times = actions.map(({ atMs }) => atMs);
    expect(times[0]).toBeGreaterThanOrEqual(TOWN_START_MS);
    expect(times, `seed ${seed}`).toEqual(times.toSorted((a, b) => a - b));
  }
});

test('fewer actions are the beginning of more', () => {
  const options = { seed: 7, shopCount: 300, userCount: 40 };
  const few = [...syntheticTown({ ...options, actionCount: 100 }).actions()];
  const more = [...syntheticTown({ ...options, actionCount: 1000 }).actions()];
  expect(more.slice(0, 100)).toEqual(few);
  expect([...syntheticTown({ ...options, actionCount: 0 }).actions()]).toEqual([]);
});

test('a view or an order follows a search by the same user for a keyword of the category of the shop', () => {
  for (const seed of SEEDS) {
    const town = syntheticTown({ seed, shopCount: 1000, userCount: 100, actionCount: 3000 });
    const categoryOfKeyword = new Map(town.keywords.map(({ keyword, category }) => [keyword, category]));
    // A user may begin again before the last session ends, so every category searched within the hour counts.
    const searched: { userId: string; category: string; atMs: number }[] = [];
    for (const { userId, keyword, shopId, atMs } of town.actions()) {
      if (keyword !== undefined) searched.push({ userId, category: categoryOfKeyword.get(keyword)!, atMs });
      if (shopId === undefined) continue;
      const recent = searched.filter((search) => search.userId === userId && search.atMs > atMs - 3_600_000);
      expect(
        recent.map(({ category }) => category),
        `seed ${seed}`,
      ).toContain(shopOf(town, shopId).category);
    }
  }
});

test('four in five orders or more are of favourite cuisines, and the dearest has the most', () => {
  for (const seed of SEEDS) {
    const town = syntheticTown({ seed, shopCount: 3000, userCount: 200, actionCount: 12_000 });
    const byRank = [0, 0, 0];
    let elsewhere = 0;
    for (const order of orders(town)) {
      const { tastes } = userOf(town, order.userId);
      const rank = tastes.findIndex(({ category }) => category === shopOf(town, order.shopId!).category);
      if (rank === -1) elsewhere++;
      else byRank[rank]!++;
    }
    const [first, second, third] = byRank as [number, number, number];
    expect(first + second + third, `seed ${seed}`).toBeGreaterThan(1000);
    expect(elsewhere / (first + second + third + elsewhere), `seed ${seed}`).toBeLessThan(0.2);
    expect(first, `seed ${seed}`).toBeGreaterThan(second);
    expect(second, `seed ${seed}`).toBeGreaterThan(third);
  }
});

test('a user has two or three different favourites, the dearest first, with weights that sum to 1', () => {
  for (const { tastes } of syntheticTown({ seed: 2, shopCount: 2000 }).users()) {
    const weights = tastes.map(({ weight }) => weight);
    expect([2, 3]).toContain(new Set(tastes.map(({ category }) => category)).size);
    expect(weights).toEqual(weights.toSorted((a, b) => b - a));
    expect(weights.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
  }
});

test('shops that are viewed deliver to the home of the user', () => {
  for (const seed of SEEDS) {
    const town = syntheticTown({ seed, shopCount: 1000, userCount: 100, actionCount: 3000 });
    let furthest = 0;
    for (const { userId, shopId } of town.actions()) {
      if (shopId === undefined) continue;
      const shop = shopOf(town, shopId);
      const { home } = userOf(town, userId);
      const east = (shop.lon - home.lon) * 111_320 * Math.cos((home.lat * Math.PI) / 180);
      const north = (shop.lat - home.lat) * 111_320;
      furthest = Math.max(furthest, Math.hypot(east, north) / shop.deliveryRadiusMeters!);
    }
    expect(furthest, `seed ${seed}`).toBeGreaterThan(0.5);
    expect(furthest, `seed ${seed}`).toBeLessThanOrEqual(1);
  }
});

test('a searched dish leads to shops known for it more often than chance would', () => {
  const town = syntheticTown({ seed: 1, shopCount: 3000, userCount: 300, actionCount: 15_000 });
  let known = 0;
  let views = 0;
  let searched: Action | undefined;
  for (const action of [...town.actions()].toSorted(
    (a, b) => a.userId.localeCompare(b.userId) || a.atMs - b.atMs,
  )) {
    if (action.type === 'search') searched = action;
    if (action.type !== 'view' || searched?.keyword !== '짜장면') continue;
    views++;
    if (shopOf(town, action.shopId!).attributes['signatureDish'] === '짜장면') known++;
  }
  expect(views).toBeGreaterThan(50);
  expect(known / views).toBeGreaterThan(0.45); // chance: one Chinese shop in three
});

test('people are hungry at noon and in the evening, on the clock of the town', () => {
  const town = syntheticTown({ seed: 3, shopCount: 1000, userCount: 500, actionCount: 20_000 });
  const searchesByHour = Array.from({ length: 24 }, () => 0);
  for (const { type, atMs } of town.actions()) {
    if (type === 'search') searchesByHour[new Date(atMs + 9 * 3_600_000).getUTCHours()]!++;
  }
  for (const busy of [12, 18]) {
    for (const quiet of [3, 9, 15]) expect(searchesByHour[busy]).toBeGreaterThan(2 * searchesByHour[quiet]!);
  }
});

test('hours past midnight belong to the evening before', () => {
  const [, late, , tuesdayToSunday] = HOURS_BY_KIND.night;
  expect(openingHoursText(late!)).toBe('Mo-Su 16:00-03:00');
  expect([15.9, 16, 23.9, 2.9, 3].map((hour) => isOpen(late!, 0, hour))).toEqual([
    false,
    true,
    true,
    true,
    false,
  ]);
  expect(openingHoursText(tuesdayToSunday!)).toBe('Tu-Su 12:00-24:00');
  expect([0, 1].map((weekday) => isOpen(tuesdayToSunday!, weekday, 13))).toEqual([false, true]);
});

test('orders are made while the shop is open, or some minutes after it closed on the user', () => {
  const town = syntheticTown({ seed: 5, shopCount: 1000, userCount: 300, actionCount: 10_000 });
  for (const { shopId, atMs } of orders(town)) {
    const [, opens, closes] = /^Mo-Su (\d\d):00-(\d\d):00$/.exec(shopOf(town, shopId!).openingHours!) ?? [];
    if (opens === undefined || Number(closes) <= Number(opens)) continue;
    const hour = ((atMs + 9 * 3_600_000) % 86_400_000) / 3_600_000;
    expect(hour).toBeGreaterThanOrEqual(Number(opens));
    expect(hour).toBeLessThan(Number(closes) + 0.25); // a session begun before closing time may end after it
  }
});

function orders(town: Town): Action[] {
  return [...town.actions()].filter(({ type }) => type === 'order');
}

function shopOf(town: Town, shopId: string): ReturnType<Town['shop']> {
  return town.shop(Number(shopId.slice(1)));
}

function userOf(town: Town, userId: string): ReturnType<Town['user']> {
  return town.user(Number(userId.slice(1)));
}
