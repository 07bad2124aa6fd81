/**
 * The user's own way back: most orders go to a shop that was ordered from before. Three signals, since the three things
 * pull apart: whether the user knows the shop at all, how much of late, and whether that was only just, after which few
 * come again at once.
 *
 *   known          1 of a shop that the user has acted on
 *   repeats        Σ weight · 2^(−age / 30 days) over the user's actions at the shop, strength ln(1 + repeats)
 *   recentRepeats  the same with a day
 */
import { sumByShop, type Visit } from './history.ts';
import { signalOfFew, type Signal } from './signal.ts';

const DAY_MS = 86_400_000;
const HALF_LIFE_MS = 30 * DAY_MS;
const HALF_LIFE_OF_RECENT_MS = DAY_MS;

export function known(visits: readonly Visit[]): Signal {
  const values = new Map(visits.map(({ ordinal }) => [ordinal, 1]));
  return signalOfFew('known', values, (value) => value);
}

export function repeats(visits: readonly Visit[], nowMs: number): Signal {
  return signalOfFew('repeats', agedCounts(visits, nowMs, HALF_LIFE_MS), Math.log1p);
}

export function recentRepeats(visits: readonly Visit[], nowMs: number): Signal {
  return signalOfFew('recentRepeats', agedCounts(visits, nowMs, HALF_LIFE_OF_RECENT_MS), Math.log1p);
}

function agedCounts(visits: readonly Visit[], nowMs: number, halfLifeMs: number): Map<number, number> {
  return sumByShop(visits, ({ atMs, weight }) => weight * 2 ** (-Math.max(0, nowMs - atMs) / halfLifeMs));
}
