/**
 * The oracle of zones: random worlds of shops with polygons, and who delivers to a location by exact arithmetic on
 * whole numbers. It shares nothing with src/geo: other arithmetic, another ray (to the north), no index, no boxes, no
 * longitudes that jump (a world is drawn on a plane that goes on beyond the date line and is cut up only for GeoJSON).
 */
import { Random } from '../src/base/random.ts';
import type { Location } from '../src/domain/location.ts';

/** Everything is a multiple of 2^-SCALE_BITS here. */
const SCALE_BITS = 460n;
const TURN = 360n << SCALE_BITS;
/** Drawn coordinates are multiples of 2^-30 degrees (0.1 mm), so that moving them by 360 degrees loses nothing. */
const GRID = 2 ** 30;

/** Degrees on the plane of a world. */
interface Point {
  readonly x: number;
  readonly y: number;
}
export type DrawnPolygon = readonly (readonly Point[])[];
export interface DrawnZone {
  readonly polygons: readonly DrawnPolygon[];
  readonly deliveryFee?: number;
  readonly openingHours?: string;
}
export interface DrawnShop extends Location {
  readonly radiusMeters?: number;
  readonly zones: readonly DrawnZone[];
}
export interface World {
  readonly kind: Kind;
  readonly shops: readonly DrawnShop[];
  readonly locations: readonly Location[];
}

const KINDS = ['town', 'dateLine', 'wide', 'grid', 'doubles', 'nearZero'] as const;
type Kind = (typeof KINDS)[number];

interface Terms {
  readonly kind: Kind;
  readonly middle: Point;
  /** Degrees that the world reaches to each side. */
  readonly spread: number;
  /** Makes a number that a coordinate of this kind may be. */
  readonly snap: (value: number) => number;
}

export function drawWorld(seed: number, shopCount: number, locationCount: number): World {
  const random = new Random(seed);
  const terms = termsOf(random);
  const shops = Array.from({ length: shopCount }, () => drawShop(random, terms));
  const locations = Array.from({ length: locationCount }, () => drawLocation(random, terms, shops));
  return { kind: terms.kind, shops, locations };
}

function termsOf(random: Random): Terms {
  const kind = random.pick(KINDS);
  const onGrid = (value: number): number => Math.round(value * GRID) / GRID;
  const coarse = (value: number): number => Math.round(value * 4) / 4;
  const town = { x: onGrid(random.between(-150, 150)), y: onGrid(random.between(-60, 60)) };
  switch (kind) {
    case 'town':
      return { kind, middle: town, spread: random.pick([0.001, 0.1, 5]), snap: onGrid };
    case 'dateLine':
      return { kind, middle: { x: 180, y: town.y }, spread: random.pick([0.001, 0.5, 15]), snap: onGrid };
    case 'wide':
      return { kind, middle: { x: town.x, y: 0 }, spread: 85, snap: onGrid };
    case 'grid':
      return { kind, middle: { x: random.pick([0, 100, 180]), y: 0 }, spread: 2, snap: coarse };
    case 'doubles':
      return { kind, middle: town, spread: random.pick([1e-9, 0.01, 5]), snap: (value) => value };
    case 'nearZero':
      return {
        kind,
        middle: { x: 0, y: 0 },
        spread: random.pick([1e-90, 1e-20, 1e-3]),
        snap: (value) => value,
      };
  }
}

function drawShop(random: Random, terms: Terms): DrawnShop {
  const { x, y } = drawPoint(random, terms);
  const zones = Array.from({ length: 1 + random.below(3) }, () => ({
    polygons: Array.from({ length: 1 + random.below(2) }, () => drawPolygon(random, terms)),
    ...(random.unit() < 0.6 && { deliveryFee: random.below(4) * 500 }),
  }));
  return {
    lon: wrapped(x),
    lat: y,
    zones: random.unit() < 0.1 ? [] : zones,
    ...(random.unit() < 0.3 && { radiusMeters: 1 + 60_000 * terms.spread * random.unit() }),
  };
}

