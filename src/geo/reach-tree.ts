/**
 * Finds the shops that reach a location: a tree of boxes over the rows in kd order, each with how far the shops
 * inside it deliver at least and at most.
 *
 * The tree is implicit, as in kdbush: a node covers the rows [left, right], its middle row stands alone, its children
 * cover the rows before and behind it, down to leaves of 64. Node i has the children 2i + 1 and 2i + 2. A box lies
 * in space (meters from the Earth's centre), so there is no date line and no pole to treat.
 *
 *   node   8 float64:  minX minY minZ  maxX maxY maxZ  least reach  greatest reach
 *   reach  squared chord of a shop's own delivery radius, square meters; -1 for a shop that has zones alone
 */
import { EngineError } from '../base/errors.ts';
import type { Location } from '../domain/location.ts';
import {
  CHORD_SQUARED_UNLIMITED,
  chordSquared,
  chordSquaredOfMeters,
  metersOfChordSquared,
  writePosition,
} from './earth.ts';
import { LEAF_SIZE } from './kd-order.ts';

const NODE_FLOATS = 8;
/** The reach of a shop without a radius: below any squared chord, so the tree never finds it. */
export const NO_REACH = -1;

/** The arrays of a snapshot that say where its shops are. */
export interface Places {
  /** float64[shopCount][3]: meters from the Earth's centre. */
  readonly positions: Float64Array;
  /** float64[shopCount]: squared chord of the shop's own delivery radius, or NO_REACH. */
  readonly reaches: Float64Array;
  /** float64[nodeCount][8]. */
  readonly nodes: Float64Array;
}

/** float64 values that the tree over `shopCount` rows takes. */
export function treeFloats(shopCount: number): number {
  if (shopCount === 0) return 0;
  let levels = 1;
  // The larger child of a node has half of its rows, rounded down, since the middle row is in neither.
  for (let rows = shopCount; rows > LEAF_SIZE; rows >>= 1) levels++;
  return (2 ** levels - 1) * NODE_FLOATS;
}

/** Builds the tree over positions and reaches in kd order. */
export function buildTree(positions: Float64Array, reaches: Float64Array): Float64Array {
  const nodes = new Float64Array(treeFloats(reaches.length));
  const build = (node: number, left: number, right: number): void => {
    const at = node * NODE_FLOATS;
    nodes.fill(Infinity, at, at + 3);
    nodes.fill(-Infinity, at + 3, at + 6);
    nodes[at + 6] = Infinity;
    nodes[at + 7] = -Infinity;
    const middle = isLeaf(left, right) ? -1 : (left + right) >> 1;
    const first = middle === -1 ? left : middle;
    const last = middle === -1 ? right : middle;
    for (let row = first; row <= last; row++) coverRow(nodes, at, positions, reaches, row);
    if (middle === -1) return;
    if (middle > left) {
      build(2 * node + 1, left, middle - 1);
      coverNode(nodes, at, (2 * node + 1) * NODE_FLOATS);
    }
    build(2 * node + 2, middle + 1, right);
    coverNode(nodes, at, (2 * node + 2) * NODE_FLOATS);
  };
  if (reaches.length > 0) build(0, 0, reaches.length - 1);
  return nodes;
}

function isLeaf(left: number, right: number): boolean {
  return right - left < LEAF_SIZE;
}

function coverRow(
  nodes: Float64Array,
  at: number,
  positions: Float64Array,
  reaches: Float64Array,
  row: number,
): void {
  for (let axis = 0; axis < 3; axis++) {
    const value = positions[row * 3 + axis]!;
    nodes[at + axis] = Math.min(nodes[at + axis]!, value);
    nodes[at + 3 + axis] = Math.max(nodes[at + 3 + axis]!, value);
  }
  nodes[at + 6] = Math.min(nodes[at + 6]!, reaches[row]!);
  nodes[at + 7] = Math.max(nodes[at + 7]!, reaches[row]!);
}

