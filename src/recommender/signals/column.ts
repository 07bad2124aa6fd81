/** A column of numbers of the catalog, as it is: of two shops the one with the larger number counts more. */
import type { Signal } from './signal.ts';

/** `values` by ordinal. */
export function columnSignal(name: string, values: Float64Array): Signal {
  const valueOf = (ordinal: number): number => values[ordinal]!;
  return {
    name,
    valueOf,
    strengthOf: valueOf,
    write: ({ candidates, values: strengths }) => {
      for (let i = 0; i < candidates.length; i++) strengths[i] = values[candidates[i]!]!;
    },
  };
}
