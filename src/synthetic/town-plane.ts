/**
 * The flat map a town is built on: meters east and north of its center.
 * Projected azimuthally from the center, so a town may lie anywhere, on a pole or the date line too.
 */
import type { Location } from '../domain/location.ts';

// The mean radius: placing shops needs no ellipsoid, and distances on the plane are off by 0.6 % at most.
const EARTH_RADIUS_METERS = 6_371_008.8;
const RADIANS = Math.PI / 180;
/** Six decimals of a degree are at most 11 cm, and what the shop files hold. */
const DEGREE_DECIMALS = 1e6;

/** Where the place `east`, `north` meters from `center` is on Earth, to six decimals of a degree. */
export function locationOnPlane(center: Location, east: number, north: number): Location {
  const angle = Math.hypot(east, north) / EARTH_RADIUS_METERS;
  const bearing = Math.atan2(east, north);
  const centerLat = center.lat * RADIANS;
  // The place as a vector: up along the axis, away from it on the meridian of the center, and to its east.
  const up =
    Math.sin(centerLat) * Math.cos(angle) + Math.cos(centerLat) * Math.sin(angle) * Math.cos(bearing);
  const away =
    Math.cos(centerLat) * Math.cos(angle) - Math.sin(centerLat) * Math.sin(angle) * Math.cos(bearing);
  const aside = Math.sin(angle) * Math.sin(bearing);
  const lat = Math.atan2(up, Math.hypot(away, aside)) / RADIANS;
  const lon = center.lon + Math.atan2(aside, away) / RADIANS;
  return { lon: rounded(wrapped(lon)), lat: rounded(lat) };
}

/** A longitude brought back into [-180, 180]. */
function wrapped(lon: number): number {
  if (lon > 180) return lon - 360;
  if (lon < -180) return lon + 360;
  return lon;
}

/** Adding 0 turns -0 into 0, which no text keeps. */
function rounded(degrees: number): number {
  return Math.round(degrees * DEGREE_DECIMALS) / DEGREE_DECIMALS + 0;
}
