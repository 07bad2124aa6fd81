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
import { radiusMetersAfter, shopsWanted, stepsOf, wideningsMax } from './fallback.ts';
import type { Draft, Line } from './line.ts';
import { checkVector, findQueryVectors } from './query-vectors.ts';
import type { RecommendJob } from './recommend-job.ts';
import type { RankedBy, Recommendation, Similarities } from './recommendation.ts';
import type { CheckedSimilaritiesRequest } from './request.ts';
import { scoreBy, type Scored } from './scoring.ts';
import { selectShops } from './selection.ts';
import { waysTo } from './ways.ts';

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
  return {
    ...rankingOf(draft),
    answer: () => {
      const rankedMs = performance.now();
      return recommendationOf(firstSufficient(draft), draft.candidatesMs, rankedMs);
    },
  };
}

/** Takes the first two steps, in a radius that is doubled `widenings` times and as often more as too little is found. */
export function draftOf(line: Line, job: RecommendJob, startMs: number, widenings: number): Draft {
  const { generation, lane } = line;
  const { request, continued } = job;
  const { steps } = request.fallback;
  const queries = findQueryVectors(generation, job).filter(
    ({ weight }) => weight < 0 || steps.includes('actions'),
  );
  const ways = waysTo(generation, request.location);
  const openShops = new OpenShops(generation.hours, job.statuses, openMoment(request, job.nowMs), ways);
  const countWithin = (times: number): number =>
    findCandidates(generation, lane, job, radiusMetersAfter(request, times), openShops);
  let candidateCount = countWithin(widenings);
  if (continued === null)
    while (candidateCount < shopsWanted(request) && widenings < wideningsMax(request))
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

/** A draft with its shops chosen: they are the lane's winners. */
export interface Selected extends Draft {
  /** Of the fallback chain: what ranked them. */
  readonly step: RankedBy;
  readonly scored: Scored;
  readonly promotedPlaces: ReadonlySet<number>;
}

/** Follows the fallback chain to the first step that finds enough shops; if none does, to the one with the most. */
export function firstSufficient(draft: Draft): Selected {
  const { job } = draft;
  const { steps } = job.request.fallback;
  const lastStep = job.continued?.step ?? steps.findLast((step) => step !== 'wider') ?? 'popular';
  const most = { count: -1, tried: draft, step: lastStep };
  let tried = draft;
  for (;;) {
    for (const step of stepsOf(tried.generation, job, tried.queries)) {
      const selected = selectedBy(tried, step);
      const count = tried.lane.winnerCount;
      if (count >= shopsWanted(job.request) || job.continued !== null) return selected;
      if (count > most.count) Object.assign(most, { count, tried, step });
    }
    if (job.continued !== null || tried.widenings >= wideningsMax(job.request)) break;
    tried = widened(tried, tried.widenings + 1);
  }
  // Nothing is known of a user whom the chain has no step for.
  if (most.count === -1) return { ...selectedBy(tried, 'popular', 0), step: most.step };
  return selectedBy(most.tried === tried ? tried : widened(tried, most.tried.widenings), most.step);
}

/** The draft in another radius, ranked. */
function widened(draft: Draft, widenings: number): Draft {
  const made = draftOf(draft, draft.job, draft.startMs, widenings);
  rankingOf(made).rank();
  return made;
}

function selectedBy(draft: Draft, step: RankedBy, limit = draft.job.request.limit): Selected {
  const scored = scoreBy(draft, step);
  const promotedPlaces = selectShops(draft.generation, draft.lane, draft.job, limit);
  return { ...draft, step, scored, promotedPlaces };
}

/** The answer that the lane holds; `candidatesMs` and `rankedMs` say when those steps ended. */
function recommendationOf(selected: Selected, candidatesMs: number, rankedMs: number): Recommendation {
  const { generation, job, step, scored, candidateCount, startMs } = selected;
  const reasonsOf = job.request.explain ? reasonsFor(selected, scored) : () => undefined;
  const shops = recommendedShops(selected, selected.promotedPlaces, reasonsOf);
  const answerId = answerIdOf(selected, step);
  const endMs = performance.now();
  return {
    answerId,
    version: generation.version,
    ...basisOf(selected),
    candidateCount,
    similarityCount: candidateCount * selected.queries.length,
    shops,
    tookMs: {
      candidates: candidatesMs - startMs,
      similarity: rankedMs - candidatesMs,
      fusion: endMs - rankedMs,
      total: endMs - startMs,
    },
  };
}

/** What an answer rests on. */
export function basisOf({ job, step, widenings }: Selected): Pick<Recommendation, 'basis' | 'wider'> {
  if (widenings === 0) return { basis: step };
  const radiusMeters = radiusMetersAfter(job.request, widenings)!;
  return { basis: 'wider', wider: { radiusMeters, basis: step } };
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
