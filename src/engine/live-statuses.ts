/**
 * The live statuses of shops by the ordinals of each generation. Made for a generation when the first request asks. What
 * a request was given never changes under it, wherever it runs and however long it waits (see catalog/status-pages.ts).
 */
import type { ShopStatusStore } from '../actions/shop-status-store.ts';
import { emptyPages, withStatuses, type StatusPages } from '../catalog/status-pages.ts';
import type { ShopStatus } from '../domain/shop-status.ts';
import type { Generation } from '../snapshot/generation.ts';

export class LiveStatuses {
  readonly #store: ShopStatusStore;
  readonly #held: () => readonly Generation[];
  readonly #pages = new WeakMap<Generation, StatusPages>();

  /** `held` are the generations that requests may be answered from. */
  constructor(store: ShopStatusStore, held: () => readonly Generation[]) {
    this.#store = store;
    this.#held = held;
  }

  /** The statuses by ordinal; null if no shop has one. */
  of(generation: Generation): StatusPages | null {
    const made = this.#pages.get(generation);
    if (made !== undefined) return made;
    if (this.#store.size === 0) return null;
    const shopIds = Array.from(this.#store.all(), ({ shopId }) => shopId);
    return this.#set(generation, emptyPages(generation.header.shopCount), shopIds);
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
      const shown = this.#pages.get(generation);
      if (shown !== undefined) this.#set(generation, shown, shopIds);
    }
  }

  /** Puts what is stored of some shops in the place of what `pages` says; of a shop the generation does not know, nothing. */
  #set(generation: Generation, pages: StatusPages, shopIds: readonly string[]): StatusPages {
    const { ids } = generation.catalog;
    const stored = shopIds.map((shopId) => [ids.ordinalOf(shopId), this.#store.get(shopId)] as const);
    const known = stored.filter(([ordinal]) => ordinal !== -1);
    const changed = withStatuses(pages, known);
    this.#pages.set(generation, changed);
    return changed;
  }
}
