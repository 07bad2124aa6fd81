/** The rectangle that the shops of a snapshot lie in. */

/** [west, south, east, north] in degrees. */
export type Bounds = readonly [west: number, south: number, east: number, north: number];

/** Bounds of float64[shopCount][2], lon before lat; null without shops. The date line is not crossed: west ≤ east. */
export function boundsOf(coordinates: Float64Array): Bounds | null {
  if (coordinates.length === 0) return null;
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let at = 0; at < coordinates.length; at += 2) {
    west = Math.min(west, coordinates[at]!);
    south = Math.min(south, coordinates[at + 1]!);
    east = Math.max(east, coordinates[at]!);
    north = Math.max(north, coordinates[at + 1]!);
  }
  return [west, south, east, north];
}
