/**
 * The order of the steps: from a location and a user's actions to the ranked, explained shops.
 * One straight line over one generation, so a request never sees two. It is synchronous but for the ranking of a large
 * request: while threads divide that, others run, so nothing that they share may be read differently before and after.
 *
 *   query vectors → candidates → similarities and rankings → fusion → answer
 */
import { RequestError } from '../base/errors.ts';
import { OpenShops } from '../catalog/open-shops.ts';
import type { StatusPages } from '../catalog/status-pages.ts';
import type { Lane } from '../kernel/lane.ts';
import type { Metric } from '../kernel/kernel.ts';
import type { Generation } from '../snapshot/generation.ts';
import { actionWeights } from './action-weights.ts';
import { actionReasons, popularityReasons, recommendedShops, shownAction } from './answer.ts';
import { findCandidates, findNamed, findReaching, openMoment } from './candidates.ts';
import type { LineAction } from './line-action.ts';
import { findQueryVectors, type QueryVector } from './query-vectors.ts';
import type {
  Basis,
  CheckedRecommendRequest,
  CheckedSimilaritiesRequest,
  Reason,
  Recommendation,
  Similarities,
} from './request.ts';
import { waysTo } from './ways.ts';

/** What a line runs on: a generation, and this thread's scratch in front of it. */
export interface Line {
  readonly generation: Generation;
  readonly lane: Lane;
}

/**
 * A request up to its candidates, which lie in the lane. What is left is a ranking of them for each query vector, which
 * may be divided among threads, and the answer.
 */
export interface Prepared<A> {
  readonly lane: Lane;
  /** Multiply-adds of the similarities; 0 if there are none, as when the ranking is by popularity. */
  readonly cost: number;
  /** Entries of each ranking. */
  readonly depth: number;
  readonly similaritiesWanted: boolean;
  /** Ranks the candidates on this thread. */
  readonly rank: () => void;
  /** Reads the answer out of the lane when the candidates are ranked, here or as `Lane.divideRank` divides it. */
  readonly answer: () => A;
}

/**
 * A request at `nowMs`. `actions` are the user's, newest first; more than take part count as seen. `statuses` is what
 * shops say of themselves live; null if none does.
 */
export function prepareRecommendation(
  line: Line,
  request: CheckedRecommendRequest,
  actions: readonly LineAction[],
  statuses: StatusPages | null,
  nowMs: number,
): Prepared<Recommendation> {
  const { generation, lane } = line;
  const startMs = performance.now();
  const queries = findQueryVectors(generation, actions);
  const ways = waysTo(generation, request.location);
  const openShops = new OpenShops(generation.hours, statuses, openMoment(request, nowMs), ways);
  const candidateCount = findCandidates(generation, lane, request, actions, openShops);
  writeQueries(line, queries);
  const { depth } = request.fusion;
  const candidatesMs = performance.now();
  return {
    lane,
    cost: similarityCost(generation, candidateCount, queries.length),
    depth,
    similaritiesWanted: false,
    rank: () =>
      queries.length === 0 ? lane.rankByColumn(generation.popularity, depth) : lane.rank(depth, false),
    answer: () =>
      fusedAnswer(line, request, queries, nowMs, { startMs, candidatesMs, candidateCount, openShops }),
  };
}

/** What the second half of a recommendation tells of the first. */
interface FirstHalf {
  readonly startMs: number;
  readonly candidatesMs: number;
  readonly candidateCount: number;
  readonly openShops: OpenShops;
}

