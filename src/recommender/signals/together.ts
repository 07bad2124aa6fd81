/**
 * What those who went where the user went also like: Σ ln lift / √n over the n shops that the user acted on, 20 at most, newest
 * first, lift the number of users who acted on both shops over what chance would make of it, one more on either side;
 * only lifts above 1, of two users or more; as counted when the snapshot was built. Unlike a similarity of embeddings it does not blur: it
 * knows that two shops have their users in common, and nothing of shops with none.
 */
import type { Generation } from '../../snapshot/generation.ts';
import { neighbourSignal } from './neighbour-signal.ts';
import type { History } from './history.ts';
import type { Signal } from './signal.ts';

/** A hundred neighbours of each are 2,000 numbers to add up, some 20 µs. */
const SHOP_COUNT_MAX = 20;

export function together(generation: Generation, { shops }: History): Signal {
  const newest = shops.ordinals.subarray(0, SHOP_COUNT_MAX);
  return neighbourSignal('together', generation.together, newest, 1 / Math.sqrt(newest.length));
}
