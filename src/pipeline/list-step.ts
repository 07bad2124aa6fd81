/** The step that makes the lists of all users that a snapshot is to hold. */
import { join } from 'node:path';
import { ACTION_STORE_DEFAULTS } from '../actions/action-store.ts';
import { silentLog } from '../base/log.ts';
import { batchRequest } from '../batch/batch-request.ts';
import { BatchUsers } from '../batch/batch-users.ts';
import { runBatch, type BatchReport } from '../batch/run-batch.ts';
import { withSharedSnapshot } from '../batch/shared-snapshot.ts';
import type { Location } from '../domain/location.ts';
import type { SnapshotFile } from '../evaluation/evaluate-version.ts';
import { isoOf } from '../evaluation/time-cut.ts';
import type { ActionLog } from '../training/action-log.ts';

export interface ListTerms {
  /** Shops of a list. */
  readonly limit: number;
  /** Where users are of whom it is known; others are at the shop of their last action. */
  readonly locations: ReadonlyMap<string, Location>;
  readonly threads: number;
}

/** What a version says of the lists that it holds. JSON. */
export interface ListReport extends BatchReport {
  readonly limit: number;
  /** The moment that they are of: that of the newest action. ISO 8601. */
  readonly at: string;
  /** Users of whom nobody knows where they are: they have none. */
  readonly unplacedCount: number;
}

/** Lists on disk, as a build takes them. */
export interface ListOutput {
  /** Undefined if no list rests on what its user did. */
  readonly userLists: string | undefined;
  readonly report: ListReport;
}

/**
 * Writes the lists by `snapshot` into `directory`: those that `doorrank batch` makes of the same actions for the moment of the
 * newest one.
 */
export async function writeLists(
  log: ActionLog,
  { path, version }: SnapshotFile,
  { limit, locations, threads }: ListTerms,
  onProgress: (done: number, total: number) => void,
  directory: string,
): Promise<ListReport> {
  const nowMs = log.atMs.at(-1)!;
  return withSharedSnapshot(path, version, threads, async (snapshot) => {
    const { generation } = snapshot;
    const request = batchRequest({}, limit, nowMs, generation, silentLog);
    const { actionsPerUserMax } = ACTION_STORE_DEFAULTS;
    const users = new BatchUsers(log, generation, { nowMs, actionsPerUserMax, locations });
    const output = { userLists: listsPath(directory) };
    const report = await runBatch(snapshot, request, users, output, onProgress);
    return { limit, at: isoOf(nowMs), unplacedCount: users.unplacedCount, ...report };
  });
}

/** What `writeLists` wrote, and reported. */
export function listsIn(directory: string, report: ListReport): ListOutput {
  return { userLists: report.userListCount === 0 ? undefined : listsPath(directory), report };
}

function listsPath(directory: string): string {
  return join(directory, 'user-lists.ndjson');
}
