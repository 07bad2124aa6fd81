/**
 * The zones of a snapshot: polygons that shops deliver to, each with a fee and hours of its own if given, and a tree of
 * their boxes. What the hours mean is not known here.
 * Made by `ZonesBuilder`, in one block of bytes that is read where it lies:
 *
 *     u32 zone count Z │ u32 polygon count P │ u32 ring count R │ u32 vertex count V
 *     fees          f64 [Z]      delivery fee of each zone, NaN without one
 *     lons          f64 [V]      positions of the rings without the last, which repeats the first, see geo/polygons.ts
 *     lats          f64 [V]
 *     boxes         f64 […][4]   boxes of the polygons and a tree over them, see geo/box-tree.ts
 *     cells         u8  [P][64]  what is known of each polygon without its vertices, see geo/cells.ts
 *     shops         u32 [Z]      ordinal of each zone's shop, ascending
 *     zonePolygons  u32 [Z + 1]  first polygon of each zone, then P
 *     polygonZones  u32 [P]      zone of each polygon
 *     polygonRings  u32 [P + 1]  first ring of each polygon, then R; its outer ring comes first
 *     ringVertices  u32 [R + 1]  first vertex of each ring, then V
 *     hours         text table   of each zone, empty without hours of its own
 *
 * Every part begins at a multiple of 8 bytes.
 */
import { alignUp } from '../base/aligned-bytes.ts';
import { invalidSection } from '../base/invalid-section.ts';
import { TextTable } from '../base/text-table.ts';
import { encodeTextTable } from '../base/text-table-builder.ts';
import type { Location } from '../domain/location.ts';
import type { Zone } from '../domain/zone.ts';
import { BoxTree, boxTreeFloats, buildBoxTree } from './box-tree.ts';
import { cellAt, CELLS_BYTES, findCells, ON_BORDER, OUTSIDE } from './cells.ts';
import { CHORD_SQUARED_UNLIMITED, chordSquared, chordSquaredOfMeters, writePosition } from './earth.ts';
import { metersToBorder } from './meters-to-border.ts';
import { exactDegrees, oneTurnEast, Polygons, westmost } from './polygons.ts';
import { NO_REACH, type Places } from './reach-tree.ts';

const SECTION = 'zones';
const HEADER_BYTES = 16;
const ALIGNMENT_BYTES = 8;
const LON_END = 540;

interface Counts {
  readonly zones: number;
  readonly polygons: number;
  readonly rings: number;
  readonly vertices: number;
}

/** Bytes of all parts before the hours. */
function fixedBytesOf({ zones, polygons, rings, vertices }: Counts): number {
  const parts = [
    HEADER_BYTES,
    zones * 8,
    vertices * 8,
    vertices * 8,
    boxTreeFloats(polygons) * 8,
    polygons * CELLS_BYTES,
    zones * 4,
    (zones + 1) * 4,
    polygons * 4,
    (polygons + 1) * 4,
    (rings + 1) * 4,
  ];
  return parts.reduce((sum, bytes) => sum + alignUp(bytes, ALIGNMENT_BYTES), 0);
}

/** The parts of a section that is long enough for them, in place. */
function partsOf(bytes: Uint8Array, { zones, polygons, rings, vertices }: Counts) {
  const { buffer, byteOffset } = bytes;
  let end = HEADER_BYTES;
  const take = (sizeBytes: number): number => {
    const start = end;
    end = alignUp(start + sizeBytes, ALIGNMENT_BYTES);
    return start;
  };
  const float64 = (count: number) => new Float64Array(buffer, byteOffset + take(count * 8), count);
  const uint32 = (count: number) => new Uint32Array(buffer, byteOffset + take(count * 4), count);
  const uint8 = (count: number) => new Uint8Array(buffer, byteOffset + take(count), count);
  // In the order of the drawing.
  return {
    fees: float64(zones),
    lons: float64(vertices),
    lats: float64(vertices),
    boxes: float64(boxTreeFloats(polygons)),
    cells: uint8(polygons * CELLS_BYTES),
    shops: uint32(zones),
    zonePolygons: uint32(zones + 1),
    polygonZones: uint32(polygons),
    polygonRings: uint32(polygons + 1),
    ringVertices: uint32(rings + 1),
    hours: bytes.subarray(end),
  };
}

/** Collects the zones of shops in the order of the input. */
export class ZonesBuilder {
  readonly #zonesOfRow = new Map<number, readonly Zone[]>();

  add(row: number, zones: readonly Zone[]): void {
    this.#zonesOfRow.set(row, zones);
  }

