import { expect, test } from 'vitest';
import { Random } from '../src/base/random.ts';
import { TextInterner } from '../src/catalog/text-interner.ts';
import { sortedRows, TextTable } from '../src/base/text-table.ts';
import { encodeTextTable, TextTableBuilder } from '../src/base/text-table-builder.ts';
import { randomOrder, randomText } from './catalog-random-shops.ts';

const SEEDS = Array.from({ length: 60 }, (_, i) => i + 1);

function randomTexts(random: Random): string[] {
  return Array.from({ length: random.below(40) }, () => randomText(random, 5));
}

function tableOf(texts: Iterable<string>): TextTable {
  return TextTable.over(encodeTextTable(texts), 'test');
}

/** Distinct texts in the order of their UTF-8 bytes. */
function sortedTexts(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

function textsOf(table: TextTable): string[] {
  return Array.from({ length: table.count }, (_, row) => table.at(row));
}

test('a table holds the texts it was made of, in their order and in any other', () => {
  for (const seed of SEEDS) {
    const random = new Random(seed);
    const texts = randomTexts(random);
    const order = randomOrder(random, texts.length);
    const builder = new TextTableBuilder();
    for (const text of texts) builder.add(text);
    const inOrder = TextTable.over(builder.encode(), 'test');
    const reordered = TextTable.over(builder.encode(order), 'test');
    inOrder.verify();
    reordered.verify();
    expect(textsOf(inOrder), `seed ${seed}`).toEqual(texts);
    expect(textsOf(reordered), `seed ${seed}`).toEqual(Array.from(order, (row) => texts[row]));
    expect(texts.map((_, row) => Buffer.from(inOrder.bytesAt(row)).toString())).toEqual(texts);
  }
});

test('a table grows beyond its first buffers', () => {
  const texts = Array.from({ length: 5000 }, (_, i) => `${i} ${'장'.repeat(i % 50)}`);
  expect(textsOf(tableOf([...texts, 'x'.repeat(100_000)]))).toEqual([...texts, 'x'.repeat(100_000)]);
});

test('half a character is refused, since UTF-8 cannot hold it', () => {
  for (const text of ['\ud800', 'a\udc00b', '\ude00\ud83d']) {
    expect(() => encodeTextTable([text])).toThrow(expect.objectContaining({ code: 'input_invalid' }));
  }
});

test('find and lowerBound agree with a linear search, for texts that are there and texts that are not', () => {
  for (const seed of SEEDS) {
    const random = new Random(seed);
    const texts = sortedTexts(randomTexts(random));
    const table = tableOf(texts);
    table.verifySorted();
    for (const text of [...texts, ...randomTexts(random), '']) {
      const bytes = Buffer.from(text);
      const notBelow = texts.filter((held) => Buffer.compare(Buffer.from(held), bytes) < 0).length;
      expect(table.find(text), `seed ${seed}`).toBe(texts.indexOf(text));
      expect(table.lowerBound(text), `seed ${seed}`).toBe(notBelow);
    }
  }
});

test('a prefix range holds exactly the texts that begin with the prefix', () => {
  for (const seed of SEEDS) {
    const random = new Random(seed);
    const texts = sortedTexts(randomTexts(random));
    const table = tableOf(texts);
    for (const prefix of ['', ...Array.from({ length: 30 }, () => randomText(random, 2))]) {
      const [first, end] = table.prefixRange(prefix);
      const expected = texts.filter((text) => text.startsWith(prefix));
      expect(texts.slice(first, end), `seed ${seed}, prefix ${JSON.stringify(prefix)}`).toEqual(expected);
    }
  }
});

test('a prefix range does not read past a row that is shorter than the prefix', () => {
  expect(tableOf(['a', 'c', 'cc']).prefixRange('ab')).toEqual([1, 1]);
});

test('half a character is found nowhere, not even where U+FFFD stands', () => {
  const table = tableOf(['\ufffd']);
  expect(table.find('\ud800')).toBe(-1);
  expect(table.prefixRange('\ud800')).toEqual([0, 0]);
  expect(table.find('\ufffd')).toBe(0);
});

test('sortedRows orders by UTF-8 bytes and keeps the order of equal texts', () => {
  const texts = ['\u{10ffff}', '\ue000', 'b', '', 'a', 'b', 'ab'];
  expect([...sortedRows(tableOf(texts))]).toEqual([3, 4, 6, 2, 5, 1, 0]);
});

test('an interner gives equal texts one number and sorts the distinct ones', () => {
  for (const seed of SEEDS) {
    const random = new Random(seed);
    const texts = Array.from({ length: 500 }, () => randomText(random, 2));
    const interner = new TextInterner();
    const numbers = texts.map((text) => interner.numberOf(text));
    const { bytes, place } = interner.encodeSorted();
    const table = TextTable.over(bytes, 'test');
    expect(textsOf(table), `seed ${seed}`).toEqual(sortedTexts(texts));
    expect(
      numbers.map((number) => table.at(place[number]!)),
      `seed ${seed}`,
    ).toEqual(texts);
  }
});

test('verify names the offset, the row or the texts that do not hold', () => {
  const edited = (edit: (words: Uint32Array, bytes: Uint8Array) => void): TextTable => {
    const bytes = encodeTextTable(['é', 'b', 'cc']);
    edit(new Uint32Array(bytes.buffer, 0, 5), bytes);
    return TextTable.over(bytes, 'test');
  };
  const refusal = (table: TextTable, message: RegExp): void => {
    expect(() => table.verify()).toThrow(expect.objectContaining({ code: 'snapshot_invalid' }));
    expect(() => table.verify()).toThrow(message);
  };
  refusal(
    edited((words) => (words[1] = 1)),
    /section test: offset 0 is 1, expected 0/,
  );
  refusal(
    edited((words) => (words[2] = 4)),
    /offset 2 is 3, expected 4\.\.5/,
  );
  refusal(
    edited((words) => (words[3] = 6)),
    /offset 2 is 6, expected 2\.\.5/,
  );
  refusal(
    edited((words) => (words[4] = 4)),
    /the last text ends at 4, expected 5/,
  );
  refusal(
    edited((words) => (words[2] = 1)),
    /row 1 is not the UTF-8 text/,
  );
  refusal(
    edited((_, bytes) => (bytes[22] = 0xff)),
    /row 1 is not the UTF-8 text/,
  );
  expect(() => tableOf(['b', 'a']).verifySorted()).toThrow(
    /rows 0 and 1 hold "b" and "a", expected ascending/,
  );
  expect(() => tableOf(['a', 'a']).verifySorted()).toThrow(/rows 0 and 1/);
});

test('a table that its bytes cannot hold is refused when it is opened', () => {
  expect(() => TextTable.over(new Uint8Array(7), 'test')).toThrow(/has 7 bytes, expected at least 8/);
  const bytes = encodeTextTable(['a']);
  new Uint32Array(bytes.buffer, 0, 1)[0] = 0xffff_ffff;
  expect(() => TextTable.over(bytes, 'test')).toThrow(/expected at least \d+ for 4294967295 texts/);
});
