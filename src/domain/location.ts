/** A place on Earth: where to deliver to, or where a shop is. */

/** A coordinate in degrees, WGS84. `lon` comes before `lat` everywhere. */
export interface Location {
  readonly lon: number;
  readonly lat: number;
}

/** More than the way between any two places on Earth (20,004 km), so "no limit of its own" as a number. */
export const RADIUS_METERS_UNLIMITED = 20_040_000;

/** What is wrong with a coordinate, or undefined. Swapped coordinates are named where they show. */
export function locationFault(lon: number, lat: number): string | undefined {
  if (!Number.isFinite(lon)) return `lon must be a finite number of degrees, got ${lon}`;
  if (!Number.isFinite(lat)) return `lat must be a finite number of degrees, got ${lat}`;
  if (Math.abs(lat) > 90) {
    const swapped = Math.abs(lat) <= 180 && Math.abs(lon) <= 90 ? '; lon and lat look swapped' : '';
    return `lat must be -90..90 degrees, got ${lat}${swapped}`;
  }
  if (Math.abs(lon) > 180) return `lon must be -180..180 degrees, got ${lon}`;
  return undefined;
}
