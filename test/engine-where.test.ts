/** Where requests run: here, in a worker beside others, divided among workers; the answers are the same to the bit. */
import { cpSync } from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Random } from '../src/base/random.ts';
import { Lanes } from '../src/engine/lanes.ts';
import {
  batchSize,
  batchThreads,
  DIVIDE_COST_MIN,
  mayTravel,
  rankingThreads,
  SHARE_COST_MIN,
  verifyingThreads,
} from '../src/engine/placement-rule.ts';
import {
  openEngine,
  type Engine,
  type EngineOptions,
  type Recommendation,
  type RecommendRequest,
  type SimilaritiesRequest,
} from '../src/index.ts';
import type { Metric } from '../src/kernel/kernel.ts';
import { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import { TOWN_CENTER } from '../src/synthetic/town.ts';
import { buildTown, Workspace } from './built-town.ts';

const DIMENSIONS = 512;
const SHOP_COUNT = 15_000;
const SEARCH: RecommendRequest = { actions: [{ type: 'search', keyword: '짜장면' }], location: TOWN_CENTER };
/** 50 actions at a place that a few thousand shops reach: large. */
const MANY_ACTIONS: RecommendRequest = {
  actions: Array.from({ length: 50 }, (_, n) => ({ type: 'view', shopId: `s${n * 7}` })),
  location: TOWN_CENTER,
  at: '2026-11-22T12:00:00Z',
};

const workspace = new Workspace();
let store: SnapshotStore;
let engineCount = 0;
beforeAll(async () => {
  ({ store } = await buildTown(workspace, 'large', {
    seed: 4,
    shopCount: SHOP_COUNT,
    dimensions: DIMENSIONS,
  }));
  await buildTown(workspace, 'second', { seed: 5, shopCount: SHOP_COUNT, dimensions: DIMENSIONS });
  await buildTown(workspace, 'small', { seed: 1, shopCount: 500 });
});
afterAll(() => workspace.remove());

async function using<T>(options: Partial<EngineOptions>, run: (engine: Engine) => Promise<T>): Promise<T> {
  const directory = workspace.path(`store-${engineCount}`);
  cpSync(path.join(store.directory, 'snapshots'), path.join(directory, 'snapshots'), { recursive: true });
  SnapshotStore.open(directory).activate('large');
  const data = workspace.path(`data-${engineCount++}`);
  const engine = await openEngine({ store: directory, data, threads: 0, storePollMs: 0, ...options });
  try {
    return await run(engine);
  } finally {
    await engine.close();
  }
}

/** Vectors enough for a search over all shops to be divided among `threads`. */
function largeRequest(random: Random, threads: number, metric: Metric = 'cosine'): SimilaritiesRequest {
  const cost = Math.max(DIVIDE_COST_MIN, threads * SHARE_COST_MIN);
  return {
    vectors: Array.from({ length: Math.ceil(cost / (SHOP_COUNT * DIMENSIONS)) }, () =>
      Array.from({ length: DIMENSIONS }, () => random.normal()),
    ),
    k: random.pick([1, 10, 1_000, 10_000]),
    metric,
    candidates: { shopIds: Array.from({ length: SHOP_COUNT }, (_, shop) => `s${shop}`) },
  };
}

/** An answer without how long it took. */
function answerOf(answer: Recommendation): string {
  return JSON.stringify(answer, (key, value: unknown) => (key === 'tookMs' ? undefined : value));
}

describe('the rule', () => {
  test.each([
    // cost, threads, free threads → threads that rank
    [0, 4, 4, 0],
    [DIVIDE_COST_MIN - 1, 4, 4, 0],
    [1e12, 0, 0, 0],
    [DIVIDE_COST_MIN, 2, 2, 2],
    [DIVIDE_COST_MIN, 8, 8, 2],
    [5 * SHARE_COST_MIN, 8, 8, 5],
    [1e12, 8, 8, 8],
    [1e12, 8, 3, 3],
    [1e12, 2, 0, 1],
    [1e12, 1, 1, 1],
  ])(
    'a request of %d multiply-adds, %d threads, %d of them free: %d rank it',
    (cost, threads, free, rank) => {
      expect(rankingThreads(cost, threads, free)).toBe(rank);
    },
  );

  test.each([
    // threads, cores → threads that take small requests at the same time
    [0, 1, 0],
    [0, 8, 0],
    [1, 1, 1],
    [2, 2, 1],
    [4, 2, 1],
    [4, 8, 4],
    [8, 8, 7],
    [0, 0, 0],
    [1, 0, 1],
  ])('%d threads on %d cores: %d take small requests', (threads, cores, taking) => {
    expect(batchThreads(threads, cores)).toBe(taking);
  });

  test.each([
    // threads and cores without those of other verifications, requests are answered → threads that verify
    [4, 8, false, 4],
    [4, 2, false, 2],
    [1, 1, false, 1],
    [4, 8, true, 3],
    [4, 4, true, 3],
    [4, 2, true, 1],
    [2, 8, true, 1],
    [1, 8, true, 1],
    [0, 4, true, 1],
    [0, 0, false, 1],
  ])('%d threads, %d cores, requests are answered %s: %d verify', (threads, cores, answers, verify) => {
    expect(verifyingThreads(threads, cores, answers)).toBe(verify);
  });

  test.each([
    // queued, free threads, wanted as JSON → requests in the next message
    [0, 2, true, 0],
    [9, 0, true, 0],
    [9, -1, true, 0],
    [1, 1, true, 0],
    [1, 4, true, 0],
    [2, 1, true, 1],
    [3, 2, true, 1],
    [8, 1, true, 4],
    [9, 2, true, 3],
    [1_000, 1, true, 8],
    [1_000, 4, true, 8],
    [2, 1, false, 0],
    [4, 1, false, 2],
    [1_000, 1, false, 8],
  ])('%d queued, %d threads free, JSON %s: %d go to the next one', (queued, free, asJson, size) => {
    expect(batchSize(queued, free, asJson)).toBe(size);
  });

  test.each([
    // threads, usual multiply-adds, wanted as JSON → may travel
    [0, 5_000_000, true, false],
    [1, 0, true, true],
    [1, 999_999, false, false],
    [1, 1_000_000, false, true],
  ])('with %d threads, usually %d multiply-adds, JSON %s: %s', (threads, usualCost, asJson, travels) => {
    expect(mayTravel(threads, usualCost, asJson)).toBe(travels);
  });
});

test('what is divided among workers is what one thread finds', async () => {
  const inline = await using({ threads: 0 }, async (engine) => {
    const answers: unknown[] = [];
    for (const ask of divisible(engine)) answers.push(await ask());
    return answers;
  });
  for (const threads of [1, 2, 3]) {
    await using({ threads }, async (engine) => {
      const asked = divisible(engine);
      for (const [i, ask] of asked.entries())
        expect(await ask(), `${threads} threads, request ${i}`).toEqual(inline[i]);
      expect(engine.stats()).toMatchObject({ requestsInline: 0, requestsInWorkers: asked.length });
      // At once they wait for one another, each then in one thread.
      expect(await Promise.all(asked.map((ask) => ask()))).toEqual(inline);
    });
  }
});

/** Large requests, the same for every engine. */
function divisible(engine: Engine): (() => Promise<unknown>)[] {
  const random = new Random(5);
  const searches = (['cosine', 'innerProduct', 'l2'] as const).flatMap((metric) => [
    largeRequest(random, 3, metric),
    largeRequest(random, 3, metric),
  ]);
  const recommend = async (change: Partial<RecommendRequest>) =>
    answerOf(await engine.recommend({ ...MANY_ACTIONS, limit: 100, ...change }));
  return [
    ...searches.map((request) => () => engine.similarities(request)),
    () => recommend({}),
    () => recommend({ fusion: { depth: 10_000 } }),
    () => recommend({ fusion: { depth: 100 }, explain: false }),
  ];
}

test('many small requests at once are shared with the workers, and each gets its own answer', async () => {
  const requests = Array.from({ length: 60 }, (_, n): RecommendRequest => {
    const views = Array.from({ length: 5 }, (_action, i) => ({ type: 'view', shopId: `s${n + i}` }));
    const actions = [...views, { type: 'search', keyword: `sandwhich ${n}` }];
    return { ...MANY_ACTIONS, actions, limit: 1 + (n % 30) };
  });
  await using({ threads: 2 }, async (engine) => {
    const alone: Recommendation[] = [];
    for (const request of requests) alone.push(await engine.recommend(request));
    expect(engine.stats()).toMatchObject({ requestsInline: 60, requestsInWorkers: 0 });
    for (const answer of alone) expect(answerOf(answer)).toContain('"takenAs":"sandwich"');

    const objects = await Promise.all(requests.map((request) => engine.recommend(request)));
    expect(objects.map(answerOf)).toEqual(alone.map(answerOf));
    const { requestsInWorkers } = engine.stats();
    expect(requestsInWorkers).toBeGreaterThanOrEqual(8); // the first message at least

    const texts = await Promise.all(requests.map((request) => engine.recommendJson(request)));
    const parsed = texts.map((json) => JSON.parse(Buffer.from(json as string).toString()) as Recommendation);
    expect(parsed.map(answerOf)).toEqual(alone.map(answerOf));
    const stats = engine.stats();
    expect(stats.requestsInWorkers).toBeGreaterThanOrEqual(requestsInWorkers + 8);
    expect(stats.requestsInline + stats.requestsInWorkers).toBe(180);
    expect(stats.similarityCount).toBe(3 * alone.reduce((sum, answer) => sum + answer.similarityCount, 0));
  });
});

test('a request that is refused or too large for its company harms no other', async () => {
  await using({ threads: 2 }, async (engine) => {
    const at = '2026-11-22T12:00:00Z';
    const small = answerOf(await engine.recommend({ ...SEARCH, at }));
    const large = answerOf(await engine.recommend(MANY_ACTIONS));
    expect(engine.stats().requestsInWorkers).toBe(1);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 24 }, (_, n): Promise<Recommendation> => {
        if (n % 4 === 1) return engine.recommend({ ...SEARCH, version: 'gone' });
        if (n % 4 === 2) return engine.recommend({ ...SEARCH, filter: { colour: { in: ['red'] } } });
        if (n % 4 === 3) return engine.recommend(MANY_ACTIONS);
        return engine.recommend({ ...SEARCH, at });
      }),
    );
    const shown = outcomes.map((outcome) => {
      if (outcome.status === 'fulfilled') return answerOf(outcome.value);
      const { code, field } = outcome.reason as { readonly code?: string; readonly field?: string };
      return code ?? field;
    });
    const expected = [small, 'version_not_loaded', 'filter.colour', large];
    expect(shown).toEqual(outcomes.map((_, n) => expected[n % 4]));
  });
});

