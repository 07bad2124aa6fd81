/**
 * The order of the steps: from a location and a user's actions to the ranked, explained shops.
 * One straight synchronous line over one generation; nothing is awaited, so a request never sees two generations.
 *
 *   query vectors → candidates → similarities and rankings → fusion → answer
 */
import { RequestError } from '../base/errors.ts';
import type { Lane } from '../kernel/lane.ts';
import type { Metric } from '../kernel/kernel.ts';
import type { Generation } from '../snapshot/generation.ts';
import { actionWeights } from './action-weights.ts';
import { actionReasons, popularityReasons, recommendedShops, shownAction } from './answer.ts';
import { findCandidates, findNamed, findReaching } from './candidates.ts';
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

/** What a line runs on: a generation, and this thread's scratch in front of it. */
export interface Line {
  readonly generation: Generation;
  readonly lane: Lane;
}

/**
 * Answers a request at `nowMs`. `actions` are the user's, newest first; more than take part count as seen.
 * Returns null, having done no more than find the candidates, if the similarities would cost over `costMax`.
 */
export function recommend(
  { generation, lane }: Line,
  request: CheckedRecommendRequest,
  actions: readonly LineAction[],
  nowMs: number,
  costMax = Infinity,
): Recommendation | null {
  const startMs = performance.now();
  const queries = findQueryVectors(generation, actions);
  const candidateCount = findCandidates(generation, lane, request, actions);
  if (similarityCost(generation, candidateCount, queries.length) > costMax) return null;
  const candidatesMs = performance.now();
  const basis = rankCandidates(generation, lane, queries, request.fusion.depth);
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
  const shops = recommendedShops(generation, lane, winnerCount, request.location, reasonsOf);
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

/** Raw search: for each vector the `k` most similar candidates. Null as of `recommend`. */
export function similarities(
  { generation, lane }: Line,
  request: CheckedSimilaritiesRequest,
  costMax = Infinity,
): Similarities | null {
  const metric = request.metric ?? generation.header.metric;
  checkVectors(request.vectors, generation.header.dimensions, metric);
  const { candidates } = request;
  const candidateCount =
    'shopIds' in candidates
      ? findNamed(generation, lane, candidates.shopIds)
      : findReaching(generation, lane, candidates.location, candidates.radiusMeters);
  if (similarityCost(generation, candidateCount, request.vectors.length) > costMax) return null;
  lane.setQueries(generation.table, metric, request.vectors.length);
  request.vectors.forEach((vector, n) => lane.query(n).fill(0).set(vector));
  lane.rank(request.k, true);
  const rankings = request.vectors.map((_, n) =>
    Array.from({ length: lane.rankedCount(n) }, (_entry, at) => ({
      shopId: generation.catalog.ids.idOf(lane.ordinalAt(lane.rankedPosition(n, at))),
      similarity: lane.rankedSimilarity(n, at),
    })),
  );
  return { version: generation.version, candidateCount, rankings };
}

/** Multiply-adds of the similarities; a ranking by a column costs about as much as one element of a vector. */
function similarityCost(generation: Generation, candidateCount: number, queryCount: number): number {
  return candidateCount * Math.max(1, queryCount * generation.header.rowFloats);
}

/** A user or keyword nobody knows is a case of its own: the candidates by popularity. */
function rankCandidates(
  generation: Generation,
  lane: Lane,
  queries: readonly QueryVector[],
  depth: number,
): Basis {
  if (queries.length === 0) {
    lane.rankByColumn(generation.popularity, depth);
    return 'popular';
  }
  lane.setQueries(generation.table, generation.header.metric, queries.length);
  queries.forEach(({ row }, n) => lane.query(n).set(row));
  lane.rank(depth, false);
  return 'actions';
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
