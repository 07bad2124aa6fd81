/** `GET /livez` and `/readyz`: whether the process runs, and whether it should be sent requests. */
import { z } from 'zod';
import type { Engine } from '../engine/engine.ts';
import { HttpError } from './errors.ts';
import { answer, responses, type Operation } from './operation.ts';
import type { Route } from './route.ts';

const LiveSchema = z.strictObject({ live: z.literal(true) }).meta({ id: 'Live' });

const ReadySchema = z
  .strictObject({
    ready: z.literal(true),
    version: z.string().nullable(),
    storage: z
      .enum(['ok', 'storage_full', 'storage_failed'])
      .meta({ description: 'anything but `ok`: reads are served, writes are refused' }),
  })
  .meta({ id: 'Ready' });

export type Liveness = Route<'GET /livez', typeof LiveSchema>;
export type Readiness = Route<'GET /readyz', typeof ReadySchema>;

export function liveness(): Operation<Liveness> {
  return {
    document: {
      operationId: 'liveness',
      summary: 'Whether the process runs',
      responses: responses(200, 'It runs.', LiveSchema, []),
    },
    handle: () => answer<typeof LiveSchema>({ live: true }),
  };
}

/** `isClosing` turns readiness off ahead of the close, so that balancers send their requests elsewhere in time. */
export function readiness(engine: Engine, isClosing: () => boolean): Operation<Readiness> {
  return {
    document: {
      operationId: 'readiness',
      summary: 'Whether requests should be sent here',
      responses: responses(200, 'Send them.', ReadySchema, [503]),
    },
    handle: () => {
      if (isClosing())
        throw new HttpError(503, 'not_ready', 'the server is closing; send requests elsewhere');
      const { ready, version, storage } = engine.health();
      if (!ready) {
        throw new HttpError(
          503,
          'not_ready',
          `not ready: the active version is ${version ?? 'none'}, storage is ${storage}`,
        );
      }
      return answer<typeof ReadySchema>({ ready, version, storage });
    },
  };
}
