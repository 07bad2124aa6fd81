/** A text that is no keyword is taken for the nearest by spelling: against a plain scan, on meant examples, and when damaged. */
import { describe, expect, test } from 'vitest';
import { Random } from '../src/base/random.ts';
import { encodeTextTable } from '../src/base/text-table-builder.ts';
import { TextTable } from '../src/base/text-table.ts';
import { encodeKeywordPieces, KeywordPieces } from '../src/encoder/keyword-pieces.ts';
import { normalizeKeyword } from '../src/encoder/normalize-keyword.ts';
import { townKeywords } from '../src/synthetic/town-keywords.ts';
import { MEANT, OF_OTHER_THINGS } from './meant-keywords.ts';

const TOWN_KEYWORDS = townKeywords(1_200).map(({ keyword, count }) => ({
  keyword: normalizeKeyword(keyword),
  count,
}));
const TOWN_TEXTS = TOWN_KEYWORDS.map(({ keyword }) => keyword);

interface Vocabulary {
  /** In byte order. */
  readonly keywords: readonly string[];
  readonly counts: Float64Array;
  readonly table: TextTable;
  readonly bytes: Uint8Array;
  readonly pieces: KeywordPieces;
}

/** `countOf` a keyword is how often it is searched. */
function vocabularyOf(texts: Iterable<string>, countOf: (keyword: string) => number): Vocabulary {
  const keywords = [...new Set(texts)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const counts = Float64Array.from(keywords, countOf);
  const table = TextTable.over(encodeTextTable(keywords), 'keywords');
  const bytes = encodeKeywordPieces(table);
  return { keywords, counts, table, bytes, pieces: new KeywordPieces(bytes, counts) };
}

function town(): Vocabulary {
  const counts = new Map(TOWN_KEYWORDS.map(({ keyword, count }) => [keyword, count]));
  return vocabularyOf(TOWN_TEXTS, (keyword) => counts.get(keyword)!);
}

/** What the text is taken for, or undefined. */
function nearest({ keywords, pieces }: Vocabulary, text: string): string | undefined {
  return keywords[pieces.nearest(normalizeKeyword(text))?.row ?? -1];
}

/** The pieces of a text, once more: as texts. */
function piecesOf(text: string): Set<string> {
  const pieces = text.split(' ').flatMap((word) => {
    const letters = ['', '', ...word.normalize('NFD').split(''), '', ''];
    return letters.slice(2).map((_, i) => letters.slice(i, i + 3).join('|'));
  });
  return new Set([...new Set(pieces)].slice(0, 64));
}

/** The definition: every keyword is compared. */
class PlainScan {
  readonly #vocabulary: Vocabulary;
  readonly #pieces: readonly Set<string>[];

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary;
    this.#pieces = vocabulary.keywords.map(piecesOf);
  }

  nearest(text: string): string | undefined {
    const { keywords, counts } = this.#vocabulary;
    const ofText = piecesOf(text);
    const near = keywords
      .map((keyword, row) => {
        const pieces = this.#pieces[row]!;
        let shared = 0;
        for (const piece of pieces) if (ofText.has(piece)) shared++;
        // A quotient of whole numbers: equal nearness is equal.
        return { keyword, row, nearness: (10 * shared) / (3 * ofText.size + 7 * pieces.size) };
      })
      .filter(({ nearness }) => nearness >= 0.5);
    const best = near.sort(
      (a, b) => b.nearness - a.nearness || counts[b.row]! - counts[a.row]! || a.row - b.row,
    );
    return best[0]?.keyword;
  }
}

/** A few letters left out, doubled, replaced or exchanged, as NFD has them. */
function withSlips(text: string, random: Random): string {
  const letters = text.normalize('NFD').split('');
  for (let slips = 1 + random.below(3); slips > 0; slips--) {
    const at = random.below(letters.length);
    const other = letters[random.below(letters.length)]!;
    const slip = random.below(4);
    if (slip === 0) letters.splice(at, 1);
    else if (slip === 1) letters.splice(at, 0, other);
    else if (slip === 2) letters[at] = other;
    else [letters[at], letters[0]] = [letters[0]!, letters[at]!];
    if (letters.length === 0) break;
  }
  return normalizeKeyword(letters.join(''));
}

/** A text like a keyword: with slips, within another, both, or of any letters. */
function textLike(keywords: readonly string[], random: Random): string {
  const keyword = random.pick(keywords);
  const other = random.pick(keywords);
  switch (random.below(6)) {
    case 0:
      return normalizeKeyword(keyword + other);
    case 1:
      return normalizeKeyword(`${other} ${keyword}`);
    case 2:
      return withSlips(keyword + other, random);
    case 3:
      return normalizeKeyword(keyword.slice(0, 1 + random.below(keyword.length)));
    default:
      return withSlips(keyword, random);
  }
}

/** Keywords that have much in common: words of few letters, one to three a keyword. */
function randomKeywords(random: Random, count: number): string[] {
  const letters = random.pick(['a b', 'a b c é', '가 각 나 낙 다 닥', 'a é 가 🍕']).split(' ');
  const word = () => Array.from({ length: 1 + random.below(8) }, () => random.pick(letters)).join('');
  return Array.from({ length: count }, () =>
    normalizeKeyword(Array.from({ length: 1 + random.below(3) }, word).join(' ')),
  );
}

