/** What users were shown: recorded by the id of an answer, kept by the ids of its shops, whatever version comes next. */
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from 'vitest';
import { Random } from '../src/base/random.ts';
import type { ActionInput } from '../src/domain/action.ts';
import { IMPRESSION } from '../src/domain/impression.ts';
import { openEngine, type Engine } from '../src/engine/engine.ts';
import { kdOrder } from '../src/geo/kd-order.ts';
import { decodeAnswerId } from '../src/recommender/answer-id.ts';
import { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import type { Town } from '../src/synthetic/town.ts';
import { buildTown, Workspace } from './built-town.ts';
import { forgedAnswerId, madeAnswerId } from './made-answer-id.ts';

const NOW_MS = Date.parse('2026-11-22T12:00:00Z');
const SHOP_COUNT = 300;
/** Shops in one call. */
const SHOWN_COUNT_MAX = 200_000;

let workspace: Workspace;
/** Shop ids by ordinal, by version: from the shops and the order of rows, without a snapshot. */
const idsByVersion = new Map<string, readonly string[]>();
beforeAll(async () => {
  workspace = new Workspace();
  for (const [i, version] of ['v1', 'v2', 'v3'].entries()) {
    const { town } = await buildTown(workspace, version, { seed: i + 1, shopCount: SHOP_COUNT });
    idsByVersion.set(version, idsInRowOrder(town));
  }
});
afterAll(() => workspace.remove());

function idsInRowOrder(town: Town): string[] {
  const shops = [...town.shops()];
  const [lons, lats] = [shops.map(({ lon }) => lon), shops.map(({ lat }) => lat)];
  return Array.from(kdOrder(Float64Array.from(lons), Float64Array.from(lats)), (row) => shops[row]!.shopId);
}

let engine: Engine;
let dataCount = 0;
let data: string;
beforeEach(async () => {
  data = workspace.path(`data-${dataCount++}`);
  engine = await open();
  await engine.activate('v1');
});
afterEach(() => engine.close());

function open(): Promise<Engine> {
  const options = { store: workspace.path('store'), data, threads: 0, storePollMs: 0, actionsPerUserMax: 5 };
  return openEngine(options, { nowMs: () => NOW_MS });
}

function impression(answerId: string, id?: string): ActionInput {
  return { userId: 'u', type: IMPRESSION, answerId, ...(id !== undefined && { id }) };
}

const search: ActionInput = { userId: 'u', type: 'search', keyword: '짜장면' };

test('an answerId stands for the shops that this page of the answer showed, by their ids', async () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = new Random(seed);
    const ordinals = random.shuffle(Array.from({ length: SHOP_COUNT }, (_, ordinal) => ordinal));
    const shown = ordinals.slice(0, random.below(30)).toSorted((a, b) => a - b);
    const earlier = ordinals.slice(200, 200 + random.below(30)).toSorted((a, b) => a - b);
    const userId = `u${seed}`;
    const answerId = madeAnswerId('v1', shown, earlier);
    expect(await engine.record([{ ...impression(answerId), userId }])).toEqual({
      accepted: 1,
      duplicates: 0,
    });
    const shopIds = shown.map((ordinal) => idsByVersion.get('v1')![ordinal]!);
    expect(engine.actions(userId), `seed ${seed}`).toStrictEqual([
      { id: expect.any(String), userId, type: IMPRESSION, shopIds, atMs: NOW_MS },
    ]);
  }
});

test('an impression by shopId is one of a single shop, known to a version or not, under any', async () => {
  const alone = { userId: 'u', type: IMPRESSION, shopId: 'nobody knows it', weight: 0.5 };
  await engine.record([{ ...alone, id: 'i1' }]);
  const { shopId, ...facts } = alone;
  expect(engine.actions('u')).toStrictEqual([{ ...facts, id: 'i1', shopIds: [shopId], atMs: NOW_MS }]);
});

