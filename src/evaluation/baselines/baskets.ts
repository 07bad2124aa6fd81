/** Which shops were wanted together: by one user, or in one session. Sparse rows of distinct ordinals. */
import { Uint32List } from '../../base/growing-list.ts';
import type { Setting } from '../setting.ts';
import { sessionStart, UserRows } from '../user-rows.ts';

export class Baskets {
  /** uint32[count + 1]: where in `shops` each basket begins. */
  readonly starts: Uint32Array;
  readonly shops: Uint32Array;

  constructor(starts: Uint32Array, shops: Uint32Array) {
    this.starts = starts;
    this.shops = shops;
  }

  get count(): number {
    return this.starts.length - 1;
  }

  /** The shops in a basket, in place. */
  of(basket: number): Uint32Array {
    return this.shops.subarray(this.starts[basket], this.starts[basket + 1]);
  }

  /** The baskets of each shop, ascending. */
  transposed(shopCount: number): Baskets {
    const starts = new Uint32Array(shopCount + 1);
    for (const shop of this.shops) starts[shop + 1]!++;
    for (let shop = 0; shop < shopCount; shop++) starts[shop + 1]! += starts[shop]!;
    const next = starts.slice();
    const baskets = new Uint32Array(this.shops.length);
    for (let basket = 0; basket < this.count; basket++)
      for (const shop of this.of(basket)) baskets[next[shop]!++] = basket;
    return new Baskets(starts, baskets);
  }
}

/** One basket for each user of the log, in their order: the shops wanted in the training part. */
export function userBaskets(setting: Setting): Baskets {
  return collected(setting, (rows) => [rows]);
}

/** One basket for each session of the training part. */
export function sessionBaskets(setting: Setting, gapMs: number): Baskets {
  const { log } = setting.cut;
  return collected(setting, (rows) => {
    const sessions: Uint32Array[] = [];
    for (let end = rows.length; end > 0;) {
      const start = sessionStart(log, rows, end, gapMs);
      sessions.push(rows.subarray(start, end));
      end = start;
    }
    return sessions;
  });
}

/** The distinct shops that the given rows of the log say were wanted, in order of first appearance. */
export function wantedIn(setting: Setting, rows: Uint32Array): Set<number> {
  const shops = new Set<number>();
  for (const row of rows) {
    const ordinal = setting.wantedOrdinal(row);
    if (ordinal !== -1) shops.add(ordinal);
  }
  return shops;
}

function collected(setting: Setting, divide: (rows: Uint32Array) => readonly Uint32Array[]): Baskets {
  const { log, testStart } = setting.cut;
  const users = new UserRows(log);
  const starts = new Uint32List();
  const shops = new Uint32List();
  starts.push(0);
  for (let user = 0; user < users.userCount; user++) {
    const training = users.of(user).filter((row) => row < testStart);
    for (const rows of divide(training)) {
      for (const shop of wantedIn(setting, rows)) shops.push(shop);
      starts.push(shops.count);
    }
  }
  return new Baskets(starts.values, shops.values);
}
