/**
 * What a caller may ask: one definition for types, checks and the OpenAPI document.
 * The engine checks every request against these schemas; faces only carry bodies to it.
 */
import { z } from 'zod';
import { numberWithin, wholeNumber } from '../base/bounds.ts';
import { FilterSchema } from '../catalog/filter.ts';
import {
  AnswerIdSchema,
  InstantSchema,
  RequestActionSchema,
  ShopIdSchema,
  UserIdSchema,
} from '../domain/action.ts';
import { LocationSchema } from '../domain/location-schema.ts';
import { RADIUS_METERS_UNLIMITED } from '../domain/location.ts';
import { readPolygons } from '../geo/geojson.ts';
import { isVersionName, VERSION_NAME_EXPECTED } from '../snapshot/version-name.ts';
import { FusionSchema, VectorsSchema } from './fusion-schema.ts';
import {
  ACTION_COUNT_MAX,
  LIMIT_DEFAULT,
  LIMIT_MAX,
  QUERY_VECTOR_COUNT_MAX,
  SIMILARITY_K_MAX,
  WITHIN_POSITION_COUNT_MAX,
} from './request-bounds.ts';
import {
  DiversitySchema,
  ExcludeSeenSchema,
  FallbackSchema,
  PromotionSchema,
  RepetitionSchema,
} from './selection-schema.ts';

/** A day: who plans further asks with `at`. */
const OPEN_FOR_MINUTES_MAX = 1_440;
const SHOP_ID_COUNT_MAX = 100_000;

const RadiusMetersSchema = numberWithin(1, RADIUS_METERS_UNLIMITED);
export const LimitSchema = wholeNumber(1, LIMIT_MAX);
const VersionSchema = z.string().refine(isVersionName, { error: VERSION_NAME_EXPECTED });

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
  })
  .transform((within) => ('polygon' in within ? { polygon: bareGeometry(within.polygon) } : within));

interface Geometry {
  readonly type: 'Polygon' | 'MultiPolygon';
  readonly coordinates: readonly unknown[];
}

/** A checked geometry without what else the caller's objects hold, which might not travel to a worker. */
function bareGeometry({ type, coordinates }: Geometry): Geometry {
  return { type, coordinates: bareCoordinates(coordinates) };
}

function bareCoordinates(values: readonly unknown[]): unknown[] {
  if (!Array.isArray(values[0])) return [Number(values[0]), Number(values[1])];
  return Array.from(values, (inner) => bareCoordinates(inner as readonly unknown[]));
}

const RequestFieldsSchema = z.strictObject({
  userId: UserIdSchema.optional(),
  actions: z
    .array(RequestActionSchema, { error: 'must be an array of actions' })
    .max(ACTION_COUNT_MAX, { error: `must hold at most ${ACTION_COUNT_MAX} actions` })
    .describe('Instead of the recorded actions of `userId`. Newest first where `at` is equal or absent.')
    .optional(),
  vectors: VectorsSchema.default([]).describe(
    'Query vectors beside the actions, with the dimensions of the snapshot.',
  ),
  location: LocationSchema,
  radiusMeters: RadiusMetersSchema.optional(),
  within: WithinSchema.optional(),
  limit: LimitSchema.default(LIMIT_DEFAULT),
  filter: FilterSchema.optional(),
  excludeShopIds: z
    .array(ShopIdSchema)
    .max(SHOP_ID_COUNT_MAX, { error: `must hold at most ${SHOP_ID_COUNT_MAX} shop ids` })
    .default([]),
  excludeSeen: ExcludeSeenSchema.default(false).describe(
    "Leaves out the shops of the user's actions: of all of them, or of `types` (impressions among them) no older " +
      'than `maxAgeMinutes`.',
  ),
  // A default is taken as it is, without being checked again in every request.
  fusion: FusionSchema.default(FusionSchema.parse({})),
  repetition: RepetitionSchema.optional(),
  diversity: DiversitySchema.optional(),
  promotion: PromotionSchema.optional(),
  fallback: FallbackSchema.default(FallbackSchema.parse({})),
  after: AnswerIdSchema.optional().describe(
    'The answerId of an answer to the same request: its next page, as of the same moment, without any shop that it or ' +
      'the pages before it showed.',
  ),
  openFor: wholeNumber(0, OPEN_FOR_MINUTES_MAX)
    .default(0)
    .describe(
      'Minutes that a shop must stay open without a gap, by one way alone, from `at` on: what preparing an order takes.',
    ),
  openOnly: OpenOnlySchema.default(true),
  explain: z.boolean().default(true),
  version: VersionSchema.nullish(),
  at: InstantSchema.nullish(),
});

/** Of what has been checked, so neither is absent: both have a default. */
export function isDeepEnough(request: {
  readonly fusion?: { readonly depth: number } | undefined;
  readonly limit?: number | undefined;
}): boolean {
  return request.fusion!.depth >= request.limit!;
}
const DEEP_ENOUGH = {
  path: ['fusion', 'depth'],
  error: 'must be at least the limit: a shop beyond it has no rank',
};

/** What a deployment may decide for requests that do not say it: all but who asks, about what and where. */
export const RequestDefaultsSchema = RequestFieldsSchema.pick({
  limit: true,
  excludeSeen: true,
  fusion: true,
  repetition: true,
  diversity: true,
  promotion: true,
  fallback: true,
  openFor: true,
  openOnly: true,
  explain: true,
})
  .partial()
  .refine(isDeepEnough, DEEP_ENOUGH);

/** Body of `POST /v1/recommendations` and argument of `engine.recommend`. */
export const RecommendRequestSchema = RequestFieldsSchema.refine(isDeepEnough, DEEP_ENOUGH);

/** Body of `POST /v1/explanations` and argument of `engine.explain`: a shop in the answer to a request. */
export const ExplainRequestSchema = z.strictObject({ request: RecommendRequestSchema, shopId: ShopIdSchema });

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
  version: VersionSchema.nullish(),
});

/** As callers write it: what has a default may be left out. */
export type RecommendRequest = z.input<typeof RecommendRequestSchema>;
export type ExplainRequest = z.input<typeof ExplainRequestSchema>;
export type SimilaritiesRequest = z.input<typeof SimilaritiesRequestSchema>;
/** As they were written: a field that is left out is left to somebody else. */
export type RequestDefaults = z.input<typeof RequestDefaultsSchema>;
/** As the line reads it: every default filled in. */
export type CheckedRecommendRequest = z.output<typeof RecommendRequestSchema>;
export type Within = z.output<typeof WithinSchema>;
export type CheckedSimilaritiesRequest = z.output<typeof SimilaritiesRequestSchema>;
