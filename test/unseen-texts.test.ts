/** What texts that no keyword is mean, to an encoder of embeddings that were learned from the actions of a synthetic town. */
import { beforeAll, expect, test } from 'vitest';
import { encodeTextTable } from '../src/base/text-table-builder.ts';
import { TextTable } from '../src/base/text-table.ts';
import { Encoder, type EncodedText } from '../src/encoder/encoder.ts';
import { fitPieceRows } from '../src/encoder/fit-piece-rows.ts';
import { encodeKeywordPieces, KeywordPieces } from '../src/encoder/keyword-pieces.ts';
import { normalizeKeyword } from '../src/encoder/normalize-keyword.ts';
import { PieceRows } from '../src/encoder/piece-rows.ts';
import { CUISINES } from '../src/synthetic/cuisines.ts';
import { trainEmbeddings, type TrainedEmbeddings } from '../src/training/train-embeddings.ts';
import { MEANT, OF_OTHER_THINGS } from './meant-keywords.ts';
import { trainingTown } from './training-town.ts';

const DIMENSIONS = 32;
const NEAREST = 10;
/** Keywords that are left out in turn, and what is learned of the others asked for them. */
const FOLD_COUNT = 5;

interface Keyword {
  readonly text: string;
  readonly count: number;
  readonly row: Float32Array;
  readonly category: string;
}

const { town, shops, log } = trainingTown({ seed: 7, shopCount: 1_200, userCount: 500, actionCount: 60_000 });
let trained: TrainedEmbeddings;
/** In byte order. */
let keywords: readonly Keyword[];
let encoder: Encoder;

beforeAll(async () => {
  trained = await trainEmbeddings(log, shops, { threads: 1, dimensions: DIMENSIONS });
  const categoryOf = new Map(
    town.keywords.map(({ keyword, cuisine }) => [keyword, CUISINES[cuisine]!.category]),
  );
  keywords = trained.keywords
    .map((keyword, i) => ({
      text: normalizeKeyword(keyword),
      count: trained.keywordCounts[i]!,
      row: trained.keywordVectors.subarray(i * DIMENSIONS, (i + 1) * DIMENSIONS),
      category: categoryOf.get(keyword)!,
    }))
    .sort((a, b) => Buffer.compare(Buffer.from(a.text), Buffer.from(b.text)));
  encoder = encoderOf(keywords);
});

function encoderOf(known: readonly Keyword[], isComposing = true): Encoder {
  const table = TextTable.over(encodeTextTable(known.map(({ text }) => text)), 'keywords');
  const rows = new Float32Array(known.length * DIMENSIONS);
  known.forEach(({ row }, k) => rows.set(row, k * DIMENSIONS));
  const counts = Float64Array.from(known, ({ count }) => count);
  const embedded = { keywords: table, rows, rowFloats: DIMENSIONS, counts };
  return new Encoder({
    ...embedded,
    pieces: new KeywordPieces(encodeKeywordPieces(table), counts),
    pieceRows: isComposing ? new PieceRows(fitPieceRows(embedded)) : undefined,
  });
}

function without(...texts: readonly string[]): Encoder {
  return encoderOf(keywords.filter(({ text }) => !texts.includes(text)));
}

