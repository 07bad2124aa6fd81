/** Input files for tests, written into a folder that goes when the test file is done. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll } from 'vitest';

type ParquetColumns = Parameters<typeof parquetWriteBuffer>[0]['columnData'];
type ParquetOptions = Partial<Parameters<typeof parquetWriteBuffer>[0]>;

const folder = mkdtempSync(join(tmpdir(), 'doorrank-input-'));
afterAll(() => rmSync(folder, { recursive: true }));
let fileCount = 0;

/** A `shopId` and a `vector`, which is a list of float32 as pandas and Arrow write it. */
export const FLOAT_LIST_SCHEMA: NonNullable<ParquetOptions['schema']> = [
  { name: 'root', num_children: 2 },
  { name: 'shopId', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
  { name: 'vector', repetition_type: 'OPTIONAL', converted_type: 'LIST', num_children: 1 },
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  { name: 'element', type: 'FLOAT', repetition_type: 'OPTIONAL' },
];

type ParquetSchema = NonNullable<ParquetOptions['schema']>;
/** Makes the schema of a column, which may be null, of its name. */
export type ParquetColumn = (name: string) => ParquetSchema;

export const parquetText: ParquetColumn = (name) => [
  { name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
];

export function parquetNumber(type: 'DOUBLE' | 'FLOAT' | 'INT64'): ParquetColumn {
  return (name) => [{ name, type, repetition_type: 'OPTIONAL' }];
}

export function parquetList(element: ParquetColumn): ParquetColumn {
  return (name) => [
    { name, converted_type: 'LIST', num_children: 1, repetition_type: 'OPTIONAL' },
    { name: 'list', num_children: 1, repetition_type: 'REPEATED' },
    ...element('element'),
  ];
}

export function parquetStruct(fields: { readonly [name: string]: ParquetColumn }): ParquetColumn {
  const columns = Object.entries(fields).flatMap(([name, column]) => column(name));
  return (name) => [
    { name, num_children: Object.keys(fields).length, repetition_type: 'OPTIONAL' },
    ...columns,
  ];
}

/** The schema of a table with these columns. */
export function parquetTable(columns: { readonly [name: string]: ParquetColumn }): ParquetSchema {
  const [root, ...others] = parquetStruct(columns)('root');
  return [{ name: root!.name, num_children: root!.num_children! }, ...others];
}

/** The path of a file in a folder of its own number that is not there yet. */
export function newPath(name: string): string {
  return join(folder, `${++fileCount}-${name}`);
}

/** Writes a file, gzipped if its name says so; returns its path. */
export function written(name: string, content: string | Uint8Array): string {
  const path = newPath(name);
  writeFileSync(path, name.endsWith('.gz') ? gzipSync(content) : content);
  return path;
}

export function writtenParquet(
  columnData: ParquetColumns,
  options: ParquetOptions = {},
  name = 'table.parquet',
): string {
  return written(name, new Uint8Array(parquetBytes(columnData, options)));
}

export function parquetBytes(columnData: ParquetColumns, options: ParquetOptions = {}): ArrayBuffer {
  const compressors = {
    GZIP: (bytes: Uint8Array) => gzipSync(bytes),
    ZSTD: (bytes: Uint8Array) => zstdCompressSync(bytes),
  };
  return parquetWriteBuffer({ compressors, ...options, columnData });
}

/** A `.npy` file as NumPy writes it, with the given header entries. */
export function npyBytes(values: Float32Array, entries: string, padTo = 64): Uint8Array {
  const text = `{${entries}, }`;
  const header = `${text.padEnd(Math.ceil((text.length + 11) / padTo) * padTo - 11)}\n`;
  const start = Buffer.from('\x93NUMPY\x01\x00\x00\x00', 'latin1');
  start.writeUInt16LE(header.length, 8);
  return Buffer.concat([
    start,
    Buffer.from(header, 'latin1'),
    new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  ]);
}
