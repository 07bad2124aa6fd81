/** Trains a plan in threads of its own, so that the calling thread stays free, and tells how far they are. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { chunkCountOf, talliesByEpoch, type TrainingPlan } from './train-chunks.ts';

/** Beside this file under the same extension, in a checkout (.ts) and in a built package (.js). */
const ENTRY = new URL(
  `./train-entry${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`,
  import.meta.url,
);
const REPORT_MS = 250;

/** How far a training is. */
export interface TrainingProgress {
  /** Of `total` chunks of sessions over all epochs. */
  readonly done: number;
  readonly total: number;
  readonly pairCount: number;
  /** Since the report before, all threads together; 0 if nothing was. */
  readonly pairsPerSecond: number;
  /** Mean −ln likelihood of a pair and its negatives since the report before; NaN if there was none. */
  readonly loss: number;
  /** What is left to do takes so long if it goes on as before; not finite before anything was done. */
  readonly leftMs: number;
}

/** Resolves when all chunks are trained. What a thread throws ends the others. */
export async function trainInThreads(
  plan: TrainingPlan,
  onProgress: (progress: TrainingProgress) => void,
): Promise<void> {
  const workers = plan.laneAts.map((_, thread) => new Worker(ENTRY, { workerData: { plan, thread } }));
  const report = reporter(plan, onProgress);
  const timer = setInterval(report, REPORT_MS);
  try {
    await Promise.all(workers.map((worker) => once(worker, 'exit'))); // rejects with what a worker threw
    report();
  } finally {
    clearInterval(timer);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function reporter(plan: TrainingPlan, onProgress: (progress: TrainingProgress) => void): () => void {
  const total = chunkCountOf(plan);
  const startMs = performance.now();
  let before = { lossSum: 0, pairCount: 0, atMs: startMs };
  return () => {
    const tallies = talliesByEpoch(plan);
    const now = {
      lossSum: tallies.reduce((sum, { lossSum }) => sum + lossSum, 0),
      pairCount: tallies.reduce((sum, { pairCount }) => sum + pairCount, 0),
      atMs: performance.now(),
    };
    const newCount = now.pairCount - before.pairCount;
    const done = Math.min(Atomics.load(plan.next, 0), total);
    onProgress({
      done,
      total,
      pairCount: now.pairCount,
      pairsPerSecond: (1000 * newCount) / Math.max(1, now.atMs - before.atMs),
      loss: (now.lossSum - before.lossSum) / newCount,
      leftMs: ((now.atMs - startMs) * (total - done)) / done,
    });
    before = now;
  };
}
