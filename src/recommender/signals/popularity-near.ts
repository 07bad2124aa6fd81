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
import type { Location } from '../../domain/location.ts';
import { chordSquaredOfMeters } from '../../geo/earth.ts';
import type { Generation } from '../../snapshot/generation.ts';
import { popularityStrengths } from './popularity.ts';
import type { Signal } from './signal.ts';

const CELL = chordSquaredOfMeters(500);
const DISTRICT = chordSquaredOfMeters(2_000);
const [CELL_PART, DISTRICT_PART, TOWN_PART] = [1 / 2, 1 / 3, 1 / 6];
const ACTIONS_BEFORE = 0.5;

export function popularityNear(generation: Generation, location: Location): Signal {
  const popularities = generation.float64('popularity');
  const known = popularityStrengths(generation); // ln(1 + 2p), which is ln(p + ½) + ln 2
  const { reachTree } = generation;
  const chordSquaredTo = reachTree.chordsSquaredFrom(location);
  /** What one action is worth at a shop in the cell, the district and the town, and ln of it, times candidates over 2. */
  const worths = { cell: 0, district: 0, town: 0 };
  const logs = { cell: 0, district: 0, town: 0 };
  const levelOf = (squared: number): keyof typeof logs =>
    squared <= CELL ? 'cell' : squared <= DISTRICT ? 'district' : 'town';
  return {
    name: 'popularityNear',
    valueOf: (ordinal) =>
      (Math.max(0, popularities[ordinal]!) + ACTIONS_BEFORE) * worths[levelOf(chordSquaredTo(ordinal))],
    strengthOf: (ordinal) => Math.max(0, known[ordinal]!) + logs[levelOf(chordSquaredTo(ordinal))],
    write: (ordinals, strengths) => {
      let [cell, district, town] = [0, 0, 0];
      reachTree.writeChordsSquared(location, ordinals, strengths);
      for (let i = 0; i < ordinals.length; i++) {
        const squared = strengths[i]!;
        const counted = Math.max(0, popularities[ordinals[i]!]!) + ACTIONS_BEFORE;
        town += counted;
        if (squared <= DISTRICT) district += counted;
        if (squared <= CELL) cell += counted;
      }
      worths.town = TOWN_PART / town;
      worths.district = worths.town + DISTRICT_PART / district;
      worths.cell = worths.district + CELL_PART / cell;
      logs.town = Math.log((worths.town * ordinals.length) / 2);
      logs.district = Math.log((worths.district * ordinals.length) / 2);
      logs.cell = Math.log((worths.cell * ordinals.length) / 2);
      const { cell: inCell, district: inDistrict, town: inTown } = logs;
      for (let i = 0; i < ordinals.length; i++) {
        const squared = strengths[i]!;
        const log = squared <= CELL ? inCell : squared <= DISTRICT ? inDistrict : inTown;
        strengths[i] = Math.max(0, known[ordinals[i]!]!) + log;
      }
    },
  };
}
