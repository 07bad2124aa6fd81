/** `POST /v1/explanations`: why a shop stands where it does in the answer to a request, or what keeps it out. */
import { z } from 'zod';
import type { Engine } from '../engine/engine.ts';
import { ExplainRequestSchema, type ExplainRequest } from '../recommender/request.ts';
import { readJson } from './body.ts';
import { answer, BODY_FAILURES, jsonBody, responses, type Operation } from './operation.ts';
import { ReasonSchema, RecommendationSchema } from './recommendations.ts';
import type { Route } from './route.ts';

const ObstacleSchema = z
  .strictObject({
    code: z.enum([
      'outside_zone',
      'outside_radius',
      'outside_within',
      'filtered',
      'closed',
      'unknown_hours',
      'excluded',
      'shown_before',
      'unranked',
      'not_listed',
      'unlike',
      'passed_over',
      'beyond_limit',
    ]),
    text: z
      .string()
      .meta({ description: 'for people, such as `outside zone by 340 m` or `closed until 17:00`' }),
    meters: z.number().optional().meta({ description: 'how far outside' }),
    field: z.string().optional().meta({ description: 'the part of the request that keeps it out' }),
    until: z.string().optional().meta({ description: 'when it opens' }),
  })
  .meta({ id: 'Obstacle' });

const { version, basis, wider, candidateCount } = RecommendationSchema.shape;
const ExplanationSchema = z
  .strictObject({
    version,
    basis,
    wider,
    candidateCount,
    shopId: z.string(),
    text: z.string().meta({ description: 'all of it in one line, for people' }),
    distanceMeters: z.number(),
    place: z.number().nullable().meta({ description: 'from 1 in the answer; null if it is not in it' }),
    promoted: z.literal(true).optional(),
    rank: z
      .number()
      .nullable()
      .meta({ description: 'from 1 by score among all candidates; null if it is none' }),
    score: z.number().nullable(),
    reasons: z.array(ReasonSchema).readonly().optional(),
    obstacles: z
      .array(ObstacleSchema)
      .readonly()
      .meta({ description: 'all that keeps it out; none if it is in the answer' }),
  })
  .meta({ id: 'Explanation' });

const EXAMPLE: ExplainRequest = {
  request: {
    actions: [{ type: 'search', keyword: '짜장면' }],
    location: { lon: 126.9784, lat: 37.5667 },
    filter: { price: { max: 15_000 } },
    limit: 5,
  },
  shopId: 's42',
};

export type Explain = Route<'POST /v1/explanations', typeof ExplanationSchema, typeof ExplainRequestSchema>;

export function explain(engine: Engine, bodyBytesMax: number): Operation<Explain> {
  return {
    document: {
      operationId: 'explain',
      summary: 'Why a shop is in the answer to a request, where it stands, or what keeps it out',
      request: { body: jsonBody(ExplainRequestSchema.meta({ id: 'ExplainRequest' }), EXAMPLE) },
      responses: responses(200, 'Where the shop stands, and why.', ExplanationSchema, [
        ...BODY_FAILURES,
        404,
        409,
        429,
        503,
      ]),
    },
    handle: async ({ env }) => {
      const request = await readJson(env.incoming, bodyBytesMax);
      return answer<typeof ExplanationSchema>(await engine.explain(request as ExplainRequest));
    },
  };
}
