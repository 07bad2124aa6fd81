/**
 * Reads polygons and zones from GeoJSON (RFC 7946) and writes them.
 *
 * Edges are straight in degrees. A step of more than 180° between two positions is taken the short way, across the
 * date line, so a ring may cross it as well as be cut there; only a step from -180 to 180 along one latitude stays as
 * it is drawn, round the Earth. Members and properties that mean nothing here are passed over, as the RFC asks.
 */
import { shown } from '../base/validate.ts';
import { locationFault } from '../domain/location.ts';
import { WEEK_TABLE_EXPECTED, weekTableText } from '../domain/week-table.ts';
import type { MultiPolygon, Polygon, Position, Ring, Zone } from '../domain/zone.ts';
import { exactDegrees } from './polygons.ts';

/** Positions of one shop's zones: those of a polygon are looked at whenever a location is near its border. */
export const ZONE_POSITION_COUNT_MAX = 10_000;
const RING_POSITIONS_MIN = 4;
const TURN_DEGREES = 360;

/** Where in a value something does not hold, such as `['coordinates', 0, 3]`. */
export type GeoJsonPath = readonly (string | number)[];
/** Takes what is wrong; the reader ends at the first. */
export type Refuse = (path: GeoJsonPath, found: string, expected: string) => void;

/** The polygons of a Polygon or MultiPolygon; undefined after telling `refuse` what is wrong with it. */
export function readPolygons(
  value: unknown,
  positionCountMax: number,
  refuse: Refuse,
): Polygon[] | undefined {
  return new GeoJsonReader(positionCountMax, refuse).geometry(value, []);
}

/**
 * The zones of a Polygon, MultiPolygon, Feature or FeatureCollection of these, one for each feature; undefined after
 * telling `refuse` what is wrong. The properties `openingHours` and `deliveryFee` are the zone's own.
 */
export function readZones(value: unknown, refuse: Refuse): Zone[] | undefined {
  return new GeoJsonReader(ZONE_POSITION_COUNT_MAX, refuse).zones(value);
}

/** Polygons as GeoJSON: read again, they are the same but for the direction of their rings. */
export function multiPolygonOf(polygons: readonly Polygon[]): MultiPolygon {
  const coordinates = polygons.map((polygon) => polygon.map((ring, i) => closedRing(ring, i === 0)));
  return { type: 'MultiPolygon', coordinates };
}

function closedRing(ring: Ring, isOuter: boolean): Position[] {
  const [first, ...others] = ring.lons.map((lon, i): Position => [homeLon(lon), ring.lats[i]!]);
  const isCounterclockwise = doubleArea(ring) > 0;
  return [first!, ...(isCounterclockwise === isOuter ? others : others.toReversed()), first!];
}

/** A longitude of a ring where callers look for it. The difference is exact: it is no longer than what it is taken from. */
function homeLon(lon: number): number {
  return lon > TURN_DEGREES / 2 ? lon - TURN_DEGREES : lon;
}

/** Twice the area that a ring encloses, square degrees; below 0 if it runs clockwise. */
function doubleArea({ lons, lats }: Ring): number {
  return lons.reduce((sum, lon, i) => {
    const next = (i + 1) % lons.length;
    return (
      sum + (lon - lons[0]!) * (lats[next]! - lats[0]!) - (lons[next]! - lons[0]!) * (lats[i]! - lats[0]!)
    );
  }, 0);
}

type Members = { readonly [member: string]: unknown };

function membersOf(value: unknown): Members {
  return typeof value === 'object' && value !== null ? (value as Members) : {};
}

class GeoJsonReader {
  readonly #positionCountMax: number;
  readonly #refuse: Refuse;
  #positionCount = 0;

  constructor(positionCountMax: number, refuse: Refuse) {
    this.#positionCountMax = positionCountMax;
    this.#refuse = refuse;
  }

