/**
 * Session co-occurrence: shops that came up in the same sessions as those of the user's last one. Item-kNN with sessions
 * for baskets; simple and strong among session recommenders (Ludewig & Jannach, "Evaluation of session-based
 * recommendation algorithms", UMUAI 2018).
 */
import type { Setting } from '../setting.ts';
import { sessionStart } from '../user-rows.ts';
import type { Baseline, BaselineOptions } from './baseline.ts';
import { sessionBaskets, wantedIn } from './baskets.ts';
import { ShopNeighbours } from './shop-neighbours.ts';

export function sessionCoOccurrence(setting: Setting, { sessionGapMs }: BaselineOptions): Baseline {
  const { log } = setting.cut;
  const neighbours = new ShopNeighbours(sessionBaskets(setting, sessionGapMs), setting.shopCount);
  return {
    write({ history }, strengths) {
      if (history.length === 0) return;
      const last = history.subarray(sessionStart(log, history, history.length, sessionGapMs));
      for (const shop of wantedIn(setting, last)) neighbours.addTo(strengths, shop);
    },
  };
}
