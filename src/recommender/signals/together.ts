/**
 * What those who went where the user went also like: Σ ln lift / √n over the n shops that the user acted on, 50 at most, newest
 * first, lift the number of users who acted on both shops over what chance would make of it, one more on either side;
 * only lifts above 1; as counted when the snapshot was built. Unlike a similarity of embeddings it does not blur: it
 * knows that two shops have their users in common, and nothing of shops with none.
 */
import type { Generation } from '../../snapshot/generation.ts';
import { neighborSignal } from './neighbor-signal.ts';
import type { Visit } from './history.ts';
import type { Signal } from './signal.ts';

const SHOP_COUNT_MAX = 50;

/** `visits` newest first. */
export function together(generation: Generation, visits: readonly Visit[]): Signal {
  const shops = [...new Set(visits.map(({ ordinal }) => ordinal))].slice(0, SHOP_COUNT_MAX);
  return neighborSignal('together', generation.together, shops, Math.sqrt(shops.length));
}
