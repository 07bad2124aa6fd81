/** Reads from a file of shops what training needs of them. */
import { InputFaults } from '../snapshot/input/input-faults.ts';
import type { InputProgress } from '../snapshot/input/input-file.ts';
import { readShops } from '../snapshot/input/read-shops.ts';
import type { TrainingShop } from './training-shop.ts';

/**
 * The shops of the file at `path` in its order: CSV, NDJSON or Parquet, as `snapshot build` takes them.
 * Throws `input_invalid` with every bad row and every repeated id named (the first 20, the rest counted), `file_unreadable`.
 */
export async function readTrainingShops(path: string, onProgress?: InputProgress): Promise<TrainingShop[]> {
  const faults = new InputFaults();
  const placeOf = new Map<string, string>();
  const found: TrainingShop[] = [];
  for await (const shops of readShops(path, faults, onProgress)) {
    for (const { shop, place } of shops) {
      const first = placeOf.get(shop.shopId);
      placeOf.set(shop.shopId, first ?? place);
      const { shopId, lon, lat, category, price } = shop;
      if (first === undefined) {
        found.push({
          shopId,
          lon,
          lat,
          ...(category !== undefined && { category }),
          ...(price !== undefined && { price }),
        });
      } else {
        const repeated = `${JSON.stringify(shopId)}, which ${first} has already`;
        faults.add({ file: path, place, column: 'shopId', found: repeated, expected: 'each shopId once' });
      }
    }
  }
  faults.throwIfAny();
  return found;
}
