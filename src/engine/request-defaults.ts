/** What a deployment has decided for requests that do not say it. */
import type { RecommendRequest, RequestDefaults } from '../recommender/request.ts';

/** Parts of a request whose fields are decided one by one; of every other part the request's own stands for all of it. */
const MERGED = ['fusion', 'fallback'] as const;

/** The request with what it leaves out taken from `defaults`. What is no request is left for the check to refuse. */
export function withDefaults(
  request: RecommendRequest,
  defaults: RequestDefaults | undefined,
): RecommendRequest {
  if (defaults === undefined || !isObject(request)) return request;
  const given = said(request);
  const merged: Record<string, unknown> = { ...defaults, ...given };
  for (const part of MERGED)
    if (isObject(given[part])) merged[part] = { ...defaults[part], ...said(given[part]) };
  return merged as unknown as RecommendRequest;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An object without the fields that are there but undefined. */
function said(value: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined));
}
