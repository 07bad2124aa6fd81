/** An engine over its life: swaps under load, roll backs, refusals, what others do to the store, and closing. */
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  openEngine,
  type Engine,
  type EngineOptions,
  type Location,
  type Recommendation,
  type RecommendRequest,
} from '../src/index.ts';
import { Random } from '../src/base/random.ts';
import { buildSnapshot } from '../src/snapshot/build-snapshot.ts';
import { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import { TOWN_CENTER } from '../src/synthetic/town.ts';
import { buildTown, Workspace } from './built-town.ts';

const SEARCH: RecommendRequest = { actions: [{ type: 'search', keyword: '짜장면' }], location: TOWN_CENTER };

const workspace = new Workspace();
let store: SnapshotStore;
let engineCount = 0;
beforeAll(async () => {
  ({ store } = await buildTown(workspace, 'v1', { seed: 1, shopCount: 3_000 }));
  await buildTown(workspace, 'v2', { seed: 2, shopCount: 400, dimensions: 50 });
  await buildTown(workspace, 'v3', { seed: 3, shopCount: 5_000, dimensions: 8 });
  await buildTown(workspace, 'large', { seed: 4, shopCount: 20_000 });
});
afterAll(() => workspace.remove());

/** A store of its own over the same snapshot files, so that tests do not see each other's activations. */
function ownStore(): SnapshotStore {
  const directory = workspace.path(`store-${engineCount++}`);
  cpSync(path.join(store.directory, 'snapshots'), path.join(directory, 'snapshots'), { recursive: true });
  return SnapshotStore.open(directory);
}

async function using<T>(
  options: Partial<EngineOptions>,
  run: (engine: Engine, own: SnapshotStore) => Promise<T>,
): Promise<T> {
  const own = ownStore();
  own.activate('v1');
  const data = workspace.path(`data-${engineCount++}`);
  const engine = await openEngine({ store: own.directory, data, threads: 0, storePollMs: 0, ...options });
  try {
    return await run(engine, own);
  } finally {
    await engine.close();
  }
}

describe.each([0, 2])('with %i worker threads', (threads) => {
  test('activating and rolling back under load loses no request, and each is answered by one version', async () => {
    await using({ threads }, async (engine) => {
      const alone = new Map<string, string>();
      for (const version of ['v2', 'v3', 'v1']) {
        await engine.activate(version);
        alone.set(version, answerOf(await engine.recommend(SEARCH)));
      }
      let stop = false;
      const seen = new Set<string>();
      const load = Array.from({ length: 8 }, async () => {
        while (!stop) {
          const answer = await engine.recommend(SEARCH);
          expect(answerOf(answer)).toBe(alone.get(answer.version));
          seen.add(answer.version);
          await new Promise((resolve) => setImmediate(resolve));
        }
      });
      for (let round = 0; round < 5; round++) {
        for (const version of ['v2', 'v3', 'v1']) {
          await engine.activate(version);
          await new Promise((resolve) => setTimeout(resolve, 2)); // lets the load through, which no swap waits for
        }
        expect((await engine.rollback()).version).toBe('v3');
        expect((await engine.rollback()).version).toBe('v2');
      }
      stop = true;
      await Promise.all(load);
      expect([...seen].toSorted()).toEqual(['v1', 'v2', 'v3']);
      // One to open, three before the load, five in the first round; v2 is active already when the others begin.
      expect(engine.stats().swapCount).toBe(1 + 3 + 5 + 4 * 4);
    });
  });

  test('large requests give the same bytes as small ones do where they are', async () => {
    await using({ threads }, async (engine) => {
      await engine.activate('large');
      const vectors = manyVectors(100);
      const request = { vectors, k: 50, candidates: LARGE };
      const answers = await Promise.all(Array.from({ length: 7 }, () => engine.similarities(request)));
      const small = await Promise.all(
        vectors.map((vector) => engine.similarities({ ...request, vectors: [vector] })),
      );
      for (const answer of answers) expect(answer.rankings).toEqual(small.map(({ rankings }) => rankings[0]));
      expect(engine.stats().requestsInWorkers).toBe(threads === 0 ? 0 : 7);
    });
  });
});

/** All shops of `large`, so that a request over them is worth a worker. */
const LARGE = { shopIds: Array.from({ length: 15_000 }, (_, shop) => `s${shop}`) };
const manyVectors = (count: number): number[][] =>
  Array.from({ length: count }, (_, n) => Array.from({ length: 32 }, (_entry, i) => Math.cos(n - i)));

test('a memory is not taken for the next version while a worker reads it', async () => {
  await using({ threads: 2 }, async (engine) => {
    await engine.activate('large');
    const request = { vectors: manyVectors(100), k: 10_000, candidates: LARGE };
    const alone = await engine.similarities(request);
    const events: string[] = [];
    // Requests follow one another for long; meanwhile two versions are verified, the second of which needs the memory
    // that is read.
    const reading = Promise.all(Array.from({ length: 8 }, () => engine.similarities(request)));
    void reading.then(() => events.push('read'));
    for (const version of ['v1', 'v2']) {
      await engine.activate(version);
      events.push(version);
    }
    for (const answer of await reading) expect(answer).toEqual(alone);
    expect(events).toEqual(['v1', 'read', 'v2']);
    expect(engine.stats().requestsInWorkers).toBe(9);
  });
});

test('requests go to workers only when their candidates make them large', async () => {
  await using({ threads: 1 }, async (engine) => {
    await engine.activate('large');
    const vectors = manyVectors(99);
    await engine.recommend(SEARCH);
    await engine.similarities({ vectors, k: 5, candidates: { shopIds: ['s1', 's2'] } });
    expect(engine.stats()).toMatchObject({ requestsInline: 2, requestsInWorkers: 0 });
    await engine.similarities({ vectors, k: 5, candidates: LARGE });
    expect(engine.stats()).toMatchObject({ requestsInline: 2, requestsInWorkers: 1 });
    // An error in a worker arrives as what it was.
    const wrong = engine.similarities({ vectors: [...vectors, [1, 2]], k: 5, candidates: LARGE });
    await expect(wrong).rejects.toMatchObject({
      name: 'RequestError',
      field: 'vectors[99]',
      kind: 'out_of_bounds',
    });
  });
});

test('too many large requests are refused, those that wait are answered, and a swap waits for none of them', async () => {
  await using({ threads: 1, queueMax: 2 }, async (engine) => {
    await engine.activate('large');
    const request = { vectors: manyVectors(99), k: 5, candidates: LARGE };
    const running = Array.from({ length: 6 }, () => engine.similarities(request));
    const outcomes = Promise.allSettled(running);
    expect((await engine.activate('v1')).version).toBe('v1');
    const settled = await outcomes;
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    const refused = settled.filter((outcome) => outcome.status === 'rejected');
    expect(refused.map(({ reason }) => (reason as { code: string }).code)).toEqual([
      'overloaded',
      'overloaded',
      'overloaded',
    ]);
  });
});

test('closing lets running requests and swaps end', async () => {
  const own = ownStore();
  own.activate('large');
  const engine = await openEngine({ store: own.directory, data: workspace.path('data-closing'), threads: 1 });
  const request = { vectors: manyVectors(99), k: 5, candidates: LARGE };
  const running = Array.from({ length: 4 }, () => engine.similarities(request));
  const swap = engine.activate('v1');
  await new Promise((resolve) => setImmediate(resolve)); // the swap has begun
  await engine.close();
  expect((await swap).version).toBe('v1');
  for (const answer of await Promise.all(running)) expect(answer.version).toBe('large');
});

test('an activation that cannot be written changes nothing', async () => {
  await using({}, async (engine, own) => {
    const pointer = path.join(own.directory, 'CURRENT');
    rmSync(pointer);
    mkdirSync(path.join(pointer, 'in-the-way'), { recursive: true });
    await expect(engine.activate('v2')).rejects.toMatchObject({ code: 'store_invalid' });
    expect((await engine.recommend(SEARCH)).version).toBe('v1');
    await expect(engine.recommend({ ...SEARCH, version: 'v2' })).rejects.toMatchObject({
      code: 'version_not_loaded',
    });
    expect(readdirSync(own.directory).toSorted()).toEqual(['CURRENT', 'snapshots']);
  });
});

test('a snapshot under another name is refused', async () => {
  await using({}, async (engine, own) => {
    cpSync(own.pathOf('v2'), path.join(own.directory, 'snapshots/renamed.snapshot'));
    await expect(engine.activate('renamed')).rejects.toThrow(
      /says it is version v2; a snapshot keeps the name it was built with/,
    );
  });
});

test('a roll back that another process overtakes says so', async () => {
  await using({ threads: 1 }, async (engine, own) => {
    await engine.activate('v2');
    const rolling = engine.rollback();
    // A worker verifies v1 by now; before it answers, the pointer moves.
    await new Promise((resolve) => setImmediate(resolve));
    own.activate('v3');
    await expect(rolling).rejects.toMatchObject({ code: 'store_changed' });
    expect(engine.health().version).toBe('v2');
    expect(own.current()).toBe('v3');
    await engine.refresh();
    expect(engine.health().version).toBe('v3');
  });
});

test('at most 50 actions take part, all of them count as seen, and `at` leaves later ones out', async () => {
  await using({}, async (engine) => {
    const minute = (n: number): string => new Date(Date.UTC(2026, 10, 22, 12, n)).toISOString();
    const views = Array.from({ length: 60 }, (_, n) => ({
      userId: 'u',
      type: 'view',
      shopId: `s${n}`,
      at: minute(n),
    }));
    await engine.record(views);
    const request: RecommendRequest = { userId: 'u', location: TOWN_CENTER, limit: 1_000, at: minute(60) };
    const answer = await engine.recommend(request);
    expect(answer.shops[0]!.reasons).toHaveLength(50);
    expect(answer.shops[0]!.reasons![0]).toMatchObject({ action: { shopId: 's59' } });
    const unseen = await engine.recommend({ ...request, excludeSeen: true });
    const without = await engine.recommend({ ...request, excludeShopIds: views.map(({ shopId }) => shopId) });
    expect(unseen.candidateCount).toBeLessThan(answer.candidateCount - 10);
    expect(answerOf(unseen)).toBe(answerOf(without));
    const earlier = await engine.recommend({ ...request, at: minute(4) });
    expect(earlier.shops[0]!.reasons!.map((reason) => 'action' in reason && reason.action.shopId)).toEqual([
      's4',
      's3',
      's2',
      's1',
      's0',
    ]);
  });
});

test('actions that count nothing take no places of those that do', async () => {
  await using({}, async (engine) => {
    const ago = (n: number): string => new Date(Date.UTC(2026, 10, 22, 12) - n * 1_000).toISOString();
    const of = (type: string, n: number, weight?: number) => {
      return { userId: 'u', type, shopId: `s${n}`, at: ago(n), ...(weight !== undefined && { weight }) };
    };
    await engine.record([
      ...Array.from({ length: 49 }, (_, n) => of('view', n, 0)),
      of('dismiss', 49),
      ...Array.from({ length: 60 }, (_, n) => of('order', 50 + n)),
    ]);
    const request: RecommendRequest = { userId: 'u', location: TOWN_CENTER, limit: 5 };
    const { shops, answerId } = await engine.recommend(request);
    const counted = [
      { type: 'dismiss', shopId: 's49' },
      { type: 'order', shopId: 's50' },
    ];
    expect(shops[0]!.reasons).toHaveLength(50);
    expect(shops[0]!.reasons!.slice(0, 2)).toMatchObject(counted.map((action) => ({ action })));
    const whole = await engine.recommend({ ...request, limit: 10 });
    const next = await engine.recommend({ ...request, after: answerId });
    expect([...shops, ...next.shops].map(({ shopId }) => shopId)).toEqual(
      whole.shops.map(({ shopId }) => shopId),
    );
    const ofTypes = await engine.recommend({ ...request, fusion: { typeWeights: { order: 0, dismiss: 1 } } });
    expect(ofTypes.shops[0]!.reasons).toHaveLength(1);
  });
});

test('an action of the future counts as one of now', async () => {
  await using({}, async (engine) => {
    const at = '2026-11-22T12:00:00Z';
    const ask = async (viewedAt: string) => {
      const actions = [
        { type: 'view', shopId: 's1', at: viewedAt },
        { type: 'view', shopId: 's2', at },
      ];
      const { shops } = await engine.recommend({ actions, location: TOWN_CENTER, at });
      return shops.map(({ shopId, score }) => [shopId, score]);
    };
    expect(await ask('2026-11-22T18:00:00Z')).toEqual(await ask(at));
  });
});

test('a version that does not hold changes nothing', async () => {
  await using({}, async (engine, own) => {
    const file = path.join(own.directory, 'snapshots/bad.snapshot');
    const bytes = readFileSync(own.pathOf('v2'));
    bytes[bytes.length - 5_000]! ^= 1;
    writeFileSync(file, bytes);
    const before = answerOf(await engine.recommend(SEARCH));
    await expect(engine.activate('bad')).rejects.toMatchObject({ code: 'snapshot_invalid' });
    await expect(engine.activate('nowhere')).rejects.toMatchObject({ code: 'version_unknown' });
    await expect(engine.activate('../v1')).rejects.toMatchObject({ name: 'RequestError', field: 'version' });
    expect(own.current()).toBe('v1');
    expect(answerOf(await engine.recommend(SEARCH))).toBe(before);
    await engine.activate('v2');
    expect((await engine.recommend(SEARCH)).version).toBe('v2');
  });
});

test('a version activated by another process is served; a damaged one is reported once and refused', async () => {
  const lines: string[] = [];
  const log = {
    info: () => {},
    warn: () => {},
    error: (_: object, message: string) => void lines.push(message),
  };
  const own = ownStore();
  own.activate('v1');
  const engine = await openEngine(
    { store: own.directory, data: workspace.path('data-poll'), threads: 0, storePollMs: 10 },
    log,
  );
  SnapshotStore.open(own.directory).activate('v2');
  await until(() => engine.health().version === 'v2');
  writeFileSync(path.join(own.directory, 'snapshots/bad.snapshot'), 'DOORRANK and nothing else');
  own.activate('bad');
  await until(() => lines.length > 0);
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(lines).toEqual(['the activated version cannot be served; the old one keeps serving']);
  expect((await engine.recommend(SEARCH)).version).toBe('v2');
  own.activate('v3');
  await until(() => engine.health().version === 'v3');
  await engine.close();
});

test('an activated version that was damaged is served once another file has its name', async () => {
  let refusalCount = 0;
  const log = { info: () => {}, warn: () => {}, error: () => void refusalCount++ };
  const own = ownStore();
  own.activate('v1');
  const engine = await openEngine(
    { store: own.directory, data: workspace.path('data-mended'), threads: 0, storePollMs: 10 },
    log,
  );
  const file = own.pathOf('v2');
  const sound = readFileSync(file);
  rmSync(file);
  writeFileSync(file, sound.subarray(0, sound.length - 5_000));
  own.activate('v2');
  await until(() => refusalCount > 0);
  expect((await engine.recommend(SEARCH)).version).toBe('v1');
  writeFileSync(`${file}.aside`, sound);
  renameSync(`${file}.aside`, file);
  await until(() => engine.health().version === 'v2');
  expect(refusalCount).toBe(1);
  await engine.close();
});

test('the version before the active one stays loaded and can be asked for', async () => {
  await using({}, async (engine) => {
    await engine.activate('v2');
    expect((await engine.recommend({ ...SEARCH, version: 'v1' })).version).toBe('v1');
    expect((await engine.recommend({ ...SEARCH, version: 'v2' })).version).toBe('v2');
    await expect(engine.recommend({ ...SEARCH, version: 'v3' })).rejects.toMatchObject({
      code: 'version_not_loaded',
      message: 'version v3 is not loaded; this engine holds v1 and v2',
    });
  });
});

test('a store without an active version refuses requests until one is activated', async () => {
  const own = ownStore();
  const engine = await openEngine({ store: own.directory, data: workspace.path('data-empty'), threads: 0 });
  expect(engine.health()).toMatchObject({ ready: false, version: null });
  await expect(engine.recommend(SEARCH)).rejects.toMatchObject({ code: 'store_empty' });
  expect(await engine.record([{ userId: 'u', type: 'view', shopId: 's1' }])).toEqual({
    accepted: 1,
    duplicates: 0,
  });
  await expect(engine.rollback()).rejects.toMatchObject({ code: 'no_previous_version' });
  await engine.activate('v1');
  expect(engine.health().ready).toBe(true);
  await engine.close();
});

test('actions change the very next answer, survive a restart, and are gone when erased', async () => {
  const own = ownStore();
  own.activate('v1');
  const options = { store: own.directory, data: workspace.path('data-user'), threads: 0 };
  const request: RecommendRequest = { userId: 'u1', location: TOWN_CENTER, limit: 10 };
  let engine = await openEngine(options);
  const popular = await engine.recommend(request);
  expect(popular.basis).toBe('popular');
  await engine.record([{ id: 'a1', userId: 'u1', type: 'search', keyword: ' 짜장면 ' }]);
  const about = await engine.recommend(request);
  expect(about.basis).toBe('actions');
  expect(about.shops.every(({ category }) => category === 'chinese')).toBe(true);
  expect(await engine.record([{ id: 'a1', userId: 'u1', type: 'search', keyword: ' 짜장면 ' }])).toEqual({
    accepted: 0,
    duplicates: 1,
  });
  await engine.close();

  engine = await openEngine(options);
  const again = await engine.recommend(request);
  expect(again.shops.map(({ shopId }) => shopId)).toEqual(about.shops.map(({ shopId }) => shopId));
  expect(await engine.erase('u1')).toBe(1);
  expect(engine.actions('u1')).toEqual([]);
  expect((await engine.recommend(request)).shops).toEqual(popular.shops);
  await engine.close();
});

test('a text that is no keyword counts as the nearest one by spelling, and the reason says so', async () => {
  await using({}, async (engine) => {
    const search = (keyword: string): Promise<Recommendation> =>
      engine.recommend({ ...SEARCH, actions: [{ type: 'search', keyword }] });
    const meant = await search('짜장면');
    for (const keyword of ['짜장몉', ' 짜장면 곱빼기']) {
      const taken = await search(keyword);
      const asWritten = answerOf(meant).replaceAll(
        '"keyword":"짜장면"',
        `"keyword":"${keyword}","takenAs":"짜장면"`,
      );
      expect(answerOf(taken)).toBe(asWritten);
    }
    // Another form of the keyword itself is no other text.
    expect(answerOf(await search(' 짜장면 '.normalize('NFD')))).not.toContain('takenAs');
  });
});

test('an unknown keyword or shop is as good as none', async () => {
  await using({}, async (engine) => {
    const request = { location: TOWN_CENTER, limit: 3 };
    const popular = await engine.recommend(request);
    const unknown = await engine.recommend({
      ...request,
      actions: [
        { type: 'search', keyword: 'no such dish' },
        { type: 'view', shopId: 'no such shop' },
      ],
    });
    expect(answerOf(unknown)).toBe(answerOf(popular));
    const mixed = await engine.recommend({
      ...request,
      actions: [{ type: 'search', keyword: 'no such dish' }, ...SEARCH.actions!],
    });
    expect(mixed.basis).toBe('actions');
    expect(mixed.shops[0]!.reasons).toHaveLength(1);
  });
});

test('a place without shops has an empty answer', async () => {
  await using({}, async (engine) => {
    expect(await engine.recommend({ ...SEARCH, location: { lon: 0, lat: 90 } })).toMatchObject({
      candidateCount: 0,
      similarityCount: 0,
      shops: [],
    });
    const similar = await engine.similarities({
      vectors: [Array.from({ length: 32 }, () => 1)],
      k: 3,
      candidates: { shopIds: [] },
    });
    expect(similar).toEqual({ version: 'v1', candidateCount: 0, rankings: [[]] });
  });
});

test('shops like a shop do not hold it; a shop nobody has is refused', async () => {
  await using({}, async (engine) => {
    const { shops } = await engine.recommend({ ...SEARCH, limit: 1 });
    const { shopId, category } = shops[0]!;
    const like = await engine.similar(shopId, { location: TOWN_CENTER, limit: 5 });
    expect(like.shops.map((shop) => shop.shopId)).not.toContain(shopId);
    expect(like.shops.map((shop) => shop.category)).toEqual(Array.from({ length: 5 }, () => category));
    expect(engine.shop(shopId)).toMatchObject({ shopId, category, version: 'v1' });
    expect(() => engine.shop('nobody')).toThrow('no shop "nobody" in version v1');
    await expect(engine.similar('nobody', { location: TOWN_CENTER })).rejects.toMatchObject({
      code: 'shop_unknown',
    });
  });
});

test('an action dated more than a day ahead is refused', async () => {
  await using({}, async (engine) => {
    const ahead = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
    const view = { userId: 'u', type: 'view', shopId: 's1' };
    expect(await engine.record([{ ...view, at: ahead(23) }])).toEqual({ accepted: 1, duplicates: 0 });
    const refused = engine.record([view, { ...view, at: ahead(25) }]);
    await expect(refused).rejects.toMatchObject({ name: 'RequestError', field: 'actions[1].at' });
    expect(engine.actions('u')).toHaveLength(1);
  });
});

test('what is wrong with a request is named', async () => {
  await using({}, async (engine) => {
    const refused = (change: object) => engine.recommend({ ...SEARCH, ...change });
    const cases: [object, string, string][] = [
      [{ limit: 0 }, 'limit', 'limit must be a whole number 1..1000, got 0'],
      [{ limit: 1e9 }, 'limit', 'limit must be a whole number 1..1000, got 1000000000'],
      [{ radiusMeters: -1 }, 'radiusMeters', 'radiusMeters must be a number 1..20040000, got -1'],
      [{ radiusMeters: NaN }, 'radiusMeters', 'got NaN'],
      [
        { location: { lon: 37.5, lat: 126.9 } },
        'location.lat',
        'location.lat must be -90..90 degrees, got 126.9',
      ],
      [{ location: { lon: Infinity, lat: 1 } }, 'location.lon', 'got Infinity'],
      [{ lmit: 3 }, 'lmit', 'lmit is not a known field'],
      [
        { actions: [{ type: 'search', keyword: 'x'.repeat(10_000) }] },
        'actions[0].keyword',
        'actions[0].keyword must be 1..200 characters',
      ],
      [
        { actions: Array.from({ length: 51 }, () => ({ type: 'view', shopId: 's1' })) },
        'actions',
        'must hold at most 50 actions',
      ],
      [{ filter: { priice: { max: 3 } } }, 'filter.priice', 'is not a column of this catalog'],
      [{ at: 'yesterday' }, 'at', 'must be an ISO 8601 instant'],
      [{ version: 'v'.repeat(65) }, 'version', 'version must be 1..64 letters, digits, ".", "_" or "-"'],
      [{ version: `${'x'.repeat(100_000)}\n` }, 'version', '… (100001 characters)'],
      [{ version: '../v1' }, 'version', 'got "../v1"'],
    ];
    for (const [change, field, message] of cases) {
      const refusal = refused(change);
      await expect(refusal).rejects.toMatchObject({ name: 'RequestError', field });
      await expect(refusal).rejects.toThrow(message);
    }
    const vectors = (value: number[]) =>
      engine.similarities({ vectors: [value], k: 1, candidates: { shopIds: ['s1'] } });
    const named = { vectors: [[1]], k: 1, candidates: { shopIds: [] }, version: 'x'.repeat(65) };
    await expect(engine.similarities(named)).rejects.toMatchObject({ field: 'version' });
    await expect(vectors([1, 2])).rejects.toThrow(
      "vectors[0] must have 32 numbers as this snapshot's embeddings, got 2",
    );
    await expect(vectors(Array.from({ length: 32 }, () => 0))).rejects.toThrow('vectors[0] must not be zero');
    await expect(vectors(Array.from({ length: 32 }, () => 1e39))).rejects.toThrow(
      'vectors[0][0] must fit a float32, got 1e+39',
    );
  });
});

test('after close every method says so, and closing again does nothing', async () => {
  const own = ownStore();
  own.activate('v1');
  const engine = await openEngine({ store: own.directory, data: workspace.path('data-closed'), threads: 1 });
  const running = engine.recommend(SEARCH);
  await Promise.all([engine.close(), engine.close()]);
  expect((await running).shops.length).toBeGreaterThan(0);
  await expect(engine.recommend(SEARCH)).rejects.toMatchObject({ code: 'closed' });
  await expect(engine.record([{ userId: 'u', type: 'view', shopId: 's' }])).rejects.toMatchObject({
    code: 'closed',
  });
  await expect(engine.activate('v2')).rejects.toMatchObject({ code: 'closed' });
  expect(() => engine.shop('s1')).toThrow('the engine is closed');
  expect(engine.health().ready).toBe(false);
});

test('an engine that cannot open says why and leaves nothing behind', async () => {
  const own = ownStore();
  const data = workspace.path('data-opened');
  await expect(openEngine({ store: workspace.path('nowhere'), data })).rejects.toMatchObject({
    code: 'store_invalid',
  });
  writeFileSync(path.join(own.directory, 'CURRENT'), 'gone\n');
  await expect(openEngine({ store: own.directory, data })).rejects.toMatchObject({ code: 'version_unknown' });
  await expect(openEngine({ store: own.directory, data, thread: 3 } as never)).rejects.toMatchObject({
    field: 'thread',
  });
  own.activate('v1');
  const engine = await openEngine({ store: own.directory, data, threads: 0 });
  await engine.close();
});

test('raw search over an inner product may use the metric of the request', async () => {
  const own = ownStore();
  await buildSnapshot(
    {
      ...(await buildTown(workspace, 'ip', { seed: 9, shopCount: 300 })).inputs,
      version: 'ip',
      metric: 'innerProduct',
    },
    own,
  );
  own.activate('ip');
  const engine = await openEngine({ store: own.directory, data: workspace.path('data-ip'), threads: 0 });
  const request = {
    vectors: [Array.from({ length: 32 }, (_, i) => i - 9)],
    k: 3,
    candidates: { shopIds: ['s1', 's2', 's3', 's1', 'nobody'] },
  };
  const products = await engine.similarities(request);
  const cosines = await engine.similarities({ ...request, metric: 'cosine' });
  expect(products.candidateCount).toBe(3);
  expect(Math.abs(products.rankings[0]![0]!.similarity)).toBeGreaterThan(1);
  for (const { similarity } of cosines.rankings[0]!) expect(Math.abs(similarity)).toBeLessThanOrEqual(1);
  await engine.close();
});

/** An answer without when, how long, and what it is called, which hangs on both. */
function answerOf(answer: Recommendation): string {
  return JSON.stringify(answer, (key, value: unknown) =>
    ['at', 'tookMs', 'answerId'].includes(key) ? undefined : value,
  );
}

async function until(fact: () => boolean): Promise<void> {
  while (!fact()) await new Promise((resolve) => setTimeout(resolve, 5));
}

test('a shop delivers exactly where it is a candidate, in any version that is loaded', async () => {
  await using({}, async (engine, own) => {
    const random = new Random(8);
    const near = () => ({
      lon: TOWN_CENTER.lon + random.between(-0.05, 0.05),
      lat: TOWN_CENTER.lat + random.between(-0.05, 0.05),
    });
    /** By a radius, by a zone, by both. */
    const shops = Array.from({ length: 300 }, (_, i) => ({
      shopId: `z${i}`,
      ...near(),
      ...(i % 3 !== 0 && { deliveryRadiusMeters: random.between(200, 4_000) }),
      ...(i % 3 !== 1 && { zone: squareAround(near()) }),
    }));
    const inputs = { shops: workspace.path('zoned.ndjson'), shopVectors: workspace.path('zoned.f32') };
    writeFileSync(inputs.shops, shops.map((shop) => JSON.stringify(shop)).join('\n'));
    writeFileSync(inputs.shopVectors, new Float32Array(shops.length * 4).fill(1));
    await buildSnapshot({ ...inputs, version: 'zoned', metric: 'cosine' }, own);
    const [ofOther] = (await engine.recommend(SEARCH)).shops;
    await engine.activate('zoned');
    for (let n = 0; n < 50; n++) {
      const location = near();
      const answer = await engine.recommend({ location, limit: 1_000 });
      const expected = answer.shops.map(({ shopId }) => shopId).sort();
      const found = shops.map(({ shopId }) => shopId).filter((shopId) => engine.delivers(shopId, location));
      expect(found.sort(), `location ${n}`).toEqual(expected);
      expect(found.length, `location ${n}`).toBeGreaterThan(0);
    }
    expect(engine.delivers(ofOther!.shopId, TOWN_CENTER)).toBe(true);
    expect(engine.delivers('nowhere', TOWN_CENTER)).toBe(false);
    for (const [shopId, location, field] of [
      [5, TOWN_CENTER, 'shopId'],
      ['z1', null, 'location'],
      ['z1', { lon: 126.9, lat: Number.NaN }, 'location.lat'],
    ] as const)
      expect(() => engine.delivers(shopId as never, location as never)).toThrow(
        expect.objectContaining({ name: 'RequestError', field }),
      );
  });
});

function squareAround({ lon, lat }: Location) {
  const [west, east, south, north] = [lon - 0.02, lon + 0.02, lat - 0.02, lat + 0.02];
  const corners = [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
    [west, south],
  ];
  return { type: 'Polygon', coordinates: [corners] };
}
