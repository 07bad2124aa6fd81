/**
 * The live statuses of shops by the ordinals of each generation, in memory that all threads share. Made for a generation
 * when the first request asks. A change makes them anew, so what a request was given never changes under it, wherever it
 * runs and however long it waits.
 */
import type { ShopStatusStore } from '../actions/shop-status-store.ts';
import type { StatusColumns } from '../catalog/open-shops.ts';
import type { ShopStatus } from '../domain/shop-status.ts';
import type { Generation } from '../snapshot/generation.ts';

export class LiveStatuses {
  readonly #store: ShopStatusStore;
  readonly #held: () => readonly Generation[];
  readonly #columns = new WeakMap<Generation, StatusColumns>();

  /** `held` are the generations that requests may be answered from. */
  constructor(store: ShopStatusStore, held: () => readonly Generation[]) {
    this.#store = store;
    this.#held = held;
  }

  /** The statuses by ordinal; null if no shop has one. */
  of(generation: Generation): StatusColumns | null {
    const made = this.#columns.get(generation);
    if (made !== undefined) return made;
    if (this.#store.size === 0) return null;
    const columns = emptyColumns(generation.header.shopCount);
    for (const status of this.#store.all()) write(generation, columns, status.shopId, status);
    this.#columns.set(generation, columns);
    return columns;
  }

  /** Resolves when `statuses` are on disk and every request that begins then is answered by them. */
  async put(statuses: readonly ShopStatus[]): Promise<void> {
    await this.#store.put(statuses);
    this.#show(statuses.map(({ shopId }) => shopId));
  }

  /** Tells whether there was a status. */
  async clear(shopId: string): Promise<boolean> {
    const had = await this.#store.clear(shopId);
    this.#show([shopId]);
    return had;
  }

  /** Shows what is stored now, whatever was stored when: several changes of one shop may end in any order. */
  #show(shopIds: readonly string[]): void {
    for (const generation of this.#held()) {
      const shown = this.#columns.get(generation);
      if (shown === undefined) continue;
      const columns = emptyColumns(generation.header.shopCount);
      columns.until.set(shown.until);
      columns.sinceMs.set(shown.sinceMs);
      for (const shopId of shopIds) write(generation, columns, shopId, this.#store.get(shopId));
      this.#columns.set(generation, columns);
    }
  }
}

function emptyColumns(shopCount: number): StatusColumns {
  const shared = () => new Float64Array(new SharedArrayBuffer(shopCount * 8));
  return { until: shared(), sinceMs: shared() };
}

/** Writes a status to the place of its shop; of an unknown shop, nothing. */
function write(
  generation: Generation,
  { until, sinceMs }: StatusColumns,
  shopId: string,
  status: ShopStatus | undefined,
): void {
  const ordinal = generation.catalog.ids.ordinalOf(shopId);
  if (ordinal === -1) return;
  sinceMs[ordinal] = status?.sinceMs ?? 0;
  until[ordinal] = status === undefined ? 0 : status.open ? status.untilMs : -status.untilMs;
}
