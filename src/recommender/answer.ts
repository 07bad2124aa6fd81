/** Step 4: the winners of a lane as the shops of an answer, each with its reasons. */
import type { OpenShops } from '../catalog/open-shops.ts';
import type { Lane } from '../kernel/lane.ts';
import { metersOfChordSquared } from '../geo/earth.ts';
import type { Generation } from '../snapshot/generation.ts';
import type { LineAction } from './line-action.ts';
import type { CheckedRecommendRequest, Reason, RecommendedShop } from './request.ts';
import { leastFees } from './ways.ts';

/** The first `count` winners, best first; `reasonsOf` a place is undefined where the request does not want reasons. */
export function recommendedShops(
  generation: Generation,
  lane: Lane,
  count: number,
  request: CheckedRecommendRequest,
  openShops: OpenShops,
  reasonsOf: (place: number) => readonly Reason[] | undefined,
): RecommendedShop[] {
  const { catalog, reachTree } = generation;
  const ordinals = Array.from({ length: count }, (_, place) => lane.ordinalAt(lane.winnerPosition(place)));
  const excerpts = catalog.excerpts(ordinals);
  const chordSquaredTo = reachTree.chordsSquaredFrom(request.location);
  const feeOf = leastFees(generation, request, openShops);
  return ordinals.map((ordinal, place) => {
    const { name, attributes } = excerpts[place]!;
    const category = catalog.categoryOf(ordinal);
    const price = catalog.priceOf(ordinal);
    const rating = catalog.ratingOf(ordinal);
    const deliveryFee = feeOf(ordinal);
    const reasons = reasonsOf(place);
    // Field by field: twenty objects with spreads for what may be absent took 4 µs, this takes 0.7.
    const shop: Draft = {
      shopId: catalog.ids.idOf(ordinal),
      score: lane.winnerScore(place),
      distanceMeters: toDecimeter(metersOfChordSquared(chordSquaredTo(ordinal))),
    };
    if (name !== undefined) shop.name = name;
    if (category !== undefined) shop.category = category;
    if (price !== undefined) shop.price = price;
    if (rating !== undefined) shop.rating = rating;
    shop.hours = openShops.opennessOf(ordinal);
    if (deliveryFee !== undefined) shop.deliveryFee = deliveryFee;
    shop.attributes = attributes;
    if (reasons !== undefined) shop.reasons = reasons;
    return shop as RecommendedShop;
  });
}

type Draft = { -readonly [field in keyof RecommendedShop]?: RecommendedShop[field] };

/** A tenth of a meter is what a coordinate is worth. */
function toDecimeter(meters: number): number {
  return Math.round(meters * 10) / 10;
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
