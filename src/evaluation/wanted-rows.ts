/** Which actions say that a user wanted a shop: what baselines count and what is to be predicted. */
import { weightOf } from '../recommender/action-weights.ts';
import { IMPRESSION } from '../domain/impression.ts';
import type { ActionLog } from '../training/action-log.ts';

/**
 * 1 by row for actions about a shop that count above 0 by the line's own rule (a dismissal counts below), of `types` if
 * given; impressions never do.
 */
export function wantedRows(log: ActionLog, types?: readonly string[]): Uint8Array {
  const signs = log.types.map((type) => {
    if (type === IMPRESSION || types?.includes(type) === false) return 0;
    return Math.sign(weightOf({ type, shopId: '', atMs: 0, weight: 1 }, {}));
  });
  const wanted = new Uint8Array(log.count);
  for (let row = 0; row < log.count; row++) {
    const isAboutShop = log.targets[row]! < log.shopIds.length;
    if (isAboutShop && signs[log.typeNumbers[row]!]! * log.weights[row]! > 0) wanted[row] = 1;
  }
  return wanted;
}
