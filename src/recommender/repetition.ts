/** What the user was shown lately counts less, so that a list does not say the same every time. */
import type { Lane } from '../kernel/lane.ts';
import type { Generation } from '../snapshot/generation.ts';
import type { RecommendJob } from './recommend-job.ts';

const MS_PER_MINUTE = 60_000;

/** What a candidate lost. */
export interface Penalty {
  /** How often it was shown lately: Σ 2^(−age / halfLife) over its impressions. */
  readonly exposure: number;
  /** Below 0, or 0. */
  readonly share: number;
}

/**
 * Takes |score| · (1 − (1 − penalty)^exposure) from every candidate in the lane that the user was shown; returns what was
 * taken, by position. The future counts as now.
 */
export function lowerShown(
  generation: Generation,
  lane: Lane,
  { request: { repetition }, impressions, nowMs }: RecommendJob,
): ReadonlyMap<number, Penalty> {
  const penalties = new Map<number, Penalty>();
  if (repetition === undefined) return penalties;
  const exposures = new Map<string, number>();
  for (const { shopIds, atMs } of impressions) {
    const freshness = 2 ** -(Math.max(0, nowMs - atMs) / (repetition.halfLifeMinutes * MS_PER_MINUTE));
    for (const shopId of shopIds) exposures.set(shopId, (exposures.get(shopId) ?? 0) + freshness);
  }
  const { scores } = lane;
  for (const [shopId, exposure] of exposures) {
    const position = lane.positionOf(generation.catalog.ids.ordinalOf(shopId));
    if (position === -1) continue;
    const share = -Math.abs(scores[position]!) * (1 - (1 - repetition.penalty) ** exposure);
    if (!Number.isFinite(share)) continue; // left out already
    scores[position]! += share;
    penalties.set(position, { exposure, share });
  }
  return penalties;
}
