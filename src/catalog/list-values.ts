/** The values of a column of lists, collected in the order of the input. */
import { type EncodedColumn, type ListKind, signatureBit } from './columns.ts';
import { TextInterner } from './text-interner.ts';

type Values = Float64Array | Uint32Array;

/** By place in the input; places without a list, and those beyond the last one, have none. */
export class ListValues {
  readonly kind: ListKind;
  readonly #texts = new TextInterner();
  /** Where the list of each place ends; it begins where the one before ends. */
  #ends = new Uint32Array(64);
  #placeCount = 0;
  #values: Values;
  #valueCount = 0;

  constructor(kind: ListKind) {
    this.kind = kind;
    this.#values = emptyValues(kind, 64);
  }

  /** `list` is of this column's kind; places ascend. */
  set(place: number, list: readonly (number | string)[]): void {
    this.#reserve(place + 1, this.#valueCount + list.length);
    this.#ends.fill(this.#valueCount, this.#placeCount, place);
    for (const value of list) this.#values[this.#valueCount++] = this.#encoded(value);
    this.#ends[place] = this.#valueCount;
    this.#placeCount = place + 1;
  }

  /** The column, `order[ordinal]` being the place in the input. */
  encode(order: Uint32Array): EncodedColumn {
    const texts = this.kind === 'textList' ? this.#texts.encodeSorted() : undefined;
    const starts = new Uint32Array(order.length + 1);
    const signatures = new Uint32Array(order.length);
    const values = emptyValues(this.kind, this.#valueCount);
    let count = 0;
    for (let ordinal = 0; ordinal < order.length; ordinal++) {
      const place = order[ordinal]!;
      const end = place < this.#placeCount ? this.#ends[place]! : 0;
      for (let at = place === 0 ? 0 : this.#ends[place - 1]!; at < end; at++) {
        const held = this.#values[at]!;
        const value = texts === undefined ? held : texts.place[held]! + 1;
        values[count++] = value;
        signatures[ordinal]! |= signatureBit(value);
      }
      starts[ordinal + 1] = count;
    }
    const lists = [starts, signatures, values].map(({ buffer }) => new Uint8Array(buffer));
    if (texts === undefined) return { sizes: { valueCount: count }, parts: lists };
    const sizes = { valueCount: count, dictionaryBytes: texts.bytes.length };
    return { sizes, parts: [...lists, texts.bytes] };
  }

  #reserve(placeCount: number, valueCount: number): void {
    if (placeCount > this.#ends.length) {
      const grown = new Uint32Array(Math.max(placeCount, this.#ends.length * 2));
      grown.set(this.#ends);
      this.#ends = grown;
    }
    if (valueCount > this.#values.length) {
      const grown = emptyValues(this.kind, Math.max(valueCount, this.#values.length * 2));
      grown.set(this.#values);
      this.#values = grown;
    }
  }

  #encoded(value: number | string): number {
    return typeof value === 'number' ? value : this.#texts.numberOf(value);
  }
}

function emptyValues(kind: ListKind, length: number): Values {
  return kind === 'textList' ? new Uint32Array(length) : new Float64Array(length);
}
