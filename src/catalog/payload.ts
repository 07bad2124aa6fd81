/** The record of every shop, whole, as JSON in a text table by ordinal: what an answer shows of a shop. */
import { shown } from '../base/validate.ts';
import type { Shop } from '../domain/shop.ts';
import { invalidSection } from '../base/invalid-section.ts';
import { TextTable } from '../base/text-table.ts';
import { TextTableBuilder } from '../base/text-table-builder.ts';
import { ByteNeedle } from './byte-needle.ts';
import { firstUnproven } from './record-form.ts';

const SECTION = 'payload';
/** A quote inside a text has a backslash before it, so these are fields and never part of a text. */
const NAME = new ByteNeedle(',"name":"');
const ATTRIBUTES = new ByteNeedle(',"attributes":{');
const [QUOTE, COMMA, OPENING_BRACKET, BACKSLASH, CLOSING_BRACKET, OPENING_BRACE] = Buffer.from('",[\\]{');

/** What of a record no column holds. */
export type Excerpt = Pick<Shop, 'name' | 'attributes'>;

export class Payload {
  readonly count: number;
  readonly #records: TextTable;

  private constructor(records: TextTable) {
    this.count = records.count;
    this.#records = records;
  }

  /** Reads a section in place. Throws `snapshot_invalid` if the records cannot be there. */
  static over(bytes: Uint8Array): Payload {
    return new Payload(TextTable.over(bytes, SECTION));
  }

  /**
   * The shop as its owner described it. Made anew by every call. Throws `snapshot_invalid` if it is not JSON.
   */
  record(ordinal: number): Shop {
    try {
      return JSON.parse(this.#records.at(ordinal)) as Shop;
    } catch (cause) {
      if (!(cause instanceof SyntaxError)) throw cause;
      throw invalidSection(SECTION, `the record of shop ${ordinal} is not JSON: ${cause.message}`);
    }
  }

  /**
   * The excerpts of several records, made anew by every call. Cut out and parsed in one go, 20 of them take 16 µs;
   * their whole records one by one took 32. The records must be verified.
   */
  excerpts(ordinals: readonly number[]): Excerpt[] {
    const { text } = this.#records;
    let bytes = 2;
    for (const ordinal of ordinals)
      bytes += this.#records.startOf(ordinal + 1) - this.#records.startOf(ordinal);
    const json = Buffer.allocUnsafe(bytes);
    let at = 0;
    for (const ordinal of ordinals) {
      const start = this.#records.startOf(ordinal);
      const end = this.#records.startOf(ordinal + 1);
      const attributes = ATTRIBUTES.find(text, start, end);
      const name = NAME.find(text, start, attributes);
      json[at] = at === 0 ? OPENING_BRACKET! : COMMA!;
      at++;
      json[at++] = OPENING_BRACE!;
      if (name !== -1) at += text.copy(json, at, name + 1, textEnd(text, name + NAME.length));
      at += text.copy(json, at, name === -1 ? attributes + 1 : attributes, end);
    }
    if (at === 0) return [];
    json[at++] = CLOSING_BRACKET!;
    return JSON.parse(json.toString('utf8', 0, at)) as Excerpt[];
  }

  /**
   * Throws `snapshot_invalid` unless every record of the ordinals `first` … `end` has the form that record-form.ts draws,
   * the id and the coordinate of its ordinal. `coordinates` is float64[count][2], lon before lat.
   */
  verify(ids: TextTable, coordinates: Float64Array, first: number, end: number): void {
    this.#records.verify(first, end);
    let ordinal = first;
    while ((ordinal = firstUnproven(this.#records, ids, coordinates, ordinal, end)) < end) {
      const lon = coordinates[ordinal * 2]!;
      const lat = coordinates[ordinal * 2 + 1]!;
      const fault = faultOf(this.record(ordinal), this.#records.at(ordinal), {
        shopId: ids.at(ordinal),
        lon,
        lat,
      });
      if (fault !== undefined) throw invalidSection(SECTION, `the record of shop ${ordinal} ${fault}`);
      ordinal++;
    }
  }
}

/** Behind the quote that ends the text at `at`. */
function textEnd(text: Uint8Array, at: number): number {
  while (text[at] !== QUOTE) at += text[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}

function faultOf(
  record: unknown,
  text: string,
  expected: Pick<Shop, 'shopId' | 'lon' | 'lat'>,
): string | undefined {
  if (!isObject(record)) return `is ${shown(record)}, expected an object`;
  for (const [field, value] of Object.entries(expected)) {
    if (record[field] !== value) return `has ${field} ${shown(record[field])}, expected ${shown(value)}`;
  }
  for (const [fields, type] of FIELD_TYPES) {
    const field = fields.find((name) => record[name] !== undefined && typeof record[name] !== type);
    if (field !== undefined) return `has ${field} ${shown(record[field])}, expected a ${type}`;
  }
  if (!isObject(record['attributes']))
    return `has attributes ${shown(record['attributes'])}, expected an object`;
  if (JSON.stringify(recordOf(record as unknown as Shop)) !== text)
    return 'has blanks, other fields or another order of fields than a build writes';
  return undefined;
}

const FIELD_TYPES = [
  [['name', 'openingHours', 'timeZone', 'category'], 'string'],
  [['deliveryRadiusMeters', 'price', 'rating', 'popularity'], 'number'],
] as const;

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Collects records in the order of the input and writes them in the order of their ordinals. */
export class PayloadBuilder {
  readonly #records = new TextTableBuilder();

  add(shop: Shop): void {
    this.#records.add(JSON.stringify(recordOf(shop)));
  }

  /** The section, `order[ordinal]` being the place of the shop in the input. */
  encode(order: Uint32Array): Uint8Array {
    return this.#records.encode(order);
  }
}

/** The fields of a shop in one order, so that the same shops always make the same bytes. */
function recordOf(shop: Shop): { readonly [field in keyof Shop]: unknown } {
  return {
    shopId: shop.shopId,
    lon: shop.lon,
    lat: shop.lat,
    name: shop.name,
    deliveryRadiusMeters: shop.deliveryRadiusMeters,
    openingHours: shop.openingHours,
    timeZone: shop.timeZone,
    category: shop.category,
    price: shop.price,
    rating: shop.rating,
    popularity: shop.popularity,
    attributes: shop.attributes,
  };
}
