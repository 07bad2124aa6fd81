/**
 * Embeddings of shops without (enough) actions, from trained shops that are like them. That of shop s is the direction of
 *
 *   Σ w(n) · v(n)   over the 20 nearest trained shops n of the same category, in the cell of s and those beside it
 *   w(n) = 1 / (1 + meters(s, n) / 1000) · min(price) / max(price)      the price part is 1 where one has none
 *
 * Where more than 1,000 are that near, the mean of all of them stands in: which are the nearest says little then, and looking
 * through them for every shop would take days in a town of one point. Where the category has no trained shop nearby, the mean of all of the category stands in, then the shops nearby of any category,
 * weighted the same way, then the mean of all.
 */
import { chordSquared, metersOfChordSquared, writePosition } from '../geo/earth.ts';
import { GroundCells } from '../geo/ground-cells.ts';
import type { TrainingShop } from './training-shop.ts';

const NEIGHBOURS_MAX = 20;
const NEAR_METERS = 1_000;
const LOOKED_AT_MAX = 1_000;
/** No category of a shop: those have text. */
const ANY = '';

/** A shop with an embedding, and where it stands among all shops. */
interface Neighbour {
  readonly at: number;
  readonly shop: TrainingShop;
}

/**
 * Writes an embedding of unit length into each row of `vectors`, [S][D] in the order of `shops`, that `isTrained` is false of,
 * from the unit rows of the others. At least one is trained.
 */
export function embedUntrained(
  shops: readonly TrainingShop[],
  isTrained: (at: number) => boolean,
  vectors: Float32Array,
  cellMeters: number,
): void {
  const dimensions = vectors.length / shops.length;
  const row = (at: number): Float32Array => vectors.subarray(at * dimensions, (at + 1) * dimensions);
  const trained = new TrainedShops(shops, isTrained, cellMeters);
  const means = new Map<string, Float64Array>();
  const meanOf = (category: string): Float64Array => {
    const known = means.get(category);
    if (known !== undefined) return known;
    const mean = sumOf(trained.all(category), row, () => 1, dimensions);
    means.set(category, mean);
    return mean;
  };
  const meansAround = new Map<string, Float64Array>();
  const meanAround = ({ place, all }: Near): Float64Array => {
    const known = meansAround.get(place);
    if (known !== undefined) return known;
    const mean = sumOf(all(), row, () => 1, dimensions);
    meansAround.set(place, mean);
    return mean;
  };
  shops.forEach((shop, at) => {
    if (isTrained(at)) return;
    const weight = (neighbour: Neighbour): number => likeness(shop, neighbour.shop);
    const nearest = (category: string): Float64Array => {
      const near = trained.near(shop, category);
      if (near.count > LOOKED_AT_MAX) return meanAround(near);
      return sumOf(nearestOf(shop, near.all()), row, weight, dimensions);
    };
    const { category } = shop;
    const isDone =
      (category !== undefined &&
        (writeUnit(nearest(category), row(at)) || writeUnit(meanOf(category), row(at)))) ||
      writeUnit(nearest(ANY), row(at)) ||
      writeUnit(meanOf(ANY), row(at));
    if (!isDone) row(at)[0] = 1; // all trained shops together point nowhere, so any direction is as good
  });
}

/** The trained shops of a category around a place. */
interface Near {
  /** The cell and the category. */
  readonly place: string;
  readonly count: number;
  readonly all: () => Neighbour[];
}

/** Trained shops by category and by cell; under `ANY` all of them. */
class TrainedShops {
  readonly #cells: GroundCells;
  readonly #byCategory = new Map<string, Neighbour[]>();
  readonly #byCell = new Map<string, Neighbour[]>();

  constructor(shops: readonly TrainingShop[], isTrained: (at: number) => boolean, cellMeters: number) {
    this.#cells = new GroundCells(cellMeters);
    shops.forEach((shop, at) => {
      if (!isTrained(at)) return;
      const cell = this.#cells.cellOf(shop.lon, shop.lat);
      for (const category of new Set([ANY, shop.category ?? ANY])) {
        pushTo(this.#byCategory, category, { at, shop });
        pushTo(this.#byCell, `${cell} ${category}`, { at, shop });
      }
    });
  }

  all(category: string): readonly Neighbour[] {
    return this.#byCategory.get(category) ?? [];
  }

  near({ lon, lat }: TrainingShop, category: string): Near {
    const lists = this.#cells.around(lon, lat).map((cell) => this.#byCell.get(`${cell} ${category}`) ?? []);
    return {
      place: `${this.#cells.cellOf(lon, lat)} ${category}`,
      count: lists.reduce((sum, list) => sum + list.length, 0),
      all: () => lists.flat(),
    };
  }
}

function pushTo(map: Map<string, Neighbour[]>, key: string, neighbour: Neighbour): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [neighbour]);
  else list.push(neighbour);
}

function nearestOf(shop: TrainingShop, neighbours: Neighbour[]): Neighbour[] {
  if (neighbours.length <= NEIGHBOURS_MAX) return neighbours;
  const byDistance = neighbours.map((neighbour) => ({
    neighbour,
    meters: metersBetween(shop, neighbour.shop),
  }));
  byDistance.sort((a, b) => a.meters - b.meters || a.neighbour.at - b.neighbour.at);
  return byDistance.slice(0, NEIGHBOURS_MAX).map(({ neighbour }) => neighbour);
}

/** w of the formula above. */
function likeness(shop: TrainingShop, neighbour: TrainingShop): number {
  const nearness = 1 / (1 + metersBetween(shop, neighbour) / NEAR_METERS);
  const [a = 0, b = 0] = [shop.price, neighbour.price];
  return a > 0 && b > 0 ? (nearness * Math.min(a, b)) / Math.max(a, b) : nearness;
}

const positions = new Float64Array(6);

function metersBetween(a: TrainingShop, b: TrainingShop): number {
  writePosition(a.lon, a.lat, positions, 0);
  writePosition(b.lon, b.lat, positions, 3);
  return metersOfChordSquared(chordSquared(positions, 0, positions, 3));
}

function sumOf(
  neighbours: readonly Neighbour[],
  row: (at: number) => Float32Array,
  weight: (neighbour: Neighbour) => number,
  dimensions: number,
): Float64Array {
  const sum = new Float64Array(dimensions);
  for (const neighbour of neighbours) {
    const factor = weight(neighbour);
    row(neighbour.at).forEach((value, i) => (sum[i]! += factor * value));
  }
  return sum;
}

/** Writes the direction of `vector`; false, and nothing written, if it has none. */
export function writeUnit(vector: ArrayLike<number>, out: Float32Array): boolean {
  let squares = 0;
  for (let i = 0; i < vector.length; i++) squares += vector[i]! ** 2;
  if (!(squares > 0)) return false;
  const length = Math.sqrt(squares);
  for (let i = 0; i < vector.length; i++) out[i] = vector[i]! / length;
  return true;
}
