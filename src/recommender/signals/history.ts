/** What a user did at shops, as the signals about habits read it. */
import type { Generation } from '../../snapshot/generation.ts';
import { weightOf } from '../action-weights.ts';
import type { RecommendJob } from '../recommend-job.ts';

/** One action at a shop of the snapshot. */
export interface Visit {
  readonly ordinal: number;
  readonly atMs: number;
  /** Above 0. */
  readonly weight: number;
}

const BY_TYPE_AS_IT_IS = {};

/**
 * The actions of a job at shops that the snapshot knows, newest first; not those that push down. What a request makes of
 * types of actions is not looked at: that a user has been somewhere is so, whatever it is to count among similarities.
 */
export function visitsOf({ catalog }: Generation, { actions }: RecommendJob): Visit[] {
  const visits: Visit[] = [];
  for (const action of actions) {
    if (action.shopId === undefined) continue;
    const weight = weightOf(action, BY_TYPE_AS_IT_IS);
    const ordinal = weight > 0 ? catalog.ids.ordinalOf(action.shopId) : -1;
    if (ordinal !== -1) visits.push({ ordinal, atMs: action.atMs, weight });
  }
  return visits;
}

/** Adds up what each visit counts, by shop. */
export function sumByShop(
  visits: readonly Visit[],
  countOf: (visit: Visit, place: number) => number,
): Map<number, number> {
  const sums = new Map<number, number>();
  visits.forEach((visit, place) => {
    const count = countOf(visit, place);
    if (count > 0) sums.set(visit.ordinal, (sums.get(visit.ordinal) ?? 0) + count);
  });
  return sums;
}
