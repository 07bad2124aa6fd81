/** `GET /v1/users/{userId}/recommendations`: the user's list in the snapshot, with a place and without. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { documentedAnswer, openTown, TOWN_CENTER, type Answer, type Town } from './http-town.ts';
import { written } from './snapshot-input-files.ts';

const ROUTE = '/v1/users/{userId}/recommendations';
/** Some deliver to the centre of the town, some do not. */
const LIST = Array.from({ length: 40 }, (_, i) => `s${(i * 37 + 4) % 1_200}`);
const { lon, lat } = TOWN_CENTER;
const HERE = `lon=${lon}&lat=${lat}`;

let town: Town;
beforeAll(async () => {
  const lists = [{ userId: 'ahead/1', shopIds: LIST }];
  const userLists = written('lists.ndjson', lists.map((list) => JSON.stringify(list)).join('\n'));
  town = await openTown(['town'], {}, {}, { userLists });
});
afterAll(() => town.close());

function ask(userId: string, query: string): Promise<Answer> {
  return town.ask('GET', `/v1/users/${encodeURIComponent(userId)}/recommendations?${query}`);
}

function expectDocumented(answer: Answer): void {
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  const schema = documentedAnswer(town.engine, 'GET', ROUTE, 200);
  expect(schema.safeParse(answer.body).error).toBeUndefined();
}

function idsOf({ body }: Answer): string[] {
  return body.shops.map(({ shopId }: { shopId: string }) => shopId);
}

/** Shops that deliver to the centre, open or not. */
async function delivering(): Promise<Set<string>> {
  const request = { location: TOWN_CENTER, openOnly: false, limit: 1_000, explain: false };
  const { shops } = await town.engine.recommend(request);
  return new Set(shops.map(({ shopId }) => shopId));
}

test('with a location it is the shops of the list that deliver there, in its order, whatever the user has just done', async () => {
  const reach = await delivering();
  const expected = LIST.filter((shopId) => reach.has(shopId));
  expect(expected.length).toBeGreaterThan(10);
  expect(expected.length).toBeLessThan(LIST.length);
  await town.engine.record([{ userId: 'ahead/1', type: 'search', keyword: '짜장면' }]);
  const answer = await ask('ahead/1', `${HERE}&openOnly=false&limit=30`);
  expectDocumented(answer);
  expect(answer.body).toMatchObject({ version: 'town', basis: 'list' });
  expect(idsOf(answer)).toEqual(expected);
  expect(answer.body.shops[0].reasons).toMatchObject([{ signal: 'list', rank: 1 }]);
});

test('closed shops are left out unless they are asked for, a status counts at once', async () => {
  const [first, second] = idsOf(await ask('ahead/1', `${HERE}&openOnly=false`));
  await town.engine.setStatus({ shopId: first!, open: false });
  await town.engine.setStatus({ shopId: second!, open: true });
  const open = idsOf(await ask('ahead/1', HERE));
  await town.engine.clearStatus(first!);
  await town.engine.clearStatus(second!);
  expect(open).not.toContain(first);
  expect(open[0]).toBe(second);
});

test('users without a list, and places that none of it delivers to, have popular shops', async () => {
  const unlisted = await ask('nobody', `${HERE}&openOnly=false&limit=3`);
  expectDocumented(unlisted);
  expect(unlisted.body).toMatchObject({ basis: 'popular' });
  expect(idsOf(unlisted)).toHaveLength(3);
  const { shopId, ...shop } = town.engine.shop((await popularElsewhere())!);
  const there = `lon=${shop.lon}&lat=${shop.lat}&radiusMeters=1&openOnly=false`;
  const elsewhere = await ask('ahead/1', there);
  expect(elsewhere.body).toMatchObject({ basis: 'popular' });
  expect(idsOf(elsewhere)).toContain(shopId);
});

/** A shop that is not in the list, at a door of its own. */
async function popularElsewhere(): Promise<string | undefined> {
  const listed = LIST.map((shopId) => town.engine.shop(shopId));
  return [...(await delivering())].find((shopId) => {
    const at = town.engine.shop(shopId);
    return !listed.some((other) => other.lon === at.lon && other.lat === at.lat);
  });
}

test('without a location it is the list as it was made, which says so', async () => {
  const answer = await ask('ahead/1', 'limit=25');
  expectDocumented(answer);
  const { name, category, price, rating, attributes } = town.engine.shop('s4');
  expect(answer.body).toMatchObject({ userId: 'ahead/1', version: 'town', location: null });
  expect(answer.body.shops[0]).toEqual({ shopId: 's4', name, category, price, rating, attributes });
  expect(idsOf(answer)).toEqual(LIST.slice(0, 25));
  expect(idsOf(await ask('ahead/1', ''))).toEqual(LIST.slice(0, 20));
  const unlisted = await ask('nobody', '');
  expectDocumented(unlisted);
  expect(idsOf(unlisted)).toEqual([]);
});

test.each([
  ['lon=126.9784', 400, 'lat'],
  ['lat=37.5667', 400, 'lon'],
  ['radiusMeters=3000', 400, 'radiusMeters'],
  ['limit=0', 422, 'limit'],
  [`${HERE}&limit=1001`, 422, 'limit'],
  ['lon=200&lat=37', 422, 'lon'],
  ['userId=u', 400, 'userId'],
])('%s is refused with %d, naming %s', async (query, status, field) => {
  expect(await ask('ahead/1', query)).toMatchObject({ status, body: { error: { field } } });
});
