/**
 * One row of a shops file, whatever its format, checked and turned into a `ShopRow`.
 * Known columns become fields, every other column becomes an attribute.
 */
import { fieldOf, shown } from '../../base/validate.ts';
import { ID_CHARACTERS_MAX } from '../../domain/action.ts';
import { locationFault, RADIUS_METERS_UNLIMITED } from '../../domain/location.ts';
import { WEEK_TABLE_EXPECTED, weekTableText } from '../../domain/week-table.ts';
import { knownTimeZone } from '../../catalog/zone-clock.ts';
import type { AttributeValue, Shop } from '../../domain/shop.ts';
import type { Zone } from '../../domain/zone.ts';
import { readZones } from '../../geo/geojson.ts';
import { idText, renameHint } from './input-columns.ts';
import { type InputFaults, inputInvalid } from './input-faults.ts';

/** A shop and where it delivers beside its radius, which its record in the catalog does not repeat. */
export type ShopRow = Shop & { readonly zones?: readonly Zone[] };

type OpenShop = { -readonly [Field in keyof ShopRow]: ShopRow[Field] } & {
  attributes: Record<string, AttributeValue>;
};

export const SHOP_COLUMNS_NEEDED = ['shopId', 'lon', 'lat'] as const;
/** Columns with a meaning of their own; `attributes` holds further attributes as one object. */
const SHOP_COLUMNS: ReadonlySet<string> = new Set([
  ...SHOP_COLUMNS_NEEDED,
  'name',
  'deliveryRadiusMeters',
  'zone',
  'openingHours',
  'timeZone',
  'category',
  'price',
  'rating',
  'popularity',
  'attributes',
]);

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
/** As JSON writes numbers: `007` and `+82` are codes and stay text. */
const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const WELL_FORMED = 'text in valid Unicode';

/** Values within values that an attribute or a model card may hold; no reader or writer of JSON minds so few. */
export const NESTING_MAX = 32;

/** Reads the rows of one file, one after the other. */
export class ShopRowReader {
  readonly #file: string;
  readonly #faults: InputFaults;
  /** Whether every value is text, as in CSV, so that numbers have to be recognized. */
  readonly #isText: boolean;
  #rowCount = 0;
  #swappedCount = 0;
  // The row at hand.
  #place = '';
  #isGood = true;

  constructor(file: string, faults: InputFaults, isText: boolean) {
    this.#file = file;
    this.#faults = faults;
    this.#isText = isText;
  }

  /** The shop whose `columns` hold `values`, or undefined after adding what is wrong to the faults. */
  read(place: string, columns: readonly string[], values: readonly unknown[]): ShopRow | undefined {
    this.#place = place;
    this.#isGood = true;
    this.#rowCount++;
    const shop: OpenShop = { shopId: '', lon: Number.NaN, lat: Number.NaN, attributes: {} };
    for (let i = 0; i < columns.length; i++) {
      const value = values[i];
      if (value !== undefined && value !== null) this.#setColumn(shop, columns[i]!, value);
    }
    if (this.#isGood) this.#checkNeeded(shop, columns);
    return this.#isGood ? shop : undefined;
  }

  /** Says so if most rows have their coordinates exchanged. Throws `input_invalid` if there was no row at all. */
  finish(): void {
    if (this.#rowCount === 0) {
      this.#faults.throwIfAny();
      throw inputInvalid({
        file: this.#file,
        place: 'content',
        found: 'no shops',
        expected: 'one row for each shop',
      });
    }
    if (this.#swappedCount * 2 <= this.#rowCount) return;
    const rows = `${this.#swappedCount} of ${this.#rowCount} rows`;
    this.#faults.remark(
      `${this.#file}: lon and lat look swapped in ${rows}; exchange the names of the two columns`,
    );
  }

  #setColumn(shop: OpenShop, column: string, value: unknown): void {
    if (!SHOP_COLUMNS.has(column)) {
      const attribute = this.#isText ? attributeOfText(value as string) : this.#attribute(column, value);
      if (attribute !== undefined) this.#setAttribute(shop, column, attribute);
      return;
    }
    if (value === '') return; // absent, as CSV has no other way to say so
    switch (column) {
      case 'shopId':
        shop.shopId = this.#id(value);
        break;
      case 'lon':
      case 'lat':
      case 'price':
      case 'rating':
      case 'popularity':
        shop[column] = this.#number(column, value);
        break;
      case 'deliveryRadiusMeters':
        shop.deliveryRadiusMeters = this.#radiusMeters(value);
        break;
      case 'openingHours':
        shop.openingHours = this.#openingHours(value);
        break;
      case 'timeZone':
        shop.timeZone = this.#timeZone(value);
        break;
      case 'name':
      case 'category':
        shop[column] = this.#text(column, value);
        break;
      case 'zone':
        this.#setZones(shop, value);
        break;
      case 'attributes':
        this.#mergeAttributes(shop, value);
        break;
    }
  }

