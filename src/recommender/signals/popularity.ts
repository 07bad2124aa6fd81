/**
 * How much a shop is wanted by everybody: what its owner says, or how often it was acted on where the snapshot counted
 * that; 0 of one nobody says anything of. Its strength is ln(1 + 2 · popularity), since twice as many actions mean the same
 * between 10 and 20 as between 1,000 and 2,000; it is mirrored below 0.
 */
import type { Generation } from '../../snapshot/generation.ts';
import type { Signal } from './signal.ts';

/** Twice it is still a number. */
const LARGEST = 1e307;
const strengthsByGeneration = new WeakMap<Generation, Float32Array>();

export function popularity(generation: Generation): Signal {
  const values = generation.float64('popularity');
  const known = popularityStrengths(generation);
  return {
    name: 'popularity',
    valueOf: (ordinal) => values[ordinal]!,
    strengthOf: (ordinal) => known[ordinal]!,
    write: ({ candidates, values: strengths }) => {
      for (let i = 0; i < candidates.length; i++) strengths[i] = known[candidates[i]!]!;
    },
  };
}

/** By ordinal. Made once, when first asked for: 2,000 logarithms in every request would take 25 µs. */
export function popularityStrengths(generation: Generation): Float32Array {
  let strengths = strengthsByGeneration.get(generation);
  if (strengths === undefined) {
    const values = generation.float64('popularity');
    strengths = Float32Array.from(
      values,
      (value) => Math.sign(value) * Math.log(1 + 2 * Math.min(Math.abs(value), LARGEST)),
    );
    strengthsByGeneration.set(generation, strengths);
  }
  return strengths;
}
