/**
 * Makes lists in threads, as many at a time as are taken from it, and gives them in the order of the users: which thread
 * made which shows nowhere.
 *
 *   users ──► blocks ──► threads, each in a lane over the same mapped pages ──► blocks, in order
 */
import { Piscina } from 'piscina';
import type { Placement } from '../snapshot/open-snapshot.ts';
import { resultOf, type Outcome } from '../workers/messages.ts';
import type { BatchRequest } from './batch-request.ts';
import type { BatchUser } from './batch-users.ts';
import { listsOf, type ListBlock, type TopList } from './list-block.ts';
import type { SharedSnapshot } from './shared-snapshot.ts';

/** What every thread is given. */
export interface BatchThreadSetup {
  readonly memory: WebAssembly.Memory;
  readonly placement: Placement;
  readonly request: BatchRequest;
  /** Counts the lanes that threads have taken. */
  readonly nextLane: Int32Array<SharedArrayBuffer>;
}

/** Beside this file under the same extension, in a checkout (.ts) and in a built package (.js). */
const ENTRY = new URL(
  `./batch-entry${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`,
  import.meta.url,
);
/** A block takes some 10 ms, so handing it over (0.2 ms) counts for little, and all that wait fit into a few MB. */
const BLOCK_USERS = 64;
/** For each thread, so that one is ready whenever it has ended one. */
const BLOCKS_AHEAD = 2;

/** The lists of `users`, a block at a time. Throws what the recommender refuses of the request. */
export async function* listsInThreads(
  { memory, placement, laneCount }: SharedSnapshot,
  request: BatchRequest,
  users: Iterable<BatchUser>,
): AsyncGenerator<readonly TopList[]> {
  const nextLane = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const setup: BatchThreadSetup = { memory, placement, request, nextLane };
  const pool = new Piscina({
    filename: ENTRY.href,
    minThreads: laneCount,
    maxThreads: laneCount,
    idleTimeout: Infinity,
    concurrentTasksPerWorker: 1,
    stricterFIFO: true,
    workerData: setup,
  });
  const making: Promise<readonly TopList[]>[] = [];
  try {
    for (const block of blocksOf(users)) {
      const made = madeBy(pool, block);
      made.catch(() => {}); // heard when it is this one's turn; of those behind one that failed nobody asks
      making.push(made);
      if (making.length > laneCount * BLOCKS_AHEAD) yield await making.shift()!;
    }
    while (making.length > 0) yield await making.shift()!;
  } finally {
    await Promise.allSettled(making);
    await pool.destroy();
  }
}

async function madeBy(pool: Piscina, users: readonly BatchUser[]): Promise<TopList[]> {
  const outcome = (await pool.run(users)) as Outcome<ListBlock>;
  return listsOf(resultOf(outcome), users);
}

function* blocksOf(users: Iterable<BatchUser>): Generator<BatchUser[]> {
  let block: BatchUser[] = [];
  for (const user of users) {
    block.push(user);
    if (block.length < BLOCK_USERS) continue;
    yield block;
    block = [];
  }
  if (block.length > 0) yield block;
}
