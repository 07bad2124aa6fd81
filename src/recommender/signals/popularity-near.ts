/**
 * How much of what happens around the location happens at the shop: popularity compared to that of its surroundings, from
 * the cell of 500 m around the location over the district of 2 km to the town, which is all candidates.
 *
 *     share = Σ_level λ_level · [shop in level] · (p + ½) / Σ_(shops in level) (p + ½),   λ = ½, ⅓, ⅙
 *
 * a mixture of what is popular at each level (linear interpolation: Jelinek & Mercer 1980), with half an action more for
 * everybody so that no shop is impossible. The strength is ln(share · candidates): 0 of a shop that gets as much as the
 * average one.
 */
import { chordSquaredOfMeters } from '../../geo/earth.ts';
import type { Generation } from '../../snapshot/generation.ts';
import type { Chords } from './chords.ts';
import { popularityStrengths } from './popularity.ts';
import type { Signal } from './signal.ts';

const CELL = chordSquaredOfMeters(500);
const DISTRICT = chordSquaredOfMeters(2_000);
/** λ of the town, the district and the cell. */
const PARTS = [1 / 6, 1 / 3, 1 / 2];
const RING_COUNT = PARTS.length;
const ACTIONS_BEFORE = 0.5;

export function popularityNear(generation: Generation, chords: Chords): Signal {
  const popularities = generation.float64('popularity');
  const known = popularityStrengths(generation); // ln(1 + 2p), which is ln(p + ½) + ln 2
  /** What one action is worth at a shop, by ring, and ln of it, times candidates over 2. */
  const worths = new Float64Array(RING_COUNT);
  const logs = new Float64Array(RING_COUNT);
  return {
    name: 'popularityNear',
    valueOf: (ordinal) =>
      (Math.max(0, popularities[ordinal]!) + ACTIONS_BEFORE) * worths[ringOf(chords.squaredTo(ordinal))]!,
    strengthOf: (ordinal) => Math.max(0, known[ordinal]!) + logs[ringOf(chords.squaredTo(ordinal))]!,
    write: (lane) => {
      const { candidates, values } = lane;
      const distances = chords.squaredIn(lane);
      // Not taken out of an array: that made the loop take twice as long.
      let town = 0;
      let district = 0;
      let cell = 0;
      for (let i = 0; i < candidates.length; i++) {
        const counted = Math.max(0, popularities[candidates[i]!]!) + ACTIONS_BEFORE;
        town += counted;
        if (distances[i]! <= DISTRICT) district += counted;
        if (distances[i]! <= CELL) cell += counted;
      }
      let worth = 0;
      [town, district, cell].forEach((sum, ring) => {
        worth += PARTS[ring]! / sum;
        worths[ring] = worth;
        logs[ring] = Math.log((worth * candidates.length) / 2);
      });
      for (let i = 0; i < candidates.length; i++)
        values[i] = Math.max(0, known[candidates[i]!]!) + logs[ringOf(distances[i]!)]!;
    },
  };
}

/** 0 of the town around the district, 1 of the district around the cell, 2 of the cell. Not by branches, which are guessed wrong. */
function ringOf(squared: number): number {
  return Number(squared <= DISTRICT) + Number(squared <= CELL);
}
