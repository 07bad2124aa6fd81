/**
 * Writes what a store holds of actions as Parquet, a file for every day, for other tools and for training.
 *
 *     OUT/day=2026-11-22/actions.parquet    userId, type, keyword, shopId, at, weight; oldest first
 *
 * Days are those of UTC. What was shown is no action: impressions are not among them.
 */
import { join } from 'node:path';
import { EngineError } from '../base/errors.ts';
import { makeDirectory } from '../base/make-directory.ts';
import { ParquetTable } from '../base/parquet-table.ts';
import type { Action } from '../domain/action.ts';
import { hasActionDatabase, openActionDatabase } from './action-database.ts';
import { ActionRows } from './action-rows.ts';

/** Such as `2026-11-22`, in UTC. */
export type Day = string;

export interface ExportReport {
  readonly actionCount: number;
  readonly days: readonly Day[];
  /** Searches of spaces alone, which were left out: no keyword is left of them, so no reader takes them. */
  readonly blankCount: number;
}

const COLUMNS = {
  userId: 'text',
  type: 'text',
  keyword: 'text?',
  shopId: 'text?',
  at: 'instant',
  weight: 'float64',
} as const;
const GROUP_ROWS = 50_000;
const REPORT_ROWS = 10_000;
const WHEN_OWNED =
  'stop it for as long as the export takes, or export from a copy that the disk or the file system has made of the whole ' +
  'directory at one moment (file by file, a copy of an open store is torn)';

/**
 * Exports the actions of `from` and later days, or all. A file takes the place of an earlier one of its day once it is whole;
 * files of other days stay. Throws `EngineError`: `file_unreadable` where there is no store, `storage_busy` if it is open
 * elsewhere, `storage_failed`.
 */
export function exportActions(
  directory: string,
  out: string,
  from: Day | undefined,
  onProgress: (done: number, total: number) => void,
): ExportReport {
  if (!hasActionDatabase(directory))
    throw new EngineError(
      'file_unreadable',
      `${directory} holds no actions.sqlite; name the directory that the server has as --data`,
    );
  const database = openActionDatabase(directory, WHEN_OWNED);
  try {
    const rows = new ActionRows(database);
    const fromMs = from === undefined ? 0 : Date.parse(from);
    const total = rows.countFrom(fromMs);
    return writeDays(rows.byTime(fromMs), out, (done) => onProgress(done, total));
  } finally {
    database.close();
  }
}

/** `actions` come oldest first. */
function writeDays(actions: Iterable<Action>, out: string, onProgress: (done: number) => void): ExportReport {
  const days: Day[] = [];
  let table: ParquetTable | undefined;
  let [doneCount, blankCount] = [0, 0];
  try {
    for (const { userId, type, keyword = null, shopId = null, atMs, weight = 1 } of actions) {
      if (++doneCount % REPORT_ROWS === 0) onProgress(doneCount);
      if (keyword?.trim() === '') {
        blankCount++;
        continue;
      }
      const day = dayOf(atMs);
      if (day !== days.at(-1)) {
        table?.finish();
        table = openDay(out, day);
        days.push(day);
      }
      table!.add(userId, type, keyword, shopId, atMs, weight);
    }
    table?.finish();
    onProgress(doneCount);
  } finally {
    table?.abandon();
  }
  return { actionCount: doneCount - blankCount, days, blankCount };
}

function openDay(out: string, day: Day): ParquetTable {
  const directory = join(out, `day=${day}`);
  makeDirectory(directory);
  return new ParquetTable(join(directory, 'actions.parquet'), COLUMNS, GROUP_ROWS);
}

function dayOf(atMs: number): Day {
  return new Date(atMs).toISOString().slice(0, 10);
}
