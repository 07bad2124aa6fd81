/** Collects texts one by one and writes them as a `TextTable`, in the order they came or in another. */
import { check, EngineError } from './errors.ts';
import { shown } from './validate.ts';
import { textStart } from './text-table.ts';

/** Offsets are 32 bits wide. */
const TEXT_BYTES_MAX = 0xffff_ffff;
/** A UTF-16 unit becomes at most three bytes of UTF-8. */
const BYTES_PER_UNIT_MAX = 3;

export class TextTableBuilder {
  #text = Buffer.allocUnsafeSlow(4096);
  #ends = new Uint32Array(512);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /**
   * Adds a text and returns its row. Throws `input_invalid` for a lone surrogate, which UTF-8 cannot hold,
   * and `snapshot_too_large` beyond 4 GiB.
   */
  add(text: string): number {
    if (!text.isWellFormed()) {
      throw new EngineError(
        'input_invalid',
        `the text ${shown(text)} holds half a character (a lone surrogate)`,
      );
    }
    const start = this.#end;
    this.#reserve(start + text.length * BYTES_PER_UNIT_MAX);
    const end = start + this.#text.write(text, start);
    if (end > TEXT_BYTES_MAX) {
      throw new EngineError('snapshot_too_large', `the texts take more than ${TEXT_BYTES_MAX} bytes`);
    }
    this.#ends[this.#count] = end;
    return this.#count++;
  }

  /** Takes the last text back. */
  dropLast(): void {
    check(this.#count > 0, 'there is no text to drop');
    this.#count--;
  }

  /** The UTF-8 bytes of a row, until the next `add`. */
  bytesAt(row: number): Uint8Array {
    return this.#text.subarray(this.#startOf(row), this.#ends[row]);
  }

  /** The table, rows as they came or, with `order`, row i being the text of row `order[i]`. */
  encode(order?: Uint32Array): Uint8Array {
    check(
      order === undefined || order.length === this.#count,
      `an order of ${order?.length} for ${this.#count} texts`,
    );
    const start = textStart(this.#count);
    const bytes = new Uint8Array(start + this.#end);
    const header = new Uint32Array(bytes.buffer, 0, this.#count + 2);
    header[0] = this.#count;
    let at = 0;
    for (let i = 0; i < this.#count; i++) {
      const row = order === undefined ? i : order[i]!;
      at += this.#text.copy(bytes, start + at, this.#startOf(row), this.#ends[row]);
      header[i + 2] = at;
    }
    check(at === this.#end, 'the order names a text twice');
    return bytes;
  }

  get #end(): number {
    return this.#startOf(this.#count);
  }

  #startOf(row: number): number {
    return row === 0 ? 0 : this.#ends[row - 1]!;
  }

  #reserve(textBytes: number): void {
    if (textBytes > this.#text.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(textBytes, this.#text.length * 2));
      this.#text.copy(grown, 0, 0, this.#end);
      this.#text = grown;
    }
    if (this.#count === this.#ends.length) {
      const grown = new Uint32Array(this.#ends.length * 2);
      grown.set(this.#ends);
      this.#ends = grown;
    }
  }
}

/** The table of all `texts`, in their order. Errors as of `TextTableBuilder.add`. */
export function encodeTextTable(texts: Iterable<string>): Uint8Array {
  const builder = new TextTableBuilder();
  for (const text of texts) builder.add(text);
  return builder.encode();
}
