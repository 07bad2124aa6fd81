/** How much two answers to one request agree: pure figures over the ids of their shops, best first. */
import type { Recommendation } from './recommendation.ts';

/** Depths at which answers are compared; those beyond what a request asked for are left out. */
export const OVERLAP_DEPTHS = [1, 3, 5, 10, 20];
/** A reader who goes on to the next shop with this probability gives the first ten shops 86 % of the weight. */
const PERSISTENCE = 0.9;

/** What is compared of an answer. */
export interface Ranked {
  /** Best first. */
  readonly shopIds: readonly string[];
  readonly tookMs: number;
}

export function rankedOf({ shops, tookMs }: Recommendation): Ranked {
  return { shopIds: shops.map(({ shopId }) => shopId), tookMs: tookMs.total };
}

/**
 * How many shops the first d of one list share with the first d of the other, for every d from 0 to the length of the
 * longer list. No list holds a shop twice.
 */
export function sharedByDepth(first: readonly string[], second: readonly string[]): number[] {
  const seen = new Set<string>();
  const shared = [0];
  let count = 0;
  for (let at = 0; at < Math.max(first.length, second.length); at++) {
    for (const shopId of [first[at], second[at]]) {
      if (shopId === undefined) continue;
      if (seen.has(shopId)) count++;
      else seen.add(shopId);
    }
    shared.push(count);
  }
  return shared;
}

/**
 * overlap@k: the share of the first `k` shops that two lists have in common, in [0, 1]. Where both lists are shorter the
 * longer one is all there is; two empty lists agree. `shared` is of `sharedByDepth`.
 */
export function overlapAt(shared: readonly number[], k: number): number {
  const depth = Math.min(k, shared.length - 1);
  return depth === 0 ? 1 : shared[depth]! / depth;
}

/** `overlapAt` every depth of `OVERLAP_DEPTHS` up to the `limit` that was asked for. */
export function overlaps(shared: readonly number[], limit: number): { k: number; overlap: number }[] {
  return OVERLAP_DEPTHS.filter((k) => k <= limit).map((k) => ({ k, overlap: overlapAt(shared, k) }));
}

/**
 * Rank-biased overlap, extrapolated, in [0, 1]: with X_d shops shared by the first d of each list, D the length of the
 * longer list and p = 0.9
 *
 *     RBO_EXT = X_D / D · p^D + (1 − p) / p · Σ_{d=1..D} X_d / d · p^d
 *
 * (Webber, Moffat & Zobel, A Similarity Measure for Indefinite Rankings, ACM TOIS 28(4), 2010, equation 23,
 * https://doi.org/10.1145/1852102.1852106). Equal lists give 1 whatever their length, two empty lists too. Lists of
 * different lengths are not extrapolated each by itself (equation 32): the shorter one ends because its version has no
 * more candidates, so what only the longer one holds is a difference. `shared` is of `sharedByDepth`.
 */
export function rankBiasedOverlap(shared: readonly number[]): number {
  let sum = 0;
  let weight = 1;
  for (let depth = 1; depth < shared.length; depth++) {
    sum += (1 - PERSISTENCE) * weight * overlapAt(shared, depth);
    weight *= PERSISTENCE;
  }
  return Math.min(1, sum + weight * overlapAt(shared, shared.length - 1)); // weights add up to 1, but for rounding
}

/** For each shop that both lists hold, in the order of the first: its rank in the second minus its rank in the first. */
export function rankShifts(first: readonly string[], second: readonly string[]): number[] {
  const places = new Map(second.map((shopId, place) => [shopId, place]));
  return first.flatMap((shopId, place) => {
    const other = places.get(shopId);
    return other === undefined ? [] : [other - place];
  });
}
