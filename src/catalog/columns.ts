/**
 * What can be filtered: one typed array per column, by ordinal. Made by `ColumnsBuilder`.
 *
 *     u32 directory bytes │ u32 shop count │ directory as JSON │ data of the columns, in the directory's order
 *
 * Data, each part padded to 8 bytes:
 *     number    f64 values[shop count]                    NaN: missing
 *     boolean   u8 codes[shop count]                      0: missing, 1: false, 2: true
 *     text      u32 codes[shop count], text table         0: missing, c: row c - 1 of the sorted table
 *     numberList  u32 starts[shop count + 1], u32 signatures[shop count], f64 values[value count]
 *     textList    u32 starts[shop count + 1], u32 signatures[shop count], u32 codes[value count], text table
 *                                                         codes as of text, none is 0
 *     mixed, nested, long                                 no data: the attribute cannot be filtered, and why
 *
 * The list of ordinal o is what stands at starts[o] .. starts[o + 1]; an empty one is a missing one. Its signature has
 * the bits of all its values, see `signatureBit`.
 *
 * Missing is 0 and not the largest code, so that a filter reads its table of wanted codes only inside its
 * bounds: 3 against 14 ns a candidate with 30 % missing.
 */
import { alignUp } from '../base/aligned-bytes.ts';
import { check } from '../base/errors.ts';
import { shown } from '../base/validate.ts';
import { invalidSection } from '../base/invalid-section.ts';
import { TextTable } from '../base/text-table.ts';

const SECTION = 'columns';
export const COLUMNS_HEADER_BYTES = 8;
export const COLUMN_ALIGNMENT_BYTES = 8;
export const MISSING_CODE = 0;
export const FALSE_CODE = 1;
export const TRUE_CODE = 2;

/** Values in the list of one shop. Longer ones are data, such as embeddings or menus, and have no column. */
export const LIST_VALUES_MAX = 100;

/** Codes up to this one have a bit of a signature each to themselves. */
export const SIGNATURE_BITS = 32;

/**
 * The bit of a listed code or number in the signature of its shop: a filter looks through the lists of those shops alone
 * that have it. With 20,000 candidates and a value of one in a hundred, the line took 0.41 ms without and 0.20 with.
 */
export function signatureBit(value: number): number {
  return 1 << value; // the five lowest bits of its whole part
}

/** What the section says of one column. */
export interface ColumnEntry {
  readonly name: string;
  readonly kind: ColumnKind | Unfilterable;
  /** Values in all lists; only columns of lists have it. */
  readonly valueCount?: number;
  /** Size of the text table; only columns of text and of lists of text have it. */
  readonly dictionaryBytes?: number;
}

const KINDS: readonly unknown[] = [
  'number',
  'boolean',
  'text',
  'numberList',
  'textList',
  'mixed',
  'nested',
  'long',
] satisfies ColumnEntry['kind'][];

/** What a builder writes of one column: data of the section, and its sizes for the directory. */
export interface EncodedColumn {
  readonly sizes: Pick<ColumnEntry, 'valueCount' | 'dictionaryBytes'>;
  readonly parts: readonly Uint8Array[];
}

export interface NumberColumn {
  readonly name: string;
  readonly kind: 'number';
  /** NaN where the shop has no value. */
  readonly values: Float64Array;
}

export interface BooleanColumn {
  readonly name: string;
  readonly kind: 'boolean';
  /** MISSING_CODE, FALSE_CODE or TRUE_CODE. */
  readonly codes: Uint8Array;
}

export interface TextColumn {
  readonly name: string;
  readonly kind: 'text';
  /** MISSING_CODE, or the row in `dictionary` plus one. */
  readonly codes: Uint32Array;
  /** The distinct texts, sorted. */
  readonly dictionary: TextTable;
}

export interface NumberListColumn {
  readonly name: string;
  readonly kind: 'numberList';
  /** Of length shopCount + 1. */
  readonly starts: Uint32Array;
  /** 0 where the shop has no list. */
  readonly signatures: Uint32Array;
  readonly values: Float64Array;
}

