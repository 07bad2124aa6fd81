/** Keywords: how they are normalized, found and listed. */
import { expect, test } from 'vitest';
import { encodeTextTable } from '../src/base/text-table-builder.ts';
import { TextTable } from '../src/base/text-table.ts';
import { Encoder } from '../src/encoder/encoder.ts';
import { encodeKeywordPieces, KeywordPieces } from '../src/encoder/keyword-pieces.ts';
import { normalizeKeyword } from '../src/encoder/normalize-keyword.ts';

test.each([
  ['  Fried   Chicken ', 'fried chicken'],
  ['ＰＩＺＺＡ', 'pizza'],
  ['짜장면', '짜장면'], // conjoining jamo, as some keyboards send them
  ['Café', 'café'],
  ['café', 'café'],
  ['STRASSE', 'strasse'],
  ['　 \t', ''],
])('%j becomes %j', (text, expected) => {
  expect(normalizeKeyword(text)).toBe(expected);
});

test('normalizing twice changes nothing', () => {
  const changed: string[] = [];
  for (let code = 0; code < 0x30000; code++) {
    const once = normalizeKeyword(`a${String.fromCodePoint(code)}b`);
    if (normalizeKeyword(once) !== once) changed.push(`U+${code.toString(16)}`);
  }
  expect(changed).toEqual([]);
});

function encoderOf(
  keywords: readonly string[],
  searchCounts: readonly number[],
  withPieces: boolean,
): Encoder {
  const table = TextTable.over(encodeTextTable(keywords), 'keywords');
  const counts = Float64Array.from(searchCounts);
  return new Encoder({
    keywords: table,
    rows: Float32Array.from({ length: keywords.length * 4 }, (_, i) => i),
    counts,
    rowFloats: 4,
    pieceRows: undefined, // as before format 4; unseen-texts.test.ts has those that are composed
    pieces: withPieces ? new KeywordPieces(encodeKeywordPieces(table), counts) : undefined,
  });
}

test('a keyword is found under any spelling, and listed by how often it is searched', () => {
  const encoder = encoderOf(['pizza', 'pizza hawaii', 'pizzeria', '짜장면', '짬뽕'], [5, 9, 9, 3, 4], false);
  expect(encoder.encode(' PIZZA  Hawaii')).toEqual({
    row: Float32Array.of(4, 5, 6, 7),
    takenAs: undefined,
    isComposed: false,
  });
  expect(encoder.encode('짬뽕')).toEqual({
    row: Float32Array.of(16, 17, 18, 19),
    takenAs: undefined,
    isComposed: false,
  });
  expect(encoder.encode('pizz')).toBeNull(); // no pieces, as before format 3
  expect(encoder.encode('')).toBeNull();
  expect(encoder.keywordsWithPrefix('PIZ', 10)).toEqual(['pizza hawaii', 'pizzeria', 'pizza']);
  expect(encoder.keywordsWithPrefix('piz', 1)).toEqual(['pizza hawaii']);
  expect(encoder.keywordsWithPrefix('', 2)).toEqual(['pizza hawaii', 'pizzeria']);
  expect(encoder.keywordsWithPrefix('sushi', 10)).toEqual([]);
});

test('another text is encoded as the nearest keyword, and says so, however often and after however many others', () => {
  const encoder = encoderOf(['pizza', '짜장면'], [1, 1], true);
  const pizza = { row: Float32Array.of(0, 1, 2, 3), takenAs: 'pizza', isComposed: false };
  for (let i = 0; i < 1_100; i++) {
    expect(encoder.encode(' Pizzza')).toEqual(pizza);
    expect(encoder.encode('pizza')).toEqual({ ...pizza, takenAs: undefined });
    expect(encoder.encode(`xyz ${i}`)).toBeNull();
  }
  expect(encoder.encode('짜장몉')).toEqual({
    row: Float32Array.of(4, 5, 6, 7),
    takenAs: '짜장면',
    isComposed: false,
  });
});
