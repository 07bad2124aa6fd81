/** What a deployment decides for requests that do not say it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openEngine, type EngineOptions, type RecommendRequest } from '../src/index.ts';
import { buildSnapshot } from '../src/snapshot/build-snapshot.ts';
import { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import { TOWN_CENTER } from '../src/synthetic/town.ts';
import { buildTown, Workspace } from './built-town.ts';

const workspace = new Workspace();
const ASKED: RecommendRequest = {
  location: TOWN_CENTER,
  actions: [{ type: 'view', shopId: 's3', at: '2026-11-22T11:00:00Z' }],
  at: '2026-11-22T12:00:00Z',
};
let store: string;
let dataCount = 0;
beforeAll(async () => {
  store = (await buildTown(workspace, 'v1', { seed: 2, shopCount: 300, dimensions: 8 })).store.directory;
});
afterAll(() => workspace.remove());

/** The shops of the answer to a request, in an engine with these defaults. */
async function answered(defaults: EngineOptions['defaults'], request: RecommendRequest): Promise<unknown> {
  const engine = await openEngine({
    store,
    data: workspace.path(`data-${dataCount++}`),
    threads: 0,
    defaults,
  });
  try {
    return (await engine.recommend(request)).shops;
  } finally {
    await engine.close();
  }
}

test('requests that do not say it are answered by them, others are not', async () => {
  const defaults = {
    limit: 4,
    fusion: { k: 0, signals: { proximity: 2 } },
    diversity: { maxPer: { category: 1 } },
    fallback: { steps: ['popular' as const] },
  };
  const said = {
    ...ASKED,
    limit: 4,
    fusion: { ...defaults.fusion, halfLifeMinutes: 5 },
    diversity: defaults.diversity,
    fallback: { ...defaults.fallback, shopCountMin: 2 },
  };
  const asked = {
    ...ASKED,
    limit: undefined,
    fusion: { halfLifeMinutes: 5, k: undefined },
    fallback: { shopCountMin: 2 },
  };
  expect(await answered(defaults, asked)).toEqual(await answered(undefined, said));
  const own = {
    ...ASKED,
    limit: 9,
    fusion: { k: 7, signals: {} },
    diversity: {},
    fallback: { steps: ['actions' as const] },
  };
  expect(await answered(defaults, own)).toEqual(await answered(undefined, own));
  expect(await answered(defaults, ASKED)).not.toEqual(await answered(undefined, ASKED));
});

test('null takes a part back to what it is without defaults, also where there are none', async () => {
  const defaults = {
    limit: 4,
    fusion: { minSimilarity: 0.9, k: 3 },
    repetition: { penalty: 0.5 },
    diversity: { mmr: {} },
  };
  const taken = { ...ASKED, limit: null, fusion: { minSimilarity: null }, repetition: null, diversity: null };
  const said = { ...ASKED, fusion: { k: 3 } };
  expect(await answered(defaults, taken as never)).toEqual(await answered(undefined, said));
  const { fusion: _fusion, ...rest } = taken;
  expect(await answered(undefined, rest as never)).toEqual(await answered(undefined, ASKED));
});

test('defaults that do not hold are refused when the engine opens, with their place', async () => {
  const bad = { fusion: { k: -1 } };
  await expect(answered(bad, ASKED)).rejects.toThrow(/^defaults.fusion.k must be a number 0..10000, got -1/);
  await expect(answered({ userId: 'u' } as never, ASKED)).rejects.toThrow(
    /^defaults.userId is not a known field/,
  );
});

test('defaults that no request could be answered with are refused when the engine opens', async () => {
  const refusal = /^defaults.fusion.depth must be at least the limit: .*, got /;
  await expect(answered({ limit: 100, fusion: { depth: 50 } }, ASKED)).rejects.toThrow(refusal);
  await expect(answered({ fusion: { depth: 19 } }, ASKED)).rejects.toThrow(refusal);
  for (const defaults of [{ fusion: { depth: 20 } }, { limit: 1_000 }, { limit: 5, fusion: { depth: 5 } }])
    await expect(answered(defaults, ASKED)).resolves.toBeInstanceOf(Array);
});

