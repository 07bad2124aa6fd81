/**
 * Collects the columns of shops in the order of the input and writes them in the order of their ordinals.
 * One array per column, 1 to 8 bytes a shop; every distinct text is kept once.
 */
import { alignUp } from '../base/aligned-bytes.ts';
import { check, EngineError } from '../base/errors.ts';
import { shown } from '../base/validate.ts';
import type { AttributeValue, Shop } from '../domain/shop.ts';
import {
  COLUMN_ALIGNMENT_BYTES,
  COLUMNS_HEADER_BYTES,
  type ColumnKind,
  type ColumnEntry,
  FALSE_CODE,
  MISSING_CODE,
  TRUE_CODE,
  type Unfilterable,
} from './columns.ts';
import { TextInterner } from './text-interner.ts';

/**
 * Attributes of a catalog. More names than that are data, not columns, and belong inside one nested
 * attribute.
 */
const ATTRIBUTES_MAX = 1_000;

/** The fields of a shop that are columns of every catalog. */
const SHOP_COLUMNS = { category: 'text', price: 'number', rating: 'number', popularity: 'number' } as const;
const POPULARITY_DEFAULT = 0;

export class ColumnsBuilder {
  readonly #columns = new Map<string, ColumnValues | Unfilterable>();
  #shopCount = 0;

  constructor() {
    for (const [name, kind] of Object.entries(SHOP_COLUMNS)) this.#columns.set(name, new ColumnValues(kind));
  }

  /**
   * Adds the next shop. Throws `input_invalid`, naming the shop and what does not hold: a number that is not
   * finite, a text with half a character, an attribute with the name of a column of every catalog, too many
   * attributes.
   */
  add(shop: Shop): void {
    this.#set(shop, 'category', shop.category);
    this.#set(shop, 'price', shop.price);
    this.#set(shop, 'rating', shop.rating);
    this.#set(shop, 'popularity', shop.popularity ?? POPULARITY_DEFAULT);
    for (const [name, value] of Object.entries(shop.attributes)) {
      if (Object.hasOwn(SHOP_COLUMNS, name)) {
        throw refused(shop, name, 'has the name of a column that every catalog has; give it another name');
      }
      this.#set(shop, name, value);
    }
    this.#shopCount++;
  }

  /** The section, `order[ordinal]` being the place of the shop in the input. */
  encode(order: Uint32Array): Uint8Array {
    check(order.length === this.#shopCount, `an order of ${order.length} for ${this.#shopCount} shops`);
    const directory: ColumnEntry[] = [];
    const parts: Uint8Array[] = [];
    for (const [name, column] of this.#columns) {
      if (typeof column === 'string') {
        directory.push({ name, kind: column });
        continue;
      }
      const { data, dictionary } = column.encode(order);
      directory.push({ name, kind: column.kind, ...(dictionary && { dictionaryBytes: dictionary.length }) });
      parts.push(data, ...(dictionary ? [dictionary] : []));
    }
    return joined(directory, this.#shopCount, parts);
  }

  #set(shop: Shop, name: string, value: AttributeValue | undefined): void {
    if (value === undefined || value === null) return;
    const fault = faultOf(value);
    if (fault !== undefined) throw refused(shop, name, fault);
    const kind = kindOf(value);
    const column = this.#columns.get(name) ?? this.#newColumn(shop, name, kind);
    if (kind === 'nested') this.#columns.set(name, 'nested');
    else if (typeof column === 'string') return;
    else if (column.kind === kind) column.set(this.#shopCount, value as Scalar);
    else this.#columns.set(name, 'mixed');
  }

  #newColumn(shop: Shop, name: string, kind: ColumnKind | 'nested'): ColumnValues | Unfilterable {
    if (this.#columns.size === Object.keys(SHOP_COLUMNS).length + ATTRIBUTES_MAX) {
      throw refused(shop, name, `is one more than ${ATTRIBUTES_MAX} attributes; put rare ones inside one`);
    }
    const column = kind === 'nested' ? kind : new ColumnValues(kind);
    this.#columns.set(name, column);
    return column;
  }
}

type Scalar = number | boolean | string;
type Values = Float64Array | Uint8Array | Uint32Array;

/** The values of one column by place in the input; places beyond the last value set have none. */
class ColumnValues {
  readonly kind: ColumnKind;
  readonly #texts = new TextInterner();
  #values: Values;

  constructor(kind: ColumnKind) {
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

  encode(order: Uint32Array): { data: Uint8Array; dictionary: Uint8Array | undefined } {
    const texts = this.kind === 'text' ? this.#texts.encodeSorted() : undefined;
    const values = emptyValues(this.kind, order.length);
    for (let ordinal = 0; ordinal < order.length; ordinal++) {
      const value = this.#values[order[ordinal]!];
      if (value === undefined) continue;
      values[ordinal] = texts === undefined || value === MISSING_CODE ? value : texts.place[value - 1]! + 1;
    }
    return { data: new Uint8Array(values.buffer), dictionary: texts?.bytes };
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

function kindOf(value: NonNullable<AttributeValue>): ColumnKind | 'nested' {
  if (typeof value === 'number') return 'number';
  if (typeof value === 'boolean') return 'boolean';
  return typeof value === 'string' ? 'text' : 'nested';
}

function faultOf(value: AttributeValue): string | undefined {
  if (typeof value === 'number' && !Number.isFinite(value)) return `is ${value}, expected a finite number`;
  if (typeof value === 'string' && !value.isWellFormed()) return `is ${shown(value)}, with half a character`;
  return undefined;
}

function refused(shop: Shop, name: string, fault: string): EngineError {
  return new EngineError('input_invalid', `shop ${shown(shop.shopId)}: ${shown(name)} ${fault}`);
}

function joined(
  directory: readonly ColumnEntry[],
  shopCount: number,
  parts: readonly Uint8Array[],
): Uint8Array {
  const json = Buffer.from(JSON.stringify(directory));
  let at = alignUp(COLUMNS_HEADER_BYTES + json.length, COLUMN_ALIGNMENT_BYTES);
  const sizeBytes = parts.reduce((size, part) => size + alignUp(part.length, COLUMN_ALIGNMENT_BYTES), at);
  const bytes = new Uint8Array(sizeBytes);
  bytes.set(new Uint8Array(Uint32Array.of(json.length, shopCount).buffer));
  bytes.set(json, COLUMNS_HEADER_BYTES);
  for (const part of parts) {
    bytes.set(part, at);
    at += alignUp(part.length, COLUMN_ALIGNMENT_BYTES);
  }
  return bytes;
}
