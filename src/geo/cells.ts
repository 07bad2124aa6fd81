/**
 * What is known of a polygon without looking at its vertices: its box as SIDE × SIDE cells, each of them all outside,
 * all inside or perhaps on the border.
 *
 * A cell is on the border if the box of an edge touches it. That is generous to long edges, but a polygon of long edges
 * has few of them to test. It is exact: `cellOf` never falls while a coordinate grows, so a cell without an edge is a
 * rectangle that no border enters, and so are neighbours without an edge together.
 *
 * 16 × 16 cells fill one cache line. 32 × 32 left less to test (3,700 boxes in a loop: 244 to 155 µs), but inside whole
 * requests, where the caches hold other things, they cost more: 530 to 830 µs for the candidates of half a town by zones.
 */
import type { Polygons } from './polygons.ts';

const SIDE = 16;
const CELLS_PER_BYTE = 4;
/** Of one polygon: row by row from the south, each row from the west, two bits a cell, the lowest first. */
export const CELLS_BYTES = (SIDE * SIDE) / CELLS_PER_BYTE;
export const ON_BORDER = 0;
export const OUTSIDE = 1;
const INSIDE = 2;

/** The state of the cell of (x, y) in the box of `polygon`, which holds it. `boxes` is float64[…][4] as of `writeBox`. */
export function cellAt(
  cells: Uint8Array,
  boxes: Float64Array,
  polygon: number,
  x: number,
  y: number,
): number {
  const at = polygon * 4;
  const row = cellOf(y, boxes[at + 1]!, boxes[at + 3]!);
  const cell = row * SIDE + cellOf(x, boxes[at]!, boxes[at + 2]!);
  return (cells[polygon * CELLS_BYTES + (cell >>> 2)]! >>> ((cell & 3) * 2)) & 3;
}

/** A box without any width has one cell: what is divided by zero becomes 0. */
function cellOf(value: number, low: number, high: number): number {
  return Math.min(SIDE - 1, ((value - low) * (SIDE / (high - low))) | 0);
}

/** The cells of all polygons. `boxes` is float64[…][4], their boxes as of `writeBox`. */
export function findCells(polygons: Polygons, boxes: Float64Array): Uint8Array {
  const cells = new Uint8Array(polygons.count * CELLS_BYTES);
  const finder = new CellsFinder(polygons);
  for (let polygon = 0; polygon < polygons.count; polygon++)
    finder.write(polygon, boxes.subarray(polygon * 4, (polygon + 1) * 4), cells, polygon * CELLS_BYTES);
  return cells;
}

class CellsFinder {
  readonly #polygons: Polygons;
  readonly #states = new Uint8Array(SIDE * SIDE);

  constructor(polygons: Polygons) {
    this.#polygons = polygons;
  }

  write(polygon: number, box: Float64Array, out: Uint8Array, at: number): void {
    const states = this.#states;
    states.fill(OUTSIDE);
    this.#markBorder(polygon, box);
    this.#fillInside(polygon, box);
    for (let cell = 0; cell < states.length; cell += CELLS_PER_BYTE) {
      out[at++] =
        states[cell]! | (states[cell + 1]! << 2) | (states[cell + 2]! << 4) | (states[cell + 3]! << 6);
    }
  }

  #markBorder(polygon: number, box: Float64Array): void {
    const { lons, lats, ringVertices, polygonRings } = this.#polygons;
    for (let ring = polygonRings[polygon]!; ring < polygonRings[polygon + 1]!; ring++) {
      const end = ringVertices[ring + 1]!;
      for (let i = ringVertices[ring]!, before = end - 1; i < end; before = i++) {
        const column = cellOf(lons[i]!, box[0]!, box[2]!);
        const columnBefore = cellOf(lons[before]!, box[0]!, box[2]!);
        const row = cellOf(lats[i]!, box[1]!, box[3]!);
        const rowBefore = cellOf(lats[before]!, box[1]!, box[3]!);
        const first = Math.min(column, columnBefore);
        const last = Math.max(column, columnBefore);
        for (let y = Math.min(row, rowBefore); y <= Math.max(row, rowBefore); y++)
          this.#states.fill(ON_BORDER, y * SIDE + first, y * SIDE + last + 1);
      }
    }
  }

  /** A cell is like the one before it or below it, where these are not on the border; others are asked for. */
  #fillInside(polygon: number, box: Float64Array): void {
    const states = this.#states;
    for (let cell = 0; cell < states.length; cell++) {
      if (states[cell] === ON_BORDER) continue;
      const before = cell % SIDE === 0 ? ON_BORDER : states[cell - 1]!;
      const below = cell < SIDE ? ON_BORDER : states[cell - SIDE]!;
      states[cell] = before || below || this.#ask(polygon, box, cell);
    }
  }

  #ask(polygon: number, box: Float64Array, cell: number): number {
    const column = cell % SIDE;
    const row = Math.floor(cell / SIDE);
    const x = box[0]! + ((box[2]! - box[0]!) * (column + 0.5)) / SIDE;
    const y = box[1]! + ((box[3]! - box[1]!) * (row + 0.5)) / SIDE;
    // A box of few float64 steps may have no number in the middle of a cell.
    if (cellOf(x, box[0]!, box[2]!) !== column || cellOf(y, box[1]!, box[3]!) !== row) return ON_BORDER;
    return this.#polygons.holds(polygon, x, y) ? INSIDE : OUTSIDE;
  }
}