export interface TextListColumn {
  readonly name: string;
  readonly kind: 'textList';
  /** Of length shopCount + 1. */
  readonly starts: Uint32Array;
  /** 0 where the shop has no list. */
  readonly signatures: Uint32Array;
  /** The row in `dictionary` plus one. */
  readonly codes: Uint32Array;
  /** The distinct texts, sorted. */
  readonly dictionary: TextTable;
}

export type Column = NumberColumn | BooleanColumn | TextColumn | NumberListColumn | TextListColumn;
export type ColumnKind = Column['kind'];
export type ListKind = 'numberList' | 'textList';

/**
 * Why an attribute has no column: its values are of different kinds, or one of them is a list of more than
 * LIST_VALUES_MAX values, or one is an object or a list of anything but text or numbers.
 */
export type Unfilterable = 'mixed' | 'long' | 'nested';

export class Columns {
  readonly shopCount: number;
  readonly #columns = new Map<string, Column>();
  readonly #unfilterable = new Map<string, Unfilterable>();

  private constructor(shopCount: number) {
    this.shopCount = shopCount;
  }

  /**
   * Reads a section in place. Throws `snapshot_invalid` unless the directory accounts for exactly these
   * bytes.
   */
  static over(bytes: Uint8Array): Columns {
    const { shopCount, directory, dataStart } = readHeader(bytes);
    const columns = new Columns(shopCount);
    const parts = new Parts(bytes, dataStart);
    for (const entry of directory) columns.#add(entry, parts);
    parts.expectEnd();
    return columns;
  }

  /** The column of that name; undefined if there is none or its attribute cannot be filtered. */
  column(name: string): Column | undefined {
    return this.#columns.get(name);
  }

  /** A column that every catalog has. Throws `snapshot_invalid` if this one has not. */
  numberColumn(name: string): NumberColumn {
    const column = this.#columns.get(name);
    if (column?.kind === 'number') return column;
    throw invalidSection(SECTION, `the directory has no numbers called ${shown(name)}, as every catalog has`);
  }

  /** A column that every catalog has. Throws `snapshot_invalid` if this one has not. */
  textColumn(name: string): TextColumn {
    const column = this.#columns.get(name);
    if (column?.kind === 'text') return column;
    throw invalidSection(SECTION, `the directory has no texts called ${shown(name)}, as every catalog has`);
  }

  /** Why the attribute of that name has no column; undefined if it has one or does not exist. */
  unfilterable(name: string): Unfilterable | undefined {
    return this.#unfilterable.get(name);
  }

