/** Where a shop delivers beside its radius: polygons on the map, each zone with hours and a fee of its own if given. */

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
  /** As the owner wrote it. Kept; the shop's own hours decide whether it is open. */
  readonly openingHours?: string;
  /** At least 0, in the owner's currency. */
  readonly deliveryFee?: number;
}
