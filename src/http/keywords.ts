/** `GET /v1/keywords`: completes what a user has begun to type. */
import { z } from 'zod';
import { KEYWORD_CHARACTERS_MAX } from '../domain/action.ts';
import type { Engine } from '../engine/engine.ts';
import { LIMIT_DEFAULT } from '../recommender/request-bounds.ts';
import { LimitSchema } from '../recommender/request.ts';
import { answer, responses, type Operation } from './operation.ts';
import { numberText, queryOf } from './parameters.ts';
import type { Route } from './route.ts';

const QuerySchema = z.strictObject({
  prefix: z
    .string()
    .max(KEYWORD_CHARACTERS_MAX, { error: `must be at most ${KEYWORD_CHARACTERS_MAX} characters` })
    .default('')
    .meta({ example: '짜' }),
  limit: numberText(LimitSchema.default(LIMIT_DEFAULT)).meta({ example: 3 }),
});

const KeywordsSchema = z
  .strictObject({
    keywords: z
      .array(z.strictObject({ keyword: z.string() }))
      .readonly()
      .meta({ description: 'most used first' }),
  })
  .meta({ id: 'Keywords' });

export type ListKeywords = Route<'GET /v1/keywords', typeof KeywordsSchema, typeof QuerySchema>;

export function listKeywords(engine: Engine): Operation<ListKeywords> {
  return {
    document: {
      operationId: 'listKeywords',
      summary: 'Keywords that start with a text',
      request: { query: QuerySchema },
      responses: responses(
        200,
        'Keywords of the active snapshot, most used first.',
        KeywordsSchema,
        [400, 422, 503],
      ),
    },
    handle: (context) => {
      const { prefix, limit } = queryOf(context, QuerySchema);
      return answer<typeof KeywordsSchema>({ keywords: engine.keywords(prefix, limit) });
    },
  };
}
