/** A few shops of which something is known while nothing is of all others, such as those that a user has been to. */
import type { Lane } from '../../kernel/lane.ts';
import type { Signal } from './signal.ts';

/** 2^32 / φ: consecutive ordinals fall far apart (Knuth, The Art of Computer Programming 3, §6.4). */
const HASH_FACTOR = 0x9e3779b1;

/** Shops from which on it is faster to note where all candidates are than to search for each. */
const PLACED_FROM = 32;

/** The few that are candidates: places among the few, and positions. */
interface Found {
  /** -1 until they are looked up. */
  count: number;
  readonly places: Uint32Array;
  readonly positions: Uint32Array;
}

export class FewShops {
  readonly #ordinals: Uint32Array;
  /** 1 + place by hash of the ordinal, the next free one where that is taken: filling a `Map` with 200 took 7 µs. */
  readonly #slots: Uint32Array;
  readonly #shift: number;
  #count = 0;
  readonly #found: Found;

  /** None yet; room for up to `capacity`. */
  constructor(capacity: number) {
    const bits = 33 - Math.clz32(capacity); // at most half of the slots are taken
    const numbers = new Uint32Array(2 ** bits + 3 * capacity);
    this.#slots = numbers.subarray(0, 2 ** bits);
    this.#ordinals = numbers.subarray(2 ** bits, 2 ** bits + capacity);
    this.#found = {
      count: -1,
      places: numbers.subarray(2 ** bits + capacity, 2 ** bits + 2 * capacity),
      positions: numbers.subarray(2 ** bits + 2 * capacity),
    };
    this.#shift = 32 - bits;
  }

  get count(): number {
    return this.#count;
  }

  /** Each once, in the order in which they came; what is known of them stands in the same places. */
  get ordinals(): Uint32Array {
    return this.#ordinals.subarray(0, this.#count);
  }

  /** The place of a shop that is one of the few from now on. */
  add(ordinal: number): number {
    const slot = this.#slotOf(ordinal);
    if (this.#slots[slot] === 0) {
      this.#ordinals[this.#count++] = ordinal;
      this.#slots[slot] = this.#count;
    }
    return this.#slots[slot]! - 1;
  }

  /**
   * A signal whose value and strength of each of the few are in the same place of `values` and `strengths`; nothing is known
   * of those of strength 0.
   */
  signal(name: string, values: Float64Array, strengths: Float64Array): Signal {
    return {
      name,
      valueOf: (ordinal) => values[this.#placeOf(ordinal)] || Number.NaN,
      strengthOf: (ordinal) => strengths[this.#placeOf(ordinal)] || Number.NaN,
      write: (lane) => {
        const all = lane.values.fill(Number.NaN);
        const { count, places, positions } = this.#foundAmong(lane);
        for (let i = 0; i < count; i++) all[positions[i]!] = strengths[places[i]!]! || Number.NaN;
      },
      addKnown: (lane, weight) => {
        const { scores } = lane;
        const { count, places, positions } = this.#foundAmong(lane);
        for (let i = 0; i < count; i++) scores[positions[i]!]! += weight * strengths[places[i]!]!;
      },
    };
  }

  /** The place of a shop among the few; -1 if it is none of them. */
  #placeOf(ordinal: number): number {
    return this.#slots[this.#slotOf(ordinal)]! - 1;
  }

  /** Where a shop is or would be. */
  #slotOf(ordinal: number): number {
    const slots = this.#slots;
    let slot = Math.imul(ordinal, HASH_FACTOR) >>> this.#shift;
    while (slots[slot] !== 0 && this.#ordinals[slots[slot]! - 1] !== ordinal)
      slot = (slot + 1) & (slots.length - 1);
    return slot;
  }

  /** Looked up once for all signals: the candidates of one request are the same ones. */
  #foundAmong(lane: Lane): Found {
    if (this.#found.count !== -1) return this.#found;
    const { places, positions } = this.#found;
    let count = 0;
    if (this.#count >= PLACED_FROM) lane.place();
    for (let place = 0; place < this.#count; place++) {
      const position = lane.positionOf(this.#ordinals[place]!);
      if (position === -1) continue;
      places[count] = place;
      positions[count++] = position;
    }
    this.#found.count = count;
    return this.#found;
  }
}
