/** Tiles: as many candidates at a time as leave their rows in the first-level cache for every group of queries. */
import { TILE_ROWS_MAX } from './workspace';

/** Half of a first-level cache of 48 KiB. */
const TILE_BYTES: u32 = 24 * 1024;
const TILE_ROWS_MIN: u32 = 24;

/** Rows of a tile, a multiple of 8. */
export function tileRowsOf(rowBytes: u32): u32 {
  return max<u32>(TILE_ROWS_MIN, min<u32>(TILE_ROWS_MAX, TILE_BYTES / rowBytes)) & ~7;
}

/**
 * Fetches the rows of a tile ahead of their use if they are scattered; the processor finds runs of neighbours itself.
 * Returns whether they are scattered.
 */
export function prepareTile(rows: u32, rowBytes: u32, ordinals: u32, count: u32): bool {
  const scattered = isScattered(ordinals, count);
  if (scattered) touch(rows, rowBytes, ordinals, count);
  return scattered;
}

/** Whether more than a third of the rows do not follow the one before. */
function isScattered(ordinals: u32, count: u32): bool {
  let breaks: u32 = 0;
  for (let i: u32 = 1; i < count; i++) {
    breaks += u32(load<u32>(ordinals + (i << 2)) != load<u32>(ordinals + ((i - 1) << 2)) + 1);
  }
  return breaks * 3 > count;
}

/**
 * Loads a word of every cache line of the rows, so that they are fetched side by side and not one after the other;
 * WebAssembly has no prefetch. The sum goes where the optimizer cannot drop it.
 */
function touch(rows: u32, rowBytes: u32, ordinals: u32, count: u32): void {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    let at = rows + load<u32>(ordinals + (i << 2)) * rowBytes;
    const end = at + rowBytes;
    for (; end - at >= 256; at += 256) sum += load<u32>(at) + load<u32>(at, 64) + load<u32>(at, 128) + load<u32>(at, 192);
    for (; end - at >= 64; at += 64) sum += load<u32>(at);
    sum += load<u32>(end - 4); // a row need not start with a line
  }
  touched = sum;
}
let touched: u32 = 0;
