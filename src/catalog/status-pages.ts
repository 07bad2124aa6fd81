/**
 * Live statuses by ordinal, in pages that threads share and that never change: a change makes new pages of those that it
 * touches and goes on with the others, so what a request was given stays as it was, wherever it runs. Ranges of shops
 * without any status have the same page.
 *
 *   page   float64 [PAGE_SHOPS][2]: until when a status holds, milliseconds since 1970: above 0 for an open shop, below 0
 *          for a closed one, 0 without a status, infinite until it is changed · since when it does
 */
import type { ShopStatus } from '../domain/shop-status.ts';

/**
 * Of 1,000,000 shops one change copies 256 KiB (0.16 ms) where all columns took 16 MB (19 ms); a message to a worker
 * carries 62 pages at most (25 µs), a quarter of what pages of 4,096 shops would make of it.
 */
const PAGE_SHOPS = 16_384;
const PAGE_BITS = 14;

export type StatusPages = readonly Float64Array[];

/** The pages of a snapshot of `shopCount` shops of which none has a status. */
export function emptyPages(shopCount: number): StatusPages {
  const empty = newPage();
  return Array.from({ length: Math.ceil(shopCount / PAGE_SHOPS) }, () => empty);
}

/** Until when the status of a shop holds, as pages have it. */
export function statusUntil(pages: StatusPages, ordinal: number): number {
  return pages[ordinal >>> PAGE_BITS]![placeOf(ordinal)]!;
}

export function statusSinceMs(pages: StatusPages, ordinal: number): number {
  return pages[ordinal >>> PAGE_BITS]![placeOf(ordinal) + 1]!;
}

/** `pages` with other statuses of some shops; undefined: none any more. */
export function withStatuses(
  pages: StatusPages,
  statuses: Iterable<readonly [ordinal: number, status: ShopStatus | undefined]>,
): StatusPages {
  const changed = [...pages];
  for (const [ordinal, status] of statuses) {
    const number = ordinal >>> PAGE_BITS;
    if (changed[number] === pages[number]) {
      changed[number] = newPage();
      changed[number].set(pages[number]!);
    }
    const page = changed[number]!;
    page[placeOf(ordinal)] = status === undefined ? 0 : status.open ? status.untilMs : -status.untilMs;
    page[placeOf(ordinal) + 1] = status?.sinceMs ?? 0;
  }
  return changed;
}

function placeOf(ordinal: number): number {
  return (ordinal & (PAGE_SHOPS - 1)) * 2;
}

function newPage(): Float64Array {
  return new Float64Array(new SharedArrayBuffer(PAGE_SHOPS * 16));
}
