/**
 * Reads what stands in the URL of a request: parameters of its path and of its query.
 * Decoding is strict: a URL that is not percent-encoded UTF-8 is refused instead of being read as something else.
 */
import { z } from 'zod';
import type { Context } from 'hono';
import { RequestError } from '../base/errors.ts';
import { validate } from '../base/validate.ts';
import type { Env } from './operation.ts';

const DECIMAL = /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i;

/**
 * A schema of a number for a place where only text can stand. Text that is no number reaches `schema` as it is.
 * The type of its input is that of `schema`: callers write numbers.
 */
export function numberText<T extends z.ZodType>(schema: T) {
  return z.preprocess((value: z.input<T>): unknown => numberOf(value), schema);
}

function numberOf(value: unknown): unknown {
  return typeof value === 'string' && DECIMAL.test(value) ? Number(value) : value;
}

/** As `numberText`, of `true` and `false`. */
export function booleanText<T extends z.ZodType>(schema: T) {
  return z.preprocess(
    (value: z.input<T>): unknown => (value === 'true' ? true : value === 'false' ? false : value),
    schema,
  );
}

/** The checked parameters in the path of a request. */
export function pathOf<T>(context: Context<Env>, schema: z.ZodType<T>): T {
  soundUrl(context);
  return validate(schema, context.req.param());
}

/** The checked query of a request. Every parameter stands once, and only known ones stand at all. */
export function queryOf<T>(context: Context<Env>, schema: z.ZodType<T>): T {
  const url = soundUrl(context);
  const start = url.indexOf('?');
  return validate(schema, start < 0 ? {} : pairs(url.slice(start + 1)));
}

/** The URL, every escape of which decodes. The router would pass on what does not decode as it stands. */
function soundUrl(context: Context<Env>): string {
  const { url } = context.req.raw;
  try {
    decodeURIComponent(url);
  } catch {
    throw new RequestError('', 'the URL is not percent-encoded UTF-8', 'malformed');
  }
  return url;
}

function pairs(query: string): Record<string, string> {
  const found: Record<string, string> = Object.create(null);
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decoded(equals < 0 ? pair : pair.slice(0, equals));
    if (name in found) throw new RequestError(name, 'stands twice in the query; send it once', 'malformed');
    found[name] = equals < 0 ? '' : decoded(pair.slice(equals + 1));
  }
  return found;
}

/** HTML forms, and with them most clients, write a space as a plus. */
function decoded(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}
