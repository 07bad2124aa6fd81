/** Two versions side by side in one engine: who is answered by which, what a shadow tells, and what keeps working. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EngineError, type EngineErrorCode } from '../src/base/errors.ts';
import { silentLog } from '../src/base/log.ts';
import { Changes } from '../src/engine/changes.ts';
import { Generations } from '../src/engine/generations.ts';
import { sideVersionNames, SideVersions } from '../src/engine/side-versions.ts';
import { splitPlace } from '../src/engine/version-choice.ts';
import { serve } from '../src/http/server.ts';
import {
  openEngine,
  type Engine,
  type EngineOptions,
  type Recommendation,
  type RecommendRequest,
  type ShadowComparison,
  type ShadowCounts,
} from '../src/index.ts';
import { buildSnapshot } from '../src/snapshot/build-snapshot.ts';
import type { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import { TOWN_CENTER } from '../src/synthetic/town.ts';
import { buildTown, Workspace } from './built-town.ts';
import { addVersion, buildVersions, fileOf, storeWith } from './two-versions.ts';

const workspace = new Workspace();
let built: SnapshotStore;
let engineCount = 0;
beforeAll(async () => {
  built = await buildVersions(workspace);
});
afterAll(() => workspace.remove());

const AT = '2026-11-22T12:00:00Z';

/** A request of its own for every `n`, so that answers differ. */
function requestOf(n: number, more: Partial<RecommendRequest> = {}): RecommendRequest {
  const location = { lon: TOWN_CENTER.lon + 0.002 * Math.cos(n), lat: TOWN_CENTER.lat + 0.002 * Math.sin(n) };
  const actions = [
    { type: 'view', shopId: `s${n}` },
    ...(n % 3 === 0 ? [{ type: 'search', keyword: '짜장면' }] : []),
  ];
  return { location, actions, limit: 20, at: AT, ...more };
}

const asUser = (n: number): RecommendRequest => requestOf(n, { userId: `u${n}` });

interface Used {
  readonly engine: Engine;
  readonly store: SnapshotStore;
  readonly errors: readonly string[];
}

/** Runs on an engine over a store with `versions`, the first of them active. */
async function using<T>(
  options: Partial<EngineOptions>,
  run: (used: Used) => Promise<T>,
  versions: readonly string[] = ['v1', 'v2', 'v3'],
): Promise<T> {
  const store = storeWith(built, workspace.path(`store-${engineCount}`), versions);
  const errors: string[] = [];
  const data = workspace.path(`data-${engineCount++}`);
  const engine = await openEngine(
    { store: store.directory, data, threads: 0, storePollMs: 0, ...options },
    { ...silentLog, error: (fields, message) => void errors.push(`${message}: ${JSON.stringify(fields)}`) },
  );
  try {
    return await run({ engine, store, errors });
  } finally {
    await engine.close();
  }
}

/** An answer without when and how long. */
function answerOf(answer: Recommendation): string {
  return JSON.stringify(answer, (key, value: unknown) => (key === 'tookMs' ? undefined : value));
}

async function until(fact: () => boolean): Promise<void> {
  while (!fact()) await sleep(2);
}

const sum = (counts: ShadowCounts): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);