function coverNode(nodes: Float64Array, at: number, child: number): void {
  for (let axis = 0; axis < 3; axis++) {
    nodes[at + axis] = Math.min(nodes[at + axis]!, nodes[child + axis]!);
    nodes[at + 3 + axis] = Math.max(nodes[at + 3 + axis]!, nodes[child + 3 + axis]!);
  }
  nodes[at + 6] = Math.min(nodes[at + 6]!, nodes[child + 6]!);
  nodes[at + 7] = Math.max(nodes[at + 7]!, nodes[child + 7]!);
}

/** Lets every shop deliver everywhere, in place: what a shop is worth beyond its own reach can be asked then. */
export function reachEverywhere({ reaches, nodes }: Places): void {
  reaches.fill(CHORD_SQUARED_UNLIMITED);
  for (let at = 0; at < nodes.length; at += NODE_FLOATS) nodes.fill(CHORD_SQUARED_UNLIMITED, at + 6, at + 8);
}

/** Search over the places of one snapshot. */
export class ReachTree {
  readonly #places: Places;
  readonly #shopCount: number;
  readonly #center = new Float64Array(3);
  #limit = 0;
  #out: Uint32Array = new Uint32Array(0);
  #count = 0;

  constructor(places: Places) {
    this.#places = places;
    this.#shopCount = places.reaches.length;
  }

