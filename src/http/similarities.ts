/** `POST /v1/similarities`: raw exact search, one ranking per query vector. */
import { z } from 'zod';
import type { Engine } from '../engine/engine.ts';
import { SimilaritiesRequestSchema, type SimilaritiesRequest } from '../recommender/request.ts';
import { readJson } from './body.ts';
import { answer, BODY_FAILURES, jsonBody, responses, type Operation } from './operation.ts';
import type { Route } from './route.ts';

const SimilaritiesSchema = z
  .strictObject({
    version: z.string(),
    candidateCount: z.number(),
    rankings: z
      .array(z.array(z.strictObject({ shopId: z.string(), similarity: z.number() })).readonly())
      .readonly()
      .meta({ description: 'one per vector, in the order of the vectors; each best first' }),
  })
  .meta({ id: 'Similarities' });

/** For a snapshot of 32 dimensions, as the town of the demo has. */
const EXAMPLE: SimilaritiesRequest = {
  vectors: [
    [
      0.05, -0.06, 0.18, -0.03, -0.04, 0.01, -0.06, 0.31, -0.34, 0.04, 0.11, 0.09, -0.06, 0.16, 0.04, 0.14,
    ].flatMap((value) => [value, -value]),
  ],
  k: 3,
  candidates: { location: { lon: 126.9784, lat: 37.5667 }, radiusMeters: 3000 },
};

export type FindSimilarities = Route<
  'POST /v1/similarities',
  typeof SimilaritiesSchema,
  typeof SimilaritiesRequestSchema
>;

export function similarities(engine: Engine, bodyBytesMax: number): Operation<FindSimilarities> {
  return {
    document: {
      operationId: 'similarities',
      summary: 'Rank candidates by their exact similarity to each of some vectors',
      request: { body: jsonBody(SimilaritiesRequestSchema.meta({ id: 'SimilaritiesRequest' }), EXAMPLE) },
      responses: responses(200, 'One ranking per vector.', SimilaritiesSchema, [
        ...BODY_FAILURES,
        404,
        409,
        429,
        503,
      ]),
    },
    handle: async ({ env }) => {
      const request = await readJson(env.incoming, bodyBytesMax);
      return answer<typeof SimilaritiesSchema>(await engine.similarities(request as SimilaritiesRequest));
    },
  };
}
