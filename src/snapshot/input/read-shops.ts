/** Reads the shops a snapshot is built from: CSV, NDJSON or Parquet, in bounded memory. */
import type { InputFaults } from './input-faults.ts';
import { type InputProgress, inspectInput } from './input-file.ts';
import { SHOP_COLUMNS_NEEDED, ShopRowReader, type ShopRow } from './shop-row.ts';
import { readTableRows, TABLE_FORMATS } from './table-rows.ts';

/** A shop and where it stands in its file, so that later checks can name it. */
export interface PlacedShop {
  readonly shop: ShopRow;
  readonly place: string;
}

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
  const file = await inspectInput(path, TABLE_FORMATS);
  const reader = new ShopRowReader(path, faults, file.format === 'csv');
  for await (const rows of readTableRows(file, { needed: SHOP_COLUMNS_NEEDED }, faults, onProgress)) {
    const shops: PlacedShop[] = [];
    for (const { place, columns, values } of rows) {
      const shop = reader.read(place, columns, values);
      if (shop !== undefined) shops.push({ shop, place });
    }
    if (shops.length > 0) yield shops;
  }
  reader.finish();
}
