/** Step 4: the winners of a lane as the shops of an answer, each with its reasons. */
import type { Location } from '../domain/location.ts';
import type { Lane } from '../kernel/lane.ts';
import { metersOfChordSquared } from '../geo/earth.ts';
import type { Generation } from '../snapshot/generation.ts';
import type { LineAction } from './line-action.ts';
import type { Reason, RecommendedShop } from './request.ts';

/** The shop at `place` among the winners; `reasons` is left out where the request does not want them. */
export function recommendedShop(
  generation: Generation,
  lane: Lane,
  place: number,
  location: Location,
  reasons: readonly Reason[] | undefined,
): RecommendedShop {
  const ordinal = lane.ordinalAt(lane.winnerPosition(place));
  const { shopId, name, category, price, rating, attributes } = generation.catalog.record(ordinal);
  return {
    shopId,
    score: lane.winnerScore(place),
    distanceMeters: distanceMeters(generation, location, ordinal),
    ...(name !== undefined && { name }),
    ...(category !== undefined && { category }),
    ...(price !== undefined && { price }),
    ...(rating !== undefined && { rating }),
    attributes,
    ...(reasons !== undefined && { reasons }),
  };
}

/** To a tenth of a meter, which is what a coordinate is worth. */
function distanceMeters(generation: Generation, location: Location, ordinal: number): number {
  return Math.round(metersOfChordSquared(generation.reachTree.chordSquaredTo(location, ordinal)) * 10) / 10;
}

/** One reason per action that took part, newest first: the shop's rank in its ranking and its similarity. */
export function actionReasons(lane: Lane, place: number, actions: readonly ShownAction[]): Reason[] {
  return actions.map((action, n) => ({
    action,
    rank: lane.winnerRank(place, n) || null,
    similarity: lane.winnerSimilarity(place, n),
  }));
}

export function popularityReasons(generation: Generation, lane: Lane, place: number): Reason[] {
  const value = generation.popularityOf(lane.ordinalAt(lane.winnerPosition(place)));
  return [{ signal: 'popularity', rank: lane.winnerRank(place, 0), value }];
}

/** An action as reasons show it. */
export type ShownAction = Extract<Reason, { readonly action: unknown }>['action'];

export function shownAction({ type, keyword, shopId, atMs }: LineAction): ShownAction {
  const at = new Date(atMs).toISOString();
  return keyword === undefined ? { type, shopId, at } : { type, keyword, at };
}
