/** The top lists of some users as a thread makes them: one after the other, on the line that serves. */
import { Float64List, Uint32List } from '../base/growing-list.ts';
import type { Line } from '../recommender/line.ts';
import type { RecommendJob } from '../recommender/recommend-job.ts';
import { basisOf, draftOf, firstSufficient, rankingOf, type Selected } from '../recommender/recommender.ts';
import { FALLBACK_STEPS, type FallbackStep } from '../recommender/request-bounds.ts';
import type { BatchRequest } from './batch-request.ts';
import type { BatchUser } from './batch-users.ts';

/** The list of a user: shops by ordinal, best first. */
export interface TopList {
  readonly userId: string;
  readonly basis: FallbackStep;
  /** Whether what the user did ranks the shops, or their list; popularity says nothing of the user. */
  readonly isOwn: boolean;
  readonly ordinals: Uint32Array;
  readonly scores: Float64Array;
}

/** Lists in columns, in the order of their users: what travels between threads. */
export interface ListBlock {
  /** Place in `ordinals` where the list of each user ends. */
  readonly ends: Uint32Array;
  /** Place in `FALLBACK_STEPS`. */
  readonly bases: Uint8Array;
  readonly isOwn: Uint8Array;
  readonly ordinals: Uint32Array;
  readonly scores: Float64Array;
}

/** Files tell of actions alone. */
const NOTHING_LIVE = { impressions: [], statuses: null, continued: null, compared: false } as const;

/** Makes the list of each of `users`. Throws what the recommender refuses of the request. */
export function makeLists(
  line: Line,
  { request, nowMs }: BatchRequest,
  users: readonly BatchUser[],
): ListBlock {
  const [ordinals, scores] = [new Uint32List(), new Float64List()];
  const ends = new Uint32Array(users.length);
  const bases = new Uint8Array(users.length);
  const isOwn = new Uint8Array(users.length);
  for (const [i, { userId, location, actions }] of users.entries()) {
    const job = { request: { ...request, userId, location }, actions, nowMs, ...NOTHING_LIVE };
    const selected = selectedFor(line, job);
    line.lane.winnerOrdinals().forEach((ordinal, place) => {
      ordinals.push(ordinal);
      scores.push(line.lane.winnerScore(place));
    });
    ends[i] = ordinals.count;
    bases[i] = FALLBACK_STEPS.indexOf(basisOf(selected).basis);
    isOwn[i] = Number(selected.step !== 'popular');
  }
  return { ends, bases, isOwn, ordinals: ordinals.values.slice(), scores: scores.values.slice() };
}

/**
 * `prepareRecommendation` up to the winners, which stay in the lane: what an answer shows of each shop beside its place was a
 * third of the time for 100 shops of 20,000.
 */
function selectedFor(line: Line, job: RecommendJob): Selected {
  const draft = draftOf(line, job, 0, 0);
  rankingOf(draft).rank();
  return firstSufficient(draft);
}

/** The lists of a block, in place. */
export function listsOf(
  { ends, bases, isOwn, ordinals, scores }: ListBlock,
  users: readonly BatchUser[],
): TopList[] {
  return users.map(({ userId }, i) => {
    const [start, end] = [i === 0 ? 0 : ends[i - 1]!, ends[i]!];
    return {
      userId,
      basis: FALLBACK_STEPS[bases[i]!]!,
      isOwn: isOwn[i] === 1,
      ordinals: ordinals.subarray(start, end),
      scores: scores.subarray(start, end),
    };
  });
}
