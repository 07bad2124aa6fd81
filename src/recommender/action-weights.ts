/** How much actions count. */
import { DISMISS } from '../domain/dismiss.ts';
import type { LineAction } from './line-action.ts';

const MS_PER_MINUTE = 60_000;
/**
 * Ages count from the newest action where that is older than this many half-lives: the order is the same, and no
 * weight becomes zero, as 2^-1074 would.
 */
const HALF_LIVES_MAX = 500;
/** What lies further behind the newest adds nothing that a float64 sum would show. */
const HALF_LIVES_BEHIND_MAX = 500;
/** With -1 one dismissed shop would outweigh the search that showed it: what is like both would count nothing. */
export const DISMISS_WEIGHT = -0.5;

/**
 * 2^(-age / halfLife) for each of `atMs`: 1 for an action of this moment, a half after each half-life. The future
 * counts as now.
 */
export function decays(atMs: readonly number[], nowMs: number, halfLifeMinutes: number): number[] {
  const halfLives = atMs.map((at) => Math.max(0, nowMs - at) / (halfLifeMinutes * MS_PER_MINUTE));
  const tooOld = Math.max(0, Math.min(...halfLives) - HALF_LIVES_MAX);
  return halfLives.map((age) => 2 ** -Math.min(age - tooOld, HALF_LIVES_MAX + HALF_LIVES_BEHIND_MAX));
}

/** What an action counts before it ages: its own weight times that of its type. Below 0 it pushes down. */
export function weightOf(action: LineAction, typeWeights: { readonly [type: string]: number }): number {
  const { type, weight } = action;
  return Object.hasOwn(typeWeights, type) ? weight * typeWeights[type]! : ownWeightOf(action);
}

/** The same of a type that a request says nothing of. */
export function ownWeightOf({ type, weight }: LineAction): number {
  return type === DISMISS ? weight * DISMISS_WEIGHT : weight;
}
