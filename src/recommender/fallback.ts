/** What an answer rests on when the first choice finds too little: the steps of the chain, and how far a radius widens. */
import { RADIUS_METERS_UNLIMITED } from '../domain/location.ts';
import type { Generation } from '../snapshot/generation.ts';
import type { QueryVector } from './query-vectors.ts';
import type { RecommendJob } from './recommend-job.ts';
import type { RankedBy } from './recommendation.ts';
import { WIDENINGS_MAX } from './request-bounds.ts';
import type { CheckedRecommendRequest } from './request.ts';
import { looksBack } from './signals/history.ts';

/** How often a radius is doubled at most where the request does not say how far it goes. */
const WIDENINGS_DEFAULT = 2;

/** Shops with which an answer has enough. */
export function shopsWanted({ fallback, limit }: CheckedRecommendRequest): number {
  return Math.min(fallback.shopCountMin, limit);
}

/** How often the radius of a request may be doubled. */
export function wideningsMax({ fallback, radiusMeters }: CheckedRecommendRequest): number {
  if (radiusMeters === undefined || !fallback.steps.includes('wider')) return 0;
  const { radiusMetersMax } = fallback;
  if (radiusMetersMax === undefined) return WIDENINGS_DEFAULT;
  return Math.min(WIDENINGS_MAX, Math.max(0, Math.ceil(Math.log2(radiusMetersMax / radiusMeters))));
}

/** The radius of a request after so many doublings, the last of which may be shorter. */
export function radiusMetersAfter(
  { fallback, radiusMeters }: CheckedRecommendRequest,
  widenings: number,
): number | undefined {
  if (radiusMeters === undefined || widenings === 0) return radiusMeters;
  return Math.min(radiusMeters * 2 ** widenings, fallback.radiusMetersMax ?? RADIUS_METERS_UNLIMITED);
}

/** The steps that can be taken for this user, in order. The next page of an answer rests on what that rested on. */
export function stepsOf(
  generation: Generation,
  { request, actions, continued }: RecommendJob,
  queries: readonly QueryVector[],
): RankedBy[] {
  const { method, signals } = request.fusion;
  // What was fitted may count actions below 0 and all the more what the user's history says of shops.
  const isWeighed = method === 'linear' && (queries.length > 0 || (looksBack(signals) && actions.length > 0));
  const canBeTaken = {
    actions: isWeighed || queries.some(({ weight }) => weight > 0),
    list: listOf(generation, request.userId) !== undefined,
    popular: true,
  };
  return request.fallback.steps
    .filter((step) => step !== 'wider')
    .filter((step) => canBeTaken[step] && (continued === null || step === continued.step));
}

/** The shops recommended to a user ahead of time, best first, if the snapshot holds a list for them. */
export function listOf({ userLists }: Generation, userId: string | undefined): Uint32Array | undefined {
  return userId === undefined ? undefined : userLists.of(userId);
}
