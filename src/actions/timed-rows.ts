/**
 * The rows of a table that keeps something of users by time, `actions` or `impressions`: the SQL that is the same for both.
 * Methods that write expect an open transaction.
 */
import type { Database, Statement } from 'better-sqlite3';

/** A row of either table; what its table has no column for is null. */
export interface TimedRow {
  readonly id: string;
  readonly userId: string;
  readonly type: string;
  readonly keyword: string | null;
  readonly shopId: string | null;
  /** JSON. */
  readonly shopIds: string | null;
  readonly weight: number | null;
  readonly atMs: number;
}

export type TimedTable = 'actions' | 'impressions';

interface OldRow {
  readonly userNumber: number;
  readonly userId: string;
  readonly atMs: number;
  readonly arrival: number;
}

const TARGET_COLUMNS = {
  actions: 'keyword, shop_id AS shopId, NULL AS shopIds',
  impressions: 'NULL AS keyword, NULL AS shopId, shop_ids AS shopIds',
};

/** What a `TimedRow` is selected from. */
export function rowColumns(table: TimedTable): string {
  // The user's id as a subquery, not a join: with joins SQLite plans anew at every run, 5 µs instead of 0.5.
  return `id, type, ${TARGET_COLUMNS[table]}, weight, at_ms AS atMs,
    (SELECT user_id FROM users WHERE users.user_number = ${table}.user_number) AS userId`;
}

/** The rows of a user, whose id is the only parameter. */
export const OF_USER = 'user_number = (SELECT user_number FROM users WHERE user_id = ?)';

export class TimedRows {
  readonly #find: Statement<[string], TimedRow>;
  readonly #newest: Statement<[string, number, number], TimedRow>;
  readonly #trim: Statement<[{ userNumber: number; countMax: number }]>;
  readonly #eraseOf: Statement<[string]>;
  readonly #oldest: Statement<[number, number], OldRow>;
  readonly #eraseOne: Statement<[number, number, number]>;

  constructor(database: Database, table: TimedTable) {
    const columns = rowColumns(table);
    this.#find = database.prepare(`SELECT ${columns} FROM ${table} WHERE id = ?`);
    // "+ 0" hides a parameter from the planner, which otherwise plans anew for each value: 10 µs instead of 1.
    this.#newest = database.prepare(`
      SELECT ${columns} FROM ${table} WHERE ${OF_USER} AND at_ms <= ? + 0
      ORDER BY at_ms DESC, arrival DESC LIMIT ?`);
    this.#trim = database.prepare(`
      DELETE FROM ${table} WHERE user_number = @userNumber + 0 AND (at_ms, arrival) <= (
        SELECT at_ms, arrival FROM ${table} WHERE user_number = @userNumber + 0
        ORDER BY at_ms DESC, arrival DESC LIMIT 1 OFFSET @countMax + 0)`);
    this.#eraseOf = database.prepare(`DELETE FROM ${table} WHERE ${OF_USER}`);
    this.#oldest = database.prepare(`
      SELECT user_number AS userNumber, user_id AS userId, at_ms AS atMs, arrival
      FROM ${table} CROSS JOIN users USING (user_number) WHERE at_ms < ? ORDER BY at_ms LIMIT ?`);
    this.#eraseOne = database.prepare(
      `DELETE FROM ${table} WHERE user_number = ? AND at_ms = ? AND arrival = ?`,
    );
  }

  find(id: string): TimedRow | undefined {
    return this.#find.get(id);
  }

  /** The user's newest rows up to a moment, at most `limit`: by time, the later arrival first where times are equal. */
  newest(userId: string, limit: number, untilMs = Infinity): TimedRow[] {
    return this.#newest.all(userId, untilMs, limit);
  }

  /** Erases all rows of the user but the newest `countMax`. */
  trim(userNumber: number, countMax: number): void {
    this.#trim.run({ userNumber, countMax });
  }

  /** Erases all rows of the user; returns how many there were. */
  eraseOf(userId: string): number {
    return this.#eraseOf.run(userId).changes;
  }

  /** Erases up to `countMax` of the oldest rows before `beforeMs`; returns the user of each. */
  eraseOldest(beforeMs: number, countMax: number): Pick<OldRow, 'userNumber' | 'userId'>[] {
    const oldest = this.#oldest.all(beforeMs, countMax);
    for (const { userNumber, atMs, arrival } of oldest) this.#eraseOne.run(userNumber, atMs, arrival);
    return oldest;
  }
}
