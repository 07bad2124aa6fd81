/**
 * How near a shop is. The value is meters, the strength −½ ln(1 + (meters / 500)²): what is within some 200 m is all near, and
 * beyond a kilometer twice as far counts the same loss at any distance.
 */
import type { Location } from '../../domain/location.ts';
import { metersOfChordSquared } from '../../geo/earth.ts';
import type { Generation } from '../../snapshot/generation.ts';
import type { Signal } from './signal.ts';

const NEAR_SQUARED = 500 ** 2;

export function proximity({ reachTree }: Generation, location: Location): Signal {
  const chordSquaredTo = reachTree.chordsSquaredFrom(location);
  return {
    name: 'proximity',
    valueOf: (ordinal) => metersOfChordSquared(chordSquaredTo(ordinal)),
    strengthOf: (ordinal) => strengthOf(chordSquaredTo(ordinal)),
    write: (ordinals, strengths) => {
      reachTree.writeChordsSquared(location, ordinals, strengths);
      for (let i = 0; i < ordinals.length; i++) strengths[i] = strengthOf(strengths[i]!);
    },
  };
}

/** The chord instead of the way along the ground, which is 2.6 parts per million longer at 50 km. */
function strengthOf(chordSquared: number): number {
  return -0.5 * Math.log(1 + chordSquared / NEAR_SQUARED);
}
