/** Step 6: the winners of a lane as the shops of an answer, each with its reasons, and what the answer is called. */
import { metersOfChordSquared } from '../geo/earth.ts';
import { encodeAnswerId, hashOfRequest, hashOfVersion } from './answer-id.ts';
import type { Draft } from './line.ts';
import type { LineAction } from './line-action.ts';
import type { RankedBy, Reason, RecommendedShop, ShownAction } from './recommendation.ts';
import type { Scored } from './scoring.ts';
import { leastFees } from './ways.ts';

/** The winners, best first; `reasonsOf` a place is undefined where the request does not want reasons. */
export function recommendedShops(
  { generation, lane, job, openShops }: Draft,
  promotedPlaces: ReadonlySet<number>,
  reasonsOf: (place: number) => readonly Reason[] | undefined,
): RecommendedShop[] {
  const { catalog, reachTree } = generation;
  const { request } = job;
  const ordinals = lane.winnerOrdinals();
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
    const shop: Growing<RecommendedShop> = {
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
    if (promotedPlaces.has(place)) shop.promoted = true;
    if (reasons !== undefined) shop.reasons = reasons;
    return shop as RecommendedShop;
  });
}

type Growing<T> = { -readonly [field in keyof T]?: T[field] };

/** A tenth of a meter is what a coordinate is worth. */
export function toDecimeter(meters: number): number {
  return Math.round(meters * 10) / 10;
}

/** The name of the answer that the lane holds. */
export function answerIdOf({ generation, lane, job, widenings }: Draft, step: RankedBy): string {
  const { request, actions, impressions, nowMs, continued } = job;
  const ascending = (ordinals: number[]): number[] => ordinals.sort((a, b) => a - b);
  return encodeAnswerId({
    versionHash: hashOfVersion(generation.version),
    requestHash: hashOfRequest(request),
    atMs: nowMs,
    actionsUntilMs: Math.max(nowMs, actions[0]?.atMs ?? nowMs),
    impressionsUntilMs: Math.max(nowMs, impressions[0]?.atMs ?? nowMs),
    step,
    widenings,
    earlier: continued === null ? [] : ascending([...continued.earlier, ...continued.shown]),
    shown: ascending(lane.winnerOrdinals()),
  });
}

/** What tells why a winner stands where it does: one reason per action, vector and signal that took part. */
export function reasonsFor(
  { lane, queries }: Draft,
  { fused, penalties }: Scored,
): (place: number) => Reason[] {
  lane.explain();
  const actions = queries.map(({ action, takenAs, isComposed }) =>
    action === undefined ? undefined : shownAction(action, takenAs, isComposed),
  );
  const { signals } = fused;
  return (place) => {
    const ranks = lane.winnerRanks(place);
    const shares = fused.sharesOf(place, ranks);
    const position = lane.winnerPosition(place);
    const reasons: Reason[] = [];
    for (let n = 0; n < queries.length; n++) {
      if (!fused.takesPart(n)) continue;
      const rank = ranks[n]! || null;
      const similarity = lane.winnerSimilarity(place, n);
      const [action, share] = [actions[n], shares[n]!];
      reasons.push(
        action === undefined
          ? { vector: queries[n]!.place!, rank, similarity, share }
          : { action, rank, similarity, share },
      );
    }
    const ordinal = lane.ordinalAt(position);
    for (let m = 0; m < signals.length; m++) {
      const { name, valueOf } = signals[m]!.signal;
      const value = valueOf(ordinal);
      const share = shares[queries.length + m]!;
      reasons.push({
        signal: name,
        rank: fused.signalRank(ranks, m),
        value: Number.isNaN(value) ? null : value,
        share,
      });
    }
    const penalty = penalties.get(position);
    if (penalty !== undefined)
      reasons.push({ signal: 'shown', rank: null, value: penalty.exposure, share: penalty.share });
    return reasons;
  };
}

/** An action as reasons show it. */
function shownAction(
  { type, keyword, shopId, atMs }: LineAction,
  takenAs: string | undefined,
  isComposed: boolean | undefined,
): ShownAction {
  const at = new Date(atMs).toISOString();
  if (keyword === undefined) return { type, shopId, at };
  if (takenAs === undefined) return { type, keyword, at };
  return isComposed ? { type, keyword, takenAs, composed: true, at } : { type, keyword, takenAs, at };
}
