/**
 * Who uses which scratch lane. There is one lane more than worker threads: the calling thread always has one, its own,
 * and every task of a worker has one to itself, so as many tasks run as there are threads.
 * Lanes are alike: a request that turns out to be large goes to the workers with the lane its candidates lie in.
 */
import { check, EngineError } from '../base/errors.ts';

export class Lanes {
  readonly #laneCount: number;
  readonly #waitingMax: number;
  #own = 0;
  readonly #free: number[];
  readonly #waiting: ((lane: number | null) => void)[] = [];
  readonly #claims: ((lane: number) => void)[] = [];
  #onIdle: (() => void) | undefined;

  /** At most `waitingMax` may wait for a lane. */
  constructor(threads: number, waitingMax: number) {
    this.#laneCount = threads;
    this.#waitingMax = waitingMax;
    this.#free = Array.from({ length: threads }, (_, i) => i + 1);
  }

  /** The lane of the calling thread. */
  get own(): number {
    return this.#own;
  }

  get freeCount(): number {
    return this.#free.length;
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  /** A free lane; there must be one. */
  take(): number {
    const lane = this.#free.pop();
    check(lane !== undefined, 'a lane was taken where none is free');
    return lane;
  }

  /** The own lane with all that lies in it, followed by `count - 1` others; a free one becomes the own one. */
  handOver(count: number): number[] {
    const others = Array.from({ length: count - 1 }, () => this.take());
    const handed = this.#own;
    this.#own = this.take();
    return [handed, ...others];
  }

  /** The next lane to be given back, in order; null if dismissed. Throws `overloaded` when too many wait already. */
  next(): Promise<number | null> {
    if (this.#waiting.length >= this.#waitingMax) {
      throw new EngineError(
        'overloaded',
        `${this.#waitingMax} requests wait for a worker already; try again in a moment`,
      );
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Lets who has waited longest go without a lane; false if nobody waits. */
  dismiss(): boolean {
    const next = this.#waiting.shift();
    next?.(null);
    return next !== undefined;
  }

  /** The next `count` lanes, before all who wait, free ones at once: for what no request is to hold up. */
  claim(count: number): Promise<number[]> {
    const lanes = Array.from(
      { length: count },
      async () => this.#free.pop() ?? new Promise<number>((resolve) => this.#claims.push(resolve)),
    );
    return Promise.all(lanes);
  }

  giveBack(lanes: readonly number[]): void {
    for (const lane of lanes) {
      const next = this.#claims.shift() ?? this.#waiting.shift();
      if (next === undefined) this.#free.push(lane);
      else next(lane);
    }
    if (this.#free.length === this.#laneCount) this.#onIdle?.();
  }

  /** Resolves when all lanes but the own one are free. Nothing may be taken any more but by those who wait. */
  async idle(): Promise<void> {
    if (this.#free.length < this.#laneCount) await new Promise<void>((resolve) => (this.#onIdle = resolve));
  }
}
