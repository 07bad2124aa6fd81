/** A column of numbers of the catalog, as it is: of two shops the one with the larger number counts more. */
import type { Signal } from './signal.ts';

/** `values` by ordinal. */
export function columnSignal(name: string, values: Float64Array): Signal {
  const valueOf = (ordinal: number): number => values[ordinal]!;
  return {
    name,
    valueOf,
    strengthOf: valueOf,
    write: (ordinals, strengths) => {
      for (let i = 0; i < ordinals.length; i++) strengths[i] = values[ordinals[i]!]!;
    },
  };
}
