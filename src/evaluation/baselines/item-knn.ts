/**
 * Item-kNN: shops that the same users wanted as this user's shops. The score of a shop is the sum of its similarities to
 * each distinct shop of the user (Deshpande & Karypis, TOIS 2004), 200 neighbours a shop.
 */
import type { Setting } from '../setting.ts';
import type { Baseline } from './baseline.ts';
import { userBaskets, wantedIn } from './baskets.ts';
import { ShopNeighbours } from './shop-neighbours.ts';

export function itemKnn(setting: Setting): Baseline {
  const neighbours = new ShopNeighbours(userBaskets(setting), setting.shopCount);
  return {
    write({ history }, strengths) {
      for (const shop of wantedIn(setting, history)) neighbours.addTo(strengths, shop);
    },
  };
}
