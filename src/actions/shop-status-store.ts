/**
 * Where live statuses of shops are kept: on disk before `put` answers, all of them in memory.
 * A status whose time is over stays until `prune`; whoever reads compares its `untilMs`.
 */
import type { Database, Statement } from 'better-sqlite3';
import { check } from '../base/errors.ts';
import type { ShopStatus } from '../domain/shop-status.ts';
import type { GroupCommit } from './group-commit.ts';

interface StatusRow {
  readonly shopId: string;
  readonly isOpen: number;
  readonly untilMs: number | null;
  readonly sinceMs: number;
}

export class ShopStatusStore {
  readonly #commits: GroupCommit;
  readonly #put: Statement<[StatusRow]>;
  readonly #erase: Statement<[string]>;
  readonly #eraseEnded: Statement<[number]>;
  readonly #held: Map<string, ShopStatus>;

  /** Reads all statuses of a database that has the table. */
  constructor(database: Database, commits: GroupCommit) {
    this.#commits = commits;
    this.#put = database.prepare(`
      INSERT INTO shop_status (shop_id, is_open, until_ms, since_ms) VALUES (@shopId, @isOpen, @untilMs, @sinceMs)
      ON CONFLICT (shop_id) DO UPDATE SET is_open = @isOpen, until_ms = @untilMs, since_ms = @sinceMs`);
    this.#erase = database.prepare('DELETE FROM shop_status WHERE shop_id = ?');
    this.#eraseEnded = database.prepare('DELETE FROM shop_status WHERE until_ms <= ?');
    const rows = database
      .prepare<[], StatusRow>(
        'SELECT shop_id AS shopId, is_open AS isOpen, until_ms AS untilMs, since_ms AS sinceMs FROM shop_status',
      )
      .all();
    this.#held = new Map(rows.map((row) => [row.shopId, statusOf(row)]));
  }

  get size(): number {
    return this.#held.size;
  }

  get(shopId: string): ShopStatus | undefined {
    return this.#held.get(shopId);
  }

  all(): Iterable<ShopStatus> {
    return this.#held.values();
  }

  /**
   * Stores all of `statuses` in the place of those before, or none; the last counts of those of one shop. Resolves when
   * they are on disk and can be read. Rejects with `EngineError`: `storage_full`, `storage_failed`, `closed`.
   */
  async put(statuses: readonly ShopStatus[]): Promise<void> {
    for (const { shopId } of statuses)
      check(shopId.isWellFormed(), 'a shop id to store holds half a surrogate pair');
    return this.#commits.write(() => {
      for (const status of statuses) this.#put.run(rowOf(status));
      return () => {
        for (const status of statuses) this.#held.set(status.shopId, status);
      };
    });
  }

  /** Erases the status of a shop; tells whether there was one. Rejects as `put` does. */
  async clear(shopId: string): Promise<boolean> {
    return this.#commits.write(() => {
      const { changes } = this.#erase.run(shopId);
      return () => {
        this.#held.delete(shopId);
        return changes > 0;
      };
    });
  }

  /** Erases the statuses that ended at `nowMs` or before. Rejects as `put` does. */
  async prune(nowMs: number): Promise<void> {
    // Without an ended one nothing need be written, and an idle disk stays idle.
    if (![...this.#held.values()].some(({ untilMs }) => untilMs <= nowMs)) return;
    return this.#commits.write(() => {
      this.#eraseEnded.run(nowMs);
      return () => {
        for (const { shopId, untilMs } of this.#held.values())
          if (untilMs <= nowMs) this.#held.delete(shopId);
      };
    });
  }
}

function rowOf({ shopId, open, untilMs, sinceMs }: ShopStatus): StatusRow {
  return { shopId, isOpen: Number(open), untilMs: untilMs === Infinity ? null : untilMs, sinceMs };
}

function statusOf({ shopId, isOpen, untilMs, sinceMs }: StatusRow): ShopStatus {
  return { shopId, open: isOpen === 1, untilMs: untilMs ?? Infinity, sinceMs };
}
