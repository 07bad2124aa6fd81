/**
 * The SQLite file that holds the actions: opened, owned by this process alone, set to survive a power cut,
 * and of a schema this engine knows.
 *
 *   users         user_number | user_id
 *   actions       user_number, at_ms (descending), arrival (descending) | id, type, keyword, shop_id, weight
 *   impressions   user_number, at_ms (descending), arrival (descending) | id, type, shop_ids, weight
 *
 *   shop_status   shop_id | is_open, until_ms, since_ms
 *
 * The rows of `actions` and of `impressions` lie in the order of their key, so a user's newest are one short run of pages.
 * A user's id is written once and stands as a small number in the row and in both indexes: with UUIDs as ids
 * a million actions of 50,000 users take 155 MB; with the user id in every row they take 267 MB.
 * An impression of 20 shops takes 0.5 KB with ids such as `s12345`, 1.8 KB with UUIDs.
 */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { syncPath } from '../base/sync-path.ts';
import Database from 'better-sqlite3';
import { check, EngineError } from '../base/errors.ts';
import { makeDirectory } from '../base/make-directory.ts';

const FILE_NAME = 'actions.sqlite';
/** What to do where a store has an owner. */
const WHEN_OWNED = 'stop it, or give this one a data directory of its own';
const SCHEMA_VERSION = 1;
const SCHEMA = `
  CREATE TABLE users (
    user_number INTEGER PRIMARY KEY,
    user_id TEXT NOT NULL UNIQUE
  ) STRICT;
  CREATE TABLE actions (
    user_number INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    arrival INTEGER NOT NULL, -- 0, 1, 2 … among what is kept of one user in the same millisecond
    id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    keyword TEXT,
    shop_id TEXT,
    PRIMARY KEY (user_number, at_ms DESC, arrival DESC),
    CHECK ((keyword IS NULL) <> (shop_id IS NULL))
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX actions_by_age ON actions (at_ms);
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

// Came later. An engine that does not know it leaves it alone, so the version stays what it was. What it erases goes all
// the same: without the trigger the next user would be given the number, and with it the impressions, of an erased one.
const LATER_SCHEMA = `
  CREATE TABLE IF NOT EXISTS shop_status (
    shop_id TEXT PRIMARY KEY,
    is_open INTEGER NOT NULL,
    until_ms INTEGER, -- NULL: until changed
    since_ms INTEGER NOT NULL,
    CHECK (is_open IN (0, 1))
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS impressions (
    user_number INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    arrival INTEGER NOT NULL, -- as of actions
    id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    shop_ids TEXT NOT NULL, -- JSON
    weight REAL, -- NULL: 1
    PRIMARY KEY (user_number, at_ms DESC, arrival DESC)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS impressions_by_age ON impressions (at_ms);
  CREATE TRIGGER IF NOT EXISTS impressions_of_erased_user AFTER DELETE ON users BEGIN
    DELETE FROM impressions WHERE user_number = OLD.user_number;
  END;
`;

/** Whether somebody has kept actions in `directory`. */
export function hasActionDatabase(directory: string): boolean {
  return existsSync(join(resolve(directory), FILE_NAME));
}

/**
 * Opens `actions.sqlite` in `directory` and makes this process its owner until the database is closed.
 * Creates what is not there. `whenOwned` says what to do if it has an owner.
 * Throws `EngineError`: `storage_busy` if it has an owner, `storage_full`, `storage_failed`.
 */
export function openActionDatabase(directory: string, whenOwned = WHEN_OWNED): Database.Database {
  const path = join(resolve(directory), FILE_NAME);
  let database: Database.Database | undefined;
  try {
    makeSyncedDirectory(resolve(directory));
    // The owner keeps its lock for as long as it lives, so waiting for it would not help.
    database = new Database(path, { timeout: 0 });
    own(database);
    prepareSchema(database, path);
    database.transaction(addLaterSchema).exclusive(database);
    checkSettings(database);
    return database;
  } catch (error) {
    database?.close();
    throw storageError(error, path, whenOwned);
  }
}

/** What an error of the database at `path` means to the engine. Errors not about storage stay as they are. */
export function storageError(error: unknown, path: string, whenOwned = WHEN_OWNED): unknown {
  if (!(error instanceof Error) || error instanceof EngineError || !('code' in error)) return error;
  const found = `${path}: ${error.message} (${error.code})`;
  if (String(error.code).startsWith('SQLITE_BUSY')) {
    return new EngineError('storage_busy', `${found}: another process owns this action store; ${whenOwned}`, {
      cause: error,
    });
  }
  if (error.code === 'SQLITE_FULL' || error.code === 'ENOSPC') {
    return new EngineError(
      'storage_full',
      `${found}: no action can be stored until there is space again; free some on that disk`,
      { cause: error },
    );
  }
  const advice = 'the action store needs a directory and a SQLite file that this process can read and write';
  return new EngineError('storage_failed', `${found}: ${advice}`, { cause: error });
}

/** Creates `directory` and syncs every new directory entry: a synced file in a lost directory is lost too. */
function makeSyncedDirectory(directory: string): void {
  const firstMade = makeDirectory(directory);
  if (firstMade === undefined) return;
  let parent = directory;
  do {
    parent = dirname(parent);
    syncPath(parent);
  } while (parent !== dirname(firstMade));
}

function own(database: Database.Database): void {
  // Before the journal mode: only then does the first access to the file take the lock and keep it.
  database.pragma('locking_mode = EXCLUSIVE');
  database.pragma('journal_mode = WAL');
  // Said explicitly: the library is built with NORMAL as default for WAL, which syncs at checkpoints only.
  database.pragma('synchronous = FULL');
  // What is erased is overwritten, not just unlinked.
  database.pragma('secure_delete = ON');
}

function prepareSchema(database: Database.Database, path: string): void {
  const found = database.pragma('user_version', { simple: true });
  if (found === SCHEMA_VERSION) return;
  const isEmpty = database.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() === 0;
  if (found !== 0 || !isEmpty) {
    throw new EngineError(
      'storage_failed',
      `${path} has schema version ${found}, expected ${SCHEMA_VERSION}; ` +
        'run the engine that wrote it, or give this one a data directory of its own',
    );
  }
  database.transaction(() => database.exec(SCHEMA)).exclusive();
}

function addLaterSchema(database: Database.Database): void {
  database.exec(LATER_SCHEMA);
  const hasWeight = database
    .prepare("SELECT 1 FROM pragma_table_info('actions') WHERE name = 'weight'")
    .get();
  if (hasWeight === undefined) database.exec('ALTER TABLE actions ADD COLUMN weight REAL'); // NULL: 1
}

/** Reads back what durability and ownership rest on, after the first transaction: there defaults creep in. */
function checkSettings(database: Database.Database): void {
  const settings = { locking_mode: 'exclusive', journal_mode: 'wal', synchronous: 2, secure_delete: 1 };
  for (const [name, expected] of Object.entries(settings)) {
    const found = database.pragma(name, { simple: true });
    check(found === expected, `${name} of the action store reads back ${found}, expected ${expected}`);
  }
}
