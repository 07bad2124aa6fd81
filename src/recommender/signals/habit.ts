/**
 * What the user does at this time of day: Σ weight · 2^(−age / 60 days) · exp(−½ (hours apart / 1.5)²) over the user's actions
 * at the shop, hours apart on the round clock of 24. The coffee of every morning counts in the morning. Its strength is
 * ln(1 + habit).
 */
import type { History } from './history.ts';
import type { Signal } from './signal.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const RATE = Math.LN2 / (60 * DAY_MS);
/** Standard deviation of the time of a habit. */
const SPREAD_MS = 1.5 * HOUR_MS;

export function habit(history: History): Signal {
  const { agesMs, exponents } = history;
  for (let at = 0; at < agesMs.length; at++) {
    const ageMs = agesMs[at]!;
    const intoDayMs = ageMs - Math.floor(ageMs / DAY_MS) * DAY_MS; // `%` takes 20 ns
    const apart = Math.min(intoDayMs, DAY_MS - intoDayMs) / SPREAD_MS;
    exponents[at] = -ageMs * RATE - 0.5 * apart * apart;
  }
  return history.signalOfCounts('habit', history.sums());
}
