/** Reads an action store that no server owns at the moment, without becoming its owner. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { EngineError } from '../base/errors.ts';
import { storageError } from './action-database.ts';

/** An action as it was recorded. Exactly one of `keyword` and `shopId` is there. */
export interface StoredAction {
  readonly userId: string;
  readonly type: string;
  readonly keyword: string | null;
  readonly shopId: string | null;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly weight: number;
}

/**
 * All actions of the store in `directory`, without impressions, in the order of time; as of one moment. A server cannot open the
 * store until the last of them was taken.
 *
 * Throws `EngineError`: `file_unreadable` where no store is, `storage_busy` while a server owns it, `storage_failed`.
 */
export function* storedActions(directory: string): Generator<StoredAction> {
  const path = join(resolve(directory), 'actions.sqlite');
  if (!existsSync(path))
    throw new EngineError('file_unreadable', `${path} does not exist; name the data directory of a server`);
  let database: Database.Database | undefined;
  try {
    // Its owner keeps its lock for as long as it lives, so waiting for it would not help.
    database = new Database(path, { readonly: true, fileMustExist: true, timeout: 0 });
    yield* database.prepare<[], StoredAction>(selection(database)).iterate();
  } catch (error) {
    throw worded(error, path);
  } finally {
    database?.close();
  }
}

function selection(database: Database.Database): string {
  // Stores of the first engines have no weights until a server of today opens them.
  const hasWeight = database
    .prepare("SELECT 1 FROM pragma_table_info('actions') WHERE name = 'weight'")
    .get();
  const weight = hasWeight === undefined ? '1' : 'ifnull(weight, 1)';
  return `
    SELECT user_id AS userId, type, keyword, shop_id AS shopId, at_ms AS atMs, ${weight} AS weight
    FROM actions JOIN users USING (user_number) ORDER BY at_ms, user_number, arrival`;
}

function worded(error: unknown, path: string): unknown {
  const inner = storageError(error, path);
  if (!(inner instanceof EngineError) || inner.code !== 'storage_busy') return inner;
  return new EngineError(
    'storage_busy',
    `${path} belongs to a running server; stop it for as long as its actions are read, or give files of actions instead, as doorrank export writes them`,
    { cause: error },
  );
}
