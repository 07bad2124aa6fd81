/**
 * How near a shop is. The value is meters, the strength −ln(1 + meters / 500): going 100 m instead of 50 m matters as little
 * as 10.1 km instead of 10 km, while the second half kilometer costs about what lies between 3 and 5 km.
 */
import type { Location } from '../../domain/location.ts';
import { metersOfChordSquared } from '../../geo/earth.ts';
import type { Generation } from '../../snapshot/generation.ts';
import type { Signal } from './signal.ts';

const METERS_NEAR = 500;

export function proximity({ reachTree }: Generation, location: Location): Signal {
  const chordSquaredTo = reachTree.chordsSquaredFrom(location);
  return {
    name: 'proximity',
    valueOf: (ordinal) => metersOfChordSquared(chordSquaredTo(ordinal)),
    strengthOf,
    write: (ordinals, strengths) => {
      for (let i = 0; i < ordinals.length; i++)
        strengths[i] = strengthOf(metersOfChordSquared(chordSquaredTo(ordinals[i]!)));
    },
  };
}

function strengthOf(meters: number): number {
  return -Math.log1p(meters / METERS_NEAR);
}
