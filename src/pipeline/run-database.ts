/**
 * The SQLite file that remembers pipeline runs, and who is at one: at most one run is `running`, and it is its own lease.
 *
 *   runs   run_number | version, scheduled_ms, started_ms, ended_ms, lease_until_ms, status, … | settings, evaluation (JSON)
 *
 * Other than the action store it has no owner: any number of processes may open it, each for moments at a time. They must
 * see one file system that locks, which those of networks do not always.
 */
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { EngineError } from '../base/errors.ts';
import { makeDirectory } from '../base/make-directory.ts';

/** What made each version of the schema of the one before; the first of an empty file. Never changed, only added to. */
const CHANGES = [
  `CREATE TABLE runs (
    run_number INTEGER PRIMARY KEY AUTOINCREMENT,
    version TEXT NOT NULL,
    scheduled_ms INTEGER, -- the moment of the schedule that it is for; NULL: by hand
    started_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    lease_until_ms INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('running', 'done', 'failed', 'broken')),
    decision TEXT CHECK (decision IN ('activated', 'kept')),
    reason TEXT, -- of the decision, or of the end without one
    active_before TEXT, -- version
    code_version TEXT NOT NULL,
    settings TEXT NOT NULL, -- JSON
    evaluation TEXT -- JSON
  ) STRICT;
  CREATE UNIQUE INDEX runs_running ON runs (status) WHERE status = 'running';
  CREATE INDEX runs_by_version ON runs (version)`,
  'ALTER TABLE runs ADD COLUMN intent TEXT', // JSON: what it was about to do to the store
  'ALTER TABLE runs ADD COLUMN store TEXT', // directory
  'ALTER TABLE runs ADD COLUMN holder TEXT', // JSON: the process
  'ALTER TABLE runs ADD COLUMN inputs TEXT', // SHA-256 of all that it made its version of
];
/** How long to wait for another process, whose transactions take milliseconds. */
const BUSY_MS_MAX = 5_000;

/** Opens the file at `path`, which is made if it is not there. Throws as `recordsError` says. */
export function openRunDatabase(path: string): Database.Database {
  let database: Database.Database | undefined;
  try {
    makeDirectory(dirname(path));
    database = new Database(path, { timeout: BUSY_MS_MAX });
    database.pragma('synchronous = FULL');
    prepareSchema(database, path);
    return database;
  } catch (error) {
    database?.close();
    throw recordsError(error, path);
  }
}

/** What an error of the file at `path` means: `storage_busy`, `storage_full` or `storage_failed`. An `EngineError` stays as it is. */
export function recordsError(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || error instanceof EngineError || !('code' in error)) return error;
  const code = String(error.code);
  const found = `${path}: ${error.message} (${code})`;
  const wordedAs = (kind: 'storage_busy' | 'storage_full' | 'storage_failed', advice: string): EngineError =>
    new EngineError(kind, `${found}: ${advice}`, { cause: error });
  if (/^SQLITE_(BUSY|LOCKED)/.test(code))
    return wordedAs(
      'storage_busy',
      `another process has held the file for ${BUSY_MS_MAX / 1000} s; try again`,
    );
  if (code === 'SQLITE_FULL' || code === 'ENOSPC')
    return wordedAs(
      'storage_full',
      'no run can be recorded until there is space again; free some on that disk',
    );
  return wordedAs(
    'storage_failed',
    'runs are remembered in a SQLite file that this process can read and write',
  );
}

function prepareSchema(database: Database.Database, path: string): void {
  if (versionOf(database) === CHANGES.length) return; // without a lock: who looks is in nobody's way
  database
    .transaction(() => {
      const found = versionOf(database); // another process may have been faster
      const isEmpty = database.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() === 0;
      if (found > CHANGES.length || (found === 0 && !isEmpty))
        throw new EngineError(
          'storage_failed',
          `${path} has schema version ${found}, expected up to ${CHANGES.length}; take the doorrank that wrote it, or another --work`,
        );
      for (const change of CHANGES.slice(found)) database.exec(change);
      database.pragma(`user_version = ${CHANGES.length}`);
    })
    .immediate();
}

function versionOf(database: Database.Database): number {
  return database.pragma('user_version', { simple: true }) as number;
}
