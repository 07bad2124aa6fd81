/**
 * The user's own way back: most orders go to a shop that was ordered from before. Four signals, since these things pull
 * apart: whether the user knows the shop at all, how much of late, whether that was only just, and whether it was the last
 * thing of all, which few do twice in a row.
 *
 *   known          1 of a shop that the user has acted on
 *   repeats        Σ weight · 2^(−age / 30 days) over the user's actions at the shop, strength ln(1 + repeats)
 *   recentRepeats  the same with a day
 *   again          1 of the shop of the user's newest action
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

/** `visits` newest first. */
export function again(visits: readonly Visit[]): Signal {
  const values = new Map(visits.slice(0, 1).map(({ ordinal }) => [ordinal, 1]));
  return signalOfFew('again', values, (value) => value);
}

function agedCounts(visits: readonly Visit[], nowMs: number, halfLifeMs: number): Map<number, number> {
  return sumByShop(visits, ({ atMs, weight }) => weight * 2 ** (-Math.max(0, nowMs - atMs) / halfLifeMs));
}
