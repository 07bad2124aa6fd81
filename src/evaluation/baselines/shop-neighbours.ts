/**
 * The shops most often wanted together with each shop: the cosine of their columns in the matrix of baskets × shops,
 * n(i, j) / √(n(i) · n(j)) (Deshpande & Karypis, "Item-based top-N recommendation algorithms", TOIS 2004). A shop is no
 * neighbour of its own. Without a shrink term: 100 in the denominator made item-kNN better for new shops in Petaling Jaya
 * (nDCG@5 .044 to .072) and worse for next shops in New York (accuracy@5 .438 to .096).
 */
import { Float64List, Uint32List } from '../../base/growing-list.ts';
import { bestOf } from '../best-of.ts';
import type { Baskets } from './baskets.ts';

/** Of more neighbours the farther ones add little; 1,000 shops with 200 each take 2.4 MB. */
const NEIGHBOURS_MAX = 200;

export class ShopNeighbours {
  readonly #starts = new Uint32List();
  readonly #shops = new Uint32List();
  readonly #similarities = new Float64List();

  /** Takes Σ |basket|² steps. */
  constructor(baskets: Baskets, shopCount: number) {
    const basketsOf = baskets.transposed(shopCount);
    const counts = new Float64Array(shopCount);
    const sizes = Float64Array.from({ length: shopCount }, (_, shop) => basketsOf.of(shop).length);
    this.#starts.push(0);
    for (let shop = 0; shop < shopCount; shop++) {
      const found = countTogether(shop, baskets, basketsOf, counts);
      for (const other of found) counts[other]! /= Math.sqrt(sizes[shop]! * sizes[other]!);
      for (const other of bestOf(found, counts, sizes, NEIGHBOURS_MAX)) {
        this.#shops.push(other);
        this.#similarities.push(counts[other]!);
      }
      for (const other of found) counts[other] = 0;
      this.#starts.push(this.#shops.count);
    }
  }

  /** Adds the similarity of each neighbour of a shop to its strength. */
  addTo(strengths: Float64Array, shop: number): void {
    const starts = this.#starts.values;
    const shops = this.#shops.values;
    const similarities = this.#similarities.values;
    for (let at = starts[shop]!; at < starts[shop + 1]!; at++) strengths[shops[at]!]! += similarities[at]!;
  }
}

/** Writes how many baskets hold each other shop and this one into `counts`, which holds zeros; returns those shops. */
function countTogether(shop: number, baskets: Baskets, basketsOf: Baskets, counts: Float64Array): number[] {
  const found: number[] = [];
  for (const basket of basketsOf.of(shop)) {
    for (const other of baskets.of(basket)) {
      if (other === shop) continue;
      if (counts[other]!++ === 0) found.push(other);
    }
  }
  return found;
}
