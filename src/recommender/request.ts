/**
 * What a caller may ask and what it gets back: one definition for types, checks and the OpenAPI document.
 * The engine checks every request against these schemas; faces only carry bodies to it.
 */
import { z } from 'zod';
import { numberWithin, wholeNumber } from '../base/bounds.ts';
import { FilterSchema } from '../catalog/filter.ts';
import type { Openness } from '../catalog/open-shops.ts';
import { InstantSchema, RequestActionSchema, ShopIdSchema, UserIdSchema } from '../domain/action.ts';
import { LocationSchema } from '../domain/location-schema.ts';
import { RADIUS_METERS_UNLIMITED } from '../domain/location.ts';
import type { AttributeValue } from '../domain/shop.ts';
import { readPolygons } from '../geo/geojson.ts';
import {
  ACTION_COUNT_MAX,
  DEPTH_MAX,
  LIMIT_DEFAULT,
  LIMIT_MAX,
  QUERY_VECTOR_COUNT_MAX,
  SIMILARITY_K_MAX,
  WITHIN_POSITION_COUNT_MAX,
} from './request-bounds.ts';

/** Constant of Reciprocal Rank Fusion; 60 as in Cormack, Clarke & Büttcher, SIGIR 2009. */
const RRF_K_DEFAULT = 60;
const HALF_LIFE_MINUTES_DEFAULT = 60;
/**
 * How many of the best candidates of each action's ranking take part in the fusion. What a shop beyond rank 1,000
 * would add is less than 1/17 of what the first gets; ordering it would cost more than all the rest of a request.
 */
const DEPTH_DEFAULT = LIMIT_MAX;
/** A day: who plans further asks with `at`. */
const OPEN_FOR_MINUTES_MAX = 1_440;
const SHOP_ID_COUNT_MAX = 100_000;

const RadiusMetersSchema = numberWithin(1, RADIUS_METERS_UNLIMITED);
export const LimitSchema = wholeNumber(1, LIMIT_MAX);

/** Which shops a request wants by whether they are open. */
export const OpenOnlySchema = z
  .union([z.boolean(), z.literal('known')], { error: 'must be true, false or "known"' })
  .describe(
    'Whether closed shops are left out: by their live status, else by their hours. A shop is open for the location ' +
      'if one of its ways there is: a zone that holds it, by the hours of the zone if it has any, or its radius. A ' +
      'shop whose hours are unknown counts as open, unless `"known"`.',
  );

/** An area of the caller's, in which shops themselves must lie. */
const WithinSchema = z
  .union(
    [
      z.strictObject({
        polygon: z
          .looseObject({ type: z.enum(['Polygon', 'MultiPolygon']), coordinates: z.array(z.unknown()) })
          .describe(
            `A GeoJSON Polygon or MultiPolygon of at most ${WITHIN_POSITION_COUNT_MAX} positions. Borders are inclusive.`,
          ),
      }),
      z.strictObject({ location: LocationSchema, radiusMeters: RadiusMetersSchema }),
    ],
    { error: 'must be { "polygon": GeoJSON } or { "location": { "lon", "lat" }, "radiusMeters" }' },
  )
  .superRefine((within, context) => {
    if (!('polygon' in within)) return;
    readPolygons(within.polygon, WITHIN_POSITION_COUNT_MAX, (path, _found, expected) => {
      context.addIssue({ code: 'custom', path: ['polygon', ...path], message: `must be ${expected}` });
    });
  });

const FusionSchema = z.strictObject({
  method: z.literal('rrf', { error: 'must be "rrf"' }).default('rrf'),
  /** RRF constant: a shop at rank r of an action's ranking gets weight / (k + r). */
  k: numberWithin(0, 10_000).default(RRF_K_DEFAULT),
  /** An action half this old counts twice as much. */
  halfLifeMinutes: numberWithin(0.01, 10_000_000).default(HALF_LIFE_MINUTES_DEFAULT),
  /** Entries of each ranking that take part, at least `limit`. */
  depth: wholeNumber(1, DEPTH_MAX).default(DEPTH_DEFAULT),
});

