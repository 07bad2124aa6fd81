/**
 * The order of the steps: from a location and a user's actions to the ranked, explained shops.
 * One straight line over one generation, so a request never sees two. It is synchronous but for the ranking of a large
 * request: while threads divide that, others run, so nothing that they share may be read differently before and after.
 *
 *   query vectors → candidates → similarities and rankings → fusion → selection → answer
 */
import { OpenShops } from '../catalog/open-shops.ts';
import type { Metric } from '../kernel/kernel.ts';
import type { Lane } from '../kernel/lane.ts';
import type { Generation } from '../snapshot/generation.ts';
import { answerIdOf, reasonsFor, recommendedShops } from './answer.ts';
import { findCandidates, findNamed, findReaching, openMoment } from './candidates.ts';
import { radiusMetersAfter, stepsOf, wideningsMax } from './fallback.ts';
import type { Draft, Line } from './line.ts';
import { checkVector, findQueryVectors } from './query-vectors.ts';
import type { RecommendJob } from './recommend-job.ts';
import type { RankedBy, Recommendation, Similarities } from './recommendation.ts';
import type { CheckedSimilaritiesRequest } from './request.ts';
import { scoreBy } from './scoring.ts';
import { selectShops } from './selection.ts';

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

export function prepareRecommendation(line: Line, job: RecommendJob): Prepared<Recommendation> {
  const draft = draftOf(line, job, performance.now(), job.continued?.widenings ?? 0);
  return { ...rankingOf(draft), answer: () => firstSufficient(draft) };
}

/** Takes the first two steps, in a radius that is doubled `widenings` times and as often more as too little is found. */
export function draftOf(line: Line, job: RecommendJob, startMs: number, widenings: number): Draft {
  const { generation, lane } = line;
  const { request, continued } = job;
  const { steps, shopCountMin } = request.fallback;
  const queries = findQueryVectors(generation, job).filter(
    ({ weight }) => weight < 0 || steps.includes('actions'),
  );
  const openShops = new OpenShops(generation.hours, job.statuses, openMoment(request, job.nowMs));
  const countWithin = (times: number): number =>
    findCandidates(generation, lane, job, radiusMetersAfter(request, times), openShops);
  let candidateCount = countWithin(widenings);
  if (continued === null)
    while (candidateCount < shopCountMin && widenings < wideningsMax(request))
      candidateCount = countWithin(++widenings);
  writeQueries(
    line,
    queries.map(({ row }) => row),
    generation.header.metric,
  );
  lane.setSignalCount(Object.keys(request.fusion.signals).length + 1); // one more that a step may rest on
  const candidatesMs = performance.now();
  return { ...line, job, queries, openShops, widenings, candidateCount, startMs, candidatesMs };
}

/** How the candidates of a draft are ranked for its queries. */
export function rankingOf({
  generation,
  lane,
  job,
  queries,
  candidateCount,
}: Draft): Omit<Prepared<never>, 'answer'> {
  const { method, depth, minSimilarity } = job.request.fusion;
  const similaritiesWanted = method !== 'rrf' || minSimilarity !== undefined;
  const cost = similarityCost(generation, candidateCount, queries.length);
  return { lane, cost, depth, similaritiesWanted, rank: () => lane.rank(depth, similaritiesWanted) };
}

/** The answer of the first step of the fallback chain that finds enough shops; if none does, the one with the most. */
function firstSufficient(draft: Draft): Recommendation {
  const { job } = draft;
  const { shopCountMin, steps } = job.request.fallback;
  let best: Recommendation | undefined;
  for (;;) {
    for (const step of stepsOf(draft.generation, job, draft.queries)) {
      const answer = answerOf(draft, step);
      if (answer.shops.length >= shopCountMin || job.continued !== null) return answer;
      if (best === undefined || answer.shops.length > best.shops.length) best = answer;
    }
    if (job.continued !== null || draft.widenings >= wideningsMax(job.request)) break;
    draft = draftOf(draft, job, draft.startMs, draft.widenings + 1);
    rankingOf(draft).rank();
  }
  // Nothing is known of a user whom the chain has no step for.
  return best ?? answerOf(draft, steps.findLast((step) => step !== 'wider') ?? 'popular', 0);
}

/** What a step of the chain makes of the ranked candidates: `limit` shops at most. */
function answerOf(draft: Draft, step: RankedBy, limit = draft.job.request.limit): Recommendation {
  const { generation, lane, job, queries, widenings, candidateCount, startMs, candidatesMs } = draft;
  const rankedMs = performance.now();
  const scored = scoreBy(draft, step);
  const promotedPlaces = selectShops(generation, lane, job, limit);
  const reasonsOf = job.request.explain ? reasonsFor(draft, scored) : () => undefined;
  const shops = recommendedShops(draft, promotedPlaces, reasonsOf);
  const answerId = answerIdOf(draft, step);
  const endMs = performance.now();
  const radiusMeters = radiusMetersAfter(job.request, widenings)!;
  return {
    answerId,
    version: generation.version,
    ...(widenings === 0 ? { basis: step } : { basis: 'wider', wider: { radiusMeters, basis: step } }),
    candidateCount,
    similarityCount: candidateCount * queries.length,
    shops,
    tookMs: {
      candidates: candidatesMs - startMs,
      similarity: rankedMs - candidatesMs,
      fusion: endMs - rankedMs,
      total: endMs - startMs,
    },
  };
}

/** Raw search: for each vector the `k` most similar candidates. */
export function prepareSimilarities(line: Line, request: CheckedSimilaritiesRequest): Prepared<Similarities> {
  const { generation, lane } = line;
  const metric = request.metric ?? generation.header.metric;
  const { vectors, candidates, k } = request;
  vectors.forEach((vector, n) => checkVector(vector, `vectors[${n}]`, generation.header.dimensions, metric));
  const candidateCount =
    'shopIds' in candidates
      ? findNamed(generation, lane, candidates.shopIds)
      : findReaching(generation, lane, candidates.location, candidates.radiusMeters);
  writeQueries(line, vectors, metric);
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

function writeQueries(
  { generation, lane }: Line,
  vectors: readonly ArrayLike<number>[],
  metric: Metric,
): void {
  lane.setQueries(generation.table, metric, vectors.length);
  vectors.forEach((vector, n) => {
    const query = lane.query(n);
    query.set(vector);
    query.fill(0, vector.length);
  });
}
