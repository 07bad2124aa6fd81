/** `PUT /v1/shops/status`, `PUT`, `GET` and `DELETE /v1/shops/{shopId}/status`: what shops say of themselves right now. */
import { z } from 'zod';
import { validate } from '../base/validate.ts';
import { ShopIdSchema } from '../domain/action.ts';
import { ShopStatusInputSchema, type ShopStatusInput } from '../domain/shop-status.ts';
import type { Engine } from '../engine/engine.ts';
import { readJson } from './body.ts';
import { answer, BODY_FAILURES, jsonBody, responses, type Operation } from './operation.ts';
import { pathOf } from './parameters.ts';
import type { Route } from './route.ts';

const PathSchema = z.strictObject({ shopId: ShopIdSchema.meta({ example: 's42' }) });
const StatusBodySchema = ShopStatusInputSchema.omit({ shopId: true }).meta({ id: 'ShopStatusBody' });
const StatusesBodySchema = z
  .strictObject({ statuses: z.array(ShopStatusInputSchema.meta({ id: 'ShopStatusInput' })) })
  .meta({ id: 'ShopStatusesBody' });
/** The envelope alone: what is in it is checked by the engine. */
const EnvelopeSchema = z.strictObject({
  statuses: z.array(z.unknown(), { error: 'must be an array of statuses' }),
});

const StatusesSetSchema = z
  .strictObject({
    unknownShopIds: z
      .array(z.string())
      .readonly()
      .meta({ description: 'shops that the active version does not know: theirs count once one does' }),
  })
  .meta({ id: 'ShopStatusesSet' });
const StatusSchema = z
  .strictObject({
    shopId: z.string(),
    status: z
      .strictObject({ open: z.boolean(), until: z.string().optional() })
      .nullable()
      .meta({ description: 'null: the hours of the shop count' }),
  })
  .meta({ id: 'ShopStatus' });
const ClearedSchema = z
  .strictObject({ cleared: z.boolean().meta({ description: 'whether there was a status' }) })
  .meta({ id: 'ShopStatusCleared' });

const WINS =
  'It wins over the opening hours, survives restarts and snapshots, and is effective with the next recommendation. ' +
  'Without `until` it holds until it is changed or deleted.';

export type SetStatuses = Route<'PUT /v1/shops/status', typeof StatusesSetSchema, typeof StatusesBodySchema>;
export type SetStatus = Route<
  'PUT /v1/shops/{shopId}/status',
  typeof StatusesSetSchema,
  typeof StatusBodySchema
>;
export type GetStatus = Route<'GET /v1/shops/{shopId}/status', typeof StatusSchema>;
export type ClearStatus = Route<'DELETE /v1/shops/{shopId}/status', typeof ClearedSchema>;

export function setStatuses(engine: Engine, bodyBytesMax: number): Operation<SetStatuses> {
  return {
    document: {
      operationId: 'setShopStatuses',
      summary: 'Say of several shops whether they are open, all or none',
      description: WINS,
      request: {
        body: jsonBody(StatusesBodySchema, {
          statuses: [
            { shopId: 's41', open: true },
            { shopId: 's43', open: false, until: '2999-12-31T17:00:00+09:00' },
          ],
        }),
      },
      responses: responses(200, 'The statuses are on disk.', StatusesSetSchema, [...BODY_FAILURES, 503]),
    },
    handle: async ({ env }) => {
      const { statuses } = validate(EnvelopeSchema, await readJson(env.incoming, bodyBytesMax));
      return answer<typeof StatusesSetSchema>(
        await engine.setStatuses(statuses as readonly ShopStatusInput[]),
      );
    },
  };
}

export function setStatus(engine: Engine, bodyBytesMax: number): Operation<SetStatus> {
  return {
    document: {
      operationId: 'setShopStatus',
      summary: 'Say whether a shop is open',
      description: WINS,
      request: { params: PathSchema, body: jsonBody(StatusBodySchema, { open: false }) },
      responses: responses(200, 'The status is on disk.', StatusesSetSchema, [...BODY_FAILURES, 503]),
    },
    handle: async (context) => {
      const { shopId } = pathOf(context, PathSchema);
      const body = validate(StatusBodySchema, await readJson(context.env.incoming, bodyBytesMax));
      return answer<typeof StatusesSetSchema>(await engine.setStatus({ shopId, ...body }));
    },
  };
}

export function getStatus(engine: Engine): Operation<GetStatus> {
  return {
    document: {
      operationId: 'getShopStatus',
      summary: 'The live status of a shop',
      request: { params: PathSchema },
      responses: responses(200, 'The status that holds now.', StatusSchema, [400, 422, 503]),
    },
    handle: (context) => {
      const { shopId } = pathOf(context, PathSchema);
      const found = engine.status(shopId);
      const status = found === undefined ? null : { open: found.open, until: found.until };
      return answer<typeof StatusSchema>({ shopId, status });
    },
  };
}

export function clearStatus(engine: Engine): Operation<ClearStatus> {
  return {
    document: {
      operationId: 'clearShopStatus',
      summary: 'Let the hours of a shop count again',
      request: { params: PathSchema },
      responses: responses(200, 'It has no status any more.', ClearedSchema, [400, 403, 422, 503]),
    },
    handle: async (context) => {
      const { shopId } = pathOf(context, PathSchema);
      return answer<typeof ClearedSchema>({ cleared: await engine.clearStatus(shopId) });
    },
  };
}
