/** Numbers that come one by one and are needed as one array, however many. */

abstract class GrowingList<Values extends Float64Array | Uint32Array> {
  #values: Values;
  #count = 0;

  constructor() {
    this.#values = this.emptyValues(1024);
  }

  protected abstract emptyValues(length: number): Values;

  get count(): number {
    return this.#count;
  }

  push(value: number): void {
    if (this.#count === this.#values.length) {
      const grown = this.emptyValues(this.#values.length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#count++] = value;
  }

  /** What was pushed, without a copy; valid until the next push. */
  get values(): Values {
    return this.#values.subarray(0, this.#count) as Values;
  }
}

/** 8 bytes for each number. */
export class Float64List extends GrowingList<Float64Array> {
  protected emptyValues(length: number): Float64Array {
    return new Float64Array(length);
  }
}

/** 4 bytes for each whole number below 2^32. */
export class Uint32List extends GrowingList<Uint32Array> {
  protected emptyValues(length: number): Uint32Array {
    return new Uint32Array(length);
  }
}