  /** The names of the attributes without a column, in the order of the directory. */
  unfilterableNames(): string[] {
    return [...this.#unfilterable.keys()];
  }

  /** The names of all columns, in the order of the directory. */
  names(): string[] {
    return [...this.#columns.keys()];
  }

  /** Throws `snapshot_invalid` unless every value and code of every column holds. */
  verify(): void {
    for (const column of this.#columns.values()) verifyColumn(column);
  }

  #add(entry: ColumnEntry, parts: Parts): void {
    const { name } = entry;
    if (this.#columns.has(name) || this.#unfilterable.has(name)) {
      throw invalidSection(SECTION, `the directory names ${shown(name)} twice`);
    }
    const column = readColumn(entry, parts, this.shopCount);
    if (typeof column === 'string') this.#unfilterable.set(name, column);
    else this.#columns.set(name, column);
  }
}

interface ColumnsHeader {
  readonly shopCount: number;
  readonly directory: readonly ColumnEntry[];
  readonly dataStart: number;
}

function readHeader(bytes: Uint8Array): ColumnsHeader {
  check(bytes.byteOffset % COLUMN_ALIGNMENT_BYTES === 0, `section ${SECTION} is not aligned`);
  if (bytes.length < COLUMNS_HEADER_BYTES) {
    throw invalidSection(SECTION, `has ${bytes.length} bytes, expected at least ${COLUMNS_HEADER_BYTES}`);
  }
  const header = new Uint32Array(bytes.buffer, bytes.byteOffset, 2);
  const directoryEnd = COLUMNS_HEADER_BYTES + header[0]!;
  if (directoryEnd > bytes.length) {
    throw invalidSection(SECTION, `the directory ends at ${directoryEnd}, expected at most ${bytes.length}`);
  }
  const directory = parseDirectory(bytes.subarray(COLUMNS_HEADER_BYTES, directoryEnd));
  return { shopCount: header[1]!, directory, dataStart: alignUp(directoryEnd, COLUMN_ALIGNMENT_BYTES) };
}

function parseDirectory(bytes: Uint8Array): readonly ColumnEntry[] {
  let directory: unknown;
  try {
    directory = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString());
  } catch (cause) {
    throw invalidSection(SECTION, `the directory is not JSON: ${String(cause)}`);
  }
  if (!Array.isArray(directory)) {
    throw invalidSection(SECTION, `the directory is ${shown(directory)}, expected an array`);
  }
  const wrong = directory.findIndex((entry) => !isEntry(entry));
  if (wrong >= 0) {
    const found = shown(directory[wrong]);
    throw invalidSection(SECTION, `entry ${wrong} of the directory is ${found}, expected a name and a kind`);
  }
  return directory;
}

/** By hand: with a zod schema the first catalog of a process took 11 ms to open, without 0.6. */
function isEntry(value: unknown): value is ColumnEntry {
  if (typeof value !== 'object' || value === null) return false;
  const { name, kind, valueCount, dictionaryBytes } = value as {
    readonly [key in keyof ColumnEntry]?: unknown;
  };
  if (typeof name !== 'string' || !KINDS.includes(kind)) return false;
  return (
    isSize(valueCount, kind === 'numberList' || kind === 'textList') &&
    isSize(dictionaryBytes, kind === 'text' || kind === 'textList')
  );
}

/** Whether `value` is a size where there must be one, and absent otherwise. */
function isSize(value: unknown, isNeeded: boolean): boolean {
  return isNeeded ? Number.isSafeInteger(value) && (value as number) >= 0 : value === undefined;
}

/** Hands out the parts of a section's data one after the other. */
class Parts {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#at = start;
  }

  take(sizeBytes: number, name: string): Uint8Array {
    const end = this.#at + sizeBytes;
    if (end > this.#bytes.length) {
      const endMax = this.#bytes.length;
      throw invalidSection(SECTION, `column ${shown(name)} ends at ${end}, expected at most ${endMax}`);
    }
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = alignUp(end, COLUMN_ALIGNMENT_BYTES);
    return part;
  }

  takeUint32(count: number, name: string): Uint32Array {
    const { buffer, byteOffset } = this.take(count * Uint32Array.BYTES_PER_ELEMENT, name);
    return new Uint32Array(buffer, byteOffset, count);
  }

  takeFloat64(count: number, name: string): Float64Array {
    const { buffer, byteOffset } = this.take(count * Float64Array.BYTES_PER_ELEMENT, name);
    return new Float64Array(buffer, byteOffset, count);
  }

  takeTexts(sizeBytes: number, name: string): TextTable {
    return TextTable.over(this.take(sizeBytes, name), `${SECTION}, texts of ${shown(name)}`);
  }

  expectEnd(): void {
    if (this.#at !== this.#bytes.length) {
      const found = this.#bytes.length;
      throw invalidSection(SECTION, `has ${found} bytes, expected ${this.#at} for what the directory lists`);
    }
  }
}

