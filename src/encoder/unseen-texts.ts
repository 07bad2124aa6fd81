/**
 * The embedding of a text that is no keyword, by how it is spelt:
 *
 *   - almost as a keyword: that of the keyword;
 *   - like a keyword, but less so: composed of the text's pieces (piece-rows.ts) for ¾, of the keyword for ¼, so that what the
 *     text says beyond the keyword counts;
 *   - like none, but of pieces that keywords have: composed;
 *   - else none.
 *
 * How much each counts was measured on two synthetic towns (1,200 shops, 60,000 actions, 336 keywords, 32 and 64 dimensions) by
 * the share of the meant cuisine among the ten nearest shops:
 *
 *     201 misspelt and compound texts of test/meant-keywords.ts    97.5 and 97.0 %, as by the nearest keyword alone
 *     keywords left out that are near another, 171 and 169         69.0 → 70.6 and 66.7 → 69.5 %
 *     keywords left out that are near none, 165 and 168            13 and 13 have an embedding, which finds 92 and 83 %
 *     136 texts that mean something else                           9 are taken for food, the same as by the nearest alone
 */
import type { TextTable } from '../base/text-table.ts';
import type { KeywordPieces } from './keyword-pieces.ts';
import type { PieceRows } from './piece-rows.ts';

/** The keywords of a snapshot and their pieces, read where they lie. */
export interface KeywordSpellings {
  /** Normalized, in byte order. */
  readonly keywords: TextTable;
  /** float32[keywordCount][rowFloats]. */
  readonly rows: Float32Array;
  readonly rowFloats: number;
  /** Undefined in a snapshot that takes no text for a keyword. */
  readonly pieces: KeywordPieces | undefined;
  /** Undefined in a snapshot that composes nothing. */
  readonly pieceRows: PieceRows | undefined;
}

/** What a text is encoded as. */
export interface UnseenText {
  readonly row: Float32Array;
  /** The row of the keyword it is taken for: the nearest by spelling, or by cosine of those that share pieces with it. */
  readonly nearest: number;
  /** Whether the row is put together from pieces of the text. */
  readonly isComposed: boolean;
}

/** Nearness (nearness-bar.ts) from which a text is nothing but another spelling. At 0.65 비빔냉면 is composed away from 냉면. */
const SPELT_ALMOST_AS = 0.6;
/** Of the composed direction, where a keyword is near. With all of it, meant texts find 0.5 % less, keywords left out up to 1 % more. */
const COMPOSED_SHARE = 0.75;
/**
 * Where none is: which share of the text's pieces keywords must have, and how near one that is spelt alike in part must lie, as a
 * cosine. With half of the pieces and any cosine 31 keywords left out have an embedding, half of them a right one, and four more
 * texts that mean something else: charger lies near burger. At 0.6 선크림 lies near 아이스크림 among 20,000 keywords.
 */
const KNOWN_SHARE_MIN = 0.65;
const COSINE_MIN = 0.9;

export class UnseenTexts {
  readonly #spellings: KeywordSpellings;
  readonly #composed: Float64Array;

  constructor(spellings: KeywordSpellings) {
    this.#spellings = spellings;
    this.#composed = new Float64Array(spellings.rowFloats);
  }

  /** The embedding of a normalized text that is no keyword; null if it is of nothing known. */
  encode(text: string): UnseenText | null {
    const { pieces, pieceRows } = this.#spellings;
    if (pieces === undefined) return null;
    const near = pieces.nearest(text);
    const asKeyword = near && { row: this.#rowAt(near.row), nearest: near.row, isComposed: false };
    if (pieceRows === undefined || (near !== null && near.nearness >= SPELT_ALMOST_AS)) return asKeyword;
    const knownShare = pieceRows.compose(text, this.#composed);
    if (near === null && knownShare < KNOWN_SHARE_MIN) return null;
    if (!scaleTo(1, this.#composed)) return asKeyword;
    const nearest = near?.row ?? this.#nearestAlike(text, pieces);
    if (nearest === -1) return null;
    return { row: this.#composedRow(nearest, near === null ? 1 : COMPOSED_SHARE), nearest, isComposed: true };
  }

  /** Of the keywords that are spelt alike in part, the one that the composed embedding is nearest to; -1 if it is near none. */
  #nearestAlike(text: string, pieces: KeywordPieces): number {
    let [nearest, cosine] = [-1, COSINE_MIN];
    pieces.forEachAlike(text, (at) => {
      const row = this.#rowAt(at);
      const found = dot(row, this.#composed) / Math.sqrt(dot(row, row));
      if (found > cosine) [nearest, cosine] = [at, found];
    });
    return nearest;
  }

  /** `share` of the composed direction and the rest of that of keyword `at`, as long as the keyword's. */
  #composedRow(at: number, share: number): Float32Array {
    const row = this.#rowAt(at);
    const length = Math.sqrt(dot(row, row));
    const mixed = this.#composed.map(
      (value, i) => share * value + (length > 0 ? ((1 - share) * row[i]!) / length : 0),
    );
    scaleTo(length, mixed);
    return Float32Array.from(mixed);
  }

  #rowAt(at: number): Float32Array {
    const { rows, rowFloats } = this.#spellings;
    return rows.subarray(at * rowFloats, (at + 1) * rowFloats);
  }
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Gives a vector another length; false if it has no direction. */
function scaleTo(length: number, vector: Float64Array): boolean {
  const found = Math.sqrt(dot(vector, vector));
  if (found === 0) return false;
  for (let i = 0; i < vector.length; i++) vector[i]! *= length / found;
  return true;
}
