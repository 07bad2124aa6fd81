/** What a batch asks of the recommender: one request, in which only the user and the location are others each time. */
import { RequestError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { validate } from '../base/validate.ts';
import { learnedOf } from '../recommender/request-defaults.ts';
import {
  RecommendRequestSchema,
  type CheckedRecommendRequest,
  type RecommendRequest,
} from '../recommender/request.ts';
import type { Generation } from '../snapshot/generation.ts';

/** Users decide the first three, the batch the others. */
const DECIDED = ['userId', 'actions', 'location', 'at', 'limit', 'explain', 'after', 'version'] as const;

/**
 * Said unless the batch says otherwise. A list is served at other hours than it is made, so closed shops belong into it;
 * and it is made of what the user did, not of the list before it.
 */
const SAID = {
  openOnly: false,
  fallback: { steps: ['actions', 'popular'] },
} satisfies Partial<RecommendRequest>;

/** The request of every user, whose own and whose location stand in for those that it holds. */
export interface BatchRequest {
  readonly request: CheckedRecommendRequest;
  readonly nowMs: number;
}

/** One setting of the chain leaves the others as they are said; what is none is for the check to refuse. */
function fallbackOf({ fallback }: Partial<RecommendRequest>): RecommendRequest['fallback'] {
  if (fallback === undefined) return SAID.fallback;
  const isChain = typeof fallback === 'object' && fallback !== null && !Array.isArray(fallback);
  return isChain ? { ...SAID.fallback, ...fallback } : fallback;
}

/**
 * `more` are parts of the request, such as `{ fusion }`; what they leave out is as the version decides, as where it serves:
 * `log` is told of `requestDefaults` that are ignored. Throws `RequestError` for what cannot be said.
 */
export function batchRequest(
  more: Partial<RecommendRequest>,
  limit: number,
  nowMs: number,
  generation: Generation,
  log: Log,
): BatchRequest {
  const decided = DECIDED.find((field) => field in more);
  if (decided !== undefined)
    throw new RequestError(decided, 'is what the batch decides for each user; leave it out');
  const said = {
    ...SAID,
    ...more,
    fallback: fallbackOf(more),
    userId: 'each',
    location: { lon: 0, lat: 0 },
    at: new Date(nowMs).toISOString(),
    limit,
    explain: false,
  };
  const request = learnedOf(generation, log)?.check(said) ?? validate(RecommendRequestSchema, said);
  return { request, nowMs };
}