test('what an area holds beside its coordinates goes to no worker', async () => {
  const [west, south, east, north] = [126, 37, 128, 38];
  const ring = [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
    [west, south],
  ];
  const plain = { type: 'Polygon' as const, coordinates: [ring] };
  const odd = ring.map(([lon, lat]) => [BigInt(lon!), BigInt(lat!), () => 0]);
  const more = { ...plain, coordinates: [odd], area: () => 4, bbox: [126n, 37n] };
  await using({ threads: 2 }, async (engine) => {
    const request = { ...SEARCH, at: '2026-11-22T12:00:00Z', within: { polygon: plain } };
    const answer = await engine.recommend(request);
    const alone = answerOf(answer);
    const answers = await Promise.all(
      Array.from({ length: 24 }, async (_, n) => {
        const polygon = n % 4 === 0 ? more : plain;
        const json = await engine.recommendJson({ ...request, within: { polygon } });
        return answerOf(JSON.parse(Buffer.from(json as string).toString()));
      }),
    );
    expect(answers).toEqual(answers.map(() => alone));
    expect(engine.stats().requestsInWorkers).toBeGreaterThan(0);
    const multi = { type: 'MultiPolygon' as const, coordinates: [[odd]] };
    const { shops } = await engine.recommend({ ...request, within: { polygon: multi } });
    expect(shops).toEqual(answer.shops);
    const refused = engine.recommend({ ...request, within: { polygon: { ...plain, coordinates: [[]] } } });
    await expect(refused).rejects.toMatchObject({ field: 'within.polygon.coordinates[0]' });
  });
});

