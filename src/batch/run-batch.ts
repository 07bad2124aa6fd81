/** Makes the lists of all users of a batch, writes them and counts what they rest on. */
import { EngineError } from '../base/errors.ts';
import type { FallbackStep } from '../recommender/request-bounds.ts';
import type { BatchRequest } from './batch-request.ts';
import type { BatchUsers } from './batch-users.ts';
import type { TopList } from './list-block.ts';
import { listTable, userListFile, type ListFile } from './list-files.ts';
import { listsInThreads } from './lists-in-threads.ts';
import type { SharedSnapshot } from './shared-snapshot.ts';

export interface BatchOutput {
  /** Every shop of every list, as Parquet, if it is wanted. */
  readonly table?: string | undefined;
  /** The lists that a snapshot is to hold, if they are wanted. */
  readonly userLists?: string | undefined;
}

export interface BatchReport {
  readonly userCount: number;
  /** Shops of all lists: rows of the table. */
  readonly shopCount: number;
  /** Lists by what they rest on. */
  readonly basisCounts: Readonly<Partial<Record<FallbackStep, number>>>;
  /** Of users whom no shop delivers to; they are in no file. */
  readonly emptyCount: number;
  /** Lists that a snapshot is to hold. */
  readonly userListCount: number;
}

/**
 * Writes the lists in the order of the users. To the lists for a snapshot belong those that rest on what the user did: who
 * has nothing but popularity is better served by that of the moment and the place.
 * Throws `input_invalid` if nobody has a location, and what the recommender refuses of the request; no file is there then.
 */
export async function runBatch(
  snapshot: SharedSnapshot,
  request: BatchRequest,
  users: BatchUsers,
  output: BatchOutput,
  onProgress: (done: number, total: number) => void,
): Promise<BatchReport> {
  if (users.count === 0) throw nobodyPlaced(users);
  const shopIdOf = shopIdsOf(snapshot);
  const files: ListFile[] = [];
  const counted = { userCount: 0, shopCount: 0, emptyCount: 0, userListCount: 0 };
  const basisCounts: Partial<Record<FallbackStep, number>> = {};
  const count = ({ ordinals, isOwn, basis }: TopList): void => {
    counted.userCount++;
    counted.shopCount += ordinals.length;
    if (ordinals.length === 0) counted.emptyCount++;
    else basisCounts[basis] = (basisCounts[basis] ?? 0) + 1;
    if (isServed({ ordinals, isOwn })) counted.userListCount++;
  };
  try {
    const table = output.table === undefined ? undefined : listTable(output.table, shopIdOf);
    if (table !== undefined) files.push(table);
    const userLists = output.userLists === undefined ? undefined : userListFile(output.userLists, shopIdOf);
    if (userLists !== undefined) files.push(userLists);
    for await (const lists of listsInThreads(snapshot, request, users)) {
      for (const list of lists) {
        count(list);
        table?.add(list);
        if (isServed(list)) userLists?.add(list);
      }
      onProgress(counted.userCount, users.count);
    }
    for (const file of files) file.finish();
  } finally {
    for (const file of files) file.abandon();
  }
  return { ...counted, basisCounts };
}

function nobodyPlaced({ unplacedCount, laterCount }: BatchUsers): EngineError {
  const later = laterCount > 0 ? `, and ${laterCount} more have done nothing by then` : '';
  return new EngineError(
    'input_invalid',
    `none of ${unplacedCount} users has acted on a shop of this version by the moment that is answered for${later}; ` +
      'give their locations, or the actions that its shops are of',
  );
}

function isServed({ ordinals, isOwn }: Pick<TopList, 'ordinals' | 'isOwn'>): boolean {
  return isOwn && ordinals.length > 0;
}

/** Each id is read once: of 100 lists of 100 shops most are the same. */
function shopIdsOf({ generation }: SharedSnapshot): (ordinal: number) => string {
  const { ids } = generation.catalog;
  const known: string[] = [];
  return (ordinal) => (known[ordinal] ??= ids.idOf(ordinal));
}
