/** What a deployment has decided for requests that do not say it. */
import type { RecommendRequest, RequestDefaults } from '../recommender/request.ts';

/** Parts of a request whose fields are decided one by one; of every other part the request's own stands for all of it. */
const MERGED = ['fusion', 'fallback'] as const;

/**
 * The request with what it leaves out taken from `defaults`. A part that it says is null is as if nothing had been
 * decided. What is no request is left for the check to refuse.
 */
export function withDefaults(request: RecommendRequest, defaults: RequestDefaults = {}): RecommendRequest {
  if (!isObject(request)) return request;
  const merged = merge(request, defaults);
  for (const part of MERGED) {
    const given = (request as Record<string, unknown>)[part];
    if (isObject(given)) merged[part] = merge(given, defaults[part]);
  }
  return merged as unknown as RecommendRequest;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What is undefined in `given` is taken from `defaults`, what is null from nowhere. */
function merge(given: object, defaults: object = {}): Record<string, unknown> {
  const said = Object.entries(given).filter(([, value]) => value !== undefined);
  const merged = { ...defaults, ...Object.fromEntries(said) };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null));
}
