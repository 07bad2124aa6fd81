/**
 * Where the user went next before: how often this user acted on the shop right after the shop of the newest action. Its
 * strength is ln(1 + count).
 */
import { sumByShop, type Visit } from './history.ts';
import { signalOfFew, type Signal } from './signal.ts';

/** `visits` newest first. */
export function usualNext(visits: readonly Visit[]): Signal {
  const last = visits[0]?.ordinal;
  const values = sumByShop(visits, (_, place) => (visits[place + 1]?.ordinal === last ? 1 : 0));
  return signalOfFew('usualNext', values, Math.log1p);
}
