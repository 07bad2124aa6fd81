/**
 * All shops of a snapshot by ordinal: their ids, their columns to filter by, their records to show.
 * Opening reads no shop, so it costs the same for one and for a million.
 */
import type { Shop } from '../domain/shop.ts';
import { Columns, MISSING_CODE, type NumberColumn, type TextColumn } from './columns.ts';
import { type CandidateFilter, compileFilter } from './compile-filter.ts';
import type { Filter } from './filter.ts';
import { invalidSection } from '../base/invalid-section.ts';
import { Payload, type Excerpt } from './payload.ts';
import { ShopIds } from './shop-ids.ts';

/** The bytes that a catalog lies in; each begins at a multiple of 8 in its buffer. */
export interface CatalogSections {
  readonly shopIds: Uint8Array;
  readonly shopIdOrder: Uint8Array;
  readonly columns: Uint8Array;
  readonly payload: Uint8Array;
}

export class Catalog {
  readonly size: number;
  readonly ids: ShopIds;
  readonly columns: Columns;
  readonly #payload: Payload;
  readonly #category: TextColumn;
  readonly #price: NumberColumn;
  readonly #rating: NumberColumn;

  private constructor(ids: ShopIds, columns: Columns, payload: Payload) {
    this.size = ids.count;
    this.ids = ids;
    this.columns = columns;
    this.#payload = payload;
    this.#category = columns.textColumn('category');
    this.#price = columns.numberColumn('price');
    this.#rating = columns.numberColumn('rating');
  }

  /** Reads the sections in place. Throws `snapshot_invalid` if they do not fit their bytes or each other. */
  static over(sections: CatalogSections): Catalog {
    const ids = ShopIds.over(sections.shopIds, sections.shopIdOrder);
    const columns = Columns.over(sections.columns);
    const payload = Payload.over(sections.payload);
    expectCount('columns', columns.shopCount, ids.count);
    expectCount('payload', payload.count, ids.count);
    return new Catalog(ids, columns, payload);
  }

  /** The shop as its owner described it. */
  record(ordinal: number): Shop {
    return this.#payload.record(ordinal);
  }

  /** Name and attributes of several shops. */
  excerpts(ordinals: readonly number[]): Excerpt[] {
    return this.#payload.excerpts(ordinals);
  }

  categoryOf(ordinal: number): string | undefined {
    const { codes, dictionary } = this.#category;
    const code = codes[ordinal]!;
    return code === MISSING_CODE ? undefined : dictionary.at(code - 1);
  }

  priceOf(ordinal: number): number | undefined {
    return presentIn(this.#price, ordinal);
  }

  ratingOf(ordinal: number): number | undefined {
    return presentIn(this.#rating, ordinal);
  }

  /** Compiles a filter for these shops; see `compileFilter`. */
  compileFilter(filter: Filter, viewedOrdinals: () => readonly number[], field = 'filter'): CandidateFilter {
    return compileFilter(filter, this.columns, viewedOrdinals, field);
  }

  /**
   * Throws `snapshot_invalid` at the first record of the ordinals `first` … `end` that does not hold. `coordinates`,
   * float64[size][2], says where the snapshot has a shop, which its record must repeat. Ids and columns are verified
   * by themselves.
   */
  verifyRecords(coordinates: Float64Array, first = 0, end = this.size): void {
    this.#payload.verify(this.ids.texts, coordinates, first, end);
  }
}

function presentIn({ values }: NumberColumn, ordinal: number): number | undefined {
  const value = values[ordinal]!;
  return Number.isNaN(value) ? undefined : value;
}

function expectCount(section: string, found: number, expected: number): void {
  if (found !== expected)
    throw invalidSection(section, `holds ${found} shops, expected ${expected} as there are ids`);
}
