/** What one route of the HTTP face is made of: its part of the OpenAPI document and its handler. */
import type { HttpBindings } from '@hono/node-server';
import type { RouteConfig } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { z } from 'zod';
import type { Json } from '../engine/runner.ts';
import type { Route } from './route.ts';

/** Handlers read bodies from Node's own request, which is where a limit can be held while bytes arrive. */
export interface Env {
  Bindings: HttpBindings;
}

/** The answer to a request, whose body is a `T`. */
type Answered<T> = Response & { readonly of?: T };

export interface Operation<R extends Route = Route> {
  /** Everything the document says about the route but its method and path, which are the table's. */
  readonly document: Omit<RouteConfig, 'method' | 'path'> & { readonly operationId: string };
  /** Answers, or throws what `errors.ts` knows how to answer. Called bare, so it must not use `this`. */
  readonly handle: (context: Context<Env>) => Answered<R['answer']> | Promise<Answered<R['answer']>>;
}

// Plain objects, not `Headers`: node-server then writes the answer without building any.
const JSON_OK = { status: 200, headers: { 'content-type': 'application/json' } };
const JSON_ACCEPTED = { status: 202, headers: { 'content-type': 'application/json' } };

/**
 * A 200 whose body is `value`, serialised here and nowhere else.
 * Given the documented schema as type argument, an answer that strays from its document does not compile.
 */
export function answer<S extends z.ZodType<object>>(value: z.infer<S>): Answered<z.infer<S>> {
  return new Response(JSON.stringify(value), JSON_OK);
}

/** A 200 whose body is JSON already, of a value that fits the schema; otherwise as `answer`. */
export function answerJson<S extends z.ZodType<object>>(json: Json<z.infer<S>>): Answered<z.infer<S>> {
  return new Response(json, JSON_OK);
}

/** A 202 whose body is `value`; otherwise as `answer`. */
export function accepted<S extends z.ZodType<object>>(value: z.infer<S>): Answered<z.infer<S>> {
  return new Response(JSON.stringify(value), JSON_ACCEPTED);
}

const ErrorSchema = z
  .strictObject({
    error: z.strictObject({
      code: z.string().meta({ description: 'stable; for programs' }),
      message: z.string().meta({ description: 'what was found, what was expected, what to do; for people' }),
      field: z.string().optional().meta({ description: 'path of the refused value, such as `location.lon`' }),
    }),
  })
  .meta({ id: 'Error' });

const FAILURES = {
  400: 'Malformed: not JSON, not UTF-8, an unknown field, a value of the wrong type.',
  401: 'The bearer token is missing or wrong.',
  403: 'Sent by a page of another site.',
  404: 'No such shop or version.',
  408: 'The body did not arrive in time.',
  409: 'Conflicts with what is stored.',
  413: 'The body is too large.',
  415: 'The body is not of a content type this route reads.',
  422: 'A value is out of its bounds; `field` names it.',
  429: 'Too many requests wait for a worker, or too many streams are open; Retry-After says when to come back.',
  503: 'Cannot be served now; Retry-After says when to come back.',
} as const;

type FailureStatus = keyof typeof FAILURES;

/** Every route that reads a body can refuse it in these ways. */
export const BODY_FAILURES = [400, 403, 408, 413, 415, 422] as const;

/** The `responses` of a route: its answer, of content type `type`, and the errors it knows. */
export function responses(
  status: 200 | 202,
  description: string,
  schema: z.ZodType,
  failures: readonly FailureStatus[],
  type = 'application/json',
): RouteConfig['responses'] {
  const documented: RouteConfig['responses'] = {
    [status]: { description, content: { [type]: { schema } } },
  };
  for (const failure of failures) documented[failure] = refused(failure);
  return documented;
}

/** The part of `responses` that is about a failure. */
export function refused(failure: FailureStatus) {
  return { description: FAILURES[failure], content: { 'application/json': { schema: ErrorSchema } } };
}

/** Bodies that show what a route can do, by name; each is answered as a test. */
export type Examples = Readonly<Record<string, { readonly summary: string; readonly value: object }>>;

/**
 * The `request.body` of a route that reads JSON. The engine checks the body; the schema is for the document.
 * `example` is the one that shows the route, `more` are those that each show one of its parts.
 */
export function jsonBody(schema: z.ZodType, example: object, more: Examples = {}) {
  const examples = { example: { summary: 'As it is usually asked', value: example }, ...more };
  const shown = Object.keys(more).length === 0 ? { example } : { examples };
  return { required: true, content: { 'application/json': { schema, ...shown } } };
}