function readColumn(entry: ColumnEntry, parts: Parts, shopCount: number): Column | Unfilterable {
  const { name, kind } = entry;
  switch (kind) {
    case 'number':
      return { name, kind, values: parts.takeFloat64(shopCount, name) };
    case 'boolean':
      return { name, kind, codes: parts.take(shopCount, name) };
    case 'text': {
      const codes = parts.takeUint32(shopCount, name);
      return { name, kind, codes, dictionary: parts.takeTexts(entry.dictionaryBytes!, name) };
    }
    case 'numberList': {
      const starts = parts.takeUint32(shopCount + 1, name);
      const signatures = parts.takeUint32(shopCount, name);
      return { name, kind, starts, signatures, values: parts.takeFloat64(entry.valueCount!, name) };
    }
    case 'textList': {
      const starts = parts.takeUint32(shopCount + 1, name);
      const signatures = parts.takeUint32(shopCount, name);
      const codes = parts.takeUint32(entry.valueCount!, name);
      const dictionary = parts.takeTexts(entry.dictionaryBytes!, name);
      return { name, kind, starts, signatures, codes, dictionary };
    }
    default:
      return kind;
  }
}

function verifyColumn(column: Column): void {
  const place = `column ${shown(column.name)}`;
  if ('dictionary' in column) {
    column.dictionary.verify();
    column.dictionary.verifySorted();
  }
  switch (column.kind) {
    case 'number':
      verifyNumbers(`${place}, shop`, column.values);
      break;
    case 'boolean':
      verifyCodes(`${place}, shop`, column.codes, MISSING_CODE, TRUE_CODE);
      break;
    case 'text':
      verifyCodes(`${place}, shop`, column.codes, MISSING_CODE, column.dictionary.count);
      break;
    case 'numberList':
      verifyStarts(place, column.starts, column.values.length);
      verifyListedNumbers(`${place}, listed value`, column.values);
      verifySignatures(place, column, column.values);
      break;
    case 'textList':
      verifyStarts(place, column.starts, column.codes.length);
      verifyCodes(`${place}, listed value`, column.codes, MISSING_CODE + 1, column.dictionary.count);
      verifySignatures(place, column, column.codes);
      break;
  }
}

function verifyNumbers(what: string, values: Float64Array): void {
  const wrong = values.findIndex((value) => value === Infinity || value === -Infinity);
  if (wrong < 0) return;
  throw invalidSection(SECTION, `${what} ${wrong} is ${values[wrong]}, expected a finite number or NaN`);
}

function verifyListedNumbers(what: string, values: Float64Array): void {
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong < 0) return;
  throw invalidSection(SECTION, `${what} ${wrong} is ${values[wrong]}, expected a finite number`);
}

function verifyCodes(what: string, codes: Uint8Array | Uint32Array, codeMin: number, codeMax: number): void {
  for (let i = 0; i < codes.length; i++) {
    if (codes[i]! >= codeMin && codes[i]! <= codeMax) continue;
    throw invalidSection(SECTION, `${what} ${i} has code ${codes[i]}, expected ${codeMin}..${codeMax}`);
  }
}

/** The lists must follow one another from the first value to the last. */
function verifyStarts(place: string, starts: Uint32Array, valueCount: number): void {
  const last = starts.length - 1;
  for (let i = 0; i <= last; i++) {
    const low = i === last ? valueCount : i === 0 ? 0 : starts[i - 1]!;
    const high = i === 0 ? 0 : valueCount;
    if (starts[i]! >= low && starts[i]! <= high) continue;
    throw invalidSection(SECTION, `${place}, start ${i} is ${starts[i]}, expected ${low}..${high}`);
  }
}

/** Call `verifyStarts` first. */
function verifySignatures(
  place: string,
  { starts, signatures }: NumberListColumn | TextListColumn,
  values: Float64Array | Uint32Array,
): void {
  for (let ordinal = 0; ordinal < signatures.length; ordinal++) {
    let expected = 0;
    for (let at = starts[ordinal]!; at < starts[ordinal + 1]!; at++) expected |= signatureBit(values[at]!);
    if ((signatures[ordinal]! | 0) === expected) continue;
    const found = `the signature of shop ${ordinal} is ${signatures[ordinal]}`;
    throw invalidSection(SECTION, `${place}, ${found}, expected ${expected >>> 0} for its list`);
  }
}