  /** The section, `order[ordinal]` being the row of a shop in the input. The same zones in the same order make the same bytes. */
  encode(order: Uint32Array): Uint8Array {
    const zones: Zone[] = [];
    const shops: number[] = [];
    order.forEach((row, ordinal) => {
      for (const zone of this.#zonesOfRow.get(row) ?? []) {
        zones.push(zone);
        shops.push(ordinal);
      }
    });
    const polygons = Polygons.of(zones.flatMap((zone) => zone.polygons));
    const hours = encodeTextTable(zones.map(({ openingHours = '' }) => openingHours));
    const counts: Counts = {
      zones: zones.length,
      polygons: polygons.count,
      rings: polygons.ringVertices.length - 1,
      vertices: polygons.lons.length,
    };
    const bytes = new Uint8Array(fixedBytesOf(counts) + hours.length);
    new Uint32Array(bytes.buffer, 0, 4).set([counts.zones, counts.polygons, counts.rings, counts.vertices]);
    const parts = partsOf(bytes, counts);
    zones.forEach((zone, i) => {
      const first = parts.zonePolygons[i]!;
      parts.fees[i] = zone.deliveryFee ?? Number.NaN;
      parts.zonePolygons[i + 1] = first + zone.polygons.length;
      parts.polygonZones.fill(i, first, first + zone.polygons.length);
    });
    parts.lons.set(polygons.lons);
    parts.lats.set(polygons.lats);
    parts.boxes.set(buildBoxTree(polygons));
    parts.cells.set(findCells(polygons, parts.boxes));
    parts.shops.set(shops);
    parts.polygonRings.set(polygons.polygonRings);
    parts.ringVertices.set(polygons.ringVertices);
    parts.hours.set(hours);
    return bytes;
  }
}

/** Search over the zones of one snapshot. One search runs at a time. */
export class Zones {
  /** How many zones there are; those of a shop follow each other. */
  readonly count: number;
  /** uint32[count]: the ordinal of each zone's shop, ascending. */
  readonly shops: Uint32Array;
  readonly #places: Places;
  readonly #fees: Float64Array;
  readonly #zonePolygons: Uint32Array;
  readonly #polygonZones: Uint32Array;
  readonly #polygons: Polygons;
  readonly #hours: TextTable;
  readonly #boxes: BoxTree;
  readonly #cells: Uint8Array;
  /** What a search works on: the polygons whose boxes hold the location, and in their place the shops that it finds. */
  readonly #scratch: Uint32Array;

  /** Reads a section in place. Throws `snapshot_invalid` if its parts cannot be there. */
  constructor(bytes: Uint8Array, places: Places) {
    if (bytes.length < HEADER_BYTES) {
      throw invalidSection(SECTION, `has ${bytes.length} bytes, expected at least ${HEADER_BYTES}`);
    }
    const counts = countsIn(bytes);
    const fixedBytes = fixedBytesOf(counts);
    if (bytes.length < fixedBytes)
      throw invalidSection(SECTION, `has ${bytes.length} bytes, expected at least ${fixedBytes}`);
    const parts = partsOf(bytes, counts);
    this.count = counts.zones;
    this.#places = places;
    this.#fees = parts.fees;
    this.shops = parts.shops;
    this.#zonePolygons = parts.zonePolygons;
    this.#polygonZones = parts.polygonZones;
    this.#polygons = new Polygons(parts.lons, parts.lats, parts.ringVertices, parts.polygonRings);
    this.#hours = TextTable.over(parts.hours, SECTION);
    this.#boxes = new BoxTree(parts.boxes, counts.polygons);
    this.#cells = parts.cells;
    this.#scratch = new Uint32Array(counts.polygons);
  }

