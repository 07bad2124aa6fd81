/** How much the ranking of an action counts. */

const MS_PER_MINUTE = 60_000;
/** Past this many half-lives an action gets no lighter: 2^-1000 divided by any rank is still a normal number. */
const HALF_LIVES_MAX = 1_000;

/** 2^(-age / halfLife): 1 for an action of this moment, a half after each half-life. The future counts as now. */
export function actionWeight(atMs: number, nowMs: number, halfLifeMinutes: number): number {
  const halfLives = Math.max(0, nowMs - atMs) / (halfLifeMinutes * MS_PER_MINUTE);
  return 2 ** -Math.min(halfLives, HALF_LIVES_MAX);
}
