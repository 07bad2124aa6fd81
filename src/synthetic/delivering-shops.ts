/** Finds the shops of a cuisine that deliver to a place of the town: a grid over its plane, cuisine by cuisine. */
import { CUISINES } from './cuisines.ts';
import type { Place } from './streets.ts';
import { DELIVERY_RADIUS_METERS_MAX, type ShopColumns } from './town-shops.ts';

const CELL_METERS = 1000;
const CELLS_REACHED = Math.ceil(DELIVERY_RADIUS_METERS_MAX / CELL_METERS);
// The plane is off by 0.6 % at most, so a shop found here delivers by any exact measure too.
const REACH_FOR_SURE = 0.99;

export class DeliveringShops {
  readonly #shops: ShopColumns;
  readonly #west: number;
  readonly #south: number;
  readonly #columnCount: number;
  readonly #rowCount: number;
  /** Shop numbers cell by cell; cell c is from `#starts[c]` to `#starts[c + 1]`. */
  readonly #shopNumbers: Uint32Array;
  readonly #starts: Uint32Array;

  constructor(shops: ShopColumns) {
    this.#shops = shops;
    this.#west = lowest(shops.east);
    this.#south = lowest(shops.north);
    this.#columnCount = cellOf(highest(shops.east), this.#west) + 1;
    this.#rowCount = cellOf(highest(shops.north), this.#south) + 1;
    this.#starts = new Uint32Array(CUISINES.length * this.#rowCount * this.#columnCount + 1);
    this.#shopNumbers = new Uint32Array(shops.count);
    this.#sortIntoCells();
  }

  /** The numbers of the shops of `cuisine` whose own radius reaches `place`. */
  to(place: Place, cuisine: number): number[] {
    const found: number[] = [];
    const column = cellOf(place.east, this.#west);
    const row = cellOf(place.north, this.#south);
    const columnFirst = Math.max(0, column - CELLS_REACHED);
    const columnLast = Math.min(this.#columnCount - 1, column + CELLS_REACHED);
    const rowLast = Math.min(this.#rowCount - 1, row + CELLS_REACHED);
    for (let r = Math.max(0, row - CELLS_REACHED); r <= rowLast && columnFirst <= columnLast; r++) {
      const end = this.#starts[this.#cell(cuisine, r, columnLast) + 1]!;
      for (let at = this.#starts[this.#cell(cuisine, r, columnFirst)]!; at < end; at++) {
        const shopNumber = this.#shopNumbers[at]!;
        if (this.#reaches(shopNumber, place)) found.push(shopNumber);
      }
    }
    return found;
  }

  #reaches(shopNumber: number, place: Place): boolean {
    const distanceMeters = distanceTo(this.#shops, shopNumber, place);
    return distanceMeters <= REACH_FOR_SURE * this.#shops.deliveryRadiusMeters[shopNumber]!;
  }

  #cell(cuisine: number, row: number, column: number): number {
    return (cuisine * this.#rowCount + row) * this.#columnCount + column;
  }

  #cellOfShop(shopNumber: number): number {
    const { east, north, cuisine } = this.#shops;
    const row = cellOf(north[shopNumber]!, this.#south);
    return this.#cell(cuisine[shopNumber]!, row, cellOf(east[shopNumber]!, this.#west));
  }

  /** A counting sort: each cell's start is its end until its shops are put in from behind. */
  #sortIntoCells(): void {
    const starts = this.#starts;
    for (let shopNumber = 0; shopNumber < this.#shops.count; shopNumber++)
      starts[this.#cellOfShop(shopNumber)]!++;
    for (let cell = 1; cell < starts.length; cell++) starts[cell]! += starts[cell - 1]!;
    for (let shopNumber = this.#shops.count - 1; shopNumber >= 0; shopNumber--) {
      this.#shopNumbers[--starts[this.#cellOfShop(shopNumber)]!] = shopNumber;
    }
  }
}

/** Meters on the town's plane. */
export function distanceTo(shops: ShopColumns, shopNumber: number, place: Place): number {
  const east = shops.east[shopNumber]! - place.east;
  const north = shops.north[shopNumber]! - place.north;
  return Math.sqrt(east * east + north * north);
}

function cellOf(meters: number, from: number): number {
  return Math.floor((meters - from) / CELL_METERS);
}

function lowest(column: Float32Array): number {
  return column.reduce((least, meters) => Math.min(least, meters));
}

function highest(column: Float32Array): number {
  return column.reduce((most, meters) => Math.max(most, meters));
}