test('a swap during a divided request waits for nothing and takes no memory from it', async () => {
  await using({ threads: 2 }, async (engine) => {
    const request = largeRequest(new Random(1), 6);
    const alone = await engine.similarities(request);
    const running = Array.from({ length: 5 }, () => engine.similarities(request));
    // The second activation needs the memory that is read.
    for (const version of ['small', 'large', 'small']) await engine.activate(version);
    for (const answer of await Promise.all(running)) expect(answer).toEqual(alone);
    expect(engine.health().version).toBe('small');
  });
});

test('while the only worker verifies, requests small and large run here', async () => {
  await using({ threads: 1 }, async (engine) => {
    const request = largeRequest(new Random(6), 1);
    const swap = engine.activate('second');
    await new Promise((resolve) => setImmediate(resolve)); // the swap has begun
    await Promise.all([engine.recommendJson(SEARCH), engine.recommendJson(SEARCH)]);
    await engine.similarities(request);
    expect(engine.stats()).toMatchObject({ requestsInline: 3, requestsInWorkers: 0 });
    await swap;
    await Promise.all([engine.recommendJson(SEARCH), engine.recommendJson(SEARCH)]);
    expect(engine.stats()).toMatchObject({ requestsInline: 4, requestsInWorkers: 1 });
    await engine.similarities(request);
    expect(engine.stats()).toMatchObject({ requestsInline: 4, requestsInWorkers: 2 });
  });
});

