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

/** Is told of a polygon whose box holds the location at longitude `x`. */
export type VisitBox = (polygon: number, x: number) => void;

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
  readonly #visit: VisitBox;
  #x = 0;
  #y = 0;

  constructor(nodes: Float64Array, boxCount: number, visit: VisitBox) {
    this.nodes = nodes;
    this.#starts = levelStarts(boxCount);
    this.#visit = visit;
  }

  /** Visits every polygon whose box holds the location, ascending. `lon` as of `westmost`, `lat` as of `exactDegrees`. */
  search(lon: number, lat: number): void {
    const top = this.#starts.length - 2;
    this.#x = lon;
    this.#y = lat;
    this.#searchNodes(top, this.#starts[top]!, this.#starts[top + 1]!);
  }

  /** Whether the box of a polygon holds the point (x, y). */
  holds(polygon: number, x: number, y: number): boolean {
    const { nodes } = this;
    const at = polygon * NODE_FLOATS;
    return nodes[at]! <= x && nodes[at + 1]! <= y && x <= nodes[at + 2]! && y <= nodes[at + 3]!;
  }

  /** Looks at the nodes `first` … `end` of a level. No box is wider than a turn, so it holds one longitude or, at its ends, both. */
  #searchNodes(level: number, first: number, end: number): void {
    const { nodes } = this;
    const y = this.#y;
    const [x, xEast] = [this.#x, oneTurnEast(this.#x)];
    for (let node = first; node < end; node++) {
      const at = node * NODE_FLOATS;
      if (!(nodes[at + 1]! <= y && y <= nodes[at + 3]!)) continue;
      const isHere = nodes[at]! <= x && x <= nodes[at + 2]!;
      const isEast = nodes[at]! <= xEast && xEast <= nodes[at + 2]!;
      if (level > 0) {
        if (isHere || isEast) this.#searchChildren(level, node);
      } else {
        if (isHere) this.#visit(node, x);
        if (isEast) this.#visit(node, xEast);
      }
    }
  }

  #searchChildren(level: number, node: number): void {
    const starts = this.#starts;
    const first = starts[level - 1]! + (node - starts[level]!) * FAN_OUT;
    this.#searchNodes(level - 1, first, Math.min(first + FAN_OUT, starts[level]!));
  }
}
