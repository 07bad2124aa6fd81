/**
 * How near a shop is. The value is meters, the strength −½ ln(1 + (meters / 500)²): what is within some 200 m is all near, and
 * beyond a kilometer twice as far counts the same loss at any distance.
 */
import { metersOfChordSquared } from '../../geo/earth.ts';
import { ln } from '../../kernel/ln.ts';
import type { Chords } from './chords.ts';
import type { Signal } from './signal.ts';

const NEAR_SQUARED = 500 ** 2;

export function proximity(chords: Chords): Signal {
  return {
    name: 'proximity',
    valueOf: (ordinal) => metersOfChordSquared(chords.squaredTo(ordinal)),
    strengthOf: (ordinal) => strengthOf(chords.squaredTo(ordinal)),
    write: (lane) => {
      lane.values.set(chords.squaredIn(lane));
      lane.logValues(1 / NEAR_SQUARED, -0.5);
    },
  };
}

/** The chord instead of the way along the ground, which is 2.6 parts per million longer at 50 km. */
function strengthOf(chordSquared: number): number {
  return -0.5 * ln(1 + (1 / NEAR_SQUARED) * chordSquared);
}
