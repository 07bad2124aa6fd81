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
import type { Signal } from './signal.ts';

const CELL = chordSquaredOfMeters(500);
const DISTRICT = chordSquaredOfMeters(2_000);
const [CELL_PART, DISTRICT_PART, TOWN_PART] = [1 / 2, 1 / 3, 1 / 6];
const ACTIONS_BEFORE = 0.5;

export function popularityNear(generation: Generation, location: Location): Signal {
  const popularities = generation.float64('popularity');
  const chordSquaredTo = generation.reachTree.chordsSquaredFrom(location);
  const countedOf = (ordinal: number): number => Math.max(0, popularities[ordinal]!) + ACTIONS_BEFORE;
  /** What one action at a shop of each level is worth. */
  const worth = { cell: 0, district: 0, town: 0 };
  let candidateCount = 0;
  const shareOf = (ordinal: number, squared: number): number =>
    countedOf(ordinal) *
    (worth.town + (squared <= DISTRICT ? worth.district : 0) + (squared <= CELL ? worth.cell : 0));
  const strengthOf = (share: number): number => Math.log(share * candidateCount);
  return {
    name: 'popularityNear',
    valueOf: (ordinal) => shareOf(ordinal, chordSquaredTo(ordinal)),
    strengthOf,
    write: (ordinals, strengths) => {
      const sums = { cell: 0, district: 0, town: 0 };
      for (let i = 0; i < ordinals.length; i++) {
        const squared = chordSquaredTo(ordinals[i]!);
        const counted = countedOf(ordinals[i]!);
        strengths[i] = squared;
        sums.town += counted;
        if (squared <= DISTRICT) sums.district += counted;
        if (squared <= CELL) sums.cell += counted;
      }
      candidateCount = ordinals.length;
      worth.cell = CELL_PART / sums.cell;
      worth.district = DISTRICT_PART / sums.district;
      worth.town = TOWN_PART / sums.town;
      for (let i = 0; i < ordinals.length; i++)
        strengths[i] = strengthOf(shareOf(ordinals[i]!, strengths[i]!));
    },
  };
}
