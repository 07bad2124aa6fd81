/** `GET /v1/shops/{shopId}` and `…/similar`: the catalog record of a shop, and the shops like it that deliver here. */
import { z } from 'zod';
import { ShopIdSchema } from '../domain/action.ts';
import { LocationSchema } from '../domain/location-schema.ts';
import type { Engine } from '../engine/engine.ts';
import { LIMIT_DEFAULT } from '../recommender/request-bounds.ts';
import { LimitSchema, OpenOnlySchema } from '../recommender/request.ts';
import { answer, responses, type Operation } from './operation.ts';
import { booleanText, numberText, pathOf, queryOf } from './parameters.ts';
import { RecommendationSchema } from './recommendations.ts';
import type { Route } from './route.ts';

const PathSchema = z.strictObject({ shopId: ShopIdSchema.meta({ example: 's42' }) });

const SimilarQuerySchema = z.strictObject({
  lon: numberText(LocationSchema.shape.lon).meta({ example: 126.9784 }),
  lat: numberText(LocationSchema.shape.lat).meta({ example: 37.5667 }),
  limit: numberText(LimitSchema.default(LIMIT_DEFAULT)).meta({ example: 3 }),
  openOnly: booleanText(OpenOnlySchema.default(true)).meta({ example: false }),
});

const PositionsSchema = z.array(z.tuple([z.number(), z.number()]).readonly()).readonly();

const ZoneSchema = z
  .strictObject({
    geometry: z
      .strictObject({
        type: z.literal('MultiPolygon'),
        coordinates: z.array(z.array(PositionsSchema).readonly()).readonly(),
      })
      .meta({
        description:
          'GeoJSON: [lon, lat] in degrees, rings end where they begin. Across the date line a ring steps from 180 to -180, ' +
          'it is not cut there.',
      }),
    openingHours: z
      .string()
      .optional()
      .meta({ description: 'in place of those of the shop, in its `timeZone`' }),
    deliveryFee: z.number().optional(),
  })
  .meta({ id: 'Zone' });

const ShopSchema = z
  .strictObject({
    version: z.string().meta({ description: 'the snapshot that the record is from' }),
    shopId: z.string(),
    lon: z.number(),
    lat: z.number(),
    name: z.string().optional(),
    deliveryRadiusMeters: z.number().optional(),
    openingHours: z.string().optional(),
    timeZone: z.string().optional(),
    category: z.string().optional(),
    price: z.number().optional(),
    rating: z.number().optional(),
    popularity: z.number().optional(),
    attributes: z.record(z.string(), z.unknown()),
    zones: z
      .array(ZoneSchema)
      .readonly()
      .optional()
      .meta({ description: 'where it delivers beside `deliveryRadiusMeters`; absent if it has none' }),
  })
  .meta({ id: 'Shop' });

export type GetShop = Route<'GET /v1/shops/{shopId}', typeof ShopSchema>;
export type SimilarShops = Route<
  'GET /v1/shops/{shopId}/similar',
  typeof RecommendationSchema,
  typeof SimilarQuerySchema
>;

export function getShop(engine: Engine): Operation<GetShop> {
  return {
    document: {
      operationId: 'getShop',
      summary: 'The catalog record of a shop',
      request: { params: PathSchema },
      responses: responses(
        200,
        'The shop as its owner described it, with its zones.',
        ShopSchema,
        [400, 404, 422, 503],
      ),
    },
    handle: (context) => {
      const { shopId } = pathOf(context, PathSchema);
      return answer<typeof ShopSchema>(engine.shop(shopId));
    },
  };
}

export function similarShops(engine: Engine): Operation<SimilarShops> {
  return {
    document: {
      operationId: 'similarShops',
      summary: 'Shops like this one that deliver to a location',
      description:
        'What `POST /v1/recommendations` answers who has just viewed the shop, now and without a filter; the shop itself is ' +
        'left out, and need neither be open nor deliver there.',
      request: { params: PathSchema, query: SimilarQuerySchema },
      responses: responses(
        200,
        'The most similar shops, best first.',
        RecommendationSchema,
        [400, 404, 422, 429, 503],
      ),
    },
    handle: async (context) => {
      const { shopId } = pathOf(context, PathSchema);
      const { lon, lat, limit, openOnly } = queryOf(context, SimilarQuerySchema);
      return answer<typeof RecommendationSchema>(
        await engine.similar(shopId, { location: { lon, lat }, limit, openOnly }),
      );
    },
  };
}
