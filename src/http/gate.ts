/**
 * Lets work that can wait through, so that what cannot wait is not held up by it: a few at a time, and never more in one
 * turn of the event loop than a moment of work.
 */

/**
 * One for all who share it, in the order of their calls. What is let through takes its turns beside all other
 * requests, so this bounds how many of them may stand before one.
 */
export class Gate {
  readonly #insideMax: number;
  readonly #turnMsMax: number;
  readonly #waiting: (() => Promise<void>)[] = [];
  #insideCount = 0;
  #turnAhead = false;

  /** At most `insideMax` run at once; after `turnMsMax` milliseconds the event loop turns before the next one begins. */
  constructor(insideMax: number, turnMsMax: number) {
    this.#insideMax = insideMax;
    this.#turnMsMax = turnMsMax;
  }

  /** Runs `work` when its turn has come. */
  pass<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => work().then(resolve, reject));
      this.#nextTurn();
    });
  }

  #nextTurn(): void {
    if (this.#turnAhead || this.#waiting.length === 0 || this.#insideCount === this.#insideMax) return;
    this.#turnAhead = true;
    setImmediate(() => {
      this.#turnAhead = false;
      this.#takeTurn();
    });
  }

  #takeTurn(): void {
    const endMs = performance.now() + this.#turnMsMax;
    do {
      this.#insideCount++;
      void this.#waiting.shift()!().finally(() => {
        this.#insideCount--;
        this.#nextTurn();
      });
    } while (this.#waiting.length > 0 && this.#insideCount < this.#insideMax && performance.now() < endMs);
    this.#nextTurn();
  }
}
