/**
 * Whether this is an hour of the shop: ln of how many times as often as usual its users act on it at this hour of a workday or a
 * weekend, by the clock of the town, as counted when the snapshot was built; see training/shop-signals.ts. 0 is as usual,
 * 0.7 twice as often.
 */
import type { Generation } from '../../snapshot/generation.ts';
import type { Signal } from './signal.ts';

export function hourFit({ hourFits }: Generation, nowMs: number): Signal {
  const bin = hourFits.binAt(nowMs);
  const fitOf = (ordinal: number): number => hourFits.fitOf(ordinal, bin);
  return {
    name: 'hourFit',
    valueOf: fitOf,
    strengthOf: fitOf,
    write: ({ candidates, values }) => hourFits.writeFits(bin, candidates, values),
  };
}