test('what waits for the only worker when it is to verify is answered here', async () => {
  await using({ threads: 1 }, async (engine) => {
    const request = largeRequest(new Random(7), 1);
    const alone = await engine.similarities(request);
    const large = Array.from({ length: 3 }, () => engine.similarities(request));
    const swap = engine.activate('second');
    for (const answer of await Promise.all(large)) expect(answer).toEqual(alone);
    // Two in the worker: the one alone and the first of the three.
    expect(engine.stats()).toMatchObject({ requestsInline: 2, requestsInWorkers: 2, requestsWaiting: 0 });
    expect((await swap).version).toBe('second');
  });
});

test('lanes go to who claims them before who waits', async () => {
  const lanes = new Lanes(3, 10);
  const taken = [lanes.take(), lanes.take(), lanes.take()];
  const waited = lanes.next();
  const claimed = lanes.claim(2);
  expect(lanes.waitingCount).toBe(1); // a claim is no request
  lanes.giveBack(taken.slice(0, 2));
  expect(await claimed).toEqual(taken.slice(0, 2));
  expect(lanes.waitingCount).toBe(1);
  lanes.giveBack(taken.slice(2));
  expect(await waited).toBe(taken[2]);
  const dismissed = lanes.next();
  expect(lanes.dismiss()).toBe(true);
  expect(await dismissed).toBeNull();
  expect(lanes.dismiss()).toBe(false);
  lanes.giveBack(taken);
  expect(await lanes.claim(2)).toHaveLength(2);
  expect(lanes.freeCount).toBe(1);
});

