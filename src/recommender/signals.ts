/** What is known of a candidate beside its embedding, one number each: larger counts more. */
import { RequestError } from '../base/errors.ts';
import { shown } from '../base/validate.ts';
import type { Location } from '../domain/location.ts';
import { metersOfChordSquared } from '../geo/earth.ts';
import type { Generation } from '../snapshot/generation.ts';

export interface Signal {
  /** As reasons call it. */
  readonly name: string;
  /** What the rankings of the fusion compare; NaN if nothing is known of the shop. */
  readonly strengthOf: (ordinal: number) => number;
  /** What reasons show, NaN as of `strengthOf`. */
  readonly valueOf: (ordinal: number) => number;
}

/** The signal of that name: one of those below, or a column of numbers. Throws `RequestError` if there is none. */
export function signalOf(generation: Generation, name: string, location: Location): Signal {
  if (name === 'popularity') return popularity(generation);
  if (name === 'proximity') return proximity(generation, location);
  const column = generation.catalog.columns.column(name);
  if (column?.kind === 'number') {
    const valueOf = (ordinal: number): number => column.values[ordinal]!;
    return { name, strengthOf: valueOf, valueOf };
  }
  const numbers = generation.catalog.columns
    .names()
    .filter((known) => generation.catalog.columns.column(known)!.kind === 'number');
  throw new RequestError(
    'fusion.signals',
    `must name "popularity", "proximity" or a column of numbers (${numbers.join(', ')}), got ${shown(name)}`,
  );
}

/** How much a shop is wanted, as its owner says; 0 of one whose owner says nothing. */
export function popularity(generation: Generation): Signal {
  const values = generation.float64('popularity');
  const valueOf = (ordinal: number): number => values[ordinal]!;
  return { name: 'popularity', strengthOf: valueOf, valueOf };
}

/** How near a shop is: meters, of which fewer count more. */
function proximity({ reachTree }: Generation, location: Location): Signal {
  const chordSquaredTo = reachTree.chordsSquaredFrom(location);
  const valueOf = (ordinal: number): number => metersOfChordSquared(chordSquaredTo(ordinal));
  return { name: 'proximity', strengthOf: (ordinal) => -valueOf(ordinal), valueOf };
}

/** The place of a shop in a list made ahead of time, best first, from 1; nothing of shops that are not in it. */
export function listed(ordinals: Uint32Array): Signal {
  const places = new Map(Array.from(ordinals, (ordinal, at) => [ordinal, at + 1]));
  const valueOf = (ordinal: number): number => places.get(ordinal) ?? Number.NaN;
  return { name: 'list', strengthOf: (ordinal) => -valueOf(ordinal), valueOf };
}
