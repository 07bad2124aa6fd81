/**
 * Actions as rows: every SQL statement that reads or writes them, and nothing about when.
 * Methods that write expect an open transaction.
 */
import type { Database, Statement } from 'better-sqlite3';
import type { Action } from '../domain/action.ts';

interface ActionRow {
  readonly id: string;
  readonly userId: string;
  readonly type: string;
  readonly keyword: string | null;
  readonly shopId: string | null;
  readonly atMs: number;
}

interface OldRow {
  readonly userNumber: number;
  readonly userId: string;
  readonly atMs: number;
  readonly arrival: number;
}

// The user's id as a subquery, not a join: with joins SQLite plans anew at every run, 5 µs instead of 0.5.
const ACTION_COLUMNS = `id, type, keyword, shop_id AS shopId, at_ms AS atMs,
  (SELECT user_id FROM users WHERE users.user_number = actions.user_number) AS userId`;

export class ActionRows {
  readonly #find: Statement<[string], ActionRow>;
  readonly #newest: Statement<[string, number], ActionRow>;
  readonly #findUser: Statement<[string], number>;
  readonly #insertUser: Statement<[string]>;
  readonly #insert: Statement<[Record<string, string | number | null>]>;
  readonly #trim: Statement<[{ userNumber: number; countMax: number }]>;
  readonly #eraseActions: Statement<[string]>;
  readonly #eraseUser: Statement<[string]>;
  readonly #oldest: Statement<[number, number], OldRow>;
  readonly #eraseOne: Statement<[number, number, number]>;
  readonly #eraseIdleUser: Statement<[{ userNumber: number }]>;

  constructor(database: Database) {
    this.#find = database.prepare(`SELECT ${ACTION_COLUMNS} FROM actions WHERE id = ?`);
    this.#newest = database.prepare(`
      SELECT ${ACTION_COLUMNS} FROM actions WHERE user_number = (SELECT user_number FROM users WHERE user_id = ?)
      ORDER BY at_ms DESC, arrival DESC LIMIT ?`);
    this.#findUser = database
      .prepare<[string], number>('SELECT user_number FROM users WHERE user_id = ?')
      .pluck();
    this.#insertUser = database.prepare('INSERT INTO users (user_id) VALUES (?)');
    // "+ 0" hides a parameter from the planner, which otherwise plans anew for each value: 10 µs instead of 1.
    this.#insert = database.prepare(`
      INSERT INTO actions (user_number, at_ms, arrival, id, type, keyword, shop_id) VALUES (@userNumber, @atMs,
        (SELECT coalesce(max(arrival) + 1, 0) FROM actions
          WHERE user_number = @userNumber + 0 AND at_ms = @atMs + 0),
        @id, @type, @keyword, @shopId)`);
    this.#trim = database.prepare(`
      DELETE FROM actions WHERE user_number = @userNumber + 0 AND (at_ms, arrival) <= (
        SELECT at_ms, arrival FROM actions WHERE user_number = @userNumber + 0
        ORDER BY at_ms DESC, arrival DESC LIMIT 1 OFFSET @countMax + 0)`);
    this.#eraseActions = database.prepare(
      'DELETE FROM actions WHERE user_number = (SELECT user_number FROM users WHERE user_id = ?)',
    );
    this.#eraseUser = database.prepare('DELETE FROM users WHERE user_id = ?');
    this.#oldest = database.prepare(`
      SELECT user_number AS userNumber, user_id AS userId, at_ms AS atMs, arrival
      FROM actions CROSS JOIN users USING (user_number) WHERE at_ms < ? ORDER BY at_ms LIMIT ?`);
    this.#eraseOne = database.prepare(
      'DELETE FROM actions WHERE user_number = ? AND at_ms = ? AND arrival = ?',
    );
    this.#eraseIdleUser = database.prepare(`
      DELETE FROM users WHERE user_number = @userNumber
      AND NOT EXISTS (SELECT 1 FROM actions WHERE user_number = @userNumber)`);
  }

  find(id: string): Action | undefined {
    const row = this.#find.get(id);
    return row && actionOf(row);
  }

  /** The user's newest actions, at most `limit`: by time, the later arrival first where times are equal. */
  newest(userId: string, limit: number): Action[] {
    return this.#newest.all(userId, limit).map(actionOf);
  }

  /** Stores an action whose id is not stored yet. */
  insert(action: Action): void {
    const { id, userId, type, keyword = null, shopId = null, atMs } = action;
    const userNumber = this.#findUser.get(userId) ?? Number(this.#insertUser.run(userId).lastInsertRowid);
    this.#insert.run({ userNumber, atMs, id, type, keyword, shopId });
  }

  /** Erases all of the user's actions but the newest `countMax`. */
  trim(userId: string, countMax: number): void {
    const userNumber = this.#findUser.get(userId);
    if (userNumber !== undefined) this.#trim.run({ userNumber, countMax });
  }

  /** Erases the user and returns how many actions went along. */
  eraseUser(userId: string): number {
    const { changes } = this.#eraseActions.run(userId);
    this.#eraseUser.run(userId);
    return changes;
  }

  /** Erases up to `countMax` of the oldest actions before `beforeMs`; returns the user of each. */
  eraseOldest(beforeMs: number, countMax: number): string[] {
    const oldest = this.#oldest.all(beforeMs, countMax);
    for (const { userNumber, atMs, arrival } of oldest) this.#eraseOne.run(userNumber, atMs, arrival);
    for (const userNumber of new Set(oldest.map((row) => row.userNumber)))
      this.#eraseIdleUser.run({ userNumber });
    return oldest.map((row) => row.userId);
  }
}

function actionOf(row: ActionRow): Action {
  const { id, userId, type, keyword, shopId, atMs } = row;
  return keyword === null ? { id, userId, type, shopId: shopId!, atMs } : { id, userId, type, keyword, atMs };
}
