/** `GET` and `DELETE /v1/users/{userId}/actions`: what is kept of a person, impressions too, and its erasure. */
import { z } from 'zod';
import { UserIdSchema, type Action } from '../domain/action.ts';
import type { Engine } from '../engine/engine.ts';
import { LIMIT_DEFAULT } from '../recommender/request-bounds.ts';
import { LimitSchema } from '../recommender/request.ts';
import { answer, responses, type Operation } from './operation.ts';
import { numberText, pathOf, queryOf } from './parameters.ts';
import type { Route } from './route.ts';

const PathSchema = z.strictObject({ userId: UserIdSchema.meta({ example: 'example' }) });
const QuerySchema = z.strictObject({
  limit: numberText(LimitSchema.default(LIMIT_DEFAULT)).meta({ example: 3 }),
});

const StoredActionsSchema = z
  .strictObject({
    userId: z.string(),
    actions: z
      .array(
        z.strictObject({
          id: z.string(),
          type: z.string(),
          keyword: z.string().optional(),
          shopId: z.string().optional(),
          shopIds: z
            .array(z.string())
            .readonly()
            .optional()
            .meta({ description: 'of an impression: the shops that were shown, in no particular order' }),
          weight: z.number().optional().meta({ description: '1 if absent' }),
          at: z.iso.datetime(),
        }),
      )
      .readonly()
      .meta({ description: 'newest first' }),
  })
  .meta({ id: 'StoredActions' });

const ErasedSchema = z
  .strictObject({
    erased: z.number().meta({ description: 'actions and impressions that are gone from disk' }),
  })
  .meta({ id: 'Erased' });

export type ListActions = Route<
  'GET /v1/users/{userId}/actions',
  typeof StoredActionsSchema,
  typeof QuerySchema
>;
export type EraseActions = Route<'DELETE /v1/users/{userId}/actions', typeof ErasedSchema>;

export function listActions(engine: Engine): Operation<ListActions> {
  return {
    document: {
      operationId: 'listActions',
      summary: 'The newest actions and impressions kept of a user',
      request: { params: PathSchema, query: QuerySchema },
      responses: responses(
        200,
        'The actions; none for a user nobody has heard of.',
        StoredActionsSchema,
        [400, 422, 503],
      ),
    },
    handle: (context) => {
      const { userId } = pathOf(context, PathSchema);
      const { limit } = queryOf(context, QuerySchema);
      const actions = engine.actions(userId, limit).map(storedAction);
      return answer<typeof StoredActionsSchema>({ userId, actions });
    },
  };
}

export function eraseActions(engine: Engine): Operation<EraseActions> {
  return {
    document: {
      operationId: 'eraseActions',
      summary: 'Erase everything recorded of a user',
      request: { params: PathSchema },
      responses: responses(200, 'It is gone from disk.', ErasedSchema, [400, 403, 422, 503]),
    },
    handle: async (context) => {
      const { userId } = pathOf(context, PathSchema);
      return answer<typeof ErasedSchema>({ erased: await engine.erase(userId) });
    },
  };
}

/** `at` as text in UTC, so that an action that was read can be sent again. */
function storedAction({ id, type, keyword, shopId, shopIds, weight, atMs }: Action) {
  return { id, type, keyword, shopId, shopIds, weight, at: new Date(atMs).toISOString() };
}
