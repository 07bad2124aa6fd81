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
import type { History } from './history.ts';
import type { Signal } from './signal.ts';

const DAY_MS = 86_400_000;
const HALF_LIFE_MS = 30 * DAY_MS;
const HALF_LIFE_OF_RECENT_MS = DAY_MS;

export function known(history: History): Signal {
  const ones = history.column().fill(1);
  return history.shops.signal('known', ones, ones);
}

export function repeats(history: History): Signal {
  return history.signalOfCounts('repeats', agedCounts(history, HALF_LIFE_MS));
}

export function recentRepeats(history: History): Signal {
  return history.signalOfCounts('recentRepeats', agedCounts(history, HALF_LIFE_OF_RECENT_MS));
}

export function again(history: History): Signal {
  const isNewest = history.column().fill(1, 0, 1);
  return history.shops.signal('again', isNewest, isNewest);
}

function agedCounts(history: History, halfLifeMs: number): Float64Array {
  const { agesMs, exponents } = history;
  const rate = Math.LN2 / halfLifeMs; // exp costs a third of what 2 ** does
  for (let at = 0; at < agesMs.length; at++) exponents[at] = -agesMs[at]! * rate;
  return history.sums();
}
