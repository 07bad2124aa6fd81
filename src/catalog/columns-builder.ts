/**
 * Collects the columns of shops in the order of the input and writes them in the order of their ordinals.
 * One array per column, 1 to 8 bytes a shop and as much for every value of a list; every distinct text is kept once.
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
  LIST_VALUES_MAX,
  type ListKind,
  type Unfilterable,
} from './columns.ts';
import { FILTER_WORDS } from './filter.ts';
import { ListValues } from './list-values.ts';
import { ScalarValues } from './scalar-values.ts';

/**
 * Attributes of a catalog. More names than that are data, not columns, and belong inside one nested
 * attribute.
 */
const ATTRIBUTES_MAX = 1_000;

/** The fields of a shop that are columns of every catalog. */
const SHOP_COLUMNS = { category: 'text', price: 'number', rating: 'number', popularity: 'number' } as const;
const POPULARITY_DEFAULT = 0;

/** Of several reasons the last of these is told, whatever the order of the shops. */
const UNFILTERABLE: readonly Unfilterable[] = ['mixed', 'long', 'nested'];

export class ColumnsBuilder {
  readonly #columns = new Map<string, ColumnValues | Unfilterable>();
  #shopCount = 0;

  constructor() {
    for (const [name, kind] of Object.entries(SHOP_COLUMNS)) this.#columns.set(name, new ScalarValues(kind));
  }

  /**
   * Adds the next shop. Throws `input_invalid`, naming the shop and what does not hold: a number that is not
   * finite, a text with half a character, an attribute with the name of a column of every catalog or with one
   * that means something else in filters, too many attributes.
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
      if (FILTER_WORDS.includes(name)) {
        throw refused(shop, name, 'is a word of the language of filters; give the attribute another name');
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
      const encoded = column.encode(order);
      directory.push({ name, kind: column.kind, ...encoded.sizes });
      parts.push(...encoded.parts);
    }
    return joined(directory, this.#shopCount, parts);
  }

  #set(shop: Shop, name: string, given: AttributeValue | undefined): void {
    const value = presentIn(given);
    if (value === undefined) return;
    const fault = faultOf(value);
    if (fault !== undefined) throw refused(shop, name, fault);
    const kind = kindOf(value);
    const column = this.#columns.get(name) ?? this.#newColumn(shop, name, kind);
    if (typeof column !== 'string' && column.kind === kind) column.set(this.#shopCount, value as never);
    else this.#columns.set(name, unfilterableAs(column, kind));
  }

  #newColumn(shop: Shop, name: string, kind: ColumnKind | Unfilterable): ColumnValues | Unfilterable {
    if (this.#columns.size === Object.keys(SHOP_COLUMNS).length + ATTRIBUTES_MAX) {
      throw refused(shop, name, `is one more than ${ATTRIBUTES_MAX} attributes; put rare ones inside one`);
    }
    const column = isUnfilterable(kind)
      ? kind
      : isListKind(kind)
        ? new ListValues(kind)
        : new ScalarValues(kind);
    this.#columns.set(name, column);
    return column;
  }
}

type ColumnValues = ScalarValues | ListValues;

/** Nulls and empty lists are no values. */
function presentIn(value: AttributeValue | undefined): NonNullable<AttributeValue> | undefined {
  if (!Array.isArray(value)) return value ?? undefined;
  const present = (value as readonly AttributeValue[]).filter((element) => element !== null);
  return present.length === 0 ? undefined : present;
}

function kindOf(value: NonNullable<AttributeValue>): ColumnKind | Unfilterable {
  if (!Array.isArray(value)) return KIND_OF_TYPE[typeof value] ?? 'nested';
  const kinds = new Set((value as readonly AttributeValue[]).map((element) => KIND_OF_TYPE[typeof element]));
  const [kind] = kinds;
  if (kinds.size !== 1 || (kind !== 'text' && kind !== 'number')) return 'nested';
  return value.length > LIST_VALUES_MAX ? 'long' : `${kind}List`;
}

const KIND_OF_TYPE: { readonly [type: string]: 'number' | 'boolean' | 'text' } = {
  number: 'number',
  boolean: 'boolean',
  string: 'text',
};

function isUnfilterable(kind: ColumnKind | Unfilterable): kind is Unfilterable {
  return UNFILTERABLE.includes(kind as Unfilterable);
}

function isListKind(kind: ColumnKind): kind is ListKind {
  return kind === 'numberList' || kind === 'textList';
}

/** What becomes of a column that meets a value of another kind, or of one that no column holds. */
function unfilterableAs(column: ColumnValues | Unfilterable, kind: ColumnKind | Unfilterable): Unfilterable {
  const reasons = [typeof column === 'string' ? column : 'mixed', kind];
  return UNFILTERABLE.findLast((reason) => reasons.includes(reason))!;
}

function faultOf(value: AttributeValue): string | undefined {
  if (typeof value === 'number' && !Number.isFinite(value)) return `is ${value}, expected a finite number`;
  if (typeof value === 'string' && !value.isWellFormed()) return `is ${shown(value)}, with half a character`;
  if (!Array.isArray(value)) return undefined;
  for (const element of value as readonly AttributeValue[]) {
    const fault = Array.isArray(element) ? undefined : faultOf(element);
    if (fault !== undefined) return `holds a value that ${fault}`;
  }
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
