/** The list that a snapshot holds for a user, without a place to deliver to: what can be said of it then. */
import type { Generation } from '../snapshot/generation.ts';
import { listOf } from './fallback.ts';
import type { RecommendedShop } from './recommendation.ts';

/** What the catalog says of a shop; how far it is and whether it is open for somebody hangs on where they are. */
export type ListedShop = Pick<
  RecommendedShop,
  'shopId' | 'name' | 'category' | 'price' | 'rating' | 'attributes'
>;

export interface UserList {
  readonly userId: string;
  readonly version: string;
  /** Nobody has looked whether these shops deliver to the user, or are open. */
  readonly location: null;
  /** Best first; empty if the snapshot holds no list for the user. */
  readonly shops: readonly ListedShop[];
}

/** The first `limit` shops chosen for a user ahead of time, as they were chosen. */
export function userList(generation: Generation, userId: string, limit: number): UserList {
  const { catalog, version } = generation;
  const ordinals = Array.from(listOf(generation, userId)?.subarray(0, limit) ?? []);
  const excerpts = catalog.excerpts(ordinals);
  const shops = ordinals.map((ordinal, place): ListedShop => {
    const { name, attributes } = excerpts[place]!;
    const category = catalog.categoryOf(ordinal);
    const price = catalog.priceOf(ordinal);
    const rating = catalog.ratingOf(ordinal);
    return {
      shopId: catalog.ids.idOf(ordinal),
      ...(name !== undefined && { name }),
      ...(category !== undefined && { category }),
      ...(price !== undefined && { price }),
      ...(rating !== undefined && { rating }),
      attributes,
    };
  });
  return { userId, version, location: null, shops };
}
