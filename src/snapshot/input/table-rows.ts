/** The rows of a table file, whatever its format: CSV, NDJSON or Parquet, in bounded memory. */
import { readCsvRecords } from './csv-records.ts';
import { checkColumns, type OtherColumns } from './input-columns.ts';
import type { InputFaults } from './input-faults.ts';
import type { InputFile, InputFormat, InputProgress } from './input-file.ts';
import { ParquetFile } from './parquet-file.ts';
import { readJsonRows } from './text-lines.ts';

/** The formats that tables of shops and actions may have. */
export const TABLE_FORMATS: readonly InputFormat[] = ['csv', 'ndjson', 'parquet'];

/** A row: `values[i]` stands in the column `columns[i]`. Values of CSV are texts, of Parquet null where there is none. */
export interface TableRow {
  readonly place: string;
  readonly columns: readonly string[];
  readonly values: readonly unknown[];
}

/** Which columns a reader asks for. */
export interface TableColumns extends OtherColumns {
  /** Must be there in CSV and Parquet; rows of NDJSON name their own, so there the reader of rows looks. */
  readonly needed: readonly string[];
  /** Of Parquet, where others cost time: the only ones to read beside them. Default all. */
  readonly alsoRead?: readonly string[];
}

const PARQUET_ROWS_MAX = 8192;

/**
 * Yields the rows of `file` in its order, some thousands at a time. A record of CSV with more or fewer fields than its
 * header and a line that is no JSON object are added to `faults`, left out, and reading goes on.
 * Throws `input_invalid` for a file that cannot be read on or lacks a needed column.
 */
export async function* readTableRows(
  file: InputFile,
  columns: TableColumns,
  faults: InputFaults,
  onProgress?: InputProgress,
): AsyncGenerator<readonly TableRow[]> {
  if (file.format === 'csv') yield* csvRows(file, columns, faults, onProgress);
  else if (file.format === 'ndjson') yield* jsonRows(file, faults, onProgress);
  else yield* parquetRows(file, columns, faults, onProgress);
}

async function* csvRows(
  file: InputFile,
  columns: TableColumns,
  faults: InputFaults,
  onProgress?: InputProgress,
): AsyncGenerator<TableRow[]> {
  let header: readonly string[] | undefined;
  for await (const records of readCsvRecords(file, faults, onProgress)) {
    const rows: TableRow[] = [];
    for (const { line, fields } of records) {
      const place = `line ${line}`;
      if (header === undefined) {
        checkColumns(file.path, place, fields, columns.needed, faults, columns);
        header = fields;
      } else if (fields.length !== header.length) {
        const expected = `${header.length} fields as in the header`;
        faults.add({ file: file.path, place, found: `${fields.length} fields`, expected });
      } else rows.push({ place, columns: header, values: fields });
    }
    if (rows.length > 0) yield rows;
  }
}

async function* jsonRows(
  file: InputFile,
  faults: InputFaults,
  onProgress?: InputProgress,
): AsyncGenerator<TableRow[]> {
  for await (const rows of readJsonRows(file, faults, onProgress)) {
    yield rows.map(({ place, value }) => ({
      place,
      columns: Object.keys(value),
      values: Object.values(value),
    }));
  }
}

async function* parquetRows(
  file: InputFile,
  asked: TableColumns,
  faults: InputFaults,
  onProgress?: InputProgress,
): AsyncGenerator<TableRow[]> {
  const parquet = await ParquetFile.open(file);
  try {
    checkColumns(file.path, 'schema', parquet.columns, asked.needed, faults, asked);
    const { needed, alsoRead } = asked;
    const isRead = (column: string): boolean => needed.includes(column) || alsoRead!.includes(column);
    const columns = alsoRead === undefined ? parquet.columns : parquet.columns.filter(isRead);
    let row = 0;
    for await (const { rowCount, values } of parquet.readRows(columns, PARQUET_ROWS_MAX)) {
      yield Array.from({ length: rowCount }, (_, i) => ({
        place: `row ${++row}`,
        columns,
        values: values.map((column) => column[i]),
      }));
      onProgress?.((file.sizeBytes * row) / parquet.rowCount, file.sizeBytes);
    }
  } finally {
    await parquet.close();
  }
}
