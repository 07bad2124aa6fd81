/** `GET /openapi.json`: the OpenAPI 3.1 document, made from the same schemas that check the requests. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { z } from 'zod';
import type { Env, Operation } from './operation.ts';
import type { Route } from './route.ts';

const INFO = {
  openapi: '3.1.0',
  info: {
    title: 'Doorrank',
    version: '1',
    description:
      'Ranks the shops that can deliver here right now by what the user has just done, exactly. ' +
      'Every error has the shape of `Error`.',
  },
};

const DocumentSchema = z.record(z.string(), z.unknown());

export type OpenApi = Route<'GET /openapi.json', typeof DocumentSchema>;

/** `app` is asked on the first request, when every route is in it. */
export function openApiPage(app: OpenAPIHono<Env>): Operation<OpenApi> {
  const init = { status: 200, headers: { 'content-type': 'application/json' } };
  let text: string | undefined;
  return {
    document: {
      operationId: 'openApi',
      summary: 'This document',
      responses: {
        200: {
          description: 'OpenAPI 3.1.',
          content: { 'application/json': { schema: DocumentSchema } },
        },
      },
    },
    handle: () => new Response((text ??= JSON.stringify(app.getOpenAPI31Document(INFO))), init),
  };
}
