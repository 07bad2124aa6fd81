/**
 * The worker threads. Each task has a scratch lane to itself while it runs, so there are as many lanes as threads and
 * a task without a lane waits here, in order, up to a bound: piscina's own queue limit does not see every task.
 */
import { Piscina } from 'piscina';
import { EngineError } from '../base/errors.ts';
import {
  resultOf,
  type JobResult,
  type RequestJob,
  type Outcome,
  type Target,
  type Task,
  type WorkerSetup,
} from './messages.ts';

/** Beside this file under the same extension, in a checkout (.ts) and in a built package (.js). */
const WORKER = new URL(
  `./worker-entry${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`,
  import.meta.url,
);

export interface WorkerPoolOptions {
  readonly threads: number;
  /** Tasks that may wait for a lane. */
  readonly queueMax: number;
  readonly memories: readonly WebAssembly.Memory[];
}

export class WorkerPool {
  readonly #pool: Piscina;
  readonly #queueMax: number;
  readonly #freeLanes: number[];
  readonly #laneCount: number;
  readonly #waiting: ((lane: number) => void)[] = [];
  #onIdle: (() => void) | undefined;

  /** Starts the threads; they are ready a few milliseconds later, tasks wait for them. */
  constructor({ threads, queueMax, memories }: WorkerPoolOptions) {
    const setup: WorkerSetup = { memories };
    this.#queueMax = queueMax;
    this.#laneCount = threads;
    // Lane 0 belongs to the calling thread.
    this.#freeLanes = Array.from({ length: threads }, (_, i) => i + 1);
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

  get waitingCount(): number {
    return this.#waiting.length;
  }

  /** Runs a job on the snapshot of `target`. Throws `overloaded` when too many wait already. */
  async run<K extends RequestJob['kind']>(
    target: Target,
    job: RequestJob & { readonly kind: K },
  ): Promise<JobResult[K]> {
    const lane = await this.#takeLane();
    try {
      const task: Task = { target, lane, job };
      return resultOf((await this.#pool.run(task)) as Outcome) as JobResult[K];
    } finally {
      this.#giveBack(lane);
    }
  }

  /**
   * Verifies the snapshot of `target` in a worker, which may call helpers up to `threadCount`. Needs no scratch, so it
   * does not wait behind requests for a lane.
   */
  async verify(target: Target, threadCount: number): Promise<void> {
    const task: Task = { target, lane: 0, job: { kind: 'verify', threadCount } };
    resultOf((await this.#pool.run(task)) as Outcome);
  }

  /** Lets all tasks end, those that wait included, then stops the threads. Nothing may be run any more. */
  async close(): Promise<void> {
    if (this.#freeLanes.length < this.#laneCount)
      await new Promise<void>((resolve) => (this.#onIdle = resolve));
    await this.#pool.destroy();
  }

  #takeLane(): number | Promise<number> {
    const lane = this.#freeLanes.pop();
    if (lane !== undefined) return lane;
    if (this.#waiting.length >= this.#queueMax) {
      throw new EngineError(
        'overloaded',
        `${this.#queueMax} requests wait for a worker already; try again in a moment`,
      );
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #giveBack(lane: number): void {
    const next = this.#waiting.shift();
    if (next !== undefined) return next(lane);
    this.#freeLanes.push(lane);
    if (this.#freeLanes.length === this.#laneCount) this.#onIdle?.();
  }
}
