/** What is known of a candidate beside its embedding: one number each. */
import { firstRow } from '../../base/text-table.ts';

export interface Signal {
  /** As requests and reasons call it. */
  readonly name: string;
  /** What reasons show; NaN if nothing is known of the shop. Only after `write`. */
  readonly valueOf: (ordinal: number) => number;
  /** What the fusion compares: larger counts more. It rises or falls with the value throughout, and is NaN where that is. */
  readonly strengthOf: (value: number) => number;
  /**
   * Writes the strength of each of `ordinals`, ascending, to the same place of `strengths`. A loop of its own for every
   * signal: through one call site for all of them 6,000 calls took 200 µs, the loops take 40.
   */
  readonly write: (ordinals: Uint32Array, strengths: Float64Array) => void;
}

/** A signal that says something of a few shops alone; of all others it knows nothing. */
export function signalOfFew(
  name: string,
  values: ReadonlyMap<number, number>,
  strengthOf: (value: number) => number,
): Signal {
  return {
    name,
    valueOf: (ordinal) => values.get(ordinal) ?? Number.NaN,
    strengthOf,
    write: (ordinals, strengths) => {
      strengths.fill(Number.NaN);
      for (const [ordinal, value] of values) {
        const at = firstRow(ordinals.length, (i) => ordinals[i]! >= ordinal);
        if (ordinals[at] === ordinal) strengths[at] = strengthOf(value);
      }
    },
  };
}
