/** What a deployment has decided for requests that do not say it. */
import { FusionSchema } from '../recommender/fusion-schema.ts';
import {
  RequestDefaultsSchema,
  type RecommendRequest,
  type RequestDefaults,
} from '../recommender/request.ts';
import { FallbackSchema } from '../recommender/selection-schema.ts';

/** Parts of a request whose fields are decided one by one; of every other part the request's own stands for all of it. */
const MERGED = [
  ['fusion', FusionSchema.shape],
  ['fallback', FallbackSchema.shape],
] as const;

/**
 * The request with what it leaves out taken from `defaults`. A part that it says is null is as if nothing had been
 * decided. What is no request is left for the check to refuse.
 */
export function withDefaults(request: RecommendRequest, defaults: RequestDefaults = {}): RecommendRequest {
  if (!isObject(request)) return request;
  const merged = merge(request, defaults, RequestDefaultsSchema.shape);
  for (const [part, shape] of MERGED) {
    const given = (request as Record<string, unknown>)[part];
    if (isObject(given)) merged[part] = merge(given, defaults[part], shape);
  }
  return merged as unknown as RecommendRequest;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * What is undefined in `given` is taken from `defaults`, what is null from nowhere if it is one of the fields in `shape`:
 * of others, such as a misspelt one, null is a value to check.
 */
function merge(given: object, defaults: object = {}, shape: object): Record<string, unknown> {
  const said = Object.entries(given).filter(([, value]) => value !== undefined);
  const merged = { ...defaults, ...Object.fromEntries(said) };
  const isTakenBack = ([name, value]: [string, unknown]): boolean =>
    value === null && Object.hasOwn(shape, name);
  return Object.fromEntries(Object.entries(merged).filter((field) => !isTakenBack(field)));
}
