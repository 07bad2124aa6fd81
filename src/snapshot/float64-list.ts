/** Numbers that come one by one and are needed as one array: 8 bytes each, however many. */
export class Float64List {
  #values = new Float64Array(1024);
  #count = 0;

  push(value: number): void {
    if (this.#count === this.#values.length) {
      const grown = new Float64Array(this.#values.length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#count++] = value;
  }

  /** What was pushed, without a copy; valid until the next push. */
  get values(): Float64Array {
    return this.#values.subarray(0, this.#count);
  }
}
