/** All that a recommendation depends on beside the snapshot. It survives a structured clone, so any thread may run it. */
import type { StatusPages } from '../catalog/status-pages.ts';
import type { ShownAnswer } from './answer-id.ts';
import type { Impression, LineAction } from './line-action.ts';
import type { CheckedRecommendRequest } from './request.ts';

export interface RecommendJob {
  readonly request: CheckedRecommendRequest;
  /** Of the user, newest first; more than take part count as seen. */
  readonly actions: readonly LineAction[];
  /** What the user was shown, newest first, if the request asks for it. */
  readonly impressions: readonly Impression[];
  /** The moment to answer for, milliseconds since 1970. */
  readonly nowMs: number;
  /** What shops say of themselves live; null if none does. Shared between threads, not cloned. */
  readonly statuses: StatusPages | null;
  /** The answer whose next page is asked for; it rests on the same version. */
  readonly continued: ShownAnswer | null;
  /** Whether the answer is to be compared with another one. */
  readonly compared: boolean;
}
