/**
 * How near a keyword is to a text, by their pieces (letter-pieces.ts), and what a keyword must share to be nearer than others.
 *
 *     nearness = shared pieces / (0.3 × pieces of the text + 0.7 × pieces of the keyword)
 *
 * the ratio model of Tversky, "Features of similarity", 1977, doi:10.1037/0033-295X.84.4.327. What a text says beyond the
 * keyword counts less than what it lacks of it, so 후라이드치킨 is near 치킨, and "ramen noodles" near "ramen".
 */
import { PIECE_COUNT_MAX } from './letter-pieces.ts';

/** In tenths: `shared` of `whole`, which is 3 for each piece of the text and 7 for each of the keyword. */
interface Nearness {
  readonly shared: number;
  readonly whole: number;
}

const TEXT_WEIGHT = 3;
const KEYWORD_WEIGHT = 7;
/**
 * Least nearness, ½: one wrong letter in a word of four, two in one of ten. Of 201 misspelt and compound texts 194 find
 * what is meant (test/meant-keywords.ts), and 9 of 136 that mean something else find a keyword that looks like them, such
 * as "steak" for "steal". At 0.44 it is 198 and 13, at 0.56 181 and 5. Equal weights (Dice) find 191. Pieces of two letters
 * besides find 2 more, for twice the work; weights by rarity and pieces of syllables did not do better.
 */
const NEAR_MIN: Nearness = { shared: 1, whole: 20 };

/** How many pieces a keyword of `size` pieces shares at least with any text that is near: one that has no others. */
export function sharedWithAnyNear(size: number): number {
  return Math.ceil((KEYWORD_WEIGHT * size) / (NEAR_MIN.whole - TEXT_WEIGHT));
}

/** What a keyword must share with a text to be at least as near to it as the nearest so far. */
export class NearnessBar {
  /** The row of the nearest so far, or -1 before any is near. */
  row = -1;
  /** How many pieces a keyword must have. */
  sizeMin = 0;
  /** Under how many of its known pieces, from the rarest on, the text must look to meet every such keyword. */
  lookedUnderCount = 0;
  readonly #textSize: number;
  readonly #knownCount: number;
  #nearest = NEAR_MIN;

  /** Of a text with `textSize` pieces, of which any keyword has `knownCount`. */
  constructor(textSize: number, knownCount: number) {
    this.#textSize = textSize;
    this.#knownCount = knownCount;
    this.#raise(NEAR_MIN);
  }

  /** Of the nearest so far; of what is near at all before any is. */
  get nearness(): number {
    return (this.#nearest.shared * (TEXT_WEIGHT + KEYWORD_WEIGHT)) / this.#nearest.whole;
  }

  /** How many pieces a keyword of `size` pieces must share. */
  sharedMinOf(size: number): number {
    return Math.ceil((this.#nearest.shared * this.#wholeOf(size)) / this.#nearest.whole);
  }

  /** How many pieces a keyword may have that shares at most `sharedMax`. */
  sizeMaxOf(sharedMax: number): number {
    const { shared, whole } = this.#nearest;
    const ofText = shared * TEXT_WEIGHT * this.#textSize;
    const sizeMax = Math.floor((sharedMax * whole - ofText) / (shared * KEYWORD_WEIGHT));
    return Math.max(0, Math.min(sizeMax, PIECE_COUNT_MAX));
  }

  /**
   * Takes a keyword that shares enough, unless it is as near as the nearest so far and that one is searched more, or as
   * often and before it in byte order.
   */
  offer(row: number, size: number, shared: number, searchCounts: Float64Array): void {
    const whole = this.#wholeOf(size);
    const isNearer = shared * this.#nearest.whole > this.#nearest.shared * whole;
    if (!isNearer && this.row !== -1) {
      const more = searchCounts[row]! - searchCounts[this.row]!;
      if (more < 0 || (more === 0 && row > this.row)) return;
    }
    this.row = row;
    if (isNearer) this.#raise({ shared, whole });
  }

  #wholeOf(size: number): number {
    return TEXT_WEIGHT * this.#textSize + KEYWORD_WEIGHT * size;
  }

  /** A keyword shares at most its own pieces, and at most those of the text that are known. */
  #raise(nearest: Nearness): void {
    this.#nearest = nearest;
    const { shared, whole } = nearest;
    this.sizeMin = Math.ceil((shared * TEXT_WEIGHT * this.#textSize) / (whole - shared * KEYWORD_WEIGHT));
    const isPossible = this.sizeMin <= this.sizeMaxOf(this.#knownCount);
    this.lookedUnderCount = isPossible ? this.#knownCount - this.sharedMinOf(this.sizeMin) + 1 : 0;
  }
}