function keywordOf(text: string): Keyword {
  return keywords.find((keyword) => keyword.text === text)!;
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function cosine(a: Float32Array, b: Float32Array): number {
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

/** The share of `categories` among the shops that lie nearest; 0 without an embedding. */
function shopShare(encoded: EncodedText | null, categories: readonly string[]): number {
  if (encoded === null) return 0;
  const nearest = shops
    .map(({ category }, at) => ({
      category,
      similarity: dot(encoded.row, trained.shopVectors.subarray(at * DIMENSIONS, (at + 1) * DIMENSIONS)), // unit rows
    }))
    .sort((a, b) => b.similarity - a.similarity)
    .slice(0, NEAREST);
  return nearest.filter(({ category }) => categories.includes(category!)).length / NEAREST;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

test.each([
  ['후라이드치킨', '치킨', '피자'],
  ['ramen noodles', 'ramen', 'pizza'],
  ['돈코츠라멘', '라멘', '커피'],
])('%s lands close to %s, though nobody searched it, and not to %s', (text, like, unlike) => {
  const encoded = without(text).encode(text)!;
  expect(cosine(encoded.row, keywordOf(like).row)).toBeGreaterThan(0.85);
  expect(cosine(encoded.row, keywordOf(unlike).row)).toBeLessThan(0.6);
});

test('a keyword is its own row, a text spelt almost as it is that row too', () => {
  const { row } = keywordOf('짜장면');
  expect(encoder.encode('짜장면')).toEqual({ row, takenAs: undefined, isComposed: false });
  expect(encoder.encode('짜장몉')).toEqual({ row, takenAs: '짜장면', isComposed: false });
});

test('what is composed is as long as the row of the keyword it is near, for metrics that tell lengths apart', () => {
  const longer = encoderOf(keywords.map((keyword) => ({ ...keyword, row: keyword.row.map((v) => 3 * v) })));
  const [encoded, unit] = [longer.encode('해물크림파스타')!, encoder.encode('해물크림파스타')!];
  expect(encoded).toMatchObject({ takenAs: '파스타', isComposed: true });
  expect(Math.hypot(...encoded.row)).toBeCloseTo(3, 5);
  expect(cosine(encoded.row, unit.row)).toBeCloseTo(1, 5);
});

test('of what people mean, 97 % of the nearest ten shops are of its cuisine, where 4 % would be by chance', () => {
  const categories = (meant: readonly string[]): string[] =>
    keywords.filter(({ text }) => meant.includes(text)).map(({ category }) => category);
  const shares = (of: Encoder): number[] =>
    [...MEANT].map(([text, meant]) => shopShare(of.encode(text), categories(meant)));
  const bySpelling = encoderOf(keywords, false);
  expect(mean(shares(encoder))).toBeGreaterThanOrEqual(mean(shares(bySpelling)));
  expect(mean(shares(encoder))).toBeGreaterThan(0.97);
});

test('what means something else is taken for nothing as often as by spelling alone', () => {
  const bySpelling = encoderOf(keywords, false);
  for (const text of OF_OTHER_THINGS)
    expect(encoder.encode(text) === null, text).toBe(bySpelling.encode(text) === null);
});

test('of keywords that are left out, those composed find 69 % of shops of their cuisine, those nearest by spelling 52 %', () => {
  const composed: { share: number; shareBySpelling: number; cosine: number }[] = [];
  for (let fold = 0; fold < FOLD_COUNT; fold++) {
    const known = keywords.filter((_, k) => k % FOLD_COUNT !== fold);
    const [composing, bySpelling] = [encoderOf(known), encoderOf(known, false)];
    for (const { text, row, category } of keywords.filter((_, k) => k % FOLD_COUNT === fold)) {
      const encoded = composing.encode(text);
      if (encoded === null || !encoded.isComposed) continue;
      composed.push({
        share: shopShare(encoded, [category]),
        shareBySpelling: shopShare(bySpelling.encode(text), [category]),
        cosine: cosine(encoded.row, row),
      });
    }
  }
  expect(composed).toHaveLength(88);
  expect(mean(composed.map(({ share }) => share))).toBeCloseTo(0.69, 2);
  expect(mean(composed.map(({ shareBySpelling }) => shareBySpelling))).toBeCloseTo(0.52, 2);
  expect(mean(composed.map((of) => of.cosine))).toBeCloseTo(0.8, 2);
});

test('a text without a piece of any keyword has no embedding, a sentence with many has one like any other', () => {
  for (const text of ['', ' ', '☃', '☃☃☃☃☃☃', 'ⅷ']) expect(encoder.encode(text)).toBeNull();
  const sentence = Array.from({ length: 2_000 }, (_, i) => keywords[i % keywords.length]!.text).join(' ');
  expect(encoder.encode(sentence)?.row.every(Number.isFinite) ?? true).toBe(true);
});