function drawPoint(random: Random, { middle, spread, snap }: Terms): Point {
  return {
    x: snap(middle.x + random.between(-spread, spread)),
    y: snap(middle.y + random.between(-spread, spread)),
  };
}

function drawPolygon(random: Random, terms: Terms): DrawnPolygon {
  const { middle, spread, snap, kind } = terms;
  const center = kind === 'wide' ? middle : drawPoint(random, terms);
  const half = kind === 'wide' ? spread : spread * random.between(0.1, 0.6);
  const stretch = kind === 'wide' ? random.between(0.5, 1.9) : 1;
  const star = (size: number): Point[] => {
    const count = kind === 'wide' ? 16 + random.below(10) : 3 + random.below(20);
    const points = Array.from({ length: count }, (_, i) => {
      const angle = (2 * Math.PI * (i + 0.5 * random.unit())) / count;
      const reach = half * size * random.between(0.6, 1);
      return {
        x: snap(center.x + stretch * reach * Math.cos(angle)),
        y: snap(center.y + reach * Math.sin(angle)),
      };
    });
    return random.unit() < 0.5 ? points : points.toReversed();
  };
  const scribble = (): Point[] =>
    Array.from({ length: 3 + random.below(8) }, () => ({
      x: snap(center.x + random.between(-half, half)),
      y: snap(center.y + random.between(-half, half)),
    }));
  const outer = random.unit() < 0.3 && kind !== 'wide' ? scribble() : star(1);
  const holes = Array.from({ length: random.below(3) }, () => star(random.between(0.1, 0.9)));
  const rings = [outer, ...holes.filter((hole) => isInBox(hole, outer))].map(withoutRepeats);
  if (rings[0]!.length < 3) return drawPolygon(random, terms);
  return rings.filter((ring) => ring.length >= 3);
}

function isInBox(hole: readonly Point[], outer: readonly Point[]): boolean {
  const range = (values: readonly number[]) => [Math.min(...values), Math.max(...values)] as const;
  const [west, east] = range(outer.map(({ x }) => x));
  const [south, north] = range(outer.map(({ y }) => y));
  return hole.every(({ x, y }) => west <= x && x <= east && south <= y && y <= north);
}

/** A repeated position at the date line could be read as an edge round the Earth. */
function withoutRepeats(ring: readonly Point[]): Point[] {
  return ring.filter((point, i) => {
    const before = ring[(i + ring.length - 1) % ring.length]!;
    return point.x !== before.x || point.y !== before.y;
  });
}

/** Anywhere, on vertices, on edges, level with vertices, and a step of the last bit beside those. */
function drawLocation(random: Random, terms: Terms, shops: readonly DrawnShop[]): Location {
  const zones = random.pick(shops).zones;
  const polygon = zones.length === 0 ? undefined : random.pick(random.pick(zones).polygons);
  if (polygon === undefined || random.unit() < 0.3) return locationOf(drawPoint(random, terms));
  const ring = random.pick(polygon);
  const i = random.below(ring.length);
  const [a, b] = [ring[i]!, ring[(i + 1) % ring.length]!];
  const share = random.below(17) / 16;
  const point = random.pick([
    a,
    { x: a.x + (b.x - a.x) * share, y: a.y + (b.y - a.y) * share },
    { x: a.x + (b.x - a.x) * share, y: a.y + (b.y - a.y) * share },
    { x: drawPoint(random, terms).x, y: a.y },
    { x: a.x, y: drawPoint(random, terms).y },
  ]);
  const { lon, lat } = locationOf(point);
  const step = random.below(6);
  // Far from the date line a longitude moved by 360 degrees is rounded, as documented.
  if (step === 0 && terms.kind !== 'wide') return { lon: beside(random, lon, 180), lat };
  if (step === 1) return { lon, lat: beside(random, lat, 90) };
  return { lon, lat };
}

