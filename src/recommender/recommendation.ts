/** What a recommendation and a raw search answer with. */
import type { Openness } from '../catalog/open-shops.ts';
import type { AttributeValue } from '../domain/shop.ts';
import type { FallbackStep } from './request-bounds.ts';

/** What ranked the shops: the user's actions, the user's own list in the snapshot, or popularity. */
export type RankedBy = Exclude<FallbackStep, 'wider'>;

/** An action as reasons show it. */
export interface ShownAction {
  readonly type: string;
  /** As the user wrote it. */
  readonly keyword?: string;
  /**
   * The keyword of the snapshot that it was taken for, being none itself: the nearest by spelling, or by cosine of those spelt
   * alike in part.
   */
  readonly takenAs?: string;
  /** The embedding was not that keyword's but one near it, composed of the pieces of the text. */
  readonly composed?: true;
  readonly shopId?: string;
  readonly at?: string;
}

interface ActionReason {
  readonly action: ShownAction;
  /** From 1 in the ranking of the action; null beyond its depth or below `minSimilarity`. */
  readonly rank: number | null;
  readonly similarity: number;
  readonly share: number;
}

interface VectorReason {
  /** Place in the request's `vectors`, from 0. */
  readonly vector: number;
  readonly rank: number | null;
  readonly similarity: number;
  readonly share: number;
}

interface SignalReason {
  /**
   * The name of a signal, each told in a file of signals/, or of a column; "list", the place from 1 in the user's list; "shown",
   * how often the user was shown the shop lately.
   */
  readonly signal: string;
  /** Null if the signal says nothing of the shop, beyond the depth of its ranking, and where ranks do not count. */
  readonly rank: number | null;
  readonly value: number | null;
  readonly share: number;
}

/** Why a shop stands where it does. The shares of a shop's reasons, added up in their order, are its score. */
export type Reason = ActionReason | VectorReason | SignalReason;

export interface RecommendedShop {
  readonly shopId: string;
  readonly score: number;
  readonly distanceMeters: number;
  readonly name?: string;
  readonly category?: string;
  readonly price?: number;
  readonly rating?: number;
  /** Whether it is open for the location, at `at` and for `openFor` minutes, in any of its ways; see domain/zone.ts. */
  readonly hours: Openness;
  /** The least of the shop's zones that hold the location and count as `openOnly` says; absent if none states one. */
  readonly deliveryFee?: number;
  readonly attributes: { readonly [name: string]: AttributeValue };
  /** Present if the shop has its place by `promotion`. */
  readonly promoted?: true;
  /** Absent with `explain: false`. Actions, newest first, then vectors, then signals. */
  readonly reasons?: readonly Reason[];
}

export interface Recommendation {
  /** What `impression` actions and `after` name this answer by. */
  readonly answerId: string;
  readonly version: string;
  /** The step of the fallback chain that answered; with `wider` the field of that name says more. */
  readonly basis: FallbackStep;
  readonly wider?: { readonly radiusMeters: number; readonly basis: RankedBy };
  readonly candidateCount: number;
  readonly similarityCount: number;
  /** In order of score, then ordinal, unless `diversity` or `promotion` ask for another. */
  readonly shops: readonly RecommendedShop[];
  readonly tookMs: {
    readonly candidates: number;
    readonly similarity: number;
    readonly fusion: number;
    readonly total: number;
  };
}

export interface Similarities {
  readonly version: string;
  readonly candidateCount: number;
  /** One per query vector, best first. */
  readonly rankings: readonly (readonly { readonly shopId: string; readonly similarity: number }[])[];
}
