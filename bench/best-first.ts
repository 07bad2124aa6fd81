/** Keeps the best of a stream of (value, ordinal): a binary heap in two typed arrays with the worst on top. */
export class BestFirst {
  readonly #values: Float64Array;
  readonly #ordinals: Uint32Array;
  #size = 0;

  constructor(capacity: number) {
    this.#values = new Float64Array(capacity);
    this.#ordinals = new Uint32Array(capacity);
  }

  /** Offers an entry. A larger value is better; of equal values, the smaller ordinal. */
  offer(value: number, ordinal: number): void {
    if (this.#size < this.#values.length) this.#rise(this.#size++, value, ordinal);
    else if (!this.#isWorse(value, ordinal, 0)) this.#sink(value, ordinal);
  }

  /** The ordinals, best first; leaves nothing behind. */
  takeSorted(): Uint32Array {
    const sorted = new Uint32Array(this.#size);
    while (this.#size > 0) {
      sorted[--this.#size] = this.#ordinals[0]!;
      this.#sink(this.#values[this.#size]!, this.#ordinals[this.#size]!);
    }
    return sorted;
  }

  #rise(at: number, value: number, ordinal: number): void {
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isWorse(value, ordinal, parent)) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#put(at, value, ordinal);
  }

  /** Puts an entry in the place of the top and lets it sink. */
  #sink(value: number, ordinal: number): void {
    let at = 0;
    for (let child = 1; child < this.#size; child = 2 * at + 1) {
      const right = child + 1;
      if (right < this.#size && this.#isWorse(this.#values[right]!, this.#ordinals[right]!, child)) {
        child = right;
      }
      if (this.#isWorse(value, ordinal, child)) break;
      this.#move(child, at);
      at = child;
    }
    this.#put(at, value, ordinal);
  }

  /** Whether an entry is worse than the one at `at`. */
  #isWorse(value: number, ordinal: number, at: number): boolean {
    const other = this.#values[at]!;
    return value < other || (value === other && ordinal > this.#ordinals[at]!);
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#values[from]!, this.#ordinals[from]!);
  }

  #put(at: number, value: number, ordinal: number): void {
    this.#values[at] = value;
    this.#ordinals[at] = ordinal;
  }
}