/** Body of `POST /v1/recommendations` and argument of `engine.recommend`. */
export const RecommendRequestSchema = z
  .strictObject({
    userId: UserIdSchema.optional(),
    actions: z
      .array(RequestActionSchema, { error: 'must be an array of actions' })
      .max(ACTION_COUNT_MAX, { error: `must hold at most ${ACTION_COUNT_MAX} actions` })
      .describe('Instead of the recorded actions of `userId`. Newest first where `at` is equal or absent.')
      .optional(),
    location: LocationSchema,
    radiusMeters: RadiusMetersSchema.optional(),
    within: WithinSchema.optional(),
    limit: LimitSchema.default(LIMIT_DEFAULT),
    filter: FilterSchema.optional(),
    excludeShopIds: z
      .array(ShopIdSchema)
      .max(SHOP_ID_COUNT_MAX, { error: `must hold at most ${SHOP_ID_COUNT_MAX} shop ids` })
      .default([]),
    excludeSeen: z.boolean().default(false),
    fusion: FusionSchema.prefault({}),
    openFor: wholeNumber(0, OPEN_FOR_MINUTES_MAX)
      .default(0)
      .describe(
        'Minutes that a shop must stay open without a gap, by one way alone, from `at` on: what preparing an order takes.',
      ),
    openOnly: OpenOnlySchema.default(true),
    explain: z.boolean().default(true),
    version: z.string().nullish(),
    at: InstantSchema.nullish(),
  })
  .refine(({ fusion, limit }) => fusion.depth >= limit, {
    path: ['fusion', 'depth'],
    error: 'must be at least the limit: a shop beyond it has no rank',
  });

/** Body of `POST /v1/similarities` and argument of `engine.similarities`. */
export const SimilaritiesRequestSchema = z.strictObject({
  vectors: z
    .array(z.array(z.number({ error: 'must be a finite number' })))
    .min(1, { error: 'must hold at least one vector' })
    .max(QUERY_VECTOR_COUNT_MAX, { error: `must hold at most ${QUERY_VECTOR_COUNT_MAX} vectors` }),
  metric: z
    .enum(['cosine', 'innerProduct', 'l2'], { error: 'must be "cosine", "innerProduct" or "l2"' })
    .optional(),
  k: wholeNumber(1, SIMILARITY_K_MAX),
  candidates: z.union(
    [
      z.strictObject({ shopIds: z.array(ShopIdSchema).max(SHOP_ID_COUNT_MAX) }),
      z.strictObject({ location: LocationSchema, radiusMeters: RadiusMetersSchema.optional() }),
    ],
    { error: 'must be { "shopIds": […] } or { "location": { "lon", "lat" }, "radiusMeters"? }' },
  ),
  version: z.string().nullish(),
});

/** As callers write it: what has a default may be left out. */
export type RecommendRequest = z.input<typeof RecommendRequestSchema>;
export type SimilaritiesRequest = z.input<typeof SimilaritiesRequestSchema>;
/** As the line reads it: every default filled in. */
export type CheckedRecommendRequest = z.output<typeof RecommendRequestSchema>;
export type Within = z.output<typeof WithinSchema>;
export type CheckedSimilaritiesRequest = z.output<typeof SimilaritiesRequestSchema>;

/**
 * What a recommendation rests on: the user's actions, or, without any the snapshot knows, the candidates' popularity.
 */
export type Basis = 'actions' | 'popular';

/** Why a shop stands where it does. `rank` starts at 1; null means beyond the ranking's `depth`. */
export type Reason =
  | {
      readonly action: {
        readonly type: string;
        readonly keyword?: string;
        readonly shopId?: string;
        readonly at?: string;
      };
      readonly rank: number | null;
      readonly similarity: number;
    }
  | { readonly signal: 'popularity'; readonly rank: number; readonly value: number };

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
  /** Absent with `explain: false`. One per action that took part, newest action first. */
  readonly reasons?: readonly Reason[];
}

export interface Recommendation {
  readonly version: string;
  readonly basis: Basis;
  readonly candidateCount: number;
  readonly similarityCount: number;
  /** Best first: score descending, then ordinal ascending. */
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