test('impressions are no actions: they push none out, and no answer rests on them', async () => {
  const request = { userId: 'u', location: { lon: 126.9784, lat: 37.5667 }, limit: 5 };
  await engine.record([search]);
  const { tookMs: _, ...before } = await engine.recommend(request);
  expect(before.basis).toBe('actions');
  await engine.record(Array.from({ length: 20 }, (_entry, n) => impression(madeAnswerId('v1', [n, n + 9]))));
  expect(await engine.recommend(request)).toMatchObject(before);
  expect(engine.actions('u')).toHaveLength(1 + 5);
  expect(engine.actions('u', 3)).toHaveLength(3);
  expect(engine.actions('u').at(-1)).toMatchObject({ keyword: search.keyword });
  expect(await engine.erase('u')).toBe(6);
  expect(engine.actions('u')).toEqual([]);
});

test('what is kept of an impression outlives its version and a restart', async () => {
  const [first, second] = [idsByVersion.get('v1')!, idsByVersion.get('v2')!];
  await engine.record([impression(madeAnswerId('v1', [1, 2]), 'i1')]);
  await engine.activate('v2');
  await engine.record([impression(madeAnswerId('v2', [3]), 'i2'), impression(madeAnswerId('v1', [3]), 'i3')]);
  await engine.activate('v3');
  await engine.close();
  engine = await open();
  expect(engine.actions('u').map(({ id, shopIds }) => [id, shopIds])).toEqual([
    ['i3', [first[3]]],
    ['i2', [second[3]]],
    ['i1', [first[1], first[2]]],
  ]);
});

describe('when the version of an answer is gone', () => {
  const answerId = madeAnswerId('v1', [1, 2]);
  beforeEach(async () => {
    await engine.record([impression(answerId, 'i1')]);
    await engine.activate('v2');
    await engine.activate('v3');
  });

  test('a retry of a stored impression is a duplicate, by its id', async () => {
    expect(await engine.record([impression(answerId, 'i1'), search])).toEqual({
      accepted: 1,
      duplicates: 1,
    });
    expect(engine.actions('u')).toHaveLength(2);
    await expect(engine.record([{ ...impression(answerId, 'i1'), userId: 'another' }])).rejects.toMatchObject(
      { code: 'action_conflict', message: expect.stringContaining('another userId;') },
    );
  });

  test('any other is refused with its field, and nothing of that call is stored', async () => {
    await engine.record([{ ...search, id: 'a1' }]);
    const others = [impression(answerId), impression(answerId, 'i2'), impression(answerId, 'a1')];
    for (const other of others) {
      const refused = engine.record([search, impression(madeAnswerId('v3', [1])), other]);
      await expect(refused).rejects.toMatchObject({
        name: 'RequestError',
        kind: 'out_of_bounds',
        field: 'actions[2].answerId',
        reason: expect.stringMatching(
          /^rests on a version this engine no longer holds \(it holds v[23] and v[23]\); record/,
        ),
      });
    }
    expect(engine.actions('u').map(({ id }) => id)).toEqual(['a1', 'i1']);
  });
});

