/**
 * A process that sets statuses of shops for as long as it can and prints what was acknowledged; its parent kills it.
 * Arguments: data directory, round. Prints a line `stored <round> <number>` after each acknowledged bulk.
 */
import { ACTION_STORE_DEFAULTS, ActionStore } from '../src/actions/action-store.ts';
import type { ShopStatus } from '../src/domain/shop-status.ts';

export const STATUS_SHOPS = 50;

/** The statuses of one bulk, all derived from its round and number: a later one changes every shop. */
export function statusesOf(round: number, number: number): ShopStatus[] {
  return Array.from({ length: STATUS_SHOPS }, (_, i) => ({
    shopId: `s${i}`,
    open: (number + i) % 2 === 0,
    untilMs: i % 3 === 0 ? Infinity : 4e12 + number,
    sinceMs: round * 1_000_000 + number,
  }));
}

if (import.meta.main) {
  const [directory, round] = process.argv.slice(2) as [string, string];
  const store = ActionStore.open({ ...ACTION_STORE_DEFAULTS, directory });
  for (let number = 0; ; number++) {
    await store.statuses.put(statusesOf(Number(round), number));
    process.stdout.write(`stored ${round} ${number}\n`);
  }
}
