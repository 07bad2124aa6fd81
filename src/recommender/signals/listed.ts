/** The place of a shop in a list made ahead of time for the user, best first, from 1; nothing of shops that are not in it. */
import { signalOfFew, type Signal } from './signal.ts';

export function listed(list: Uint32Array): Signal {
  const places = new Map(Array.from(list, (ordinal, at) => [ordinal, at + 1]));
  return signalOfFew('list', places, (place) => -place);
}