  zones(value: unknown): Zone[] | undefined {
    const { type, features } = membersOf(value);
    if (type === 'Feature') return allOf([value], (feature) => this.#zone(feature, []));
    if (type !== 'FeatureCollection') {
      const polygons = this.geometry(value, [], '"Feature" or "FeatureCollection"');
      return polygons && [{ polygons }];
    }
    if (!Array.isArray(features) || features.length === 0)
      return this.#wrong(['features'], features, 'at least one feature');
    return allOf(features, (feature, i) => this.#zone(feature, ['features', i]));
  }

  geometry(value: unknown, path: GeoJsonPath, otherTypes?: string): Polygon[] | undefined {
    const { type, coordinates } = membersOf(value);
    const at = [...path, 'coordinates'];
    if (type === 'Polygon') {
      const polygon = this.#polygon(coordinates, at);
      return polygon && [polygon];
    }
    if (type !== 'MultiPolygon') {
      const types = otherTypes === undefined ? '"Polygon" or "MultiPolygon"' : '"Polygon", "MultiPolygon"';
      const expected = otherTypes === undefined ? types : `${types}, ${otherTypes}`;
      return this.#wrong([...path, 'type'], type, expected);
    }
    if (!Array.isArray(coordinates) || coordinates.length === 0)
      return this.#wrong(at, coordinates, 'an array of at least one polygon');
    return allOf(coordinates, (polygon, i) => this.#polygon(polygon, [...at, i]));
  }

  #zone(value: unknown, path: GeoJsonPath): Zone | undefined {
    const { type, geometry, properties } = membersOf(value);
    if (type !== 'Feature') return this.#wrong([...path, 'type'], type, '"Feature"');
    const polygons = this.geometry(geometry, [...path, 'geometry']);
    if (polygons === undefined) return undefined;
    const { openingHours, deliveryFee: feeGiven } = membersOf(properties);
    const hoursText = hoursTextOf(openingHours);
    if (hoursText === undefined) {
      const expected = typeof openingHours === 'string' ? 'text in valid Unicode' : WEEK_TABLE_EXPECTED;
      return this.#wrong([...path, 'properties', 'openingHours'], openingHours, expected);
    }
    const deliveryFee = numberOf(feeGiven) ?? undefined;
    if (deliveryFee !== undefined && !isFee(deliveryFee))
      return this.#wrong([...path, 'properties', 'deliveryFee'], feeGiven, 'a finite number of at least 0');
    return {
      polygons,
      ...(hoursText !== '' && { openingHours: hoursText }),
      ...(deliveryFee !== undefined && { deliveryFee }),
    };
  }

  /** The rings, each moved by whole turns: the outer one begins in [-180, 180), holes lie around its middle. */
  #polygon(value: unknown, path: GeoJsonPath): Polygon | undefined {
    if (!Array.isArray(value) || value.length === 0)
      return this.#wrong(path, value, 'an array of at least one ring');
    const drawn = allOf(value, (ring, i) => this.#ring(ring, [...path, i]));
    if (drawn === undefined) return undefined;
    const { west, east } = boxOf(turned(drawn[0]!, 0));
    const home = west < -180 ? 1 : west >= 180 ? -1 : 0;
    const middle = (west + east) / 2 + home * TURN_DEGREES;
    const rings = drawn.map((ring) => turned(ring, turnsToward(middle, ring)));
    const outer = boxOf(rings[0]!);
    const stray = rings.findIndex((ring) => !isInBox(boxOf(ring), outer));
    if (stray === -1) return rings;
    const expected = 'a hole inside the ring that comes first; other polygons belong into a MultiPolygon';
    return this.#say([...path, stray], 'a hole that reaches outside', expected);
  }

  #ring(value: unknown, path: GeoJsonPath): DrawnRing | undefined {
    if (!Array.isArray(value)) return this.#wrong(path, value, 'a ring: an array of positions');
    const count = value.length;
    if (count < RING_POSITIONS_MIN)
      return this.#say(path, `${count} positions`, `a ring of at least ${RING_POSITIONS_MIN}`);
    this.#positionCount += count;
    if (this.#positionCount > this.#positionCountMax) {
      const expected = `at most ${this.#positionCountMax}; simplify the polygons`;
      return this.#say(path, `${this.#positionCount} positions so far`, expected);
    }
    const positions = allOf(value, (position, i) => this.#position(position, path, i));
    if (positions === undefined) return undefined;
    const [first, last] = [positions[0]!, positions.at(-1)!];
    if (first[0] !== last[0] || first[1] !== last[1])
      return this.#wrong([...path, count - 1], last, `the first position again, ${shown(first)}`);
    return this.#drawn(positions, path);
  }

  #position(value: unknown, path: GeoJsonPath, i: number): Position | undefined {
    const [lon, lat] = Array.isArray(value) ? [numberOf(value[0]), numberOf(value[1])] : [];
    if (typeof lon !== 'number' || typeof lat !== 'number')
      return this.#wrong([...path, i], value, 'a position: [lon, lat] in degrees');
    const fault = locationFault(lon, lat);
    if (fault === undefined) return [lon, lat];
    return this.#wrong([...path, i], value, `a position in degrees: ${fault}`);
  }

  /** Follows the positions and counts the turns round the Earth that lie before each. */
  #drawn(positions: readonly Position[], path: GeoJsonPath): DrawnRing | undefined {
    const turns: number[] = [];
    let turn = 0;
    positions.forEach(([lon, lat], i) => {
      const [lonBefore, latBefore] = positions[Math.max(0, i - 1)]!;
      const step = lon - lonBefore;
      const isRoundTheEarth = Math.abs(step) === TURN_DEGREES && lat === latBefore;
      if (Math.abs(step) > TURN_DEGREES / 2 && !isRoundTheEarth) turn -= Math.sign(step);
      turns.push(turn);
    });
    if (turn !== 0) {
      const expected =
        'one that leads back to its start; cut it at the date line and take it along the pole, from [180, ±90] to [-180, ±90]';
      return this.#say(path, 'a ring round a pole', expected);
    }
    const { west, east } = boxOf(turned({ positions, turns }, 0));
    if (east - west > TURN_DEGREES)
      return this.#say(path, `a ring of ${east - west} degrees of longitude`, `at most ${TURN_DEGREES}`);
    return { positions, turns };
  }

