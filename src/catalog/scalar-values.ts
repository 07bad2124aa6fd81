/** The values of a column with one value a shop, collected in the order of the input. */
import {
  type ColumnKind,
  type EncodedColumn,
  FALSE_CODE,
  type ListKind,
  MISSING_CODE,
  TRUE_CODE,
} from './columns.ts';
import { TextInterner } from './text-interner.ts';

type Scalar = number | boolean | string;
type Values = Float64Array | Uint8Array | Uint32Array;

/** By place in the input; places beyond the last value set have none. */
export class ScalarValues {
  readonly kind: Exclude<ColumnKind, ListKind>;
  readonly #texts = new TextInterner();
  #values: Values;

  constructor(kind: Exclude<ColumnKind, ListKind>) {
    this.kind = kind;
    this.#values = emptyValues(kind, 64);
  }

  /** `value` is of this column's kind. */
  set(place: number, value: Scalar): void {
    if (place >= this.#values.length) {
      const grown = emptyValues(this.kind, Math.max(place + 1, this.#values.length * 2));
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[place] = this.#encoded(value);
  }

  /** The column, `order[ordinal]` being the place in the input. */
  encode(order: Uint32Array): EncodedColumn {
    const texts = this.kind === 'text' ? this.#texts.encodeSorted() : undefined;
    const values = emptyValues(this.kind, order.length);
    for (let ordinal = 0; ordinal < order.length; ordinal++) {
      const value = this.#values[order[ordinal]!];
      if (value === undefined) continue;
      values[ordinal] = texts === undefined || value === MISSING_CODE ? value : texts.place[value - 1]! + 1;
    }
    const data = new Uint8Array(values.buffer);
    if (texts === undefined) return { sizes: {}, parts: [data] };
    return { sizes: { dictionaryBytes: texts.bytes.length }, parts: [data, texts.bytes] };
  }

  #encoded(value: Scalar): number {
    if (typeof value === 'number') return value;
    if (typeof value === 'boolean') return value ? TRUE_CODE : FALSE_CODE;
    // A number of the interner, shifted like the row of the dictionary that it becomes.
    return this.#texts.numberOf(value) + 1;
  }
}

function emptyValues(kind: ColumnKind, length: number): Values {
  if (kind === 'boolean') return new Uint8Array(length);
  if (kind === 'text') return new Uint32Array(length);
  return new Float64Array(length).fill(NaN);
}
