/** Holds the lease of a run while it goes on. */
import { EngineError } from '../base/errors.ts';

/** A lease is renewed so many times before it would end. */
const RENEWALS = 4;
/** What could not be renewed is tried again so many times before the next renewal would be due. */
const RETRIES = 4;

export class Lease {
  readonly #renew: () => void;
  readonly #nowMs: () => number;
  readonly #periodMs: number;
  #dueMs: number;
  #lost: EngineError | null = null;

  /** `renew` holds it for `leaseMs` more and throws `run_lost` when it is lost. */
  constructor(renew: () => void, nowMs: () => number, leaseMs: number) {
    this.#renew = renew;
    this.#nowMs = nowMs;
    this.#periodMs = leaseMs / RENEWALS;
    this.#dueMs = nowMs() + this.#periodMs;
  }

  /** Renews if it is time to. Does not throw, as timers and threads that report have nobody to catch: `check` will. */
  keep(): void {
    if (this.#lost === null && this.#nowMs() >= this.#dueMs) this.#tryToRenew();
  }

  /** Renews now; throws if the lease is lost. */
  check(): void {
    this.#tryToRenew();
    if (this.#lost !== null) throw this.#lost;
  }

  /** Keeps it by a timer until `work` has ended. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    const timer = setInterval(() => this.keep(), this.#periodMs / 2);
    try {
      return await work();
    } finally {
      clearInterval(timer);
    }
  }

  /** Whatever else is wrong with the records may pass: the lease is held until another run takes it. */
  #tryToRenew(): void {
    try {
      this.#renew();
      this.#dueMs = this.#nowMs() + this.#periodMs;
    } catch (error) {
      if (error instanceof EngineError && error.code === 'run_lost') this.#lost = error;
      this.#dueMs = this.#nowMs() + this.#periodMs / RETRIES;
    }
  }
}
