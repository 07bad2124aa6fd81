/** The place of a shop in a list made ahead of time for the user, best first, from 1; nothing of shops that are not in it. */
import { FewShops } from './few-shops.ts';
import type { Signal } from './signal.ts';

export function listed(list: Uint32Array): Signal {
  const places = Float64Array.from(list, (_, at) => at + 1);
  const shops = new FewShops(list.length);
  for (const ordinal of list) shops.add(ordinal);
  return shops.signal(
    'list',
    places,
    places.map((place) => -place),
  );
}