test('only what has a default may be null', async () => {
  for (const [given, field] of [
    [{ lmit: null }, 'lmit'],
    [{ fusion: { dept: null } }, 'fusion.dept'],
    [{ fallback: { step: null } }, 'fallback.step'],
    [{ userId: null }, 'userId'],
  ] as const)
    await expect(answered(undefined, { ...ASKED, ...given } as never)).rejects.toMatchObject({ field });
  await expect(answered(undefined, { ...ASKED, version: null })).resolves.toBeInstanceOf(Array);
});

test('shops like a shop are that, whatever the defaults make of views and of who has no actions', async () => {
  const similar = async (defaults: EngineOptions['defaults']) => {
    const engine = await openEngine({
      store,
      data: workspace.path(`data-${dataCount++}`),
      threads: 0,
      defaults,
    });
    try {
      const { basis, shops } = await engine.similar('s1', { location: TOWN_CENTER, limit: 3 });
      return [basis, shops.map(({ shopId }) => shopId)];
    } finally {
      await engine.close();
    }
  };
  const plain = await similar(undefined);
  expect(plain[0]).toBe('actions');
  expect(await similar({ fusion: { typeWeights: { view: -1 } } })).toEqual(plain);
  expect(await similar({ fusion: { typeWeights: { view: 0 } } })).toEqual(plain);
  expect(await similar({ fallback: { steps: ['popular'], shopCountMin: 2 } })).toEqual(plain);
});

/** A store whose active version decides something for itself. */
async function learnedStore(name: string, requestDefaults: unknown): Promise<string> {
  const { inputs } = await buildTown(workspace, `town-${name}`, { seed: 2, shopCount: 300, dimensions: 8 });
  const learned = SnapshotStore.open(workspace.path(name), { create: true });
  const modelCard = { requestDefaults };
  await buildSnapshot({ ...inputs, version: 'v1', metric: 'cosine', modelCard }, learned);
  learned.activate('v1');
  return learned.directory;
}

test('a version decides for itself what neither the request nor the deployment does', async () => {
  const fusion = {
    method: 'linear',
    halfLifeMinutes: 5,
    signals: { popularity: 0.1, proximity: 2 },
  } as const;
  const plain = store;
  const learned = await learnedStore('learned', { limit: 6, fusion });
  const inLearned = async (
    defaults: EngineOptions['defaults'],
    request: RecommendRequest,
  ): Promise<unknown> => {
    store = learned;
    const shops = await answered(defaults, request);
    store = plain;
    return shops;
  };
  const said = { ...ASKED, limit: 6, fusion };
  expect(await inLearned(undefined, ASKED)).toEqual(await answered(undefined, said));
  expect(await inLearned(undefined, ASKED)).not.toEqual(await answered(undefined, ASKED));
  // Single fields are decided one by one, by the request, then the deployment, then the version.
  expect(
    await inLearned(
      { limit: 7, fusion: { halfLifeMinutes: 9 } },
      { ...ASKED, fusion: { signals: { proximity: 1 } } },
    ),
  ).toEqual(
    await answered(undefined, {
      ...ASKED,
      limit: 7,
      fusion: { ...fusion, halfLifeMinutes: 9, signals: { proximity: 1 } },
    }),
  );
  // Weights of another method mean nothing.
  for (const decided of [undefined, { fusion: { method: 'max' as const } }]) {
    const request = decided === undefined ? { ...ASKED, fusion: { method: 'max' as const } } : ASKED;
    expect(await inLearned(decided, request)).toEqual(
      await answered(undefined, { ...ASKED, limit: 6, fusion: { method: 'max' } }),
    );
  }
});

test('null takes back what a version decided', async () => {
  const plain = store;
  store = await learnedStore('taken-back', {
    limit: 6,
    fusion: { method: 'linear', signals: { proximity: 2 } },
  });
  const found = await answered(undefined, { ...ASKED, fusion: null, limit: null } as never);
  store = plain;
  expect(found).toEqual(await answered(undefined, ASKED));
});

