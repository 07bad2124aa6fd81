/**
 * The ground divided into cells of about `sideMeters` on each side: rows between parallels, each with as many columns as fit
 * around it, so cells are as large at the poles as at the equator and the date line is an ordinary place.
 * Says roughly who are neighbours; what must be exact goes by distance.
 */

const METERS_PER_DEGREE = 111_320;
/** More columns than a row of cells of 1 m has. */
const ROW_STRIDE = 2 ** 26;

export class GroundCells {
  readonly #rowCount: number;
  readonly #sideMeters: number;

  /** `sideMeters` is 1 or more. */
  constructor(sideMeters: number) {
    this.#sideMeters = sideMeters;
    this.#rowCount = Math.max(1, Math.round((180 * METERS_PER_DEGREE) / sideMeters));
  }

  /** The number of the cell that holds a coordinate, a whole number below 2^53. */
  cellOf(lon: number, lat: number): number {
    const row = this.#rowOf(lat);
    return row * ROW_STRIDE + this.#columnOf(row, lon);
  }

  /** The cell of a coordinate and the cells beside it, each once. */
  around(lon: number, lat: number): number[] {
    const cells = new Set<number>();
    const middle = this.#rowOf(lat);
    for (let row = Math.max(0, middle - 1); row <= Math.min(this.#rowCount - 1, middle + 1); row++) {
      const columnCount = this.#columnCount(row);
      const column = this.#columnOf(row, lon) + columnCount;
      for (const step of [-1, 0, 1]) cells.add(row * ROW_STRIDE + ((column + step) % columnCount));
    }
    return [...cells];
  }

  #rowOf(lat: number): number {
    return Math.min(this.#rowCount - 1, Math.floor(((lat + 90) / 180) * this.#rowCount));
  }

  #columnOf(row: number, lon: number): number {
    const columnCount = this.#columnCount(row);
    return Math.floor(((lon + 180) / 360) * columnCount) % columnCount;
  }

  #columnCount(row: number): number {
    const lat = ((row + 0.5) / this.#rowCount) * 180 - 90;
    const aroundMeters = 360 * METERS_PER_DEGREE * Math.cos((lat * Math.PI) / 180);
    return Math.max(1, Math.round(aroundMeters / this.#sideMeters));
  }
}
