/**
 * Where a shop delivers beside its radius: polygons on the map, each zone with hours and a fee of its own if given.
 *
 * A shop reaches a location in as many ways as apply: by its radius (of a shop with neither radius nor zones: everywhere),
 * and by each zone that holds the location. A zone goes by its own hours if it has any, else by the shop's; the radius goes
 * by the shop's. What a shop says of itself live takes the place of all of these while it holds, open and closed alike.
 *
 *   hours         `open` for a location if one way alone is open from the moment asked about on, without a gap for
 *                 `openFor` minutes; else `unknown` if one is unknown, its hours being absent or unreadable; else `closed`
 *   deliveryFee   the least that a zone states which holds the location and which counts: what `openOnly` leaves out does
 *                 not count (`true`: closed ways, `"known"`: those of unknown hours too, `false`: none); absent if none does
 */

/**
 * A closed line: every position is joined to the next by a straight edge in degrees (RFC 7946), the last to the first,
 * which it does not repeat. Longitudes run on where it crosses the date line, so they lie in [-180, 540).
 */
export interface Ring {
  readonly lons: readonly number[];
  readonly lats: readonly number[];
}

/** The outer ring, then its holes; any order of the positions. */
export type Polygon = readonly Ring[];

export interface Zone {
  readonly polygons: readonly Polygon[];
  /** An OpenStreetMap `opening_hours` text in the time zone of the shop; without one those of the shop count. */
  readonly openingHours?: string;
  /** At least 0, in the owner's currency. */
  readonly deliveryFee?: number;
}

/** A zone as it is shown to callers. */
export interface ShownZone extends Omit<Zone, 'polygons'> {
  readonly geometry: MultiPolygon;
}

/**
 * GeoJSON (RFC 7946). Rings end where they begin, outer ones counterclockwise and holes clockwise. Longitudes lie in
 * [-180, 180]: across the date line a ring steps from one to the other, it is not cut there.
 */
export interface MultiPolygon {
  readonly type: 'MultiPolygon';
  readonly coordinates: readonly (readonly (readonly Position[])[])[];
}

/** Degrees, WGS84. */
export type Position = readonly [lon: number, lat: number];
