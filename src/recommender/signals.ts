/** What is known of a candidate beside its embedding, one number each: larger counts more. */
import { RequestError } from '../base/errors.ts';
import { shown } from '../base/validate.ts';
import type { Location } from '../domain/location.ts';
import { metersOfChordSquared } from '../geo/earth.ts';
import type { Generation } from '../snapshot/generation.ts';

export interface Signal {
  /** As reasons call it. */
  readonly name: string;
  /** -1 where less is better. */
  readonly sign: 1 | -1;
  /** What reasons show; NaN if nothing is known of the shop. */
  readonly valueOf: (ordinal: number) => number;
  /**
   * Writes what the fusion compares, sign · value, of each of `ordinals` to the same place of `strengths`. A loop of its own
   * for every signal: through one call site for all of them 6,000 calls took 200 µs, the loops take 40.
   */
  readonly write: (ordinals: Uint32Array, strengths: Float64Array) => void;
}

/** The signal of that name: one of those below, or a column of numbers. Throws `RequestError` if there is none. */
export function signalOf(generation: Generation, name: string, location: Location): Signal {
  if (name === 'popularity') return popularity(generation);
  if (name === 'proximity') return proximity(generation, location);
  const { columns } = generation.catalog;
  const column = columns.column(name);
  if (column?.kind === 'number') return columnSignal(name, column.values);
  const numbers = columns.names().filter((known) => columns.column(known)!.kind === 'number');
  throw new RequestError(
    'fusion.signals',
    `must name "popularity", "proximity" or a column of numbers (${numbers.join(', ')}), got ${shown(name)}`,
  );
}

/** How much a shop is wanted, as its owner says; 0 of one whose owner says nothing. */
export function popularity(generation: Generation): Signal {
  return columnSignal('popularity', generation.float64('popularity'));
}

/** What a column says; `values` by ordinal. */
function columnSignal(name: string, values: Float64Array): Signal {
  return {
    name,
    sign: 1,
    valueOf: (ordinal) => values[ordinal]!,
    write: (ordinals, strengths) => {
      for (let i = 0; i < ordinals.length; i++) strengths[i] = values[ordinals[i]!]!;
    },
  };
}

/** How near a shop is: meters, of which fewer count more. */
function proximity({ reachTree }: Generation, location: Location): Signal {
  const chordSquaredTo = reachTree.chordsSquaredFrom(location);
  return {
    name: 'proximity',
    sign: -1,
    valueOf: (ordinal) => metersOfChordSquared(chordSquaredTo(ordinal)),
    write: (ordinals, strengths) => {
      for (let i = 0; i < ordinals.length; i++)
        strengths[i] = -metersOfChordSquared(chordSquaredTo(ordinals[i]!));
    },
  };
}

/** The place of a shop in a list made ahead of time, best first, from 1; nothing of shops that are not in it. */
export function listed(list: Uint32Array): Signal {
  const places = new Map(Array.from(list, (ordinal, at) => [ordinal, at + 1]));
  const valueOf = (ordinal: number): number => places.get(ordinal) ?? Number.NaN;
  return {
    name: 'list',
    sign: -1,
    valueOf,
    write: (ordinals, strengths) => {
      for (let i = 0; i < ordinals.length; i++) strengths[i] = -valueOf(ordinals[i]!);
    },
  };
}