test('what a version decided goes on to the next page', async () => {
  const learned = await learnedStore('paged', { fusion: { method: 'linear', signals: { proximity: 2 } } });
  const engine = await openEngine({ store: learned, data: workspace.path('paged-data'), threads: 0 });
  const request = { ...ASKED, limit: 5 };
  const whole = await engine.recommend({ ...request, limit: 10 });
  const first = await engine.recommend(request);
  const second = await engine.recommend({ ...request, after: first.answerId });
  await engine.close();
  expect([...first.shops, ...second.shops]).toEqual(whole.shops);
});

test('what no request could say is ignored, with a line in the log', async () => {
  const learned = await learnedStore('nonsense', { fusion: { method: 'magic' } });
  const lines: unknown[] = [];
  const log = { info() {}, error() {}, warn: (fields: object) => void lines.push(fields) };
  const engine = await openEngine({ store: learned, data: workspace.path('nonsense-data'), threads: 0 }, log);
  const { shops } = await engine.recommend(ASKED);
  await engine.recommend(ASKED);
  await engine.close();
  expect(shops).toEqual(await answered(undefined, ASKED));
  expect(lines).toEqual([{ version: 'v1', problem: expect.stringContaining('fusion.method') as string }]);
});

test('a version whose defaults do not go with a request answers by the request, also as a shadow', async () => {
  const request = { ...ASKED, limit: 20, fusion: { signals: { popularity: 1 } } };
  const learned = await learnedStore('narrow', { limit: 5, fusion: { method: 'max', depth: 5 } });
  const plain = store;
  store = learned;
  const shops = await answered(undefined, { ...ASKED, limit: 20 });
  store = await learnedStore('shallow', { fusion: { method: 'max', depth: 30 } });
  const deeper = await answered({ limit: 50 }, ASKED);
  store = plain;
  expect(shops).toEqual(await answered(undefined, { ...ASKED, limit: 20 }));
  expect(deeper).toEqual(await answered({ limit: 50 }, ASKED));

  const shadowed = SnapshotStore.open(workspace.path('shadowed'), { create: true });
  const { inputs } = await buildTown(workspace, 'shadowed-town', {
    seed: 2,
    shopCount: 300,
    dimensions: 8,
  });
  const modelCard = { requestDefaults: { fusion: { method: 'max' } } };
  await buildSnapshot({ ...inputs, version: 'v1', metric: 'cosine' }, shadowed);
  await buildSnapshot({ ...inputs, version: 'v2', metric: 'cosine', modelCard }, shadowed);
  shadowed.activate('v1');
  const engine = await openEngine({
    store: shadowed.directory,
    data: workspace.path('shadowed-data'),
    threads: 0,
    shadow: 'v2=100%',
  });
  const answer = await engine.recommend(request);
  await engine.close();
  expect(answer.shops).toEqual(await answered(undefined, request));
});

test('shops like a shop are that also where weights were fitted', async () => {
  const similarIn = async (directory: string): Promise<unknown> => {
    const engine = await openEngine({
      store: directory,
      data: workspace.path(`data-${dataCount++}`),
      threads: 0,
    });
    const { shops } = await engine.similar('s3', { location: TOWN_CENTER });
    await engine.close();
    return shops.map(({ shopId, score }) => ({ shopId, score }));
  };
  const fusion = { method: 'linear', typeWeights: { view: 12 }, signals: { popularity: 1, proximity: 0.5 } };
  expect(await similarIn(await learnedStore('fitted', { fusion }))).toEqual(await similarIn(store));
});

test('fitted weights of actions below 0 leave the signals of the user what they are', async () => {
  const request: RecommendRequest = {
    ...ASKED,
    fusion: { method: 'linear', typeWeights: { view: -1 }, signals: { known: 50 } },
  };
  const engine = await openEngine({ store, data: workspace.path(`data-${dataCount++}`), threads: 0 });
  const answer = await engine.recommend(request);
  const without = await engine.recommend({
    ...request,
    actions: [],
    fusion: { method: 'linear', signals: { proximity: 1 } },
  });
  await engine.close();
  expect(answer.basis).toBe('actions');
  expect(answer.shops[0]!.shopId).toBe('s3');
  // Nothing that nobody weighed is added.
  expect(without.basis).toBe('popular');
  expect(without.shops[0]!.reasons!.map((reason) => 'signal' in reason && reason.signal)).toEqual([
    'proximity',
  ]);
});
