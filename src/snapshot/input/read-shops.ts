/** Reads the shops a snapshot is built from: CSV, NDJSON or Parquet, in bounded memory. */
import { readCsvRecords } from './csv-records.ts';
import { checkColumns } from './input-columns.ts';
import type { InputFaults } from './input-faults.ts';
import { type InputFile, type InputProgress, inspectInput } from './input-file.ts';
import { ParquetFile } from './parquet-file.ts';
import { SHOP_COLUMNS_NEEDED, ShopRowReader, type ShopRow } from './shop-row.ts';
import { readJsonRows } from './text-lines.ts';

/** A shop and where it stands in its file, so that later checks can name it. */
export interface PlacedShop {
  readonly shop: ShopRow;
  readonly place: string;
}

const PARQUET_ROWS_MAX = 8192;

/**
 * Yields the shops of the file at `path` in its order, some thousands at a time. A bad row is added to `faults`, left
 * out, and reading goes on; ids that occur twice are not looked for. The extension decides the format.
 * Throws `file_unreadable`, or `input_invalid` for a file that cannot be read on.
 */
export async function* readShops(
  path: string,
  faults: InputFaults,
  onProgress?: InputProgress,
): AsyncGenerator<readonly PlacedShop[]> {
  const file = await inspectInput(path, ['csv', 'ndjson', 'parquet']);
  const reader = new ShopRowReader(path, faults, file.format === 'csv');
  if (file.format === 'csv') yield* csvShops(file, reader, faults, onProgress);
  else if (file.format === 'ndjson') yield* jsonShops(file, reader, faults, onProgress);
  else yield* parquetShops(file, reader, faults, onProgress);
  reader.finish();
}

async function* csvShops(
  file: InputFile,
  reader: ShopRowReader,
  faults: InputFaults,
  onProgress?: InputProgress,
): AsyncGenerator<PlacedShop[]> {
  let header: readonly string[] | undefined;
  for await (const records of readCsvRecords(file, faults, onProgress)) {
    const shops: PlacedShop[] = [];
    for (const { line, fields } of records) {
      const place = `line ${line}`;
      if (header === undefined) {
        checkColumns(file.path, place, fields, SHOP_COLUMNS_NEEDED, faults);
        header = fields;
      } else if (fields.length !== header.length) {
        faults.add({
          file: file.path,
          place,
          found: `${fields.length} fields`,
          expected: `${header.length} fields as in the header`,
        });
      } else {
        const shop = reader.read(place, header, fields);
        if (shop !== undefined) shops.push({ shop, place });
      }
    }
    if (shops.length > 0) yield shops;
  }
}

async function* jsonShops(
  file: InputFile,
  reader: ShopRowReader,
  faults: InputFaults,
  onProgress?: InputProgress,
): AsyncGenerator<PlacedShop[]> {
  for await (const rows of readJsonRows(file, faults, onProgress)) {
    const shops: PlacedShop[] = [];
    for (const { place, value } of rows) {
      const shop = reader.read(place, Object.keys(value), Object.values(value));
      if (shop !== undefined) shops.push({ shop, place });
    }
    if (shops.length > 0) yield shops;
  }
}

async function* parquetShops(
  file: InputFile,
  reader: ShopRowReader,
  faults: InputFaults,
  onProgress?: InputProgress,
): AsyncGenerator<PlacedShop[]> {
  const parquet = await ParquetFile.open(file);
  try {
    const { columns } = parquet;
    checkColumns(file.path, 'schema', columns, SHOP_COLUMNS_NEEDED, faults);
    const values = new Array<unknown>(columns.length);
    let row = 0;
    for await (const rows of parquet.readRows(columns, PARQUET_ROWS_MAX)) {
      const shops: PlacedShop[] = [];
      for (let i = 0; i < rows.rowCount; i++) {
        const place = `row ${++row}`;
        for (let column = 0; column < columns.length; column++) values[column] = rows.values[column]![i];
        const shop = reader.read(place, columns, values);
        if (shop !== undefined) shops.push({ shop, place });
      }
      if (shops.length > 0) yield shops;
      onProgress?.((file.sizeBytes * row) / parquet.rowCount, file.sizeBytes);
    }
  } finally {
    await parquet.close();
  }
}
