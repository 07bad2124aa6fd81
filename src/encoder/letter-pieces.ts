/**
 * A text as pieces by which spellings are compared: three letters in a row (q-grams: Ukkonen, "Approximate
 * string-matching with q-grams and maximal matches", 1992, doi:10.1016/0304-3975(92)90143-4).
 *
 * Letters are those of Unicode NFD, which takes syllables of Hangul and letters with accents apart: 치킨 and 치캰 differ in
 * one letter of five, as "sushi" and "suchi" do. Two blanks stand before and behind each word, so every letter is in three
 * pieces and a word of n letters has n + 2; no piece reaches over two words.
 */

/** Pieces of a text that count: the first ones. A word of 62 letters has as many, so this cuts whole sentences alone. */
export const PIECE_COUNT_MAX = 64;
const BLANK = 0x20;

/** The different pieces of a normalized text, in its order, three UTF-16 units each as one whole number below 2^48. */
export function piecesOf(text: string): number[] {
  const pieces: number[] = [];
  for (const word of text.normalize('NFD').split(' ')) {
    let [first, second] = [BLANK, BLANK];
    for (let at = 0; at < word.length + 2; at++) {
      if (pieces.length === PIECE_COUNT_MAX) return pieces;
      const third = at < word.length ? word.charCodeAt(at) : BLANK;
      const piece = (first * 0x10000 + second) * 0x10000 + third;
      if (!pieces.includes(piece)) pieces.push(piece);
      first = second;
      second = third;
    }
  }
  return pieces;
}
