/**
 * Where the user went next before: how often this user acted on the shop right after the shop of the newest action. Its
 * strength is ln(1 + count).
 */
import type { History } from './history.ts';
import type { Signal } from './signal.ts';

export function usualNext(history: History): Signal {
  const { places } = history;
  const counts = history.column();
  for (let at = 0; at + 1 < places.length; at++) if (places[at + 1] === places[0]) counts[places[at]!]!++;
  return history.signalOfCounts('usualNext', counts);
}