  /**
   * Writes the ordinals of the shops that deliver to `location` into `out`, ascending; returns how many.
   * A shop delivers if the location is within its own radius and within `radiusMeters`; both bounds are inclusive.
   * `out` must have room for every shop.
   */
  find(location: Location, radiusMeters: number | undefined, out: Uint32Array): number {
    if (this.#shopCount === 0) return 0;
    writePosition(location.lon, location.lat, this.#center, 0);
    this.#limit = radiusMeters === undefined ? CHORD_SQUARED_UNLIMITED : chordSquaredOfMeters(radiusMeters);
    this.#out = out;
    this.#count = 0;
    this.#visit(0, 0, this.#shopCount - 1);
    return this.#count;
  }

  /** Measures the squared chord from a location to any shop. */
  chordsSquaredFrom(location: Location): (ordinal: number) => number {
    const { positions } = this.#places;
    const from = new Float64Array(3);
    writePosition(location.lon, location.lat, from, 0);
    return (ordinal) => chordSquared(from, 0, positions, ordinal * 3);
  }

  /** Where the positions stand, as an address in the memory that the snapshot lies in. */
  get positionsAddress(): number {
    return this.#places.positions.byteOffset;
  }

  /** How far a location lies outside a shop's own radius, meters; 0 inside, Infinity for a shop that has none. */
  metersBeyond(ordinal: number, location: Location): number {
    const reach = this.#places.reaches[ordinal]!;
    if (reach === NO_REACH) return Infinity;
    const squared = this.chordsSquaredFrom(location)(ordinal);
    return squared <= reach ? 0 : metersOfChordSquared(squared) - metersOfChordSquared(reach);
  }

  /** Whether a shop delivers within a radius, which may be any distance. */
  hasRadius(ordinal: number): boolean {
    return this.#places.reaches[ordinal] !== NO_REACH;
  }

  /** Tells of any shop whether its own radius reaches a location, as `find` does. */
  reachingTo(location: Location): (ordinal: number) => boolean {
    const { reaches } = this.#places;
    const chordSquaredTo = this.chordsSquaredFrom(location);
    return (ordinal) => chordSquaredTo(ordinal) <= reaches[ordinal]!;
  }

  #visit(node: number, left: number, right: number): void {
    const at = node * NODE_FLOATS;
    // The distances to a box bound those to the points inside it also after rounding, as every step here is monotone.
    if (this.#isBeyond(at)) return;
    if (this.#isWithin(at)) {
      for (let ordinal = left; ordinal <= right; ordinal++) this.#out[this.#count++] = ordinal;
      return;
    }
    if (isLeaf(left, right)) {
      this.#testRange(left, right);
      return;
    }
    const middle = (left + right) >> 1;
    if (middle > left) this.#visit(2 * node + 1, left, middle - 1);
    this.#testRange(middle, middle);
    this.#visit(2 * node + 2, middle + 1, right);
  }

  /** Tests rows one by one. Locals instead of fields, as bench/candidates shows: most of a search is this loop. */
  #testRange(left: number, right: number): void {
    const { positions, reaches } = this.#places;
    const limit = this.#limit;
    const out = this.#out;
    const center = this.#center;
    const centerX = center[0]!;
    const centerY = center[1]!;
    const centerZ = center[2]!;
    let count = this.#count;
    for (let ordinal = left; ordinal <= right; ordinal++) {
      const x = centerX - positions[ordinal * 3]!;
      const y = centerY - positions[ordinal * 3 + 1]!;
      const z = centerZ - positions[ordinal * 3 + 2]!;
      const squared = x * x + y * y + z * z;
      if (squared <= limit && squared <= reaches[ordinal]!) out[count++] = ordinal;
    }
    this.#count = count;
  }

  // These answer yes or no: V8 would allocate a number that a method returns for every box.

  /** Whether no shop in a box reaches the location, or the radius no shop in it. */
  #isBeyond(at: number): boolean {
    const { nodes } = this.#places;
    const center = this.#center;
    const x = Math.max(nodes[at]! - center[0]!, center[0]! - nodes[at + 3]!, 0);
    const y = Math.max(nodes[at + 1]! - center[1]!, center[1]! - nodes[at + 4]!, 0);
    const z = Math.max(nodes[at + 2]! - center[2]!, center[2]! - nodes[at + 5]!, 0);
    return x * x + y * y + z * z > Math.min(nodes[at + 7]!, this.#limit);
  }

  /** Whether every shop in a box reaches the location, and the radius every shop in it. */
  #isWithin(at: number): boolean {
    const { nodes } = this.#places;
    const center = this.#center;
    const x = Math.max(Math.abs(center[0]! - nodes[at]!), Math.abs(center[0]! - nodes[at + 3]!));
    const y = Math.max(Math.abs(center[1]! - nodes[at + 1]!), Math.abs(center[1]! - nodes[at + 4]!));
    const z = Math.max(Math.abs(center[2]! - nodes[at + 2]!), Math.abs(center[2]! - nodes[at + 5]!));
    return x * x + y * y + z * z <= Math.min(nodes[at + 6]!, this.#limit);
  }
}

/**
 * Throws unless the positions and reaches of the ordinals `first` … `end` are finite, and positions those of the
 * coordinates on the ellipsoid.
 */
export function verifyPlaces(
  coordinates: Float64Array,
  { positions, reaches }: Places,
  first = 0,
  end = reaches.length,
): void {
  const expected = new Float64Array(3);
  for (let ordinal = first; ordinal < end; ordinal++) {
    writePosition(coordinates[ordinal * 2]!, coordinates[ordinal * 2 + 1]!, expected, 0);
    // Another machine's sine may differ in the last bit; a millimeter is far above that.
    if (!(chordSquared(expected, 0, positions, ordinal * 3) < 1e-6)) {
      throw new EngineError(
        'snapshot_invalid',
        `position of ordinal ${ordinal} is not that of its coordinate; rebuild the snapshot`,
      );
    }
    const reach = reaches[ordinal]!;
    if (reach !== NO_REACH && !(reach > 0 && reach <= CHORD_SQUARED_UNLIMITED)) {
      throw new EngineError(
        'snapshot_invalid',
        `reach of ordinal ${ordinal} must be in (0, ${CHORD_SQUARED_UNLIMITED}] or ${NO_REACH}, found ${reach}`,
      );
    }
  }
}

/** Throws unless the nodes are what `buildTree` makes of the positions and reaches. */
export function verifyTree({ positions, reaches, nodes }: Places): void {
  const rebuilt = buildTree(positions, reaches);
  const at = rebuilt.findIndex((value, i) => value !== nodes[i]);
  if (at !== -1) {
    throw new EngineError(
      'snapshot_invalid',
      `tree node ${Math.floor(at / NODE_FLOATS)} holds ${nodes[at]}, its shops make ${rebuilt[at]}`,
    );
  }
}