describe('a split', () => {
  const versionsOf = async (engine: Engine, count: number): Promise<string[]> => {
    const answers = await Promise.all(Array.from({ length: count }, (_, n) => engine.recommend(asUser(n))));
    return answers.map(({ version }) => version);
  };
  const expected = (count: number, share: number, seed = 'v2'): string[] =>
    Array.from({ length: count }, (_, n) => (splitPlace(seed, `u${n}`) < share ? 'v2' : 'v1'));

  test.each([0, 2])(
    'answers its users from its version, the same each time, with %i threads',
    async (threads) => {
      await using({ split: 'v2=25%', threads }, async ({ engine }) => {
        const versions = await versionsOf(engine, 200);
        expect(versions).toEqual(expected(200, 0.25));
        expect(await versionsOf(engine, 200)).toEqual(versions);
        const split = versions.filter((version) => version === 'v2').length;
        expect(split).toBeGreaterThan(20);
        expect(engine.stats().recommendations).toEqual(
          expect.arrayContaining([
            { version: 'v1', chosenBy: 'active', count: 2 * (200 - split) },
            { version: 'v2', chosenBy: 'split', count: 2 * split },
          ]),
        );
      });
    },
  );

  test('grows without moving anybody back, and another seed shuffles its users', async () => {
    const at = (options: Partial<EngineOptions>) => using(options, ({ engine }) => versionsOf(engine, 100));
    const [few, more] = [await at({ split: 'v2=20%' }), await at({ split: 'v2=55.5%' })];
    expect(few).toEqual(expected(100, 0.2));
    expect(more).toEqual(expected(100, 0.555));
    expect(few.filter((version, n) => version === 'v2' && more[n] !== 'v2')).toEqual([]);
    expect(await at({ split: 'v2=20%', splitSeed: 'again' })).toEqual(expected(100, 0.2, 'again'));
    expect(expected(100, 0.2, 'again')).not.toEqual(few);
    expect(await at({ split: 'v2=0%' })).toEqual(expected(100, 0));
    expect(await at({ split: 'v2=100%' })).toEqual(expected(100, 1));
  });

  test('leaves requests without a user to the active version, and a version that is asked for wins', async () => {
    await using({ split: 'v2=100%' }, async ({ engine }) => {
      const { userId: _, ...nobody } = asUser(1);
      expect((await engine.recommend(nobody)).version).toBe('v1');
      expect((await engine.recommend(asUser(1))).version).toBe('v2');
      expect((await engine.recommend({ ...asUser(1), version: 'v1' })).version).toBe('v1');
      expect((await engine.recommend({ ...nobody, version: 'v2' })).version).toBe('v2');
      await expect(engine.recommend({ ...asUser(1), version: 'v3' })).rejects.toMatchObject({
        message: 'version v3 is not loaded; this engine holds v1 and v2',
      });
      expect(engine.stats().recommendations).toContainEqual({ version: 'v1', chosenBy: 'request', count: 1 });
    });
  });

  test('answers what the version answers when it is active', async () => {
    const active = await using({}, ({ engine }) => engine.recommend(asUser(7)), ['v2']);
    const split = await using({ split: 'v2=100%' }, ({ engine }) => engine.recommend(asUser(7)));
    const other = await using({}, ({ engine }) => engine.recommend(asUser(7)));
    expect(answerOf(split)).toBe(answerOf(active));
    expect(answerOf(split)).not.toBe(answerOf({ ...other, version: 'v2' }));
  });

  test('is answered for shops closed since: live statuses hold in every version', async () => {
    await using({ split: 'v2=100%' }, async ({ engine }) => {
      const { at: _, ...now } = asUser(3);
      const { shops } = await engine.recommend(now);
      await engine.setStatus({ shopId: shops[0]!.shopId, open: false });
      expect((await engine.recommend(now)).shops[0]!.shopId).toBe(shops[1]!.shopId);
    });
  });
});

