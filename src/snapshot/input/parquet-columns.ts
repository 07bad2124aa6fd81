/** Columns of a Parquet file as rows: pages of values and levels (as Dremel stores them) put together again. */
import type { DecodedArray } from 'hyparquet/src/types.js';

/** A decoded data page of one leaf column, as Dremel stores it. No levels: every value is there and a row of its own. */
export interface Page {
  readonly entryCount: number;
  readonly repetitionLevels: ArrayLike<number>;
  readonly definitionLevels: ArrayLike<number>;
  readonly values: DecodedArray;
}

/** Values of one column, row after row; null where there is none. */
export interface ValueColumn {
  /** The next `rowCount` values, or fewer at the end. */
  take(rowCount: number): Promise<ArrayLike<unknown>>;
}

/** The definition levels of a column of lists from which on there is a list (undefined: no lists) and a value. */
export interface ListLevels {
  readonly list: number | undefined;
  readonly value: number;
}

/** A column without lists. */
export class FlatColumn implements ValueColumn {
  readonly #pages: AsyncIterator<Page>;
  readonly #definitionLevelMax: number;
  #values: ArrayLike<unknown> = [];
  #at = 0;

  constructor(pages: AsyncIterator<Page>, definitionLevelMax: number) {
    this.#pages = pages;
    this.#definitionLevelMax = definitionLevelMax;
  }

  async take(rowCount: number): Promise<unknown[]> {
    const rows: unknown[] = [];
    while (rows.length < rowCount && (await this.#hasValue())) {
      const end = Math.min(this.#values.length, this.#at + rowCount - rows.length);
      for (; this.#at < end; this.#at++) rows.push(this.#values[this.#at]);
    }
    return rows;
  }

  async #hasValue(): Promise<boolean> {
    while (this.#at === this.#values.length) {
      const next = await this.#pages.next();
      if (next.done === true) return false;
      this.#values = withNulls(next.value, this.#definitionLevelMax);
      this.#at = 0;
    }
    return true;
  }
}

/** A column whose rows may go on from one page to the next, and where its reader stands in the page at hand. */
abstract class PagedColumn<Levels extends ListLevels> {
  protected readonly levels: Levels;
  protected page: Page = { entryCount: 0, repetitionLevels: [], definitionLevels: [], values: [] };
  protected entry = 0;
  protected value = 0;
  readonly #pages: AsyncIterator<Page>;

  constructor(pages: AsyncIterator<Page>, levels: Levels) {
    this.#pages = pages;
    this.levels = levels;
  }

  protected async hasEntry(): Promise<boolean> {
    while (this.entry === this.page.entryCount) {
      const next = await this.#pages.next();
      if (next.done === true) return false;
      this.page = next.value;
      this.entry = 0;
      this.value = 0;
    }
    return true;
  }
}

/** A column of lists. */
export class ListColumn extends PagedColumn<ListLevels & { readonly list: number }> {
  /** The next `rowCount` lists, or fewer at the end; without a list it is empty, a value that is not there is null. */
  async take(rowCount: number): Promise<unknown[][]> {
    const rows: unknown[][] = [];
    while (await this.hasEntry()) {
      this.#takeInto(rows, rowCount);
      // Only the next entry tells that the last list is over: it may go on in the next page.
      if (this.entry < this.page.entryCount) break;
    }
    return rows;
  }

  #takeInto(rows: unknown[][], rowCount: number): void {
    const { entryCount, repetitionLevels, definitionLevels, values } = this.page;
    for (; this.entry < entryCount; this.entry++) {
      if (repetitionLevels[this.entry] === 0 || rows.length === 0) {
        if (rows.length === rowCount) return;
        rows.push([]);
      }
      const level = definitionLevels.length > 0 ? definitionLevels[this.entry]! : this.levels.value;
      if (level < this.levels.list) continue; // null or an empty list
      rows.at(-1)!.push(level === this.levels.value ? values[this.value++] : null);
    }
  }
}

/** A column of vectors. */
export class VectorColumn extends PagedColumn<ListLevels> {
  /**
   * Takes the next `lengths.length` vectors, or fewer at the end, and returns how many.
   * Components go into `vectors`, `dimensions` to a row; the number that a vector really has goes into `lengths`, 0 for
   * null. A null component becomes NaN.
   */
  async take(vectors: Float32Array, dimensions: number, lengths: Float64Array): Promise<number> {
    let rowCount = 0;
    while (await this.hasEntry()) {
      rowCount =
        this.levels.list === undefined
          ? this.#takeBytes(rowCount, vectors, dimensions, lengths)
          : this.#takeLists(rowCount, this.levels.list, vectors, dimensions, lengths);
      // Only the next entry tells that the last list is over: it may go on in the next page.
      if (this.entry < this.page.entryCount) break;
    }
    return rowCount;
  }

  #takeLists(
    rowCount: number,
    listLevel: number,
    vectors: Float32Array,
    dimensions: number,
    lengths: Float64Array,
  ): number {
    const { entryCount, repetitionLevels, definitionLevels, values } = this.page;
    const valueLevel = this.levels.value;
    const hasNulls = definitionLevels.length > 0;
    let row = rowCount - 1;
    for (; this.entry < entryCount; this.entry++) {
      if (repetitionLevels[this.entry] === 0) {
        if (row + 1 === lengths.length) break;
        lengths[++row] = 0;
      }
      const level = hasNulls ? definitionLevels[this.entry]! : valueLevel;
      if (level < listLevel) continue; // null or an empty list
      const component = level === valueLevel ? values[this.value++] : Number.NaN;
      const at = lengths[row]!++;
      if (at < dimensions) vectors[row * dimensions + at] = component;
    }
    return row + 1;
  }

  #takeBytes(rowCount: number, vectors: Float32Array, dimensions: number, lengths: Float64Array): number {
    const { entryCount, definitionLevels, values } = this.page;
    const into = new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength);
    let row = rowCount;
    for (; this.entry < entryCount && row < lengths.length; this.entry++, row++) {
      const isNull = definitionLevels.length > 0 && definitionLevels[this.entry] !== this.levels.value;
      const bytes: Uint8Array = isNull ? new Uint8Array() : values[this.value++];
      lengths[row] = bytes.length / 4;
      into.set(bytes.subarray(0, dimensions * 4), row * dimensions * 4);
    }
    return row;
  }
}

function withNulls(
  { entryCount, definitionLevels, values }: Page,
  definitionLevelMax: number,
): ArrayLike<unknown> {
  if (definitionLevels.length === 0) return values;
  const rows = new Array<unknown>(entryCount);
  for (let entry = 0, value = 0; entry < entryCount; entry++) {
    rows[entry] = definitionLevels[entry] === definitionLevelMax ? values[value++] : null;
  }
  return rows;
}
