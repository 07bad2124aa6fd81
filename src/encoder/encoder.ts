/** Turns a searched text into an embedding, from the snapshot alone. */
import { firstRow, type TextTable } from '../base/text-table.ts';
import type { KeywordPieces } from './keyword-pieces.ts';
import { normalizeKeyword } from './normalize-keyword.ts';

/** What a snapshot knows about keywords. Everything is read where it lies. */
export interface KeywordSections {
  /** Normalized, in byte order. */
  readonly keywords: TextTable;
  /** float32[keywordCount][rowFloats]. */
  readonly rows: Float32Array;
  /** float64[keywordCount]: how often each was searched. */
  readonly counts: Float64Array;
  readonly rowFloats: number;
  /** Undefined in a snapshot that takes no text for a keyword. */
  readonly pieces: KeywordPieces | undefined;
}

/** The embedding of a text. */
export interface EncodedText {
  /** In the snapshot. */
  readonly row: Float32Array;
  /** The keyword that the text was taken for; undefined if it is one itself. */
  readonly takenAs: string | undefined;
}

/** Texts whose nearest keyword is remembered: those of a user come with every request, and each search takes a while. */
const REMEMBERED_MAX = 1_000;

export class Encoder {
  readonly #sections: KeywordSections;
  /** Rows of nearest keywords by normalized text, -1 where none is near. */
  readonly #nearest = new Map<string, number>();

  constructor(sections: KeywordSections) {
    this.#sections = sections;
  }

  /** A keyword of this snapshot as its row, another text as that of the nearest keyword; null if none is near. */
  encode(text: string): EncodedText | null {
    const { keywords } = this.#sections;
    const normalized = normalizeKeyword(text);
    const at = keywords.find(normalized);
    if (at !== -1) return { row: this.#rowAt(at), takenAs: undefined };
    const nearest = this.#nearestTo(normalized);
    return nearest === -1 ? null : { row: this.#rowAt(nearest), takenAs: keywords.at(nearest) };
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

  #rowAt(at: number): Float32Array {
    const { rows, rowFloats } = this.#sections;
    return rows.subarray(at * rowFloats, (at + 1) * rowFloats);
  }

  #nearestTo(normalized: string): number {
    let nearest = this.#nearest.get(normalized);
    if (nearest === undefined) {
      nearest = this.#sections.pieces?.nearest(normalized) ?? -1;
      if (this.#nearest.size === REMEMBERED_MAX) this.#nearest.clear();
      this.#nearest.set(normalized, nearest);
    }
    return nearest;
  }
}
