/** The worker threads and what can be asked of them. */
import { Piscina } from 'piscina';
import { progressOf } from '../snapshot/verify-in-threads.ts';
import {
  resultOf,
  type AnswerJson,
  type Outcome,
  type Target,
  type TargetedJob,
  type Task,
  type TaskResult,
  type WorkerSetup,
} from './messages.ts';

/** Beside this file under the same extension, in a checkout (.ts) and in a built package (.js). */
const WORKER = new URL(
  `./worker-entry${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`,
  import.meta.url,
);

export class WorkerPool {
  readonly #pool: Piscina;

  /** Starts the threads over the memories of snapshots; they are ready a few milliseconds later, tasks wait for them. */
  constructor(threads: number, memories: readonly WebAssembly.Memory[]) {
    const setup: WorkerSetup = { memories };
    this.#pool = new Piscina({
      filename: WORKER.href,
      minThreads: threads,
      maxThreads: threads,
      idleTimeout: Infinity,
      concurrentTasksPerWorker: 1,
      stricterFIFO: true, // without it a single task can wait for seconds behind an idle worker
      workerData: setup,
      // Verifying a million shops otherwise leaves 25 MB of room for garbage in every thread, and is no faster for it (bench/scale).
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    });
  }

  /** Answers requests on one thread, in scratch lane `lane`: an outcome for each, null for one that costs over `costMax`. */
  answer(
    lane: number,
    jobs: readonly TargetedJob[],
    costMax: number,
  ): Promise<readonly Outcome<AnswerJson | null>[]> {
    return this.#run({ kind: 'answer', lane, jobs, costMax });
  }

  /** `Kernel.rank` of every block, each on a thread. Settles when no thread works on any of them any more. */
  async rank(target: Target, blocks: readonly number[]): Promise<void> {
    const ranked = await Promise.allSettled(
      blocks.map((block) => this.#run({ kind: 'rank', target, block })),
    );
    const failed = ranked.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** Verifies the snapshot of `target`, which has `partCount` parts to verify, in `threadCount` workers. */
  async verify(target: Target, partCount: number, threadCount: number): Promise<void> {
    const progress = progressOf(partCount);
    const verified = this.#run({ kind: 'verify', target, progress, leads: true });
    for (let i = 1; i < threadCount; i++) {
      // One that comes late finds nothing to do, and what one could not do is done by the leader.
      this.#run({ kind: 'verify', target, progress, leads: false }).catch(() => {});
    }
    await verified;
  }

  /** Stops the threads. Nothing may be running any more. */
  close(): Promise<void> {
    return this.#pool.destroy();
  }

  async #run<K extends Task['kind']>(task: Task & { readonly kind: K }): Promise<TaskResult[K]> {
    return resultOf((await this.#pool.run(task)) as Outcome<TaskResult[K]>);
  }
}
