/**
 * Shop id ⇄ ordinal. Two sections: the ids by ordinal as a text table, and the ordinals (u32) sorted by the
 * UTF-8 bytes of their ids, so that an id is found by binary search without a map and without decoding.
 */
import { check, EngineError } from '../base/errors.ts';
import { shown } from '../base/validate.ts';
import { invalidSection } from '../base/invalid-section.ts';
import { firstRow, sortedRows, TextTable } from '../base/text-table.ts';

const IDS_SECTION = 'shop ids';
const ORDER_SECTION = 'shop id order';
const REMEMBERED_MAX = 65_536;

export class ShopIds {
  readonly count: number;
  /** The ids by ordinal. */
  readonly texts: TextTable;
  readonly #order: Uint32Array;
  /** Ids that were looked up: the 200 of a user's history take 10 µs from here, 100 from the table. */
  readonly #remembered = new Map<string, number>();

  private constructor(ids: TextTable, order: Uint32Array) {
    this.count = ids.count;
    this.texts = ids;
    this.#order = order;
  }

  /** Reads both sections in place. Throws `snapshot_invalid` if their sizes do not agree. */
  static over(idBytes: Uint8Array, orderBytes: Uint8Array): ShopIds {
    check(
      orderBytes.byteOffset % Uint32Array.BYTES_PER_ELEMENT === 0,
      `section ${ORDER_SECTION} is not aligned`,
    );
    const ids = TextTable.over(idBytes, IDS_SECTION);
    const expectedBytes = ids.count * Uint32Array.BYTES_PER_ELEMENT;
    if (orderBytes.length !== expectedBytes) {
      throw invalidSection(
        ORDER_SECTION,
        `has ${orderBytes.length} bytes, expected ${expectedBytes} for ${ids.count} ids`,
      );
    }
    return new ShopIds(ids, new Uint32Array(orderBytes.buffer, orderBytes.byteOffset, ids.count));
  }

  idOf(ordinal: number): string {
    return this.texts.at(ordinal);
  }

  /** The ordinal of a shop, or -1 if there is none of that id. */
  ordinalOf(shopId: string): number {
    let ordinal = this.#remembered.get(shopId);
    if (ordinal === undefined) {
      ordinal = this.#find(shopId);
      if (this.#remembered.size === REMEMBERED_MAX) this.#remembered.clear();
      if (ordinal !== -1) this.#remembered.set(shopId, ordinal);
    }
    return ordinal;
  }

  #find(shopId: string): number {
    // A lone surrogate would be looked up as U+FFFD; no id holds one.
    if (!shopId.isWellFormed()) return -1;
    const key = Buffer.from(shopId);
    const place = firstRow(this.count, (place) => this.texts.compareTo(this.#order[place]!, key) >= 0);
    if (place === this.count) return -1;
    const ordinal = this.#order[place]!;
    return this.texts.compareTo(ordinal, key) === 0 ? ordinal : -1;
  }

  /**
   * Throws `snapshot_invalid` unless every id is UTF-8 and the order holds each ordinal once, ids ascending. With
   * `first` and `end`, looks at these ordinals and places alone; ranges that cover all prove the whole.
   */
  verify(first = 0, end = this.count): void {
    this.texts.verify(first, end);
    for (let place = first; place < end; place++) {
      const ordinal = this.#order[place]!;
      if (ordinal >= this.count) {
        throw invalidSection(
          ORDER_SECTION,
          `place ${place} names ordinal ${ordinal}, expected below ${this.count}`,
        );
      }
      // Strictly ascending ids can name no ordinal twice, so `count` of them are a permutation without
      // duplicates.
      if (place > 0 && this.texts.compareRows(this.#order[place - 1]!, ordinal) >= 0) {
        const ids = `${shown(this.idOf(this.#order[place - 1]!))} and ${shown(this.idOf(ordinal))}`;
        throw invalidSection(
          ORDER_SECTION,
          `places ${place - 1} and ${place} name ${ids}, expected ascending ids`,
        );
      }
    }
  }
}

/** The order section of an id section. Throws `input_invalid` if two shops have the same id. */
export function encodeShopIdOrder(idBytes: Uint8Array): Uint8Array {
  const ids = TextTable.over(idBytes, IDS_SECTION);
  const order = sortedRows(ids);
  for (let place = 1; place < order.length; place++) {
    if (ids.compareRows(order[place - 1]!, order[place]!) === 0) {
      const id = shown(ids.at(order[place]!));
      throw new EngineError(
        'input_invalid',
        `the shop id ${id} is there more than once; every shop needs its own`,
      );
    }
  }
  return new Uint8Array(order.buffer);
}
