/**
 * Keeps the shops that lie in an area of the caller's. Each function moves the ordinals that pass to the front of the
 * first `count`, in their order, and returns how many pass. Borders are inclusive.
 */
import type { Location } from '../domain/location.ts';
import type { Polygon } from '../domain/zone.ts';
import { cellAt, findCells, ON_BORDER, OUTSIDE } from './cells.ts';
import { chordSquared, chordSquaredOfMeters, writePosition } from './earth.ts';
import { exactDegrees, oneTurnEast, Polygons, westmost } from './polygons.ts';

/** Passes shops in any of `polygons`. `coordinates` is float64[shop count][2], lon before lat. */
export function keepInPolygons(
  polygons: readonly Polygon[],
  coordinates: Float64Array,
  ordinals: Uint32Array,
  count: number,
): number {
  const table = Polygons.of(polygons);
  const boxes = boxesOf(table);
  const cells = findCells(table, boxes);
  const isInside = (x: number, y: number): boolean => {
    for (let polygon = 0; polygon < table.count; polygon++) {
      const at = polygon * 4;
      const isInBox = boxes[at]! <= x && boxes[at + 1]! <= y && x <= boxes[at + 2]! && y <= boxes[at + 3]!;
      const cell = isInBox ? cellAt(cells, boxes, polygon, x, y) : OUTSIDE;
      if (cell !== OUTSIDE && (cell !== ON_BORDER || table.holds(polygon, x, y))) return true;
    }
    return false;
  };
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const ordinal = ordinals[i]!;
    const lon = westmost(coordinates[ordinal * 2]!);
    const lat = exactDegrees(coordinates[ordinal * 2 + 1]!);
    if (isInside(lon, lat) || isInside(oneTurnEast(lon), lat)) ordinals[kept++] = ordinal;
  }
  return kept;
}

function boxesOf(polygons: Polygons): Float64Array {
  const boxes = new Float64Array(polygons.count * 4);
  for (let polygon = 0; polygon < polygons.count; polygon++)
    polygons.writeBox(polygon, boxes.subarray(polygon * 4, (polygon + 1) * 4));
  return boxes;
}

/** Passes shops within `radiusMeters` of `center`. `positions` is float64[shop count][3], see geo/earth.ts. */
export function keepNear(
  center: Location,
  radiusMeters: number,
  positions: Float64Array,
  ordinals: Uint32Array,
  count: number,
): number {
  const from = new Float64Array(3);
  writePosition(center.lon, center.lat, from, 0);
  const limit = chordSquaredOfMeters(radiusMeters);
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const ordinal = ordinals[i]!;
    if (chordSquared(from, 0, positions, ordinal * 3) <= limit) ordinals[kept++] = ordinal;
  }
  return kept;
}