describe.each([0, 2])('with %i worker threads', (threads) => {
  test('a side version survives activations and roll backs under load', async () => {
    await using({ threads, split: 'v2=50%', shadow: 'v2=20%' }, async ({ engine }) => {
      const alone = new Map<string, string[]>();
      const USERS = 12;
      for (const version of ['v2', 'v3', 'v1']) {
        await engine.activate(version);
        const answers = Array.from({ length: USERS }, (_, n) => engine.recommend({ ...asUser(n), version }));
        alone.set(version, (await Promise.all(answers)).map(answerOf));
      }
      let stop = false;
      const seen = new Set<string>();
      const load = Array.from({ length: USERS }, async (_, n) => {
        const inSplit = splitPlace('v2', `u${n}`) < 0.5;
        while (!stop) {
          const answer = await engine.recommend(asUser(n));
          expect(answerOf(answer)).toBe(alone.get(answer.version)![n]);
          seen.add(`${inSplit ? 'split' : 'others'} ${answer.version}`);
          await new Promise((resolve) => setImmediate(resolve));
        }
      });
      for (let round = 0; round < 4; round++) {
        for (const version of ['v3', 'v2', 'v1']) {
          await engine.activate(version);
          await sleep(3); // lets the load through, which no swap waits for
        }
        expect((await engine.rollback()).version).toBe('v2');
        expect((await engine.rollback()).version).toBe('v3');
        await sleep(3);
      }
      stop = true;
      await Promise.all(load);
      expect([...seen].toSorted()).toEqual(['others v1', 'others v2', 'others v3', 'split v2']);
      expect(engine.stats().shadow).toMatchObject({ failed: 0, refused: 0, not_loaded: 0 });
      expect(engine.stats().sideVersions.map(({ loaded }) => loaded)).toEqual([true, true]);
    });
  });

  test('a shadow tells what comparing both answers tells, after the caller has its answer', async () => {
    await using({ threads, shadow: 'v2=100%' }, async ({ engine }) => {
      const server = await serve(engine, { host: '127.0.0.1', port: 0, log: silentLog, graceMs: 0 });
      const told: ShadowComparison[] = [];
      const forget = engine.onShadowCompared((comparison) => told.push(comparison));
      const requests = Array.from({ length: 40 }, (_, n) => requestOf(n, { limit: n % 2 === 0 ? 20 : 4 }));
      for (const [n, request] of requests.entries()) {
        const answer = n % 4 < 2 ? await engine.recommend(request) : await asked(engine, request);
        expect(answer.version).toBe('v1');
        expect(told).toHaveLength(n);
        await until(() => told.length > n);
        expect(told[n]!.activeMs).toBe(answer.tookMs.total);
      }
      forget();
      const direct = await Promise.all(requests.map((request) => comparedDirectly(engine, request)));
      direct.forEach(({ overlap, rankBiasedOverlap }, n) => {
        expect(told[n]).toMatchObject({ activeVersion: 'v1', shadowVersion: 'v2', overlap });
        expect(told[n]!.rankBiasedOverlap).toBeCloseTo(rankBiasedOverlap, 12);
        expect(told[n]!.shadowMs).toBeGreaterThan(0);
      });
      // Otherwise the test would hold for a shadow that compares a version with itself.
      expect(direct.some(({ rankBiasedOverlap }) => rankBiasedOverlap < 0.7)).toBe(true);
      expect(engine.stats().shadow).toMatchObject({ compared: 40, busy: 0 });

      const text = await (await fetch(`${server.address.url}/metrics`)).text();
      const metric = (name: string): number =>
        Number(
          text
            .split('\n')
            .find((line) => line.startsWith(`${name} `))
            ?.slice(name.length),
        );
      const pair = 'active="v1",shadow="v2"';
      const total = (values: readonly number[]): number => values.reduce((added, value) => added + value, 0);
      for (const k of [1, 3, 5, 10, 20]) {
        const at = direct.flatMap(({ overlap }) => overlap.filter((each) => each.k === k));
        expect(at).toHaveLength(k <= 3 ? 40 : 20);
        expect(metric(`doorrank_shadow_overlap_count{${pair},k="${k}"}`)).toBe(at.length);
        expect(metric(`doorrank_shadow_overlap_sum{${pair},k="${k}"}`)).toBeCloseTo(
          total(at.map(({ overlap }) => overlap)),
          9,
        );
      }
      const rbo = direct.map(({ rankBiasedOverlap }) => rankBiasedOverlap);
      expect(metric(`doorrank_shadow_rank_biased_overlap_sum{${pair}}`)).toBeCloseTo(total(rbo), 9);
      expect(metric(`doorrank_shadow_rank_biased_overlap_bucket{le="0.5",${pair}}`)).toBe(
        rbo.filter((value) => value <= 0.5).length,
      );
      for (const [side, values] of [
        ['active', told.map(({ activeMs }) => activeMs)],
        ['shadow', told.map(({ shadowMs }) => shadowMs)],
      ] as const) {
        expect(metric(`doorrank_shadow_line_seconds_sum{${pair},side="${side}"}`)).toBeCloseTo(
          total(values) / 1000,
          9,
        );
      }
      expect(metric('doorrank_shadow_total{outcome="compared"}')).toBe(40);
      expect(metric('doorrank_recommendations_total{version="v1",chosen_by="active"}')).toBe(40);
      expect(metric('doorrank_side_version_loaded{version="v2",role="shadow"}')).toBe(1);
      await server.close();
    });
  });

  test('a shadow waits for nobody to wait, and what is too much for it is dropped and counted', async () => {
    await using({ threads, shadow: 'v2=100%' }, async ({ engine }) => {
      let answered = 0;
      const answeredWhenTold: number[] = [];
      engine.onShadowCompared(() => answeredWhenTold.push(answered));
      const burst = Array.from({ length: 50 }, async (_, n) => {
        await engine.recommendJson(requestOf(n));
        answered++;
      });
      await Promise.all(burst);
      await until(() => sum(engine.stats().shadow!) === 50);
      const ofBurst = engine.stats().shadow!;
      // Answers that come over several turns may wait too long here and make room for others.
      expect(ofBurst).toMatchObject(threads === 0 ? { compared: 16, busy: 34 } : { failed: 0, refused: 0 });
      expect(ofBurst.compared).toBeLessThanOrEqual(16);
      expect(answeredWhenTold).toEqual(Array.from({ length: ofBurst.compared }, () => 50));
      // Requests in every turn of the event loop leave no moment to it.
      let stop = false;
      const load = (async () => {
        while (!stop) {
          await engine.recommend(requestOf(1, { limit: 1 }));
          await new Promise((resolve) => setImmediate(resolve));
        }
      })();
      const { compared, busy } = engine.stats().shadow!;
      await until(() => engine.stats().shadow!.busy > busy + 20);
      expect(engine.stats().shadow!.compared).toBe(compared);
      stop = true;
      await load;
    });
  });

  test('closing does not wait for what a shadow keeps', async () => {
    await using({ threads, shadow: 'v2=100%' }, async ({ engine }) => {
      const told: ShadowComparison[] = [];
      engine.onShadowCompared((comparison) => told.push(comparison));
      await Promise.all(Array.from({ length: 5 }, (_, n) => engine.recommend(requestOf(n))));
      await engine.close();
      expect(told.length).toBeLessThan(5);
      await sleep(20);
      expect(told.length).toBeLessThan(5);
    });
  });
});