function locationOf({ x, y }: Point): Location {
  return { lon: wrapped(x), lat: y };
}

/** The next float64 above or below, not beyond the bound. */
function beside(random: Random, value: number, bound: number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigInt64(0);
  if (value === 0) return value;
  view.setBigInt64(0, bits + (random.unit() < 0.5 ? 1n : -1n));
  const found = view.getFloat64(0);
  return Math.abs(found) <= bound ? found : value;
}

/** A longitude of the plane as the world writes it. */
function wrapped(x: number): number {
  return x > 180 ? x - 360 : x < -180 ? x + 360 : x;
}

/** The zones of a shop as their owner would write them. */
export function geoJsonOf(random: Random, zones: readonly DrawnZone[]): unknown {
  const ring = (points: readonly Point[]): number[][] => {
    const positions = points.map(({ x, y }) => {
      const lon = wrapped(x);
      return [Math.abs(lon) === 180 && random.unit() < 0.5 ? -lon : lon, y];
    });
    return [...positions, positions[0]!];
  };
  const features = zones.map(({ polygons, ...properties }) => ({
    type: 'Feature',
    properties: Object.keys(properties).length === 0 ? null : properties,
    geometry:
      polygons.length === 1 && random.unit() < 0.5
        ? { type: 'Polygon', coordinates: polygons[0]!.map(ring) }
        : { type: 'MultiPolygon', coordinates: polygons.map((polygon) => polygon.map(ring)) },
  }));
  return { type: 'FeatureCollection', features };
}

/** A drawn polygon in whole numbers. */
export interface ExactPolygon {
  readonly rings: readonly (readonly (readonly [x: bigint, y: bigint])[])[];
}

export function exactPolygon(polygon: DrawnPolygon): ExactPolygon {
  return { rings: polygon.map((ring) => ring.map(({ x, y }) => [exact(x), exact(y)] as const)) };
}

/** Whether a polygon holds a location, wherever on the plane that lies; even-odd, borders inclusive. */
export function holdsExactly(polygon: ExactPolygon, { lon, lat }: Location): boolean {
  const [x, y] = [exact(lon), exact(lat)];
  return [0n, TURN, -TURN].some((turn) => holdsPoint(polygon, x + turn, y));
}

function holdsPoint({ rings }: ExactPolygon, x: bigint, y: bigint): boolean {
  let isInside = false;
  for (const ring of rings) {
    for (let i = 0; i < ring.length; i++) {
      const [x1, y1] = ring[i]!;
      const [x2, y2] = ring[(i + 1) % ring.length]!;
      const westOfBoth = x < x1 && x < x2;
      const eastOfBoth = x > x1 && x > x2;
      if (westOfBoth || eastOfBoth || (y > y1 && y > y2)) continue;
      // Above 0 where the point lies to the left of the edge.
      const side = (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1);
      const isBelowBoth = y < y1 && y < y2;
      if (side === 0n && !isBelowBoth) return true;
      const crosses = x1 <= x !== x2 <= x;
      if (crosses && side < 0n === x1 < x2) isInside = !isInside;
    }
  }
  return isInside;
}

/** A float64 as a multiple of 2^-SCALE_BITS; throws if it is none. */
function exact(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const exponent = (bits >> 52n) & 0x7ffn;
  const fraction = bits & 0xfffffffffffffn;
  const mantissa = exponent === 0n ? fraction : fraction | 0x10000000000000n;
  const shift = (exponent === 0n ? 1n : exponent) - 1075n + SCALE_BITS;
  if (shift < 0n && mantissa % (1n << -shift) !== 0n) throw new Error(`${value} is too fine for this oracle`);
  const size = shift < 0n ? mantissa >> -shift : mantissa << shift;
  return value < 0 ? -size : size;
}
