/** Where a user is taken to be of whom nothing is known. */
import { check } from '../base/errors.ts';
import type { Location } from '../domain/location.ts';
import type { Generation } from '../snapshot/generation.ts';

/**
 * The shop nearest to the median longitude and the median latitude of all shops: a place where there are shops, which a
 * few of them far away do not move. In a town of one point that point; of shops as near, the first. Shops on both sides
 * of the date line have no such medians.
 */
export function townCenter(generation: Generation): Location {
  const coordinates = generation.float64('coordinates');
  check(coordinates.length > 0, 'a town without shops has no centre');
  const lons = coordinates.filter((_, at) => at % 2 === 0);
  const lats = coordinates.filter((_, at) => at % 2 === 1);
  const median = { lon: medianOf(lons), lat: medianOf(lats) };
  const chordSquaredTo = generation.reachTree.chordsSquaredFrom(median);
  let nearest = 0;
  for (let ordinal = 1; ordinal < lons.length; ordinal++)
    if (chordSquaredTo(ordinal) < chordSquaredTo(nearest)) nearest = ordinal;
  return { lon: lons[nearest]!, lat: lats[nearest]! };
}

/** The lower one of two in the middle. */
function medianOf(values: Float64Array): number {
  return values.toSorted()[(values.length - 1) >> 1]!;
}
