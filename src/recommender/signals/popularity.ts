/**
 * How much a shop is wanted by everybody: what its owner says, or how often it was acted on where the snapshot counted
 * that; 0 of one nobody says anything of. Its strength is ln(1 + popularity), since twice as many actions mean the same
 * between 10 and 20 as between 1,000 and 2,000; below 0 it is mirrored.
 */
import type { Generation } from '../../snapshot/generation.ts';
import type { Signal } from './signal.ts';

export function popularity(generation: Generation): Signal {
  const values = generation.float64('popularity');
  return {
    name: 'popularity',
    valueOf: (ordinal) => values[ordinal]!,
    strengthOf,
    write: (ordinals, strengths) => {
      for (let i = 0; i < ordinals.length; i++) strengths[i] = strengthOf(values[ordinals[i]!]!);
    },
  };
}

function strengthOf(value: number): number {
  return Math.sign(value) * Math.log1p(Math.abs(value));
}
