/**
 * What can be filtered: one typed array per column, by ordinal. Made by `ColumnsBuilder`.
 *
 *     u32 directory bytes │ u32 shop count │ directory as JSON │ data of the columns, in the directory's order
 *
 * Data, each part padded to 8 bytes:
 *     number    f64 values[shop count]                    NaN: missing
 *     boolean   u8 codes[shop count]                      0: missing, 1: false, 2: true
 *     text      u32 codes[shop count], text table         0: missing, c: row c - 1 of the sorted table
 *     mixed, nested                                       no data: the attribute cannot be filtered, and why
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

/**
 * What the section says of one column; `dictionaryBytes` is the size of a text column's table, no other kind
 * has it.
 */
export interface ColumnEntry {
  readonly name: string;
  readonly kind: ColumnKind | Unfilterable;
  readonly dictionaryBytes?: number;
}

const KINDS: readonly unknown[] = [
  'number',
  'boolean',
  'text',
  'mixed',
  'nested',
] satisfies ColumnEntry['kind'][];

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

export type Column = NumberColumn | BooleanColumn | TextColumn;
export type ColumnKind = Column['kind'];

/**
 * Why an attribute has no column: its values are of different kinds, or one of them is an array or an object.
 */
export type Unfilterable = 'mixed' | 'nested';

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
    for (const column of this.#columns.values()) {
      if (column.kind === 'number') verifyNumbers(column);
      else if (column.kind === 'boolean') verifyCodes(column, TRUE_CODE);
      else verifyText(column);
    }
  }

  #add(entry: ColumnEntry, parts: Parts): void {
    const { name } = entry;
    if (this.#columns.has(name) || this.#unfilterable.has(name)) {
      throw invalidSection(SECTION, `the directory names ${shown(name)} twice`);
    }
    if (entry.kind === 'mixed' || entry.kind === 'nested') this.#unfilterable.set(name, entry.kind);
    else this.#columns.set(name, readColumn(entry, parts, this.shopCount));
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
  const { name, kind, dictionaryBytes } = value as { readonly [key in keyof ColumnEntry]?: unknown };
  if (typeof name !== 'string' || !KINDS.includes(kind)) return false;
  if (kind !== 'text') return dictionaryBytes === undefined;
  return Number.isSafeInteger(dictionaryBytes) && (dictionaryBytes as number) >= 0;
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

  expectEnd(): void {
    if (this.#at !== this.#bytes.length) {
      const found = this.#bytes.length;
      throw invalidSection(SECTION, `has ${found} bytes, expected ${this.#at} for what the directory lists`);
    }
  }
}

function readColumn(entry: ColumnEntry, parts: Parts, shopCount: number): Column {
  const { name, kind } = entry;
  if (kind === 'number') {
    const { buffer, byteOffset } = parts.take(shopCount * Float64Array.BYTES_PER_ELEMENT, name);
    return { name, kind, values: new Float64Array(buffer, byteOffset, shopCount) };
  }
  if (kind === 'boolean') return { name, kind, codes: parts.take(shopCount, name) };
  check(kind === 'text', `${kind} is no kind of a column`);
  const { buffer, byteOffset } = parts.take(shopCount * Uint32Array.BYTES_PER_ELEMENT, name);
  const codes = new Uint32Array(buffer, byteOffset, shopCount);
  const texts = parts.take(entry.dictionaryBytes!, name);
  return { name, kind, codes, dictionary: TextTable.over(texts, `${SECTION}, texts of ${shown(name)}`) };
}

function verifyNumbers(column: NumberColumn): void {
  const infinite = column.values.findIndex((value) => value === Infinity || value === -Infinity);
  if (infinite >= 0) {
    const place = `column ${shown(column.name)}, shop ${infinite}`;
    throw invalidSection(SECTION, `${place} is ${column.values[infinite]}, expected a finite number or NaN`);
  }
}

function verifyCodes(column: BooleanColumn | TextColumn, codeMax: number): void {
  for (let ordinal = 0; ordinal < column.codes.length; ordinal++) {
    if (column.codes[ordinal]! > codeMax) {
      const place = `column ${shown(column.name)}, shop ${ordinal}`;
      throw invalidSection(SECTION, `${place} has code ${column.codes[ordinal]}, expected 0..${codeMax}`);
    }
  }
}

function verifyText(column: TextColumn): void {
  column.dictionary.verify();
  column.dictionary.verifySorted();
  verifyCodes(column, column.dictionary.count);
}
