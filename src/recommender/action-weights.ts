/** How much the rankings of actions count. */

const MS_PER_MINUTE = 60_000;
/**
 * Ages count from the newest action where that is older than this many half-lives: the order is the same, and no
 * weight becomes zero, as 2^-1074 would.
 */
const HALF_LIVES_MAX = 500;
/** What lies further behind the newest adds nothing that a float64 sum would show. */
const HALF_LIVES_BEHIND_MAX = 500;

/**
 * 2^(-age / halfLife) for each of `atMs`, newest first: 1 for an action of this moment, a half after each half-life.
 * The future counts as now.
 */
export function actionWeights(atMs: readonly number[], nowMs: number, halfLifeMinutes: number): number[] {
  const halfLives = atMs.map((at) => Math.max(0, nowMs - at) / (halfLifeMinutes * MS_PER_MINUTE));
  const tooOld = Math.max(0, (halfLives[0] ?? 0) - HALF_LIVES_MAX);
  return halfLives.map((age) => 2 ** -Math.min(age - tooOld, HALF_LIVES_MAX + HALF_LIVES_BEHIND_MAX));
}
