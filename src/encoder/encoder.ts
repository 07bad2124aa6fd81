/** Turns a searched text into an embedding, from the snapshot alone. */
import { firstRow } from '../base/text-table.ts';
import { normalizeKeyword } from './normalize-keyword.ts';
import { UnseenTexts, type KeywordSpellings, type UnseenText } from './unseen-texts.ts';

/** What a snapshot knows about keywords. Everything is read where it lies. */
export interface KeywordSections extends KeywordSpellings {
  /** float64[keywordCount]: how often each was searched. */
  readonly counts: Float64Array;
}

/** The embedding of a text. */
export interface EncodedText {
  /** In the snapshot, or composed. */
  readonly row: Float32Array;
  /** The keyword that the text was taken for; undefined if it is one itself. */
  readonly takenAs: string | undefined;
  /** Whether the row is put together from pieces of the text, near that keyword, instead of being the keyword's. */
  readonly isComposed: boolean;
}

/** Unseen texts that are remembered: those of a user come with every request, and each takes a while. */
const REMEMBERED_MAX = 1_000;

export class Encoder {
  readonly #sections: KeywordSections;
  readonly #unseenTexts: UnseenTexts;
  /** By normalized text; null where nothing is known. */
  readonly #remembered = new Map<string, UnseenText | null>();

  constructor(sections: KeywordSections) {
    this.#sections = sections;
    this.#unseenTexts = new UnseenTexts(sections);
  }

  /** A keyword of this snapshot as its row, another text as unseen-texts.ts tells; null if it is of nothing known. */
  encode(text: string): EncodedText | null {
    const { keywords, rows, rowFloats } = this.#sections;
    const normalized = normalizeKeyword(text);
    const at = keywords.find(normalized);
    if (at !== -1) {
      const row = rows.subarray(at * rowFloats, (at + 1) * rowFloats);
      return { row, takenAs: undefined, isComposed: false };
    }
    const unseen = this.#unseen(normalized);
    return unseen && { row: unseen.row, takenAs: keywords.at(unseen.nearest), isComposed: unseen.isComposed };
  }

  /** Known keywords that begin with `prefix`, most searched first, then in byte order; at most `limit`. */
  keywordsWithPrefix(prefix: string, limit: number): string[] {
    const { keywords, counts } = this.#sections;
    const [first, end] = keywords.prefixRange(normalizeKeyword(prefix));
    const found: number[] = []; // best first, never more than `limit`
    for (let at = first; at < end; at++) {
      if (found.length === limit && counts[at]! <= counts[found[limit - 1]!]!) continue;
      const place = firstRow(found.length, (i) => counts[found[i]!]! < counts[at]!);
      found.splice(place, 0, at);
      if (found.length > limit) found.pop();
    }
    return found.map((at) => keywords.at(at));
  }

  #unseen(normalized: string): UnseenText | null {
    let unseen = this.#remembered.get(normalized);
    if (unseen === undefined) {
      unseen = this.#unseenTexts.encode(normalized);
      if (this.#remembered.size === REMEMBERED_MAX) this.#remembered.clear();
      this.#remembered.set(normalized, unseen);
    }
    return unseen;
  }
}