  #wrong(path: GeoJsonPath, value: unknown, expected: string): undefined {
    this.#say(path, shown(value), expected);
  }

  #say(path: GeoJsonPath, found: string, expected: string): undefined {
    this.#refuse(path, found, expected);
  }
}

/** A ring as it is followed from its first position, which has turn 0. */
interface DrawnRing {
  readonly positions: readonly Position[];
  readonly turns: readonly number[];
}

interface Box {
  readonly west: number;
  readonly east: number;
  readonly south: number;
  readonly north: number;
}

function boxOf({ lons, lats }: Ring): Box {
  const least = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b));
  const most = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b));
  return { west: least(lons), east: most(lons), south: least(lats), north: most(lats) };
}

function isInBox(inner: Box, outer: Box): boolean {
  const isInLon = inner.west >= outer.west && inner.east <= outer.east;
  return isInLon && inner.south >= outer.south && inner.north <= outer.north;
}

/** The turns that bring a ring next to a longitude. */
function turnsToward(lon: number, ring: DrawnRing): number {
  const { west, east } = boxOf(turned(ring, 0));
  return Math.round((lon - (west + east) / 2) / TURN_DEGREES);
}

function turned({ positions, turns }: DrawnRing, by: number): Ring {
  const open = positions.slice(0, -1);
  return {
    lons: open.map(([lon], i) => turnedLon(lon, turns[i]! + by)),
    lats: open.map(([, lat]) => exactDegrees(lat)),
  };
}

/** Rounded once, from the longitude as it was written. */
function turnedLon(lon: number, turns: number): number {
  return exactDegrees(lon) + turns * TURN_DEGREES;
}

/** A text as it is, a weekly table as a text, nothing as an empty one; undefined of what is none of these. */
function hoursTextOf(openingHours: unknown): string | undefined {
  if (openingHours === undefined || openingHours === null) return '';
  if (typeof openingHours !== 'string') return weekTableText(openingHours);
  return openingHours.isWellFormed() ? openingHours : undefined;
}

function isFee(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < Infinity;
}

/** Whole numbers of a Parquet file are bigints. */
function numberOf(value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}

/** What `read` makes of every value, or undefined as soon as it makes undefined of one. */
function allOf<T>(
  values: readonly unknown[],
  read: (value: unknown, i: number) => T | undefined,
): T[] | undefined {
  const all: T[] = [];
  for (let i = 0; i < values.length; i++) {
    const one = read(values[i], i);
    if (one === undefined) return undefined;
    all.push(one);
  }
  return all;
}
