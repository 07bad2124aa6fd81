/**
 * Where the user went next before: how often this user acted on the shop right after the shop of the newest action. Its
 * strength is ln(1 + count).
 */
import type { History } from './history.ts';
import type { Signal } from './signal.ts';

export function usualNext(history: History): Signal {
  const { places, shops } = history;
  const values = history.sums((at) => (places[at + 1] === places[0] ? 1 : 0));
  return shops.signal('usualNext', values, Math.log1p);
}