/** As the HTTP face asks. */
async function asked(engine: Engine, request: RecommendRequest): Promise<Recommendation> {
  const json = await engine.recommendJson(request);
  return JSON.parse(typeof json === 'string' ? json : new TextDecoder().decode(json)) as Recommendation;
}

/** The two answers compared by the definitions. */
async function comparedDirectly(engine: Engine, request: RecommendRequest) {
  const [first, second] = await Promise.all(
    ['v1', 'v2'].map(async (version) =>
      (await engine.recommend({ ...request, version })).shops.map(({ shopId }) => shopId),
    ),
  );
  const agreementAt = (d: number): number =>
    first!.slice(0, d).filter((id) => second!.slice(0, d).includes(id)).length / d;
  const length = Math.max(first!.length, second!.length);
  expect(length).toBe(request.limit);
  let rankBiasedOverlap = agreementAt(length) * 0.9 ** length;
  for (let d = 1; d <= length; d++) rankBiasedOverlap += 0.1 * agreementAt(d) * 0.9 ** (d - 1);
  const depths = [1, 3, 5, 10, 20].filter((k) => k <= length);
  return { overlap: depths.map((k) => ({ k, overlap: agreementAt(k) })), rankBiasedOverlap };
}

test('a listener to comparisons that fails keeps nobody from hearing, and one that listens anew hears the next', async () => {
  await using({ shadow: 'v2=100%' }, async ({ engine, errors }) => {
    const told: string[] = [];
    const fail = () => {
      throw new Error('a bug of the listener');
    };
    engine.onShadowCompared(fail);
    let leave = () => {};
    const listenAnew = () => {
      told.push('anew');
      leave();
      // A bound, so that a failure ends.
      if (told.length < 100) leave = engine.onShadowCompared(listenAnew);
    };
    leave = engine.onShadowCompared(listenAnew);
    engine.onShadowCompared(() => told.push('last'));
    await engine.recommend(requestOf(1));
    await until(() => sum(engine.stats().shadow!) === 1);
    expect(told).toEqual(['anew', 'last']);
    expect(engine.stats().shadow).toMatchObject({ compared: 1, failed: 0 });
    expect(errors).toEqual([
      expect.stringContaining('a listener to comparisons with the shadow version failed'),
    ]);
  });
});

