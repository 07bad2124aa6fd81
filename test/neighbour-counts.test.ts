import { expect, test } from 'vitest';
import { Random } from '../src/base/random.ts';
import { countShopSignals, SIGNAL_DEFAULTS } from '../src/training/shop-signals.ts';
import { madeLog, type MadeAction } from './made-log.ts';

const OTHER_COUNT = 150;
const KEPT_COUNT = 100;

test('of shops that share as much with a shop, the most wanted are kept, then the newest, in whatever order they come', () => {
  const random = new Random(5);
  const others = Array.from({ length: OTHER_COUNT }, (_, n) => `s${n}`);
  const visitsOf = new Map(others.map((shopId) => [shopId, 1 + random.below(3)]));
  const visits = random.shuffle(
    others.flatMap((shopId) => Array<string>(visitsOf.get(shopId)!).fill(shopId)),
  );
  const log = madeLog([
    ...['hub', ...visits].flatMap((shopId, minute): MadeAction[] => [
      { userId: 'u', shopId, minute },
      { userId: 'w', shopId, minute },
    ]),
    // One user in common is none.
    { userId: 'once', shopId: 'hub', minute: 0 },
    { userId: 'once', shopId: 'lonely', minute: 1 },
    // Without others who are nowhere near, what is shared would be what chance makes of it.
    ...Array.from({ length: 20 }, (_, n): MadeAction => ({ userId: `v${n}`, shopId: 'far', minute: n })),
  ]);
  const expected = others
    .toSorted((a, b) => visitsOf.get(b)! - visitsOf.get(a)! || visits.lastIndexOf(b) - visits.lastIndexOf(a))
    .slice(0, KEPT_COUNT);
  const ids = ['hub', 'far', 'lonely', ...others];
  for (const order of [ids, ids.toReversed(), random.shuffle([...ids])]) {
    const shops = {
      count: order.length,
      rowOf: (shopId: string) => order.indexOf(shopId),
      categories: order.map(() => undefined),
    };
    const { together } = countShopSignals(log, shops, { ...SIGNAL_DEFAULTS, timeZone: 'UTC' });
    const hub = order.indexOf('hub');
    const kept = together.rows.subarray(together.starts[hub], together.starts[hub + 1]);
    expect(Array.from(kept, (row) => order[row])).toEqual(expected);
  }
});
