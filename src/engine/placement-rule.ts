/**
 * Where a request runs. The only place that weighs a hand-off to a worker against the work that is handed over.
 *
 * A hand-off costs 15 to 20 µs while the worker's core is awake and 100 to 190 µs when it sleeps; a multiply-add of the
 * kernel costs 0.03 to 0.1 ns; a whole small request takes 0.05 to 0.5 ms (`npm run bench -- where` measures all of it).
 * From this follow three cases:
 *
 *  - **Alone and small**: the request runs where it is. A worker could only make it later.
 *  - **Large**: its ranking is divided among the threads that are free, the rest of it stays. Dividing pays from about
 *    2 ms of ranking; what runs here instead holds up everybody else, and would not be done sooner. While other large
 *    requests have all threads, it waits for one: then more requests are done than by dividing each.
 *  - **Small, but others wait too**: a free worker takes half of the queue, several in one message, from end to end;
 *    this thread does one after the other meanwhile. Who is done first takes more, so the work shares itself out.
 *
 * A verification takes its workers for longer than any request may wait (0.3 s for 100,000 shops), so it leaves one, and
 * those that it has do not count here meanwhile. The only worker it takes all the same: requests then run where they are.
 */

/** Multiply-adds (candidates × query vectors × floats of a row) from which a ranking is divided: 2 to 4 ms of it. */
export const DIVIDE_COST_MIN = 40_000_000;
/** Least multiply-adds of a share: 0.6 to 1.5 ms, a few times what handing it over costs. */
export const SHARE_COST_MIN = 16_000_000;
/** Usual multiply-adds from which requests travel whose answers are wanted as objects. */
const OBJECT_COST_MIN = 1_000_000;
/** Requests in one message: enough to make little of the hand-off, and done within a few milliseconds. */
const BATCH_MAX = 8;

/** Threads among which the ranking of a request is divided; 0 if it is to be ranked where it is. */
export function rankingThreads(cost: number, threads: number, freeThreads: number): number {
  if (threads === 0 || cost < DIVIDE_COST_MIN) return 0;
  return Math.max(1, Math.min(freeThreads, Math.floor(cost / SHARE_COST_MIN)));
}

/**
 * Threads that may answer small requests at the same time. The calling thread is as busy as they are, so it counts: with
 * a second worker on 2 cores the three took turns (8 callers: 1.12 instead of 1.31 times what one thread does alone).
 */
export function batchThreads(threads: number, coreCount: number): number {
  return Math.min(threads, Math.max(1, coreCount - 1));
}

/**
 * Workers that verify a snapshot; one at least. While requests are answered, a core is left to the calling thread and a
 * worker to them. `threads` and `coreCount` are without those that verify another one already.
 */
export function verifyingThreads(threads: number, coreCount: number, isAnswering: boolean): number {
  return Math.max(1, Math.min(threads, coreCount) - (isAnswering ? 1 : 0));
}

/**
 * Whether a small request may wait for others to travel with. JSON always may: this thread only passes it on. An object
 * has to be built here again from what the worker sends (80 µs for 20 shops with 5 reasons each), so it may only where
 * requests usually cost enough: with 0.13 million multiply-adds 0.95 times as many were answered, with 1.3 million 1.4.
 */
export function mayTravel(threads: number, usualCost: number, asJson: boolean): boolean {
  return threads > 0 && (asJson || usualCost >= OBJECT_COST_MIN);
}

/**
 * How many of `queued` small requests the next of `freeThreads` takes at once; one at least is for the calling thread.
 * A single object is not worth a message.
 */
export function batchSize(queued: number, freeThreads: number, asJson: boolean): number {
  if (freeThreads <= 0) return 0;
  const size = Math.min(BATCH_MAX, Math.floor(queued / (freeThreads + 1)));
  return size === 1 && !asJson ? 0 : size;
}
