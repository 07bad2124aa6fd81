/**
 * A tree over the boxes of polygons in the order they have: as flatbush packs it, without its sorting. Polygons come in
 * the order of their shops, which are neighbours already (see geo/kd-order.ts), so what a search reads of them lies
 * side by side, and it finds them in that order.
 *
 *   node   4 float64: west south east north
 *
 * The boxes of all polygons first, then a node for every 16 of those, then one for every 16 of these, up to one node.
 */
import { oneTurnEast, type Polygons } from './polygons.ts';

const NODE_FLOATS = 4;
const FAN_OUT = 16;

/** The first node of every level, the boxes' own first, and how many nodes there are in all. */
function levelStarts(boxCount: number): number[] {
  const starts = [0];
  let nodeCount = boxCount;
  for (let level = boxCount; level > 1; nodeCount += level) {
    starts.push(nodeCount);
    level = Math.ceil(level / FAN_OUT);
  }
  return [...starts, nodeCount];
}

/** float64 values that the tree over `boxCount` boxes takes. */
export function boxTreeFloats(boxCount: number): number {
  return levelStarts(boxCount).at(-1)! * NODE_FLOATS;
}

export function buildBoxTree(polygons: Polygons): Float64Array {
  const starts = levelStarts(polygons.count);
  const nodes = new Float64Array(boxTreeFloats(polygons.count));
  for (let polygon = 0; polygon < polygons.count; polygon++)
    polygons.writeBox(polygon, nodes.subarray(polygon * NODE_FLOATS, (polygon + 1) * NODE_FLOATS));
  for (let level = 1; level < starts.length - 1; level++) {
    for (let node = starts[level]!; node < starts[level + 1]!; node++) {
      const first = starts[level - 1]! + (node - starts[level]!) * FAN_OUT;
      coverNodes(nodes, node, first, Math.min(first + FAN_OUT, starts[level]!));
    }
  }
  return nodes;
}

function coverNodes(nodes: Float64Array, node: number, first: number, end: number): void {
  const at = node * NODE_FLOATS;
  nodes.fill(Infinity, at, at + 2).fill(-Infinity, at + 2, at + 4);
  for (let child = first * NODE_FLOATS; child < end * NODE_FLOATS; child += NODE_FLOATS) {
    nodes[at] = Math.min(nodes[at]!, nodes[child]!);
    nodes[at + 1] = Math.min(nodes[at + 1]!, nodes[child + 1]!);
    nodes[at + 2] = Math.max(nodes[at + 2]!, nodes[child + 2]!);
    nodes[at + 3] = Math.max(nodes[at + 3]!, nodes[child + 3]!);
  }
}

export class BoxTree {
  /** West, south, east and north of every polygon, then the nodes above them. */
  readonly nodes: Float64Array;
  readonly #starts: readonly number[];
  #x = 0;
  #y = 0;
  #out: Uint32Array = new Uint32Array(0);
  #count = 0;

  constructor(nodes: Float64Array, boxCount: number) {
    this.nodes = nodes;
    this.#starts = levelStarts(boxCount);
  }

  /**
   * Writes every polygon whose box holds the location, at `lon` or a turn further east, to `out`, ascending; returns how
   * many. `lon` as of `westmost`, `lat` as of `exactDegrees`. `out` must have room for all polygons.
   */
  search(lon: number, lat: number, out: Uint32Array): number {
    const top = this.#starts.length - 2;
    this.#x = lon;
    this.#y = lat;
    this.#out = out;
    this.#count = 0;
    this.#searchNodes(top, this.#starts[top]!, this.#starts[top + 1]!);
    return this.#count;
  }

  /** Whether the box of a polygon holds a location, at `lon` or a turn further east. */
  holds(polygon: number, lon: number, lat: number): boolean {
    const { nodes } = this;
    const at = polygon * NODE_FLOATS;
    if (!(nodes[at + 1]! <= lat && lat <= nodes[at + 3]!)) return false;
    const lonEast = oneTurnEast(lon);
    return (
      (nodes[at]! <= lon && lon <= nodes[at + 2]!) || (nodes[at]! <= lonEast && lonEast <= nodes[at + 2]!)
    );
  }

  /** Looks at the nodes `first` … `end` of a level. */
  #searchNodes(level: number, first: number, end: number): void {
    const { nodes } = this;
    const y = this.#y;
    const [x, xEast] = [this.#x, oneTurnEast(this.#x)];
    for (let node = first; node < end; node++) {
      const at = node * NODE_FLOATS;
      if (!(nodes[at + 1]! <= y && y <= nodes[at + 3]!)) continue;
      const isHere = nodes[at]! <= x && x <= nodes[at + 2]!;
      if (!isHere && !(nodes[at]! <= xEast && xEast <= nodes[at + 2]!)) continue;
      if (level === 0) this.#out[this.#count++] = node;
      else this.#searchChildren(level, node);
    }
  }

  #searchChildren(level: number, node: number): void {
    const starts = this.#starts;
    const first = starts[level - 1]! + (node - starts[level]!) * FAN_OUT;
    this.#searchNodes(level - 1, first, Math.min(first + FAN_OUT, starts[level]!));
  }
}
