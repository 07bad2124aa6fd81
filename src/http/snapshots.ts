/** `/v1/snapshots`: which versions there are, making one current, and going back to the one before. */
import { z } from 'zod';
import { validate } from '../base/validate.ts';
import type { Engine } from '../engine/engine.ts';
import { readJson } from './body.ts';
import { answer, BODY_FAILURES, jsonBody, responses, type Operation } from './operation.ts';
import type { Route } from './route.ts';

const SnapshotsSchema = z
  .strictObject({
    snapshots: z
      .array(
        z.strictObject({
          version: z.string(),
          active: z.boolean(),
          roles: z
            .array(z.enum(['active', 'previous', 'split', 'shadow']))
            .readonly()
            .meta({ description: 'what this process has the version loaded for; empty if it has not' }),
          shopCount: z.number(),
          keywordCount: z.number(),
          dimensions: z.number(),
          metric: z.enum(['cosine', 'innerProduct', 'l2']),
          bounds: z
            .tuple([z.number(), z.number(), z.number(), z.number()])
            .readonly()
            .nullable()
            .meta({ description: '[west, south, east, north] in degrees; null without shops' }),
          mapped: z
            .boolean()
            .meta({ description: 'whether this process reads the pages of the file itself' }),
          modelCard: z.record(z.string(), z.unknown()),
        }),
      )
      .readonly(),
  })
  .meta({ id: 'Snapshots' });

const ActivateRequestSchema = z
  .strictObject({ version: z.string({ error: 'must be a version as text' }) })
  .meta({ id: 'ActivateRequest' });

const ActivatedSchema = z
  .strictObject({ version: z.string(), previous: z.string().nullable() })
  .meta({ id: 'Activated' });

export type ListSnapshots = Route<'GET /v1/snapshots', typeof SnapshotsSchema>;
export type ActivateSnapshot = Route<
  'POST /v1/snapshots/activate',
  typeof ActivatedSchema,
  typeof ActivateRequestSchema
>;
export type RollBackSnapshot = Route<'POST /v1/snapshots/rollback', typeof ActivatedSchema>;

export function listSnapshots(engine: Engine): Operation<ListSnapshots> {
  return {
    document: {
      operationId: 'listSnapshots',
      summary: 'The snapshots in the store',
      responses: responses(200, 'Every version, the active one marked.', SnapshotsSchema, [503]),
    },
    handle: () => answer<typeof SnapshotsSchema>({ snapshots: engine.snapshots() }),
  };
}

export function activateSnapshot(engine: Engine, bodyBytesMax: number): Operation<ActivateSnapshot> {
  return {
    document: {
      operationId: 'activateSnapshot',
      summary: 'Verify a snapshot and make it the current one',
      description:
        'A snapshot that does not verify changes nothing: 409, and the version before goes on serving.',
      request: { body: jsonBody(ActivateRequestSchema, { version: '2026-11-22' }) },
      responses: responses(200, 'It serves now.', ActivatedSchema, [...BODY_FAILURES, 404, 409, 503]),
    },
    handle: async ({ env }) => {
      const { version } = validate(ActivateRequestSchema, await readJson(env.incoming, bodyBytesMax));
      return answer<typeof ActivatedSchema>(await engine.activate(version));
    },
  };
}

export function rollBackSnapshot(engine: Engine): Operation<RollBackSnapshot> {
  return {
    document: {
      operationId: 'rollBackSnapshot',
      summary: 'Make the version current that was so before',
      responses: responses(200, 'It serves again.', ActivatedSchema, [403, 409, 503]),
    },
    handle: async () => answer<typeof ActivatedSchema>(await engine.rollback()),
  };
}