describe('an answerId that is none', () => {
  const answerId = madeAnswerId('v1', [1, 200], [5, 7]);

  async function expectRefused(text: string): Promise<void> {
    const refused = engine.record([search, impression(text)]);
    await expect(refused, text).rejects.toMatchObject({
      name: 'RequestError',
      kind: 'malformed',
      field: 'actions[1].answerId',
      reason: expect.stringMatching(
        /^must be the answerId of an answer as it was, got ".*, which is cut short/,
      ),
    });
  }

  test('is refused when it is cut short at any place, or followed by more', async () => {
    for (let length = 1; length < answerId.length; length++) await expectRefused(answerId.slice(0, length));
    await expectRefused(`${answerId}AAAA`);
    await expectRefused(answerId + answerId);
    expect(engine.actions('u')).toEqual([]);
  });

  test('is refused when any of its characters is another', async () => {
    const others = 'AZaz09-_';
    for (let at = 0; at < answerId.length; at++) {
      for (const other of others) {
        const changed = answerId.slice(0, at) + other + answerId.slice(at + 1);
        // Bits of the last character that belong to no byte say nothing.
        const same = Buffer.from(changed, 'base64url').equals(Buffer.from(answerId, 'base64url'));
        if (!same) await expectRefused(changed);
      }
    }
    expect(engine.actions('u')).toEqual([]);
  });

  test('is refused when it is made up of shops that are not there', async () => {
    for (const shown of [[SHOP_COUNT], [0, 2 ** 32 - 1], [2 ** 32 - 1, 2 ** 33 - 2]]) {
      const madeUp = madeAnswerId('v1', shown);
      expect(decodeAnswerId(madeUp)).toBeDefined();
      await expectRefused(madeUp);
    }
    await engine.record([impression(madeAnswerId('v1', [SHOP_COUNT - 1]))]);
  });

  test('is refused when it is made up of what no answer says', async () => {
    for (const ordinal of [2 ** 32, 2 ** 40]) await expectRefused(madeAnswerId('v1', [ordinal]));
    const [stepAt, wideningsAt, numbersAt] = [27, 28, 29];
    const alone = madeAnswerId('v1', []);
    const endless = Array<number>(160).fill(0x80);
    for (const numbers of [
      [0, 1, ...endless, 0],
      [0, 1, 3, 0x80],
      [0, 1, 0xff, 0xff, 0xff, 0xff, 0x10],
    ])
      await expectRefused(forgedAnswerId(alone, numbersAt, numbers));
    for (const step of [3, 4, 255]) await expectRefused(forgedAnswerId(answerId, stepAt, [step]));
    for (const widenings of [5, 255]) await expectRefused(forgedAnswerId(answerId, wideningsAt, [widenings]));
    expect(engine.actions('u')).toEqual([]);
    await engine.record([impression(forgedAnswerId(alone, numbersAt, [0, 1, 3]))]);
  });

  test('may name any moment that it has room for', async () => {
    const location = { lon: 126.9784, lat: 37.5667 };
    for (const openOnly of [true, false]) {
      const request = { actions: [{ type: 'view', shopId: 's1' }], location, limit: 5, openOnly };
      const { answerId: first } = await engine.recommend(request);
      const after = forgedAnswerId(first, 9, Array<number>(18).fill(0xff));
      await expect(engine.recommend({ ...request, after })).resolves.toMatchObject({ basis: 'actions' });
      await expect(engine.explain({ request: { ...request, after }, shopId: 's1' })).resolves.toBeDefined();
    }
  });

  test('is refused by an engine without a version', async () => {
    await engine.close();
    const store = SnapshotStore.open(workspace.path(`empty-${dataCount++}`), { create: true }).directory;
    engine = await openEngine({ store, data, threads: 0 }, { nowMs: () => NOW_MS });
    await expect(engine.record([impression(answerId)])).rejects.toThrow(
      'actions[0].answerId rests on a version this engine no longer holds (it holds none)',
    );
  });
});

test('the shops shown in one call are bounded: an answerId takes a fraction of what it unfolds to', async () => {
  const all = impression(
    madeAnswerId(
      'v1',
      Array.from({ length: SHOP_COUNT }, (_, ordinal) => ordinal),
    ),
  );
  const count = Math.floor(SHOWN_COUNT_MAX / SHOP_COUNT);
  const fits = Array.from({ length: count }, () => all);
  await expect(engine.record([...fits, all])).rejects.toMatchObject({
    kind: 'out_of_bounds',
    field: `actions[${count}].answerId`,
    reason: expect.stringContaining(`got ${(count + 1) * SHOP_COUNT}; send fewer impressions at a time`),
  });
  expect(engine.actions('u')).toEqual([]);
  expect(await engine.record(fits)).toEqual({ accepted: count, duplicates: 0 });
});

test('only what was shown is named by an answer, and only shops are shown', async () => {
  const answerId = madeAnswerId('v1', [1]);
  const refused: [object, string][] = [
    [{ ...impression(answerId), type: 'view' }, 'an impression'],
    [{ ...impression(answerId), shopId: 's1' }, 'either a keyword or a shopId'],
    [{ userId: 'u', type: IMPRESSION, keyword: '짜장면' }, 'must be about a shopId or an answerId'],
    [{ userId: 'u', type: IMPRESSION }, 'either a keyword or a shopId'],
    [{ ...impression(answerId), answerId: 'not base64url!' }, 'answerId'],
  ];
  for (const [action, message] of refused) {
    await expect(engine.record([action as ActionInput])).rejects.toThrow(message);
  }
  expect(engine.actions('u')).toEqual([]);
});