  /**
   * Adds the shops with a polygon that holds `location` to the `count` ordinals in `out` that the reach tree found;
   * returns how many there are now, ascending, each once. They lie within `radiusMeters`, as those of the tree do.
   */
  add(location: Location, radiusMeters: number | undefined, out: Uint32Array, count: number): number {
    if (this.count === 0) return count;
    return merge(out, count, this.#scratch, this.#find(location, radiusMeters));
  }

  /** The zones of a shop, ascending. */
  numbersOf(ordinal: number): number[] {
    const zones: number[] = [];
    for (let zone = this.#firstZone(ordinal); this.shops[zone] === ordinal; zone++) zones.push(zone);
    return zones;
  }

  /** The zones of a shop as they were built. */
  of(ordinal: number): Zone[] {
    return this.numbersOf(ordinal).map((zone): Zone => {
      const first = this.#zonePolygons[zone]!;
      const count = this.#zonePolygons[zone + 1]! - first;
      const polygons = Array.from({ length: count }, (_, i) => this.#polygons.at(first + i));
      const [openingHours, deliveryFee] = [this.hoursOf(zone), this.feeOf(zone)];
      return {
        polygons,
        ...(openingHours !== undefined && { openingHours }),
        ...(deliveryFee !== undefined && { deliveryFee }),
      };
    });
  }

  /** The zones of a shop that hold a location, ascending. */
  holding(ordinal: number, location: Location): number[] {
    const lon = westmost(location.lon);
    const lat = exactDegrees(location.lat);
    return this.numbersOf(ordinal).filter((zone) => this.#holds(zone, lon, lat));
  }

  /** How far a location lies outside the zones of a shop, meters; 0 inside, Infinity for a shop that has none. */
  metersBeyond(ordinal: number, location: Location): number {
    if (this.holding(ordinal, location).length > 0) return 0;
    let meters = Infinity;
    for (let zone = this.#firstZone(ordinal); this.shops[zone] === ordinal; zone++) {
      const end = this.#zonePolygons[zone + 1]!;
      for (let polygon = this.#zonePolygons[zone]!; polygon < end; polygon++)
        meters = Math.min(meters, metersToBorder(this.#polygons, polygon, location));
    }
    return meters;
  }

  /** The delivery fee of a zone, or undefined if it has none of its own. */
  feeOf(zone: number): number | undefined {
    const fee = this.#fees[zone]!;
    return Number.isNaN(fee) ? undefined : fee;
  }

  /** The opening hours of a zone as its owner wrote them, or undefined if the shop's count. */
  hoursOf(zone: number): string | undefined {
    return this.#hours.at(zone) || undefined;
  }

  /** Throws `snapshot_invalid` unless all of this is what `ZonesBuilder` makes, and no shop is without any zone. */
  verify(): void {
    const { lons, ringVertices, polygonRings } = this.#polygons;
    verifyRuns('zonePolygons', this.#zonePolygons, this.#polygonZones.length, 1);
    verifyRuns('polygonRings', polygonRings, ringVertices.length - 1, 1);
    verifyRuns('ringVertices', ringVertices, lons.length, 3);
    for (let zone = 0; zone < this.count; zone++) this.#verifyZone(zone);
    if (this.#hours.count !== this.count)
      throw invalidSection(SECTION, `has hours of ${this.#hours.count} zones, expected ${this.count}`);
    this.#hours.verify();
    this.#verifyVertices();
    this.#verifyBoxes();
    if (Buffer.compare(findCells(this.#polygons, this.#boxes.nodes), this.#cells) !== 0)
      throw invalidSection(SECTION, 'the cells are not those that its polygons make');
    this.#verifyReaches();
  }

  #verifyZone(zone: number): void {
    const shop = this.shops[zone]!;
    const shopCount = this.#places.reaches.length;
    if (shop >= shopCount || (zone > 0 && shop < this.shops[zone - 1]!)) {
      const expected = `ascending below ${shopCount}`;
      throw invalidSection(SECTION, `zone ${zone} is of shop ${shop}, expected ${expected}`);
    }
    for (let polygon = this.#zonePolygons[zone]!; polygon < this.#zonePolygons[zone + 1]!; polygon++) {
      const found = this.#polygonZones[polygon]!;
      if (found !== zone)
        throw invalidSection(SECTION, `polygon ${polygon} is of zone ${found}, expected ${zone}`);
    }
    const fee = this.#fees[zone]!;
    if (fee < 0 || fee === Infinity)
      throw invalidSection(SECTION, `fee of zone ${zone} is ${fee}, expected a finite one of at least 0`);
  }

  #verifyVertices(): void {
    const { lons, lats } = this.#polygons;
    for (let i = 0; i < lons.length; i++) {
      const lon = lons[i]!;
      const lat = lats[i]!;
      const isPosition = lon >= -180 && lon < LON_END && Math.abs(lat) <= 90;
      if (!isPosition || exactDegrees(lon) !== lon || exactDegrees(lat) !== lat)
        throw invalidSection(SECTION, `vertex ${i} is at ${lon}, ${lat}, expected a position`);
    }
  }

  /** A search looks for a location at two longitudes; further east no polygon may lie. */
  #verifyBoxes(): void {
    const { nodes } = this.#boxes;
    const expected = buildBoxTree(this.#polygons);
    const wrong = expected.findIndex((degrees, i) => degrees !== nodes[i]);
    if (wrong !== -1) {
      const problem = `box ${wrong >> 2} holds ${nodes[wrong]}, its polygons make ${expected[wrong]}`;
      throw invalidSection(SECTION, problem);
    }
    for (let polygon = 0; polygon < this.#polygons.count; polygon++) {
      const west = nodes[polygon * 4]!;
      const east = nodes[polygon * 4 + 2]!;
      if (west < 180 && east - west <= 360) continue;
      const bound = 'a west below 180 and at most 360 degrees from there';
      throw invalidSection(SECTION, `polygon ${polygon} reaches from ${west} to ${east}, expected ${bound}`);
    }
  }

  /**
   * Writes the shops with a polygon that holds `location`, within `radiusMeters` and not found by the tree, to the
   * scratch, ascending; returns how many. What lies side by side in memory is read first.
   */
  #find({ lon: anyLon, lat: anyLat }: Location, radiusMeters: number | undefined): number {
    const [lon, lat] = [westmost(anyLon), exactDegrees(anyLat)];
    const scratch = this.#scratch;
    const polygonCount = this.#boxes.search(lon, lat, scratch);
    const { shops } = this;
    const polygonZones = this.#polygonZones;
    const { positions, reaches } = this.#places;
    const center = new Float64Array(3);
    writePosition(anyLon, anyLat, center, 0);
    const limit = radiusMeters === undefined ? CHORD_SQUARED_UNLIMITED : chordSquaredOfMeters(radiusMeters);
    let last = -1;
    let foundCount = 0;
    for (let i = 0; i < polygonCount; i++) {
      const polygon = scratch[i]!;
      const ordinal = shops[polygonZones[polygon]!]!;
      if (ordinal === last) continue;
      const reach = reaches[ordinal]!;
      if (reach !== NO_REACH || limit !== CHORD_SQUARED_UNLIMITED) {
        const squared = chordSquared(center, 0, positions, ordinal * 3);
        if (squared > limit || squared <= reach) continue;
      }
      if (this.#isInside(polygon, lon, lat)) scratch[foundCount++] = last = ordinal;
    }
    return foundCount;
  }

  /** Whether a polygon holds a location that its box holds, at `lon`, a turn further east, or, at its ends, both. */
  #isInside(polygon: number, lon: number, lat: number): boolean {
    const { nodes } = this.#boxes;
    if (nodes[polygon * 4]! <= lon && this.#isInsideAt(polygon, lon, lat)) return true;
    const lonEast = oneTurnEast(lon);
    return lonEast <= nodes[polygon * 4 + 2]! && this.#isInsideAt(polygon, lonEast, lat);
  }

  #isInsideAt(polygon: number, x: number, y: number): boolean {
    const cell = cellAt(this.#cells, this.#boxes.nodes, polygon, x, y);
    return cell !== OUTSIDE && (cell !== ON_BORDER || this.#polygons.holds(polygon, x, y));
  }

  #holds(zone: number, lon: number, lat: number): boolean {
    const end = this.#zonePolygons[zone + 1]!;
    for (let polygon = this.#zonePolygons[zone]!; polygon < end; polygon++)
      if (this.#boxes.holds(polygon, lon, lat) && this.#isInside(polygon, lon, lat)) return true;
    return false;
  }

  /** The first zone of a shop, or where it would be. */
  #firstZone(ordinal: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.shops[middle]! >= ordinal) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #verifyReaches(): void {
    const { reaches } = this.#places;
    for (let ordinal = 0; ordinal < reaches.length; ordinal++) {
      if (reaches[ordinal] === NO_REACH && this.shops[this.#firstZone(ordinal)] !== ordinal)
        throw invalidSection(
          SECTION,
          `shop ${ordinal} has neither a radius nor a zone, expected one of them`,
        );
    }
  }
}

function countsIn({ buffer, byteOffset }: Uint8Array): Counts {
  const [zones, polygons, rings, vertices] = new Uint32Array(buffer, byteOffset, 4);
  return { zones: zones!, polygons: polygons!, rings: rings!, vertices: vertices! };
}

/** Puts the first `addedCount` of `added` among the first `count` of `out`, all ascending and different; returns how many. */
function merge(out: Uint32Array, count: number, added: Uint32Array, addedCount: number): number {
  let from = count - 1;
  // From the end, so that none is overwritten before it is moved; what is below the least of `added` stays.
  for (let to = count + addedCount - 1, i = addedCount - 1; i >= 0; i--) {
    const ordinal = added[i]!;
    while (from >= 0 && out[from]! > ordinal) out[to--] = out[from--]!;
    out[to--] = ordinal;
  }
  return count + addedCount;
}

/** Throws unless `starts` ascends from 0 to `end` in steps of at least `stepMin`. */
function verifyRuns(part: string, starts: Uint32Array, end: number, stepMin: number): void {
  for (let i = 0; i < starts.length; i++) {
    const least = i === 0 ? 0 : starts[i - 1]! + stepMin;
    const start = starts[i]!;
    if (start >= least && (i > 0 || start === 0) && (i < starts.length - 1 || start === end)) continue;
    throw invalidSection(SECTION, `${part} ${i} is ${start}, expected ${least}..${end}, the last ${end}`);
  }
}
