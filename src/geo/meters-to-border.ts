/** How far it is from a location to the border of a polygon. */
import type { Location } from '../domain/location.ts';
import { chordSquared, metersOfChordSquared, writePosition } from './earth.ts';
import type { Polygons } from './polygons.ts';

/**
 * Meters to the nearest point of any ring. Which point that is, is looked for on a map on which a degree of longitude is
 * as long as it is at the location: right to a meter in a thousand within some 50 km.
 */
export function metersToBorder(polygons: Polygons, polygon: number, { lon, lat }: Location): number {
  const { lons, lats, ringVertices, polygonRings } = polygons;
  const lonScale = Math.cos((lat * Math.PI) / 180);
  const places = new Float64Array(6);
  writePosition(lon, lat, places, 0);
  let least = Infinity;
  for (let ring = polygonRings[polygon]!; ring < polygonRings[polygon + 1]!; ring++) {
    const [first, end] = [ringVertices[ring]!, ringVertices[ring + 1]!];
    for (let from = end - 1, to = first; to < end; from = to++) {
      for (const turned of [lon, lon + 360]) {
        const x = (lons[from]! - turned) * lonScale;
        const y = lats[from]! - lat;
        const dx = (lons[to]! - lons[from]!) * lonScale;
        const dy = lats[to]! - lats[from]!;
        const along = Math.min(1, Math.max(0, -(x * dx + y * dy) / (dx * dx + dy * dy || 1)));
        const nearestLon = lons[from]! + along * (lons[to]! - lons[from]!);
        writePosition(nearestLon, lats[from]! + along * dy, places, 3);
        least = Math.min(least, chordSquared(places, 0, places, 3));
      }
    }
  }
  return metersOfChordSquared(least);
}