test('the sample of a shadow is its share of the requests that nobody pinned and no split took', async () => {
  const pins = (n: number): boolean => n % 4 === 0;
  const sampled = () =>
    using({ shadow: 'v2=30%', split: 'v3=50%' }, async ({ engine }) => {
      for (let n = 0; n < 400; n++) {
        await engine.recommend(pins(n) ? { ...asUser(n), version: 'v1' } : asUser(n));
      }
      await engine.close(); // what is kept is dropped, and counted
      return sum(engine.stats().shadow!);
    });
  const users = Array.from({ length: 400 }, (_, n) => n).filter((n) => !pins(n));
  const count = users.filter((n) => splitPlace('v3', `u${n}`) >= 0.5).length;
  const found = await sampled();
  // Five standard deviations, as in version-split.test.ts.
  expect(Math.abs(found - count * 0.3)).toBeLessThan(5 * Math.sqrt(count * 0.3 * 0.7));
  expect(await sampled()).toBe(found); // the sample is seeded
});

test('explaining is no request of the sample', async () => {
  const counts = (explained: boolean) =>
    using({ shadow: 'v1=50%' }, async ({ engine }) => {
      const same: number[] = [];
      for (let n = 0; n < 20; n++) {
        if (explained) await engine.explain({ request: requestOf(n), shopId: 's1' });
        await engine.recommend(requestOf(n));
        same.push(engine.stats().shadow!.same_version);
      }
      return same;
    });
  expect(await counts(true)).toEqual(await counts(false));
});

test('what a shadow cannot compare is counted by its reason', async () => {
  await using({ shadow: 'v3=100%' }, async ({ engine, errors }) => {
    const outcome = async (request: RecommendRequest) => {
      const before = engine.stats().shadow!;
      await engine.recommend(request);
      await until(() => sum(engine.stats().shadow!) > sum(before));
      const after = engine.stats().shadow!;
      return Object.keys(after).filter(
        (each) => after[each as keyof ShadowCounts] > before[each as keyof ShadowCounts],
      );
    };
    expect(await outcome(requestOf(1))).toEqual(['compared']);
    expect(await outcome(requestOf(1, { filter: { spicy: true } }))).toEqual(['refused']);
    await engine.activate('v3');
    expect(await outcome(requestOf(1))).toEqual(['same_version']);
    await engine.rollback();
    expect(await outcome(requestOf(1))).toEqual(['compared']);
    expect(errors).toEqual([]);
  });
});