describe('the nearest keyword is the one that a plain scan finds', () => {
  test('among few keywords of few letters, where many are equally near', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = new Random(seed);
      const vocabulary = vocabularyOf(randomKeywords(random, 1 + random.below(80)), () => random.below(3));
      const scan = new PlainScan(vocabulary);
      for (let i = 0; i < 30; i++) {
        const text = textLike(vocabulary.keywords, random);
        expect(nearest(vocabulary, text), `seed ${seed}: ${text}`).toBe(scan.nearest(text));
      }
    }
  });

  test('among thousands of real words, with slips and within other texts', () => {
    const random = new Random(11);
    const texts = [...TOWN_TEXTS];
    while (texts.length < 4_000) {
      const [a, b] = [random.pick(TOWN_TEXTS), random.pick(TOWN_TEXTS)];
      texts.push(random.unit() < 0.5 ? a + b : `${a} ${b}`);
    }
    const vocabulary = vocabularyOf(texts, () => random.below(10));
    const scan = new PlainScan(vocabulary);
    let foundCount = 0;
    for (let i = 0; i < 500; i++) {
      const text = textLike(vocabulary.keywords, random);
      const expected = scan.nearest(text);
      expect(nearest(vocabulary, text), `seed 11: ${text}`).toBe(expected);
      if (expected !== undefined) foundCount++;
    }
    expect(foundCount).toBeGreaterThan(400);
  });

  test('a keyword is nearest to itself, a text of nothing near to none', () => {
    const vocabulary = town();
    for (const keyword of TOWN_TEXTS) expect(nearest(vocabulary, keyword)).toBe(keyword);
    expect(nearest(vocabulary, '')).toBeUndefined();
    expect(nearest(vocabulary, '☃')).toBeUndefined();
    const none = vocabularyOf([], () => 0);
    expect(nearest(none, 'pizza')).toBeUndefined();
    expect(() => none.pieces.verify(none.table)).not.toThrow();
  });
});

test('of equally near keywords the one that is searched most is taken, then the first in byte order', () => {
  const keywords = ['bacon', 'bagon', 'balon'];
  const taken = (...counts: number[]) =>
    nearest(
      vocabularyOf(keywords, (keyword) => counts[keywords.indexOf(keyword)]!),
      'baxon',
    );
  expect(taken(1, 2, 3)).toBe('balon');
  expect(taken(1, 3, 3)).toBe('bagon');
  expect(taken(0, 0, 0)).toBe('bacon');
});

test('what people mean is found; these few are not', () => {
  const vocabulary = town();
  const other = new Map<string, string | undefined>();
  for (const [text, keywords] of MEANT) {
    const found = nearest(vocabulary, text);
    if (found === undefined || !keywords.includes(found)) other.set(text, found);
  }
  expect(MEANT.size).toBe(201);
  expect(Object.fromEntries(other)).toEqual({
    오징어볶음: undefined,
    황금올리브치킨: undefined,
    바닐라라떼: undefined,
    훠궈무한리필: undefined,
    'chees burger': 'burger',
    ddukbokki: 'rabokki',
    cupcakes: undefined,
  });
});

test('what means something else is taken for nothing; these few look like a keyword', () => {
  const vocabulary = town();
  const taken = OF_OTHER_THINGS.flatMap((text) => {
    const found = nearest(vocabulary, text);
    return found === undefined ? [] : [[text, found]];
  });
  expect(OF_OTHER_THINGS.length).toBe(136);
  expect(Object.fromEntries(taken)).toEqual({
    battery: 'bakery',
    난방: '난',
    'poker face': 'poke',
    coffin: 'coffee',
    currency: 'curry',
    steal: 'steak',
    milk: 'milk tea',
    phone: 'pho',
    소파: '소바',
  });
});

test('a compound is taken for the keyword in it', () => {
  const few = vocabularyOf(['치킨', '피자', 'ramen', 'cold noodles'], () => 0);
  expect(nearest(few, '후라이드치킨')).toBe('치킨');
  expect(nearest(few, 'Ramen Noodles')).toBe('ramen');
});

test('of keywords that share pieces with a text, only the first 2,048 are looked at', () => {
  const apart = Array.from({ length: 3_000 }, (_, i) => String.fromCharCode(0x4e00 + i));
  const alike = apart.flatMap((letter) => [`abcde${letter}`, `${letter}defgh`]);
  const vocabulary = vocabularyOf([...alike, 'abcdefghij'], () => 0);
  expect(new PlainScan(vocabulary).nearest('abcdefgh')).toBe('abcdefghij');
  expect(nearest(vocabulary, 'abcdefgh')).toBe(`${apart[0]}defgh`);
});

describe('the section', () => {
  test('is the same for the same keywords', () => {
    expect(Buffer.compare(town().bytes, town().bytes)).toBe(0);
  });

  test('with a changed byte is refused', () => {
    const { bytes, table, counts } = vocabularyOf(randomKeywords(new Random(4), 40), () => 0);
    for (let seed = 1; seed <= 500; seed++) {
      const random = new Random(seed);
      const changed = bytes.slice();
      const at = random.below(changed.length);
      changed[at]! ^= 1 << random.below(8);
      expect(
        () => new KeywordPieces(changed, counts).verify(table),
        `seed ${seed}, byte ${at} of ${bytes.length}`,
      ).toThrow(/section keywordPieces: /);
    }
  });

  test('of other keywords or another length is refused', () => {
    const one = vocabularyOf(['pizza'], () => 0);
    const other = vocabularyOf(['pasta'], () => 0);
    expect(() => one.pieces.verify(other.table)).toThrow(
      /section keywordPieces: the pieces are not those that its keywords make; build the snapshot again/,
    );
    for (const length of [0, 15, 16, one.bytes.length - 4, one.bytes.length + 4]) {
      const cut = new Uint8Array(length);
      cut.set(one.bytes.subarray(0, length));
      expect(() => new KeywordPieces(cut, one.counts), `${length} bytes`).toThrow(
        new RegExp(`section keywordPieces: has ${length} bytes, expected`),
      );
    }
  });
});
