/**
 * User-kNN: what the 200 most similar users wanted, each by their similarity, the cosine of the sets of shops,
 * |A ∩ B| / √(|A| · |B|) (Herlocker, Konstan, Borchers & Riedl, SIGIR 1999, for implicit feedback). The case's user comes
 * with all of their history, the others with their training part.
 */
import type { Setting } from '../setting.ts';
import { bestOf } from '../best-of.ts';
import type { Baseline } from './baseline.ts';
import { userBaskets, wantedIn } from './baskets.ts';

const NEIGHBOURS_MAX = 200;

export function userKnn(setting: Setting): Baseline {
  const baskets = userBaskets(setting);
  const usersOf = baskets.transposed(setting.shopCount);
  const similarities = new Float64Array(baskets.count);
  const sizes = Float64Array.from({ length: baskets.count }, (_, user) => baskets.of(user).length);
  return {
    write({ user, history }, strengths) {
      const shops = wantedIn(setting, history);
      const found: number[] = [];
      for (const shop of shops) {
        for (const other of usersOf.of(shop)) {
          if (other === user) continue;
          if (similarities[other]!++ === 0) found.push(other);
        }
      }
      for (const other of found) similarities[other]! /= Math.sqrt(shops.size * sizes[other]!);
      for (const neighbour of bestOf(found, similarities, sizes, NEIGHBOURS_MAX))
        for (const shop of baskets.of(neighbour)) strengths[shop]! += similarities[neighbour]!;
      for (const other of found) similarities[other] = 0;
    },
  };
}
