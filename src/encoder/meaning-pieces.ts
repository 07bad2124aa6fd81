/**
 * A text as pieces that carry its meaning: of each word all runs of 3 to 5 letters, its borders being letters too (Bojanowski
 * et al., "Enriching word vectors with subword information", 2017, doi:10.1162/tacl_a_00051), the word as a whole, and of
 * Hangul each syllable and each two that follow one another. Letters are those of Unicode NFD, which takes syllables of Hangul
 * and letters with accents apart: 치킨 and 치킹 share runs of jamo, 후라이드치킨 and 치킨 syllables too.
 *
 * A piece is known by the FNV-1a of its UTF-16 units. Syllables are other units than jamo, so no piece of one kind is meant
 * for one of another.
 */
import { FNV1A_START, fnv1aOfText, fnv1aStep } from '../base/fnv1a.ts';

/** Pieces of a text that count: the first ones. A word of 20 letters has 61; this cuts whole sentences alone. */
const PIECE_COUNT_MAX = 256;
const RUN_MIN = 3;
const RUN_MAX = 5;
const BORDER = ' ';
const SYLLABLE_FIRST = 0xac00;
const SYLLABLE_LAST = 0xd7a3;

/** Takes texts apart, one at a time. */
export class MeaningPieces {
  readonly #pieces = new Uint32Array(PIECE_COUNT_MAX);
  #count = 0;

  /** The different pieces of a normalized text, ascending. Valid until the next call. */
  of(text: string): Uint32Array {
    this.#count = 0;
    for (const word of text.split(' ')) {
      if (this.#isFull) break;
      this.#addRuns(BORDER + word.normalize('NFD') + BORDER);
      this.#addSyllables(word);
    }
    const pieces = this.#pieces.subarray(0, this.#count).sort();
    let different = 0;
    for (let at = 0; at < pieces.length; at++)
      if (at === 0 || pieces[at] !== pieces[at - 1]) pieces[different++] = pieces[at]!;
    return pieces.subarray(0, different);
  }

  /** Of a word within its borders. */
  #addRuns(word: string): void {
    for (let first = 0; first + RUN_MIN <= word.length && !this.#isFull; first++) {
      const end = Math.min(word.length, first + RUN_MAX);
      let hash = FNV1A_START;
      for (let at = first; at < end; at++) {
        hash = fnv1aStep(hash, word.charCodeAt(at));
        if (at - first + 1 >= RUN_MIN) this.#add(hash);
      }
    }
    if (word.length > RUN_MAX) this.#add(fnv1aOfText(word)); // a shorter one is a run
  }

  #addSyllables(word: string): void {
    let isSyllableBefore = false;
    for (let at = 0; at < word.length && !this.#isFull; at++) {
      const unit = word.charCodeAt(at);
      const isSyllable = unit >= SYLLABLE_FIRST && unit <= SYLLABLE_LAST;
      if (isSyllable) this.#add(fnv1aStep(FNV1A_START, unit));
      if (isSyllable && isSyllableBefore) this.#add(fnv1aOfText(word.slice(at - 1, at + 1)));
      isSyllableBefore = isSyllable;
    }
  }

  get #isFull(): boolean {
    return this.#count === PIECE_COUNT_MAX;
  }

  #add(piece: number): void {
    if (!this.#isFull) this.#pieces[this.#count++] = piece;
  }
}
