/** Keywords: how they are normalized, found and listed. */
import { expect, test } from 'vitest';
import { encodeTextTable } from '../src/base/text-table-builder.ts';
import { TextTable } from '../src/base/text-table.ts';
import { Encoder } from '../src/encoder/encoder.ts';
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

test('a keyword is found under any spelling, and listed by how often it is searched', () => {
  const keywords = ['pizza', 'pizza hawaii', 'pizzeria', '짜장면', '짬뽕'];
  const counts = [5, 9, 9, 3, 4];
  const encoder = new Encoder({
    keywords: TextTable.over(encodeTextTable(keywords), 'keywords'),
    rows: Float32Array.from({ length: 20 }, (_, i) => i),
    counts: Float64Array.from(counts),
    rowFloats: 4,
  });
  expect([...encoder.keywordRow(' PIZZA  Hawaii')!]).toEqual([4, 5, 6, 7]);
  expect([...encoder.keywordRow('짬뽕')!]).toEqual([16, 17, 18, 19]);
  expect(encoder.keywordRow('pizz')).toBeNull();
  expect(encoder.keywordRow('')).toBeNull();
  expect(encoder.keywordsWithPrefix('PIZ', 10)).toEqual(['pizza hawaii', 'pizzeria', 'pizza']);
  expect(encoder.keywordsWithPrefix('piz', 1)).toEqual(['pizza hawaii']);
  expect(encoder.keywordsWithPrefix('', 2)).toEqual(['pizza hawaii', 'pizzeria']);
  expect(encoder.keywordsWithPrefix('sushi', 10)).toEqual([]);
});
