/**
 * A Parquet file, read front to back in bounded memory.
 * hyparquet decodes pages; which pages, and when, is decided here: its own readers decode a column of a row group at
 * once, and one row group of a million vectors (what pandas writes) takes gigabytes that way.
 */
import { isUtf8 } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetScan,
  parquetSchema,
  type SchemaTree,
} from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { convert, convertWithDictionary, DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { decompressPage, readDataPage, readDataPageV2 } from 'hyparquet/src/datapage.js';
import { readPlain } from 'hyparquet/src/plain.js';
import {
  getMaxDefinitionLevel,
  getMaxRepetitionLevel,
  getTreePath,
  isFlatColumn,
} from 'hyparquet/src/schema.js';
import type {
  ColumnDecoder,
  ColumnMetaData,
  DecodedArray,
  PageHeader,
  ParquetParsers,
} from 'hyparquet/src/types.js';
import { compressors } from 'hyparquet-compressors';
import { EngineError } from '../../base/errors.ts';
import { inputInvalid } from './input-faults.ts';
import { type InputFile, openInput, readFully } from './input-file.ts';
import { checkRuns } from './parquet-runs.ts';
import { FlatColumn, ListColumn, type Page, type ValueColumn, VectorColumn } from './parquet-columns.ts';

const MAGIC = 'PAR1';
const PAGE_HEADER_BYTES = 4096;
/** No UTF-8 decodes to a lone surrogate, so this marks bytes that are not UTF-8 for whoever checks the text. */
const NOT_UTF8 = '\ud800';

const PARSERS: ParquetParsers = { ...DEFAULT_PARSERS, stringFromBytes: textOfBytes };

/** An opened Parquet file. */
export class ParquetFile {
  readonly file: InputFile;
  readonly rowCount: number;
  /** The top-level columns. */
  readonly columns: readonly string[];
  readonly #handle: FileHandle;
  readonly #metadata: FileMetaData;
  readonly #schema: SchemaTree;

  private constructor(file: InputFile, handle: FileHandle, metadata: FileMetaData) {
    this.file = file;
    this.#handle = handle;
    this.#metadata = metadata;
    this.#schema = parquetSchema(metadata);
    this.rowCount = Number(metadata.num_rows);
    this.columns = this.#schema.children.map((child) => child.element.name ?? ''); // damaged footers have none
  }

  /** Throws `input_invalid` for a file that is cut off or not Parquet. */
  static async open(file: InputFile): Promise<ParquetFile> {
    const handle = await openInput(file);
    try {
      await checkMagic(file, handle);
      return await asParquet(file, 'footer', async () => {
        return new ParquetFile(file, handle, await parquetMetadataAsync(asyncBuffer(file, handle)));
      });
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  /** Yields `columns` some rows at a time, each as an array of values, null where there is none. */
  async *readRows(
    columns: readonly string[],
    rowsMax: number,
  ): AsyncGenerator<{ rowCount: number; values: ArrayLike<unknown>[] }> {
    const readers = await Promise.all(columns.map((column) => this.#openValues(column)));
    for (const group of this.#metadata.row_groups) {
      for (let left = Number(group.num_rows); left > 0; left -= rowsMax) {
        const rowCount = Math.min(left, rowsMax);
        const values: ArrayLike<unknown>[] = [];
        for (const reader of readers) values.push(await reader.take(rowCount));
        const isComplete = values.every(({ length }) => length === rowCount);
        if (!isComplete) throw this.#broken('content', 'fewer values than rows');
        yield { rowCount, values };
      }
    }
  }

  /** Opens a column of vectors: a list of numbers, or the bytes of little-endian float32. */
  openVectors(column: string): VectorColumn {
    const leaves = leavesOf(getTreePath(this.#schema, [column]).at(-1)!);
    const leaf = leaves[0]!;
    const path = getTreePath(this.#schema, leaf.path);
    const { type, converted_type: convertedType, logical_type: logicalType } = leaf.element;
    const isList = getMaxRepetitionLevel(path) === 1;
    const isNumber = type === 'FLOAT' || type === 'DOUBLE' || logicalType?.type === 'FLOAT16';
    const isBytes = isFlatColumn(path) && type?.endsWith('BYTE_ARRAY') && !convertedType && !logicalType;
    if (leaves.length > 1 || !(isList ? isNumber : isBytes)) {
      const expected = 'lists of FLOAT or DOUBLE, or BYTE_ARRAY with the bytes of little-endian float32';
      throw this.#otherColumn(column, leaf, isList, expected);
    }
    const list = isList ? listLevelOf(path) : undefined;
    return new VectorColumn(this.#pages(leaf, !isList), { list, value: getMaxDefinitionLevel(path) });
  }

  /** Opens a column of lists of texts or whole numbers. */
  openLists(column: string): ListColumn {
    const leaves = leavesOf(getTreePath(this.#schema, [column]).at(-1)!);
    const leaf = leaves[0]!;
    const path = getTreePath(this.#schema, leaf.path);
    const isList = getMaxRepetitionLevel(path) === 1;
    const isId = ['BYTE_ARRAY', 'INT32', 'INT64'].includes(leaf.element.type!);
    if (leaves.length > 1 || !isList || !isId) throw this.#otherColumn(column, leaf, isList, 'lists of text');
    return new ListColumn(this.#pages(leaf, false), {
      list: listLevelOf(path),
      value: getMaxDefinitionLevel(path),
    });
  }

  #otherColumn(column: string, { element }: SchemaTree, isList: boolean, expected: string): EngineError {
    const kind = [isList ? 'lists of' : '', element.type, element.converted_type].filter(Boolean).join(' ');
    return inputInvalid({
      file: this.file.path,
      place: 'schema',
      column,
      found: `a column of ${kind}`,
      expected,
    });
  }

  async #openValues(column: string): Promise<ValueColumn> {
    const path = getTreePath(this.#schema, [column]);
    const leaf = path.at(-1)!;
    if (isFlatColumn(path)) return new FlatColumn(this.#pages(leaf, false), getMaxDefinitionLevel(path));
    return this.#openNested(column);
  }

  /** Lists and structs, such as zones and attributes: hyparquet assembles them, a row group at a time. */
  async #openNested(column: string): Promise<ValueColumn> {
    const file = asyncBuffer(this.file, this.#handle);
    const scan = await parquetScan({
      file,
      metadata: this.#metadata,
      columns: [column],
      compressors,
      parsers: PARSERS,
    });
    const groups = scan.ranges[Symbol.iterator]();
    let values: ArrayLike<unknown> = [];
    let taken = 0;
    const take = async (rowCount: number): Promise<ArrayLike<unknown>> => {
      if (taken === values.length) {
        const range = groups.next().value!;
        values = await asParquet(this.file, `row ${range.rowStart + 1}`, () =>
          scan.readColumn({ column, ...range }),
        );
        taken = 0;
      }
      taken += rowCount;
      return Array.prototype.slice.call(values, taken - rowCount, taken);
    };
    return { take };
  }

  /** Yields the data pages of `leaf` from all row groups. `isBytes` keeps byte arrays as they are. */
  async *#pages(leaf: SchemaTree, isBytes: boolean): AsyncGenerator<Page> {
    const schemaPath = getTreePath(this.#schema, leaf.path);
    let firstRow = 1;
    for (const group of this.#metadata.row_groups) {
      const chunk = group.columns.find(
        (column) => column.meta_data?.path_in_schema.join('.') === leaf.path.join('.'),
      )?.meta_data;
      const place = `row ${firstRow} and after`;
      if (chunk === undefined || (isFlatColumn(schemaPath) && chunk.num_values !== group.num_rows)) {
        throw this.#broken(place, `${chunk?.num_values ?? 'no'} values for ${group.num_rows} rows`, leaf);
      }
      const { element } = leaf;
      const decoder = {
        ...chunk,
        pathInSchema: leaf.path,
        element,
        schemaPath,
        parsers: PARSERS,
        compressors,
        utf8: !isBytes,
      };
      yield* this.#chunkPages(place, leaf, chunk, decoder);
      firstRow += Number(group.num_rows);
    }
  }

  async *#chunkPages(
    place: string,
    leaf: SchemaTree,
    chunk: ColumnMetaData,
    decoder: ColumnDecoder,
  ): AsyncGenerator<Page> {
    let position = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
    const end = position + Number(chunk.total_compressed_size);
    let entriesLeft = Number(chunk.num_values);
    let dictionary: DecodedArray | undefined;
    while (entriesLeft > 0) {
      const { header, bytes, nextPosition } = await this.#readPage(place, leaf, position, end);
      position = nextPosition;
      if (header.type === 'DICTIONARY_PAGE') {
        dictionary = await asParquet(this.file, place, () => decodeDictionary(bytes, header, decoder));
      } else if (header.type !== 'INDEX_PAGE') {
        const entryCount = (header.data_page_header ?? header.data_page_header_v2)?.num_values;
        if (entryCount === undefined || !(entryCount >= 0 && entryCount <= entriesLeft)) {
          throw this.#broken(place, `a page of ${entryCount} values with ${entriesLeft} to come`, leaf);
        }
        entriesLeft -= entryCount;
        yield await asParquet(this.file, place, () => decodePage(bytes, header, decoder, dictionary));
      }
    }
  }

  /** Reads the page at `position` of a column chunk that goes up to `end`. */
  async #readPage(
    place: string,
    leaf: SchemaTree,
    position: number,
    end: number,
  ): Promise<{ header: PageHeader; bytes: Uint8Array; nextPosition: number }> {
    if (!(position >= 0 && position < end && end <= this.file.sizeBytes)) {
      throw this.#broken(place, `no page at byte ${position}`, leaf);
    }
    const { header, sizeBytes } = await this.#readPageHeader(place, position, end);
    const start = position + sizeBytes;
    const pageBytes: unknown = header.compressed_page_size; // in a damaged header it may not even be a number
    const nextPosition = typeof pageBytes === 'number' ? start + pageBytes : Number.NaN;
    if (!(nextPosition >= start && nextPosition <= end)) {
      throw this.#broken(place, `a page of ${header.compressed_page_size} bytes at byte ${start}`, leaf);
    }
    const bytes = new Uint8Array(new ArrayBuffer(header.compressed_page_size));
    await readFully(this.file.path, this.#handle, start, bytes);
    return { header, bytes, nextPosition };
  }

  /** Page headers do not say how long they are: tries with more bytes until one is complete. */
  async #readPageHeader(
    place: string,
    position: number,
    end: number,
  ): Promise<{ header: PageHeader; sizeBytes: number }> {
    for (let tryBytes = PAGE_HEADER_BYTES; ; tryBytes *= 16) {
      const bytes = new Uint8Array(new ArrayBuffer(Math.min(tryBytes, end - position)));
      await readFully(this.file.path, this.#handle, position, bytes);
      const reader = { view: new DataView(bytes.buffer), offset: 0 };
      try {
        const header = parquetHeader(reader);
        return { header, sizeBytes: reader.offset };
      } catch (error) {
        if (bytes.length === end - position) throw notParquet(this.file, place, error);
      }
    }
  }

  #broken(place: string, found: string, leaf?: SchemaTree): EngineError {
    return inputInvalid({
      file: this.file.path,
      place,
      column: leaf?.path[0],
      found,
      expected: 'a complete file; write it again',
    });
  }
}

function decodeDictionary(bytes: Uint8Array, header: PageHeader, decoder: ColumnDecoder): DecodedArray {
  const page = decompressPage(bytes, header.uncompressed_page_size, decoder.codec, decoder.compressors);
  const reader = { view: new DataView(page.buffer, page.byteOffset, page.byteLength), offset: 0 };
  return convert(
    readPlain(reader, decoder.type, header.dictionary_page_header!.num_values, decoder.element.type_length),
    decoder,
  );
}

function decodePage(
  bytes: Uint8Array,
  header: PageHeader,
  decoder: ColumnDecoder,
  dictionary: DecodedArray | undefined,
): Page {
  const {
    data_page_header: header1,
    data_page_header_v2: header2,
    uncompressed_page_size: sizeBytes,
  } = header;
  const plain = header1 ? decompressPage(bytes, sizeBytes, decoder.codec, decoder.compressors) : bytes;
  checkRuns(plain, header, decoder);
  const page = header1 ? readDataPage(plain, header1, decoder) : readDataPageV2(bytes, header, decoder);
  const { encoding, num_values: entryCount } = (header1 ?? header2)!;
  return {
    entryCount,
    repetitionLevels: page.repetitionLevels,
    definitionLevels: page.definitionLevels ?? [],
    values: convertWithDictionary(page.dataPage, dictionary, encoding, decoder),
  };
}

/** The definition level from which on a column that has lists has one. */
function listLevelOf(path: SchemaTree[]): number {
  const listDepth = path.findIndex(({ element }) => element.repetition_type === 'REPEATED');
  return getMaxDefinitionLevel(path.slice(0, listDepth + 1));
}

function leavesOf(node: SchemaTree): SchemaTree[] {
  return node.children.length === 0 ? [node] : node.children.flatMap(leavesOf);
}

function textOfBytes(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  return text.includes('\ufffd') && !isUtf8(bytes) ? NOT_UTF8 + text : text;
}

function asyncBuffer(file: InputFile, handle: FileHandle): AsyncBuffer {
  const slice = async (start: number, end = file.sizeBytes): Promise<ArrayBuffer> => {
    const bytes = new Uint8Array(new ArrayBuffer(end - start));
    await readFully(file.path, handle, start, bytes);
    return bytes.buffer;
  };
  return { byteLength: file.sizeBytes, slice };
}

async function checkMagic(file: InputFile, handle: FileHandle): Promise<void> {
  const ends = Buffer.alloc(MAGIC.length * 2);
  if (file.sizeBytes >= ends.length) {
    await readFully(file.path, handle, 0, ends.subarray(0, MAGIC.length));
    await readFully(file.path, handle, file.sizeBytes - MAGIC.length, ends.subarray(MAGIC.length));
  }
  const [start, end] = [ends.toString('latin1', 0, MAGIC.length), ends.toString('latin1', MAGIC.length)];
  if (start === MAGIC && end === MAGIC) return;
  const place = start === MAGIC ? `byte ${file.sizeBytes}` : 'byte 0';
  const found = start === MAGIC ? 'a Parquet file that is cut off' : 'no Parquet file';
  throw inputInvalid({
    file: file.path,
    place,
    found,
    expected: `${MAGIC} as its first and last bytes; write it again`,
  });
}

/** Runs a step of hyparquet, whose errors do not say where. */
async function asParquet<T>(file: InputFile, place: string, step: () => T | Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw error instanceof EngineError ? error : notParquet(file, place, error);
  }
}

function notParquet(file: InputFile, place: string, error: unknown): EngineError {
  const found = `bytes that do not decode (${error instanceof Error ? error.message : String(error)})`;
  return inputInvalid({ file: file.path, place, found, expected: 'Parquet; write it again' }, error);
}
