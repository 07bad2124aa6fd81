/**
 * The scratch of the request that runs, handed out from the front of `RequestBlock.workspace`. An instance serves one
 * request at a time, so what several steps share stands here. `rankWorkspaceBytes` of `src/kernel/linear-memory.ts`
 * mirrors the sizes.
 */
import { RequestBlock } from './memory';
import { BINS_BYTES } from './histogram';

/** Rows that are worked on together at most. */
export const TILE_ROWS_MAX: u32 = 240;
/** Bytes of one value per row of a tile, with room for a whole block of rows behind them. */
export const TILE_STRIDE: u32 = (TILE_ROWS_MAX + 8) * 4;
/** Queries that one call of a kernel takes at most. */
export const GROUP_MAX: u32 = 8;

/** Bytes of a `Shortlist`. */
export const SHORTLIST_BYTES: u32 = 32;

/** Entries that a shortlist of `depth` needs room for. */
@inline
export function shortlistCapacity(depth: u32): u32 {
  return 4 * depth + 256;
}

let free: u32 = 0;

/** As `countBins` needs it. */
export let bins: u32 = 0;
/** `Shortlist` of each query. */
export let lists: u32 = 0;
/** f32 or i32 [GROUP_MAX][TILE_STRIDE / 4]: what a kernel computes of a tile. */
export let tileDots: u32 = 0;
/** 32 bytes for every entry of a shortlist: to order or to settle one. */
export let ordering: u32 = 0;
/** Three arrays of `capacity` words for each query. */
export let entries: u32 = 0;

/** Takes the scratch that every pass needs. */
export function startWorkspace(block: RequestBlock): void {
  const capacity = shortlistCapacity(block.depth);
  free = block.workspace;
  bins = take(BINS_BYTES);
  lists = take(block.queryCount * SHORTLIST_BYTES);
  tileDots = take(GROUP_MAX * TILE_STRIDE);
  ordering = take(capacity * 32);
  entries = take(block.queryCount * capacity * 12);
}

/** The next `bytes`, on a cache line of their own. */
export function take(bytes: u32): u32 {
  const start = free;
  free = (start + bytes + 63) & ~63;
  return start;
}
