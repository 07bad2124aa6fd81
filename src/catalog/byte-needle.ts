/** Finds a short text in bytes by Horspool's skips: one look for every `needle.length` bytes that do not match. */
export class ByteNeedle {
  readonly length: number;
  readonly #bytes: Uint8Array;
  /** By byte: how far the needle moves on when its last place meets that byte. */
  readonly #skips: Uint8Array;

  /** `needle` has 2 to 255 bytes. */
  constructor(needle: string) {
    this.#bytes = Uint8Array.from(Buffer.from(needle));
    this.length = this.#bytes.length;
    this.#skips = new Uint8Array(256).fill(this.length);
    for (let i = 0; i < this.length - 1; i++) this.#skips[this.#bytes[i]!] = this.length - 1 - i;
  }

  /** Where the needle first begins in `text[from … to)`, or -1. */
  find(text: Uint8Array, from: number, to: number): number {
    const bytes = this.#bytes;
    const skips = this.#skips;
    const last = this.length - 1;
    for (let at = from; at + last < to; at += skips[text[at + last]!]!) {
      let i = last;
      while (text[at + i] === bytes[i]) if (i-- === 0) return at;
    }
    return -1;
  }
}
