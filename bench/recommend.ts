/**
 * What each thing that a request can say costs: the whole line of `engine.recommend` with it against the line without, in
 * turn in one process. 100,000 shops, 128 dimensions, cosine; about 2,000 candidates, 5 actions, the best 100 of each in
 * the fusion, 20 shops with reasons; 16 requests in turn. Then what a request without actions costs, by popularity.
 * What must not change the answer is checked not to.
 */
import assert from 'node:assert/strict';
import type { Engine, RecommendRequest } from '../src/index.ts';
import { BenchEngine } from './bench-engine.ts';
import { builtTown, openTown } from './bench-town.ts';
import { benchRequests, inTurn, type BenchRequest } from './requests.ts';
import type { Bench, ResultRow } from './result.ts';
import { timeInTurn } from './timing.ts';

const SEED = 7;
const SHOP_COUNT = 100_000;
const DIMENSIONS = 128;
const TERMS = { candidateCount: 2_000, actionCount: 5, depth: 100, limit: 20 };
const IMPRESSION_COUNT = 45;

/** A request with more said than in `BenchRequest`. */
type Said = (request: BenchRequest) => RecommendRequest;

const fusion =
  (more: NonNullable<RecommendRequest['fusion']>): Said =>
  (request) => ({ ...request, fusion: { ...request.fusion, ...more } });
const also =
  (more: Partial<RecommendRequest>): Said =>
  (request) => ({ ...request, ...more });

const SIGNALS = { popularity: 0.3, proximity: 0.5, rating: 0.2 };

const FEATURES: readonly (readonly [name: string, said: Said])[] = [
  ['nothing more', also({})],
  ['no reasons', also({ explain: false })],
  ['type weights', fusion({ typeWeights: { search: 0.5, view: 2 } })],
  ['one of the actions negative', withNegative],
  ['3 vectors beside the actions', withVectors],
  ['minSimilarity', fusion({ minSimilarity: 0 })],
  ['3 signals', fusion({ signals: SIGNALS })],
  ['weighted', fusion({ method: 'weighted' })],
  ['weighted, 3 signals', fusion({ method: 'weighted', signals: SIGNALS })],
  ['max', fusion({ method: 'max' })],
  ['mean', fusion({ method: 'mean' })],
  [`repetition, ${IMPRESSION_COUNT} impressions`, withImpressions],
  ['mmr', also({ diversity: { mmr: {} } })],
  ['maxPer category', also({ diversity: { maxPer: { category: 2 } } })],
  ['promotion', also({ promotion: { filter: { spicy: true }, share: 0.2 } })],
  ['fallback, radius doubled twice', withWiderRadius],
  ['open shops only', also({ openOnly: true })],
  ['excludeSeen', also({ excludeSeen: true })],
  ['within a radius of all', (request) => ({ ...request, within: nearAll(request) })],
];

export const recommendBench: Bench = {
  name: 'recommend',
  title: `whole line with and without each part of a request, ${SHOP_COUNT} shops × ${DIMENSIONS}`,
  seed: SEED,
  async run() {
    const town = await builtTown({ seed: SEED, shopCount: SHOP_COUNT, dimensions: DIMENSIONS });
    const opened = await BenchEngine.open(town.storeDirectory);
    try {
      const requests = benchRequests(openTown(town), SEED, TERMS);
      await checkNeutral(opened.engine, requests);
      return [
        ...(await measure(opened.engine, requests, FEATURES)),
        ...(await measure(opened.engine, requests, [
          ['no actions: by popularity', also({ actions: [] })],
          ['no actions, no reasons', also({ actions: [], explain: false })],
        ])),
        ...(await measurePages(opened.engine, requests)),
      ];
    } finally {
      await opened.close();
    }
  },
};

async function measure(
  engine: Engine,
  requests: readonly BenchRequest[],
  features: typeof FEATURES,
): Promise<ResultRow[]> {
  const subjects = features.map(([name, said]) => {
    const asked = requests.map(said);
    return inTurn(name, asked, (request) => engine.recommend(request), { async: true });
  });
  const timings = await timeInTurn(subjects);
  const [plain] = timings;
  return subjects.map(({ name }, i) => {
    const timing = timings[i]!;
    const facts = { 'more µs (median)': (timing.medianMs - plain!.medianMs) * 1e3 };
    return { terms: TERMS, subject: name, timing, facts };
  });
}

/** The next page, and an explanation, each beside the request that they belong to. */
async function measurePages(engine: Engine, requests: readonly BenchRequest[]): Promise<ResultRow[]> {
  const pages = await Promise.all(
    requests.map(async (request) => ({ ...request, after: (await engine.recommend(request)).answerId })),
  );
  const explained = requests.map((request, i) => ({ request, shopId: `s${i * 31}` }));
  const subjects = [
    inTurn('the first page', requests, (request) => engine.recommend(request), { async: true }),
    inTurn('the next page', pages, (request) => engine.recommend(request), { async: true }),
    inTurn('an explanation', explained, (input) => engine.explain(input), { async: true }),
  ];
  const timings = await timeInTurn(subjects);
  return subjects.map(({ name }, i) => ({ terms: TERMS, subject: name, timing: timings[i]! }));
}

/** What says nothing new changes no shop and no score. */
async function checkNeutral(engine: Engine, requests: readonly BenchRequest[]): Promise<void> {
  const neutral: Said[] = [
    fusion({ typeWeights: { search: 1, view: 1 } }),
    also({ diversity: { mmr: { lambda: 1 } } }),
    also({ promotion: { filter: {}, share: 0 } }),
    (request) => ({ ...request, within: nearAll(request) }),
  ];
  for (const request of requests.slice(0, 4)) {
    const plain = await engine.recommend(request);
    const shown = ({ shops }: typeof plain) => shops.map(({ shopId, score }) => ({ shopId, score }));
    for (const said of neutral) assert.deepEqual(shown(await engine.recommend(said(request))), shown(plain));
  }
}

function withNegative(request: BenchRequest): RecommendRequest {
  const actions = request.actions.map((action, n) => (n === 1 ? { ...action, weight: -1 } : action));
  return { ...request, actions };
}

function withVectors(request: BenchRequest): RecommendRequest {
  const vector = (seed: number): number[] =>
    Array.from({ length: DIMENSIONS }, (_, i) => Math.sin(seed * 91.7 + i * 3.1));
  return { ...request, vectors: [1, 2, 3].map((seed) => ({ vector: vector(seed) })) };
}

function withImpressions(request: BenchRequest): RecommendRequest {
  const impressions = Array.from({ length: IMPRESSION_COUNT }, (_, i) => ({
    type: 'impression',
    shopId: `s${i * 97}`,
  }));
  return { ...request, actions: [...request.actions, ...impressions], repetition: { penalty: 0.3 } };
}

function withWiderRadius(request: BenchRequest): RecommendRequest {
  const fallback = { steps: ['actions' as const, 'wider' as const], shopCountMin: 20 };
  // A quarter of the radius of few candidates: two doublings end where the others begin.
  return { ...request, radiusMeters: request.radiusMeters / 4, limit: 20, fallback };
}

function nearAll({ location, radiusMeters }: BenchRequest): NonNullable<RecommendRequest['within']> {
  return { location, radiusMeters: 2 * radiusMeters };
}