test('a version that the store does not have is reported once, and loaded when it is there', async () => {
  await using(
    { split: 'v2=100%', shadow: 'v3=100%', storePollMs: 10 },
    async ({ engine, store, errors }) => {
      expect(engine.health()).toMatchObject({ ready: true, version: 'v1' });
      expect((await engine.recommend(asUser(1))).version).toBe('v1');
      const { userId: _, ...nobody } = asUser(1);
      await engine.recommend(nobody);
      expect(engine.stats()).toMatchObject({
        recommendations: [
          { version: 'v1', chosenBy: 'split_not_loaded', count: 1 },
          { version: 'v1', chosenBy: 'active', count: 1 },
        ],
        sideVersions: [
          { version: 'v2', role: 'split', share: 1, loaded: false },
          { version: 'v3', role: 'shadow', share: 1, loaded: false },
        ],
        shadow: { not_loaded: 1 },
      });
      await sleep(60);
      expect(errors).toHaveLength(2); // one for each
      expect(errors[0]).toMatch(
        /cannot be served; the active one answers until it can: .*no version v2 in the store/,
      );
      addVersion(built, store, 'v2');
      await until(() => engine.stats().sideVersions[0]!.loaded);
      expect((await engine.recommend(asUser(1))).version).toBe('v2');
      expect(errors.filter((line) => line.includes('"version":"v2"'))).toHaveLength(1);
    },
    ['v1'],
  );
});

test('a damaged version never answers; it is read once, and again when the file is another one', async () => {
  const store = storeWith(built, workspace.path('store-damaged'), ['v1', 'v2']);
  const file = fileOf(store, 'v2');
  const sound = readFileSync(file);
  const damaged = Buffer.from(sound);
  damaged[damaged.length - 5_000]! ^= 1;
  rmSync(file);
  writeFileSync(file, damaged);
  const errors: string[] = [];
  const engine = await openEngine(
    {
      store: store.directory,
      data: workspace.path('data-damaged'),
      threads: 1,
      storePollMs: 0,
      split: 'v2=100%',
    },
    { ...silentLog, error: (fields) => void errors.push((fields as { error: string }).error) },
  );
  expect(engine.health().ready).toBe(true);
  expect((await engine.recommend(asUser(1))).version).toBe('v1');
  await expect(engine.recommend({ ...asUser(1), version: 'v2' })).rejects.toMatchObject({
    code: 'version_not_loaded',
  });
  await engine.refresh();
  expect(errors).toHaveLength(1);
  expect(errors[0]).toContain('the file is damaged');
  rmSync(file);
  writeFileSync(file, sound);
  await engine.refresh();
  expect((await engine.recommend(asUser(1))).version).toBe('v2');
  expect(errors).toHaveLength(1);
  await engine.close();
});

test('what is damaged is not read again, what may pass is tried again', async () => {
  const store = storeWith(built, workspace.path('store-again'), ['v1', 'v2']);
  const side = { version: 'v2', share: 1 };
  const generations = new Generations(0, 'auto', silentLog, sideVersionNames({ split: side, shadow: side }));
  const settings = { split: side, shadow: side };
  const sides = new SideVersions(settings, store, generations, silentLog, new Changes(silentLog));
  const verifications: string[] = [];
  const loadWith = (code: EngineErrorCode) =>
    sides.load(async () => {
      verifications.push(code);
      throw new EngineError(code, code);
    });
  await loadWith('file_unreadable');
  await loadWith('file_unreadable');
  await loadWith('snapshot_invalid');
  await loadWith('snapshot_invalid');
  expect(verifications).toEqual(['file_unreadable', 'file_unreadable', 'snapshot_invalid']);
  rmSync(fileOf(store, 'v2'));
  addVersion(built, store, 'v2');
  await sides.load(async () => {});
  expect(sides.missing).toEqual([]);
  await generations.close();
});

test('a swap does not wait for a side version that is being verified', async () => {
  const generations = new Generations(0, 'auto', silentLog, ['v2']);
  let release = () => {};
  const verified = new Promise<void>((resolve) => (release = resolve));
  const loading = generations.loadSide(built.pathOf('v2'), 'v2', () => verified);
  for (const version of ['v1', 'v3', 'v1']) {
    generations.activate(await generations.load(built.pathOf(version), version, async () => {}));
  }
  expect(generations.loadedOf('v2')).toBeNull();
  release();
  const side = await loading;
  expect(generations.loadedOf('v2')).toBe(side);
  expect(generations.held.map(({ version }) => version).toSorted()).toEqual(['v1', 'v2', 'v3']);
  await generations.close();
});