test('closing while requests are divided, wait, and are queued lets all of them end', async () => {
  await using({ threads: 2 }, async (engine) => {
    const request = largeRequest(new Random(2), 4);
    const large = Array.from({ length: 5 }, () => engine.similarities(request));
    const small = Array.from({ length: 50 }, () => engine.recommend(SEARCH));
    const closed = engine.close();
    for (const answer of await Promise.all(large)) expect(answer.candidateCount).toBe(SHOP_COUNT);
    for (const answer of await Promise.all(small)) expect(answer.version).toBe('large');
    await closed;
    await expect(engine.recommend(SEARCH)).rejects.toMatchObject({ code: 'closed' });
  });
});

test('more divided requests than may wait are refused, and none is after that', async () => {
  await using({ threads: 2, queueMax: 1 }, async (engine) => {
    const request = largeRequest(new Random(3), 2);
    const outcomes = await Promise.allSettled(Array.from({ length: 4 }, () => engine.similarities(request)));
    // The first takes both threads, the second waits.
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected']);
    expect(outcomes[2]).toMatchObject({ reason: { code: 'overloaded' } });
    expect((await engine.similarities(request)).candidateCount).toBe(SHOP_COUNT);
  });
});

test('when workers die their requests fail, and those after them are answered', async () => {
  const posted = vi.spyOn(Worker.prototype, 'postMessage');
  try {
    await using({ threads: 2 }, async (engine) => {
      const workers = new Set(posted.mock.contexts as Worker[]);
      expect(workers.size).toBe(2);
      const request = largeRequest(new Random(4), 40);
      const alone = await engine.similarities(request);
      const running = Promise.allSettled([
        engine.similarities(request),
        ...Array.from({ length: 20 }, () => engine.recommendJson(SEARCH)),
      ]);
      await Promise.all(Array.from(workers, (worker) => worker.terminate()));
      const [divided] = await running;
      expect(divided).toMatchObject({ status: 'rejected' });
      // More than there are lanes: none of them was lost.
      for (let n = 0; n < 4; n++) expect(await engine.similarities(request)).toEqual(alone);
      expect((await engine.recommend(SEARCH)).version).toBe('large');
      expect(engine.stats().requestsWaiting).toBe(0);
    });
  } finally {
    posted.mockRestore();
  }
});

test('a divided request tells the hours of its own moment, whatever others ask meanwhile', async () => {
  await buildTown(
    workspace,
    'hours',
    { seed: 1, shopCount: 3_000, dimensions: 1_024 },
    'cosine',
    'Asia/Seoul',
  );
  const noon: RecommendRequest = { ...MANY_ACTIONS, at: '2026-11-23T12:00:00+09:00', limit: 100 };
  const night: RecommendRequest = { location: TOWN_CENTER, at: '2026-11-23T04:00:00+09:00', limit: 1 };
  const hoursOf = async (threads: number) =>
    using({ threads }, async (engine) => {
      await engine.activate('hours');
      const [answer] = await Promise.all([engine.recommend(noon), engine.recommend(night)]);
      expect(engine.stats().requestsInWorkers).toBe(threads === 0 ? 0 : 1);
      return answer.shops.map(({ shopId, hours }) => ({ shopId, hours }));
    });
  const divided = await hoursOf(2);
  expect(divided).toEqual(await hoursOf(0));
  expect(new Set(divided.map(({ hours }) => hours))).toEqual(new Set(['open']));
});

test('what shops say of themselves while a divided request runs does not count for it', async () => {
  await using({ threads: 2 }, async (engine) => {
    await engine.setStatus({ shopId: 'not there', open: true });
    const [first] = (await engine.recommend(MANY_ACTIONS)).shops;
    const { at: _, ...now } = MANY_ACTIONS;
    for (let i = 0; i < 5; i++) {
      const running = engine.recommend(now);
      await engine.setStatus({ shopId: first!.shopId, open: false });
      expect((await running).shops.map(({ hours }) => hours)).not.toContain('closed');
      await engine.clearStatus(first!.shopId);
    }
  });
});