/** Fuses the rankings in the lane and explains the winners. */
function fusedAnswer(
  { generation, lane }: Line,
  request: CheckedRecommendRequest,
  queries: readonly QueryVector[],
  nowMs: number,
  { startMs, candidatesMs, candidateCount, openShops }: FirstHalf,
): Recommendation {
  const basis: Basis = queries.length === 0 ? 'popular' : 'actions';
  const similarityMs = performance.now();
  const weights =
    basis === 'popular'
      ? [1]
      : actionWeights(
          queries.map(({ action }) => action.atMs),
          nowMs,
          request.fusion.halfLifeMinutes,
        );
  const winnerCount = lane.fuse(weights, request.fusion.k, request.limit);
  const reasonsOf = reasonsFor(generation, lane, queries, request.explain);
  const shops = recommendedShops(generation, lane, winnerCount, request, openShops, reasonsOf);
  const endMs = performance.now();
  return {
    version: generation.version,
    basis,
    candidateCount,
    similarityCount: candidateCount * queries.length,
    shops,
    tookMs: {
      candidates: candidatesMs - startMs,
      similarity: similarityMs - candidatesMs,
      fusion: endMs - similarityMs,
      total: endMs - startMs,
    },
  };
}

/** Raw search: for each vector the `k` most similar candidates. */
export function prepareSimilarities(
  { generation, lane }: Line,
  request: CheckedSimilaritiesRequest,
): Prepared<Similarities> {
  const metric = request.metric ?? generation.header.metric;
  const { vectors, candidates, k } = request;
  checkVectors(vectors, generation.header.dimensions, metric);
  const candidateCount =
    'shopIds' in candidates
      ? findNamed(generation, lane, candidates.shopIds)
      : findReaching(generation, lane, candidates.location, candidates.radiusMeters);
  lane.setQueries(generation.table, metric, vectors.length);
  vectors.forEach((vector, n) => lane.query(n).fill(0).set(vector));
  return {
    lane,
    cost: similarityCost(generation, candidateCount, vectors.length),
    depth: k,
    similaritiesWanted: true,
    rank: () => lane.rank(k, true),
    answer: () => {
      const rankings = vectors.map((_, n) =>
        Array.from({ length: lane.rankedCount(n) }, (_entry, at) => ({
          shopId: generation.catalog.ids.idOf(lane.ordinalAt(lane.rankedPosition(n, at))),
          similarity: lane.rankedSimilarity(n, at),
        })),
      );
      return { version: generation.version, candidateCount, rankings };
    },
  };
}

/** Multiply-adds of the similarities. */
function similarityCost(generation: Generation, candidateCount: number, queryCount: number): number {
  return candidateCount * queryCount * generation.header.rowFloats;
}

/** A user or keyword nobody knows is a case of its own, without queries: the candidates by popularity. */
function writeQueries({ generation, lane }: Line, queries: readonly QueryVector[]): void {
  if (queries.length === 0) return;
  lane.setQueries(generation.table, generation.header.metric, queries.length);
  queries.forEach(({ row }, n) => lane.query(n).set(row));
}

function reasonsFor(
  generation: Generation,
  lane: Lane,
  queries: readonly QueryVector[],
  wanted: boolean,
): (place: number) => Reason[] | undefined {
  if (!wanted) return () => undefined;
  if (queries.length === 0) return (place) => popularityReasons(generation, lane, place);
  lane.explain();
  const shown = queries.map(({ action }) => shownAction(action));
  return (place) => actionReasons(lane, place, shown);
}

function checkVectors(vectors: readonly (readonly number[])[], dimensions: number, metric: Metric): void {
  vectors.forEach((vector, n) => {
    if (vector.length !== dimensions) {
      throw new RequestError(
        `vectors[${n}]`,
        `must have ${dimensions} numbers as this snapshot's embeddings, got ${vector.length}`,
      );
    }
    const at = vector.findIndex((value) => !Number.isFinite(Math.fround(value)));
    if (at !== -1) throw new RequestError(`vectors[${n}][${at}]`, `must fit a float32, got ${vector[at]}`);
    if (metric === 'cosine' && vector.every((value) => Math.fround(value) === 0)) {
      throw new RequestError(`vectors[${n}]`, 'must not be zero: a zero vector has no cosine');
    }
  });
}
