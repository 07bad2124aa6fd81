/** `POST /v1/recommendations`: the shops that fit best what a user has just done, at a location, with reasons. */
import { z } from 'zod';
import type { Engine } from '../engine/engine.ts';
import { RecommendRequestSchema, type RecommendRequest } from '../recommender/request.ts';
import { readJson } from './body.ts';
import {
  answerJson,
  BODY_FAILURES,
  jsonBody,
  responses,
  type Examples,
  type Operation,
} from './operation.ts';

const ReasonSchema = z
  .union([
    z.strictObject({
      action: z.strictObject({
        type: z.string(),
        keyword: z.string().optional(),
        shopId: z.string().optional(),
        at: z.string().optional(),
      }),
      rank: z.number().nullable().meta({ description: 'from 1; null beyond the depth of the ranking' }),
      similarity: z.number(),
    }),
    z.strictObject({ signal: z.literal('popularity'), rank: z.number(), value: z.number() }),
  ])
  .meta({ id: 'Reason' });

/** What `engine.recommend` and `engine.similar` resolve with. */
export const RecommendationSchema = z
  .strictObject({
    version: z.string().meta({ description: 'the snapshot that the answer rests on' }),
    basis: z
      .enum(['actions', 'popular'])
      .meta({ description: '`popular` if no action was given that the snapshot knows' }),
    candidateCount: z.number().meta({ description: 'shops that deliver here, pass the filter and are open' }),
    similarityCount: z.number().meta({
      description: 'exact similarities that were computed: candidates × actions that the snapshot knows',
    }),
    shops: z
      .array(
        z.strictObject({
          shopId: z.string(),
          score: z.number(),
          distanceMeters: z.number(),
          name: z.string().optional(),
          category: z.string().optional(),
          price: z.number().optional(),
          rating: z.number().optional(),
          hours: z.enum(['open', 'closed', 'unknown']).meta({
            description:
              'at the moment and for the minutes asked about, by the status of the shop, else by the best of the ways in ' +
              'which it reaches the location: zones that hold it, each by its own hours if it has any, and its radius; ' +
              '`unknown` if none is open and readable hours are missing',
          }),
          deliveryFee: z
            .number()
            .optional()
            .meta({
              description:
                'the least that a zone states which holds the location and counts: with `openOnly` true zones that are ' +
                'closed do not, with `"known"` neither do those of unknown hours, with false all do',
            }),
          attributes: z.record(z.string(), z.unknown()),
          reasons: z.array(ReasonSchema).readonly().optional(),
        }),
      )
      .readonly()
      .meta({ description: 'best first' }),
    tookMs: z.strictObject({
      candidates: z.number(),
      similarity: z.number(),
      fusion: z.number(),
      total: z.number(),
    }),
  })
  .meta({ id: 'Recommendation' });

const EXAMPLE: RecommendRequest = {
  actions: [
    { type: 'search', keyword: '짜장면' },
    { type: 'view', shopId: 's42' },
  ],
  location: { lon: 126.9784, lat: 37.5667 },
  radiusMeters: 3000,
  limit: 3,
  filter: { price: { nearViewed: 0.3 }, or: [{ category: { in: ['chinese', 'noodles'] } }, { spicy: true }] },
  openFor: 40,
};

const LOCATION = EXAMPLE.location;

/** One for each thing a request can say. */
const EXAMPLES = {
  withinRadius: {
    summary: "Only shops that lie near a place of the caller's",
    value: { location: LOCATION, within: { location: { lon: 126.98, lat: 37.57 }, radiusMeters: 800 } },
  },
  withinPolygon: {
    summary: "Only shops that lie in a polygon of the caller's",
    value: {
      location: LOCATION,
      within: {
        polygon: {
          type: 'Polygon',
          coordinates: [
            [
              [126.97, 37.56],
              [126.99, 37.56],
              [126.99, 37.58],
              [126.97, 37.58],
              [126.97, 37.56],
            ],
          ],
        },
      },
    },
  },
} satisfies Examples & Record<string, { value: RecommendRequest }>;

export function recommend(engine: Engine, bodyBytesMax: number): Operation {
  return {
    document: {
      operationId: 'recommend',
      summary: 'Rank the shops that can deliver here by what the user has just done',
      request: {
        body: jsonBody(RecommendRequestSchema.meta({ id: 'RecommendRequest' }), EXAMPLE, EXAMPLES),
      },
      responses: responses(200, 'The best shops, best first, each with its reasons.', RecommendationSchema, [
        ...BODY_FAILURES,
        404,
        409,
        429,
        503,
      ]),
    },
    handle: async ({ env }) => {
      const request = await readJson(env.incoming, bodyBytesMax);
      // The engine checks what it is given, so nothing is checked twice.
      return answerJson<typeof RecommendationSchema>(await engine.recommendJson(request as RecommendRequest));
    },
  };
}