  #checkNeeded(shop: OpenShop, columns: readonly string[]): void {
    if (shop.shopId === '') this.#refuseAbsent('shopId', columns, `1..${ID_CHARACTERS_MAX} characters`);
    if (Number.isNaN(shop.lon)) this.#refuseAbsent('lon', columns, 'a number of degrees');
    if (Number.isNaN(shop.lat)) this.#refuseAbsent('lat', columns, 'a number of degrees');
    if (!this.#isGood) return;
    const fault = locationFault(shop.lon, shop.lat);
    if (fault === undefined) return;
    if (locationFault(shop.lat, shop.lon) === undefined) this.#swappedCount++;
    const column = Math.abs(shop.lat) > 90 ? 'lat' : 'lon';
    this.#refuseAs(column, `lon ${shop.lon}, lat ${shop.lat}`, `coordinates in degrees: ${fault}`);
  }

  #id(value: unknown): string {
    const shopId = this.#text('shopId', idText(value) ?? value);
    if (shopId.length > ID_CHARACTERS_MAX) {
      this.#refuse('shopId', shopId, `1..${ID_CHARACTERS_MAX} characters`);
    }
    return shopId;
  }

  #radiusMeters(value: unknown): number {
    const radiusMeters = this.#number('deliveryRadiusMeters', value);
    if (Number.isFinite(radiusMeters) && !(radiusMeters > 0 && radiusMeters <= RADIUS_METERS_UNLIMITED)) {
      this.#refuse(
        'deliveryRadiusMeters',
        value,
        `more than 0 and at most ${RADIUS_METERS_UNLIMITED} meters`,
      );
    }
    return radiusMeters;
  }

  /** GeoJSON, as text or as the value that it is. */
  #setZones(shop: OpenShop, value: unknown): void {
    let geoJson = value;
    if (typeof value === 'string') {
      try {
        geoJson = JSON.parse(value);
      } catch {
        return this.#refuse('zone', value, 'GeoJSON');
      }
    }
    const zones = readZones(geoJson, (path, found, expected) =>
      this.#refuseAs(fieldOf(['zone', ...path]), found, expected),
    );
    if (zones !== undefined) shop.zones = zones;
  }

  #number(column: string, value: unknown): number {
    let number = Number.NaN;
    if (typeof value === 'number' || typeof value === 'bigint') number = Number(value);
    else if (this.#isText && DECIMAL.test((value as string).trim())) number = Number(value);
    if (!Number.isFinite(number)) this.#refuse(column, value, 'a finite number');
    return number;
  }

  #text(column: string, value: unknown): string {
    if (typeof value === 'string' && value.isWellFormed()) return value;
    this.#refuse(column, value, typeof value === 'string' ? WELL_FORMED : 'text');
    return '';
  }

  /** A text as it is: what of it cannot be read is said when all are. A weekly table, in CSV as JSON, becomes a text. */
  #openingHours(value: unknown): string {
    const isTable =
      typeof value === 'object' || (this.#isText && (value as string).trimStart().startsWith('{'));
    if (!isTable) return this.#text('openingHours', value);
    const text = weekTableText(this.#isText ? parsedJson(value as string) : value);
    if (text === undefined) this.#refuse('openingHours', value, WEEK_TABLE_EXPECTED);
    return text ?? '';
  }

  #timeZone(value: unknown): string {
    const timeZone = typeof value === 'string' ? knownTimeZone(value) : undefined;
    if (timeZone === undefined)
      this.#refuse('timeZone', value, 'the IANA name of a time zone, such as Asia/Seoul');
    return timeZone ?? '';
  }

  #mergeAttributes(shop: OpenShop, value: unknown): void {
    const attributes = this.#isText ? undefined : this.#attribute('attributes', value);
    if (typeof attributes !== 'object' || attributes === null || Array.isArray(attributes)) {
      this.#refuse('attributes', value, 'an object; give every attribute a column of its own');
      return;
    }
    for (const [name, attribute] of Object.entries(attributes)) {
      if (SHOP_COLUMNS.has(name)) {
        this.#refuse(`attributes.${name}`, attribute, 'another name, as this is one of a column');
      } else this.#setAttribute(shop, name, attribute);
    }
  }

  #setAttribute(shop: OpenShop, name: string, value: AttributeValue): void {
    if (name === '__proto__') this.#refuse(name, value, 'another name');
    else if (Object.hasOwn(shop.attributes, name))
      this.#refuse(name, value, 'one value, not another in attributes');
    else shop.attributes[name] = value;
  }

  /** A value as JSON can hold it; undefined after adding what is wrong to the faults. */
  #attribute(column: string, value: unknown): AttributeValue | undefined {
    switch (typeof value) {
      case 'boolean':
        return value;
      case 'string':
        return this.#text(column, value);
      case 'number':
        return this.#number(column, value);
      case 'bigint':
        if (Number.isSafeInteger(Number(value))) return Number(value);
        return this.#refuse(column, value, 'a whole number below 2^53, or text');
      case 'object':
        return this.#nestedAttribute(column, value);
      default:
        return this.#refuse(column, value, 'text, a number, a boolean, a list or an object');
    }
  }

  #nestedAttribute(column: string, value: object | null): AttributeValue | undefined {
    if (value === null) return null;
    if (value instanceof Date) {
      if (!Number.isNaN(value.getTime())) return value.toISOString();
      return this.#refuse(column, value, 'a date that exists');
    }
    if (ArrayBuffer.isView(value)) {
      return this.#refuse(column, `${value.byteLength} bytes`, 'text, a number or a boolean');
    }
    if (isNestedDeeper(value, NESTING_MAX)) {
      return this.#refuse(column, 'values within values within values', `at most ${NESTING_MAX} levels`);
    }
    if (Array.isArray(value)) return value.map((element) => this.#attribute(column, element ?? null) ?? null);
    const fields = Object.entries(value).map(([name, field]) => [
      name,
      this.#attribute(`${column}.${name}`, field ?? null) ?? null,
    ]);
    return Object.fromEntries(fields) as { [name: string]: AttributeValue };
  }

  #refuseAbsent(column: string, columns: readonly string[], expected: string): void {
    this.#refuseAs(column, renameHint(columns, column) ?? 'nothing', expected);
  }

  #refuse(column: string, value: unknown, expected: string): undefined {
    this.#refuseAs(column, shown(value), expected);
  }

  #refuseAs(column: string, found: string, expected: string): void {
    this.#isGood = false;
    this.#faults.add({ file: this.#file, place: this.#place, column, found, expected });
  }
}

/** Undefined for text that is not JSON. */
function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Undefined for an empty field, which is how CSV says that there is no value. */
function attributeOfText(text: string): AttributeValue | undefined {
  if (text === '') return undefined;
  if (text === 'true') return true;
  if (text === 'false') return false;
  return JSON_NUMBER.test(text) && isExact(Number(text)) ? Number(text) : text;
}

/** Whether a number holds what was written: digits of a whole number beyond 2^53 would be lost, so an id stays text. */
function isExact(value: number): boolean {
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
}

/** Whether `value` holds values within values beyond `levels`. Looks no deeper than that. */
export function isNestedDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isNestedDeeper(inner, levels - 1));
}
