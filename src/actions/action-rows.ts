/**
 * Actions and impressions as rows: how they are written, listed together and erased, and nothing about when.
 * Methods that write expect an open transaction.
 */
import type { Database, Statement } from 'better-sqlite3';
import type { Action } from '../domain/action.ts';
import { OF_USER, rowColumns, TimedRows, type TimedRow, type TimedTable } from './timed-rows.ts';

const KEY = 'user_number, at_ms, arrival, id, type';
// One sequence for both tables, so that what is listed together stands in order of arrival.
const KEY_VALUES = `@userNumber, @atMs, 1 + max(${lastArrivalIn('actions')}, ${lastArrivalIn('impressions')}), @id, @type`;

export class ActionRows {
  readonly #actions: TimedRows;
  readonly #impressions: TimedRows;
  readonly #newestOfBoth: Statement<[string, string, number], TimedRow>;
  readonly #countFrom: Statement<[number], number>;
  readonly #byTime: Statement<[number], TimedRow>;
  readonly #findUser: Statement<[string], number>;
  readonly #insertUser: Statement<[string]>;
  readonly #insertAction: Statement<[Record<string, string | number | null>]>;
  readonly #insertImpression: Statement<[Record<string, string | number | null>]>;
  readonly #eraseUser: Statement<[string]>;
  readonly #eraseIdleUser: Statement<[{ userNumber: number }]>;

  constructor(database: Database) {
    this.#actions = new TimedRows(database, 'actions');
    this.#impressions = new TimedRows(database, 'impressions');
    this.#newestOfBoth = database.prepare(`
      SELECT ${rowColumns('actions')}, arrival FROM actions WHERE ${OF_USER}
      UNION ALL SELECT ${rowColumns('impressions')}, arrival FROM impressions WHERE ${OF_USER}
      ORDER BY atMs DESC, arrival DESC LIMIT ?`);
    this.#countFrom = database
      .prepare<[number], number>('SELECT count(*) FROM actions WHERE at_ms >= ?')
      .pluck();
    this.#byTime = database.prepare(
      `SELECT ${rowColumns('actions')} FROM actions WHERE at_ms >= ? ORDER BY at_ms, user_number, arrival`,
    );
    this.#findUser = database
      .prepare<[string], number>('SELECT user_number FROM users WHERE user_id = ?')
      .pluck();
    this.#insertUser = database.prepare('INSERT INTO users (user_id) VALUES (?)');
    this.#insertAction = database.prepare(
      `INSERT INTO actions (${KEY}, keyword, shop_id, weight) VALUES (${KEY_VALUES}, @keyword, @shopId, @weight)`,
    );
    this.#insertImpression = database.prepare(
      `INSERT INTO impressions (${KEY}, shop_ids, weight) VALUES (${KEY_VALUES}, @shopIds, @weight)`,
    );
    this.#eraseUser = database.prepare('DELETE FROM users WHERE user_id = ?');
    this.#eraseIdleUser = database.prepare(`
      DELETE FROM users WHERE user_number = @userNumber
      AND NOT EXISTS (SELECT 1 FROM actions WHERE user_number = @userNumber)
      AND NOT EXISTS (SELECT 1 FROM impressions WHERE user_number = @userNumber)`);
  }

  /** The action or impression of an id. */
  find(id: string): Action | undefined {
    const row = this.#actions.find(id) ?? this.#impressions.find(id);
    return row && actionOf(row);
  }

  /** The user's newest actions, at most `limit`: by time, the later arrival first where times are equal. */
  newestActions(userId: string, limit: number): Action[] {
    return this.#actions.newest(userId, limit).map(actionOf);
  }

  /** The user's newest impressions up to a moment, as `newestActions`. */
  newestImpressions(userId: string, limit: number, untilMs: number): Action[] {
    return this.#impressions.newest(userId, limit, untilMs).map(actionOf);
  }

  /** The newest of the user's actions and impressions together, as `newestActions`. */
  newestOfBoth(userId: string, limit: number): Action[] {
    return this.#newestOfBoth.all(userId, userId, limit).map(actionOf);
  }

  /** How many actions, impressions not among them, are of `fromMs` or later. */
  countFrom(fromMs: number): number {
    return this.#countFrom.get(fromMs)!;
  }

  /** These actions, oldest first, read one by one; until the last is taken nothing else can be done with the database. */
  *byTime(fromMs: number): Generator<Action> {
    for (const row of this.#byTime.iterate(fromMs)) yield actionOf(row);
  }

  /** Stores an action or impression whose id is not stored yet. */
  insert(action: Action): void {
    const { id, userId, type, keyword = null, shopId = null, shopIds, weight = null, atMs } = action;
    const userNumber = this.#findUser.get(userId) ?? Number(this.#insertUser.run(userId).lastInsertRowid);
    const key = { userNumber, atMs, id, type };
    if (shopIds === undefined) this.#insertAction.run({ ...key, keyword, shopId, weight });
    else this.#insertImpression.run({ ...key, shopIds: JSON.stringify(shopIds), weight });
  }

  /** Erases all actions of the users of `added` but the newest `countMax` each, and as many of their impressions. */
  trim(added: readonly Action[], countMax: number): void {
    const [actions, impressions] = [new Set<string>(), new Set<string>()];
    for (const { userId, shopIds } of added) (shopIds === undefined ? actions : impressions).add(userId);
    for (const userId of actions) this.#actions.trim(this.#findUser.get(userId)!, countMax);
    for (const userId of impressions) this.#impressions.trim(this.#findUser.get(userId)!, countMax);
  }

  /** Erases the user and returns how many actions and impressions went along. */
  eraseUser(userId: string): number {
    const count = this.#actions.eraseOf(userId) + this.#impressions.eraseOf(userId);
    this.#eraseUser.run(userId);
    return count;
  }

  /** Erases up to `countMax` of the oldest actions and impressions before `beforeMs`; returns the user of each. */
  eraseOldest(beforeMs: number, countMax: number): string[] {
    const actions = this.#actions.eraseOldest(beforeMs, countMax);
    const oldest = [...actions, ...this.#impressions.eraseOldest(beforeMs, countMax - actions.length)];
    for (const userNumber of new Set(oldest.map((row) => row.userNumber)))
      this.#eraseIdleUser.run({ userNumber });
    return oldest.map((row) => row.userId);
  }
}

/** -1 if there is none. "+ 0" as in `TimedRows`. */
function lastArrivalIn(table: TimedTable): string {
  return `coalesce(
    (SELECT max(arrival) FROM ${table} WHERE user_number = @userNumber + 0 AND at_ms = @atMs + 0), -1)`;
}

function actionOf({ id, userId, type, keyword, shopId, shopIds, weight, atMs }: TimedRow): Action {
  const facts = { id, userId, type, atMs, ...(weight !== null && { weight }) };
  if (shopIds !== null) return { ...facts, shopIds: JSON.parse(shopIds) as string[] };
  return keyword === null ? { ...facts, shopId: shopId! } : { ...facts, keyword };
}
