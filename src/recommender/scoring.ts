/** Step 4: what a step of the fallback chain makes of the rankings: a score for every candidate. */
import type { Lane } from '../kernel/lane.ts';
import { listOf } from './fallback.ts';
import { fuse, type Fused, type WeightedSignal } from './fusion.ts';
import type { Draft } from './line.ts';
import type { QueryVector } from './query-vectors.ts';
import type { RecommendJob } from './recommend-job.ts';
import type { RankedBy } from './recommendation.ts';
import { lowerShown, type Penalty } from './repetition.ts';
import { listed } from './signals/listed.ts';
import { signalMaker } from './signals/signal-of.ts';

export interface Scored {
  readonly fused: Fused;
  /** What candidates lost that were shown lately, by position. */
  readonly penalties: ReadonlyMap<number, Penalty>;
}

/** Writes the scores into the lane; -Infinity of candidates that are not to be in the answer. */
export function scoreBy(draft: Draft, step: RankedBy): Scored {
  const { generation, lane, job, queries } = draft;
  const { method, k, minSimilarity } = job.request.fusion;
  const isByActions = step === 'actions';
  if (minSimilarity !== undefined) queries.forEach((_, n) => lane.cutRanking(n, minSimilarity));
  const fused = fuse(lane, {
    method: isByActions || (method === 'linear' && step === 'popular') ? method : 'rrf',
    rankConstant: k,
    queryWeights: queries.map(({ weight }) => (isByActions || weight < 0 ? weight : 0)),
    signals: signalsOf(draft, step),
  });
  if (isByActions && minSimilarity !== undefined) leaveOutUnlike(lane, queries);
  if (step === 'list') leaveOutUnlisted(lane, fused.signals[0]!);
  passOver(lane, job);
  return { fused, penalties: lowerShown(generation, lane, job) };
}

/** What a step rests on, then what the request asks for. */
function signalsOf({ generation, job }: Draft, step: RankedBy): WeightedSignal[] {
  const { userId, fusion } = job.request;
  const signalOf = signalMaker(generation, job);
  const asked = Object.entries(fusion.signals).map(([name, weight]) => ({ signal: signalOf(name), weight }));
  if (step === 'actions') return asked;
  if (fusion.method === 'linear') {
    // The weights of a linear fusion are balanced against each other: a list is taken as it is, and nothing is added to them.
    if (step === 'list') return [{ signal: listed(listOf(generation, userId)!), weight: 1 }];
    if (asked.length > 0) return asked;
  }
  const signal = step === 'list' ? listed(listOf(generation, userId)!) : signalOf('popularity');
  return [{ signal, weight: 1 }, ...asked.filter(({ signal: { name } }) => name !== signal.name)];
}

/** Leaves out candidates that are in no ranking which counts for them. */
function leaveOutUnlike(lane: Lane, queries: readonly QueryVector[]): void {
  const isHeld = new Uint8Array(lane.candidates.length);
  queries.forEach(({ weight }, n) => {
    if (weight < 0) return;
    for (let at = 0; at < lane.rankedCount(n); at++) isHeld[lane.rankedPosition(n, at)] = 1;
  });
  leaveOut(lane, (position) => isHeld[position] === 0);
}

function leaveOutUnlisted(lane: Lane, { signal }: WeightedSignal): void {
  const { candidates } = lane;
  leaveOut(lane, (position) => Number.isNaN(signal.valueOf(candidates[position]!)));
}

/** The next page shows nothing that those before it showed. */
function passOver(lane: Lane, { continued }: RecommendJob): void {
  if (continued === null) return;
  const { scores } = lane;
  for (const ordinal of [...continued.earlier, ...continued.shown]) {
    const position = lane.positionOf(ordinal);
    if (position !== -1) scores[position] = -Infinity;
  }
}

function leaveOut({ scores }: Lane, isOut: (position: number) => boolean): void {
  for (let position = 0; position < scores.length; position++)
    if (isOut(position)) scores[position] = -Infinity;
}
