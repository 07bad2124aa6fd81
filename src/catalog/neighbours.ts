/**
 * What acting on one shop says of others, by ordinal: for each shop the few others that it speaks for most.
 *
 *     u32 shop count S, 0 where nothing was counted │ u32 entry count E
 *     starts     u32 [S + 1]  first entry of each shop, then E
 *     ordinals   u32 [E]      ascending for each shop
 *     strengths  f32 [E]      how much, above 0
 */
import { invalidSection } from '../base/invalid-section.ts';

const HEADER_BYTES = 8;
const ENTRY_BYTES = 4;
/** Entries of one shop. */
export const NEIGHBOUR_COUNT_MAX = 100;

/** Neighbours by the rows of shops in some input, as a section is made of them. */
export interface NeighbourRows {
  /** First entry of each row, then how many there are. */
  readonly starts: Uint32Array;
  readonly rows: Uint32Array;
  readonly strengths: Float32Array;
}

/** The section of a snapshot that nothing was counted for. */
export function noNeighbours(): Uint8Array {
  return new Uint8Array(HEADER_BYTES + ENTRY_BYTES);
}

/** The section. `order[ordinal]` is a row of the input and `ordinalOf[row]` its ordinal. */
export function encodeNeighbours(
  { starts, rows, strengths }: NeighbourRows,
  order: Uint32Array,
  ordinalOf: Uint32Array,
): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + (order.length + 1 + rows.length * 2) * ENTRY_BYTES);
  new Uint32Array(bytes.buffer, 0, 2).set([order.length, rows.length]);
  const parts = partsOf(bytes, order.length, rows.length);
  let at = 0;
  order.forEach((row, ordinal) => {
    const entries = Array.from({ length: starts[row + 1]! - starts[row]! }, (_, i) => starts[row]! + i);
    entries.sort((a, b) => ordinalOf[rows[a]!]! - ordinalOf[rows[b]!]!);
    for (const entry of entries) {
      parts.ordinals[at] = ordinalOf[rows[entry]!]!;
      parts.strengths[at++] = strengths[entry]!;
    }
    parts.starts[ordinal + 1] = at;
  });
  return bytes;
}

function partsOf({ buffer, byteOffset }: Uint8Array, shopCount: number, entryCount: number) {
  const starts = new Uint32Array(buffer, byteOffset + HEADER_BYTES, shopCount + 1);
  const ordinals = new Uint32Array(buffer, starts.byteOffset + starts.byteLength, entryCount);
  const strengths = new Float32Array(buffer, ordinals.byteOffset + ordinals.byteLength, entryCount);
  return { starts, ordinals, strengths };
}

export class Neighbours {
  /** 0 where nothing was counted. */
  readonly shopCount: number;
  readonly #section: string;
  readonly #starts: Uint32Array;
  readonly #ordinals: Uint32Array;
  readonly #strengths: Float32Array;

  /** Reads a section in place. Throws `snapshot_invalid` if its size is not what its counts make. */
  constructor(bytes: Uint8Array, section: string) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const [shopCount, entryCount] =
      bytes.length < HEADER_BYTES ? [0, 0] : [view.getUint32(0, true), view.getUint32(4, true)];
    const expected = HEADER_BYTES + (shopCount + 1 + entryCount * 2) * ENTRY_BYTES;
    if (bytes.length !== expected)
      throw invalidSection(section, `has ${bytes.length} bytes, expected ${expected}`);
    const { starts, ordinals, strengths } = partsOf(bytes, shopCount, entryCount);
    this.shopCount = shopCount;
    this.#section = section;
    this.#starts = starts;
    this.#ordinals = ordinals;
    this.#strengths = strengths;
  }

  /** What `ordinal` says of `other`; 0 if that is none of those it speaks for. */
  strengthOf(ordinal: number, other: number): number {
    if (this.shopCount === 0) return 0;
    const ordinals = this.#ordinals;
    const end = this.#starts[ordinal + 1]!;
    let low = this.#starts[ordinal]!;
    let high = end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ordinals[middle]! < other) low = middle + 1;
      else high = middle;
    }
    return low < end && ordinals[low] === other ? this.#strengths[low]! : 0;
  }

  /** Where those that `ordinal` speaks for stand, as addresses in the memory that the section lies in. */
  of(ordinal: number): { readonly ordinals: number; readonly strengths: number; readonly count: number } {
    const start = this.#starts[ordinal]!;
    return {
      ordinals: this.#ordinals.byteOffset + start * ENTRY_BYTES,
      strengths: this.#strengths.byteOffset + start * ENTRY_BYTES,
      count: this.#starts[ordinal + 1]! - start,
    };
  }

  /** Throws `snapshot_invalid` unless the entries of the shops `first` to `end` are what they should be. */
  verify(shopCount: number, first: number, end: number): void {
    if (this.shopCount === 0 && this.#ordinals.length === 0) return;
    if (this.shopCount !== shopCount)
      throw invalidSection(this.#section, `holds ${this.shopCount} shops, the header says ${shopCount}`);
    const entryCount = this.#ordinals.length;
    if (this.#starts[0] !== 0 || this.#starts[shopCount] !== entryCount)
      throw invalidSection(
        this.#section,
        `entries go from ${this.#starts[0]} to ${this.#starts[shopCount]}, expected 0 to ${entryCount}`,
      );
    for (let ordinal = first; ordinal < end; ordinal++) this.#verifyShop(ordinal);
  }

  #verifyShop(ordinal: number): void {
    const [start, end] = [this.#starts[ordinal]!, this.#starts[ordinal + 1]!];
    if (end < start || end - start > NEIGHBOUR_COUNT_MAX)
      throw invalidSection(
        this.#section,
        `ordinal ${ordinal} has the entries ${start} to ${end}, expected up to ${NEIGHBOUR_COUNT_MAX}`,
      );
    let last = -1;
    for (let at = start; at < end; at++) {
      const [other, strength] = [this.#ordinals[at]!, this.#strengths[at]!];
      if (other <= last || other >= this.shopCount || other === ordinal)
        throw invalidSection(
          this.#section,
          `entry ${at} of ordinal ${ordinal} is ordinal ${other}, expected another one above ${last} below ${this.shopCount}`,
        );
      if (!(strength > 0 && Number.isFinite(strength)))
        throw invalidSection(this.#section, `entry ${at} has the strength ${strength}, expected one above 0`);
      last = other;
    }
  }
}