test('the list of snapshots says what each version is loaded for', async () => {
  await using({ split: 'v2=10%', shadow: 'v3=5%' }, async ({ engine }) => {
    const roles = () => Object.fromEntries(engine.snapshots().map((each) => [each.version, each.roles]));
    expect(roles()).toEqual({ v1: ['active'], v2: ['split'], v3: ['shadow'] });
    await engine.activate('v2');
    expect(roles()).toEqual({ v1: ['previous'], v2: ['active', 'split'], v3: ['shadow'] });
    await engine.activate('v3');
    expect(roles()).toEqual({ v1: [], v2: ['previous', 'split'], v3: ['active', 'shadow'] });
    const mapped = engine.snapshots().map((each) => each.mapped);
    expect(mapped).toEqual([false, true, true].map((each) => each && process.platform === 'linux'));
  });
});

test('one version may be both split and shadow, and takes one memory then', () => {
  const memoryCount = (sides: readonly string[]): number => {
    const generations = new Generations(0, 'auto', silentLog, sides);
    const { length } = generations.memories;
    void generations.close();
    return length;
  };
  expect(memoryCount([])).toBe(2);
  expect(memoryCount(['v2'])).toBe(3);
});

test.each([0, 1])('what would keep others waiting is not shadowed, with %i threads', async (threads) => {
  // 10,000 candidates × 96 dimensions × 50 actions are 48 million multiply-adds, with 41 actions 39.4 million.
  const wide = workspace.path(`wide-${threads}`);
  const { inputs } = await buildTown(workspace, `wide-${threads}`, {
    seed: 8,
    shopCount: 10_000,
    dimensions: 96,
  });
  const shops = workspace.path(`wide-${threads}.csv`);
  writeFileSync(shops, readFileSync(inputs.shops, 'utf8').replace(',deliveryRadiusMeters,', ',anywhere,'));
  const store = storeWith(built, wide, ['v1']);
  await buildSnapshot({ ...inputs, shops, version: 'wide', metric: 'cosine' }, store);
  const data = workspace.path(`data-wide-${threads}`);
  const engine = await openEngine({ store: store.directory, data, threads, shadow: 'wide=100%' });
  const views = (count: number) =>
    Array.from({ length: count }, (_, n) => ({ type: 'view', shopId: `s${n}` }));
  for (const [count, outcome] of [
    [50, 'too_large'],
    [41, 'compared'],
  ] as const) {
    await engine.recommend(requestOf(0, { actions: views(count) }));
    await until(() => engine.stats().shadow![outcome] === 1);
  }
  expect(sum(engine.stats().shadow!)).toBe(2);
  await engine.close();
});

test('without a split and a shadow there is nothing of them', async () => {
  await using({}, async ({ engine }) => {
    const { version } = await engine.recommend(asUser(1));
    expect(version).toBe('v1');
    expect(engine.stats()).toMatchObject({ sideVersions: [], shadow: null });
    expect(engine.snapshots().map(({ roles }) => roles)).toEqual([['active'], [], []]);
    await expect(engine.recommend({ ...asUser(1), version: 'v2' })).rejects.toMatchObject({
      code: 'version_not_loaded',
    });
  });
});

test.each(['v2', 'v2=', 'v2=10', 'v2=101%', 'v2=-1%', 'v2=1e1%', '=5%', '../v2=5%', 'v2=5%,v3=5%'])(
  'the share %j is refused',
  async (split) => {
    const store = workspace.path('store');
    for (const setting of [{ split }, { shadow: split }]) {
      await expect(
        openEngine({ store, data: workspace.path('data-refused'), ...setting }),
      ).rejects.toMatchObject({
        name: 'RequestError',
        field: Object.keys(setting)[0],
        message: expect.stringContaining(
          `must be a version and its share, 0..100 %, such as "v2=10%", got "${split}"`,
        ),
      });
    }
  },
);
