/** Turns a searched keyword into its embedding, from the snapshot alone. */
import { firstRow, type TextTable } from '../base/text-table.ts';
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
}

export class Encoder {
  readonly #sections: KeywordSections;

  constructor(sections: KeywordSections) {
    this.#sections = sections;
  }

  /** The embedding of a keyword as its row, or null for a keyword this snapshot does not know. */
  keywordRow(keyword: string): Float32Array | null {
    const { keywords, rows, rowFloats } = this.#sections;
    const at = keywords.find(normalizeKeyword(keyword));
    return at === -1 ? null : rows.subarray(at * rowFloats, (at + 1) * rowFloats);
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
}
