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
import type { Route } from './route.ts';

const RankSchema = z.number().nullable();
const ShareSchema = z
  .number()
  .meta({ description: 'what it adds to the score; the shares of a shop added up in order are its score' });

export const ReasonSchema = z
  .union([
    z.strictObject({
      action: z.strictObject({
        type: z.string(),
        keyword: z.string().optional().meta({ description: 'as the user wrote it' }),
        takenAs: z
          .string()
          .optional()
          .meta({
            description:
              'the keyword of the snapshot that it was taken for, being none itself: the nearest by spelling, or by cosine of ' +
              'those spelt alike in part (then also `composed`); an action whose text is near no keyword takes no part',
          }),
        composed: z
          .literal(true)
          .optional()
          .meta({
            description:
              "the embedding was not that of `takenAs` itself but one near it, composed of the text's pieces: where the text says " +
              'more or other than the keyword',
          }),
        shopId: z.string().optional(),
        at: z.string().optional(),
      }),
      rank: RankSchema.meta({
        description: 'from 1; null beyond the depth of the ranking or below `minSimilarity`',
      }),
      similarity: z.number(),
      share: ShareSchema,
    }),
    z.strictObject({
      vector: z.number().meta({ description: 'place in `vectors`, from 0' }),
      rank: RankSchema,
      similarity: z.number(),
      share: ShareSchema,
    }),
    z.strictObject({
      signal: z.string().meta({
        description:
          '"popularity"; "proximity" in meters; "list", the place in the user\'s list; a column of numbers; "shown", ' +
          'how often the user was shown it lately',
      }),
      rank: RankSchema,
      value: z.number().nullable(),
      share: ShareSchema,
    }),
  ])
  .meta({ id: 'Reason' });

const RankedBySchema = z.enum(['actions', 'list', 'popular']);

/** What `engine.recommend` and `engine.similar` resolve with. */
export const RecommendationSchema = z
  .strictObject({
    answerId: z.string().meta({ description: 'what impressions and `after` name this answer by' }),
    version: z.string().meta({
      description:
        'the snapshot that the answer rests on; where users are split, it tells the side of this one',
    }),
    basis: z.enum(['actions', 'list', 'popular', 'wider']).meta({
      description:
        'the step of the fallback chain that answered: `popular` if no action is known, for one; without shops, the ' +
        'step that was tried',
    }),
    wider: z
      .strictObject({ radiusMeters: z.number(), basis: RankedBySchema })
      .optional()
      .meta({ description: 'with the basis `wider`: the radius that was needed, and what ranks within it' }),
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
          promoted: z.literal(true).optional(),
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
  // So that whoever tries it has an answer at any hour.
  openOnly: false,
};

const LOCATION = EXAMPLE.location;

/** One for each thing a request can say. */
const EXAMPLES = {
  filter: {
    summary: 'Priced like what was viewed, Chinese or spicy, open for another 40 minutes',
    value: {
      location: LOCATION,
      actions: [{ type: 'view', shopId: 's42' }],
      filter: { price: { nearViewed: 0.3 }, or: [{ category: { in: ['chinese'] } }, { spicy: true }] },
      openFor: 40,
    },
  },
  misspeltKeyword: {
    summary: 'A text that is no keyword counts as the one it is spelt most like',
    value: {
      location: LOCATION,
      actions: [
        { type: 'search', keyword: '매운 후라이드치캰' },
        { type: 'search', keyword: 'sandwhich' },
      ],
    },
  },
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
  weights: {
    summary: 'Orders count three times as much as views; a dismissed shop and a negative action push down',
    value: {
      location: LOCATION,
      actions: [
        { type: 'order', shopId: 's42' },
        { type: 'view', shopId: 's7', weight: 0.5 },
        { type: 'dismiss', shopId: 's9' },
        { type: 'view', shopId: 's11', weight: -0.2 },
      ],
      fusion: { typeWeights: { order: 3 }, halfLifeMinutes: 240 },
    },
  },
  signals: {
    summary: 'What is popular, near, well rated and not dear counts beside the actions',
    value: {
      location: LOCATION,
      actions: [{ type: 'search', keyword: '짜장면' }],
      fusion: {
        method: 'weighted',
        signals: { popularity: 0.3, proximity: 0.5, rating: 0.2, price: -0.2 },
      },
    },
  },
  minSimilarity: {
    summary: 'Only shops like enough to one of the actions; the largest similarity counts',
    value: {
      location: LOCATION,
      actions: [{ type: 'search', keyword: '짜장면' }],
      fusion: { method: 'max', minSimilarity: 0.2 },
    },
  },
  repetition: {
    summary: 'What was shown lately counts less; ordered today is left out',
    value: {
      location: LOCATION,
      actions: [
        { type: 'search', keyword: '짜장면' },
        { type: 'impression', shopId: 's42' },
      ],
      repetition: { penalty: 0.3, halfLifeMinutes: 1440 },
      excludeSeen: { types: ['order'], maxAgeMinutes: 1440 },
    },
  },
  variety: {
    summary: 'Unlike each other, two of a category at most, one of a chain',
    value: {
      location: LOCATION,
      diversity: { mmr: { lambda: 0.7 }, maxPer: { category: 2, chain: 1 } },
    },
  },
  promotion: {
    summary: 'Every fifth place is that of a promoted shop',
    value: { location: LOCATION, promotion: { filter: { spicy: true }, share: 0.2 } },
  },
  fallback: {
    summary: 'Ten shops at least: by the actions, else popular ones, else within a radius of up to 6 km',
    value: {
      userId: 'example',
      location: LOCATION,
      radiusMeters: 500,
      fallback: { steps: ['actions', 'popular', 'wider'], shopCountMin: 10, radiusMetersMax: 6000 },
    },
  },
} satisfies Examples & Record<string, { value: RecommendRequest }>;

export type Recommend = Route<
  'POST /v1/recommendations',
  typeof RecommendationSchema,
  typeof RecommendRequestSchema
>;

export function recommend(engine: Engine, bodyBytesMax: number): Operation<Recommend> {
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
