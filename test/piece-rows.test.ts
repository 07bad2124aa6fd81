/** Embeddings of pieces: which pieces a text has, that the fit is the one a solver finds, and that damage is refused. */
import { describe, expect, test } from 'vitest';
import { fnv1aOfText } from '../src/base/fnv1a.ts';
import { Random } from '../src/base/random.ts';
import { encodeTextTable } from '../src/base/text-table-builder.ts';
import { TextTable } from '../src/base/text-table.ts';
import { fitPieceRows, type EmbeddedKeywords } from '../src/encoder/fit-piece-rows.ts';
import { MeaningPieces } from '../src/encoder/meaning-pieces.ts';
import { PieceRows } from '../src/encoder/piece-rows.ts';
import { townKeywords } from '../src/synthetic/town-keywords.ts';

const ROW_FLOATS = 8;
const DIMENSIONS = 7;
const LAMBDA = 0.03;

function piecesOf(text: string): number[] {
  return [...new MeaningPieces().of(text)];
}

function hashes(texts: readonly string[]): number[] {
  return texts.map((text) => fnv1aOfText(text.normalize('NFD'))).sort((a, b) => a - b);
}

test('pieces of a word are its runs of three to five letters with its borders, and itself', () => {
  expect(piecesOf('ramen')).toEqual(
    hashes([
      ' ra',
      ' ram',
      ' rame',
      'ram',
      'rame',
      'ramen',
      'ame',
      'amen',
      'amen ',
      'men',
      'men ',
      'en ',
      ' ramen ',
    ]),
  );
  expect(piecesOf('a b')).toEqual(hashes([' a ', ' b ']));
  expect(piecesOf('')).toEqual([]);
});

test('Hangul is taken apart into letters, syllables and pairs of them', () => {
  const pieces = piecesOf('치킨');
  for (const syllables of ['치', '킨', '치킨']) expect(pieces).toContain(fnv1aOfText(syllables));
  for (const letters of [' 치', '치킨', '킨 ', ' 치킨 ']) expect(pieces).toContain(hashes([letters])[0]);
  expect(piecesOf('후라이드치킨')).toEqual(expect.arrayContaining([fnv1aOfText('치킨'), hashes(['킨 '])[0]]));
});

test('a piece counts once, and a whole book has no more than 256', () => {
  expect(piecesOf('ㅋㅋㅋㅋㅋㅋㅋㅋ').length).toBeLessThan(12);
  const letters = Array.from({ length: 10_000 }, (_, i) => String.fromCharCode(0x4e00 + i)).join('');
  expect(piecesOf(letters)).toHaveLength(256);
});

/** The first keywords of a town, with embeddings of any direction and length. */
function embedded(count: number, random: Random): EmbeddedKeywords {
  const texts = townKeywords(1_200).slice(0, count);
  texts.sort((a, b) => Buffer.compare(Buffer.from(a.keyword), Buffer.from(b.keyword)));
  const rows = Float32Array.from({ length: count * ROW_FLOATS }, (_, i) =>
    i % ROW_FLOATS < DIMENSIONS ? 10 * random.normal() : 0,
  );
  const counts = Float64Array.from(texts, () => random.below(100));
  const keywords = TextTable.over(encodeTextTable(texts.map(({ keyword }) => keyword)), 'keywords');
  return { keywords, rows, rowFloats: ROW_FLOATS, counts };
}

function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const dot = (x: ArrayLike<number>, y: ArrayLike<number>): number =>
    Array.from(x).reduce((sum, value, i) => sum + value * y[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

/** Kernel ridge regression: (G + λ / w) r = u with G the shared pieces of keywords / (n · n), solved whole. */
function solved({ keywords, rows, counts }: EmbeddedKeywords): (text: string) => number[] {
  const texts = Array.from({ length: keywords.count }, (_, k) => keywords.at(k));
  const sets = texts.map((text) => new Set(piecesOf(text)));
  const overlap = (a: ReadonlySet<number>, b: ReadonlySet<number>): number =>
    [...a].filter((piece) => b.has(piece)).length / (a.size * b.size);
  const weights = counts.map((count) => 1 + Math.log1p(count));
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
  const system = sets.map((set, k) => {
    const row = sets.map((other, j) => overlap(set, other) + (j === k ? (LAMBDA * mean) / weights[k]! : 0));
    const direction = rows.subarray(k * ROW_FLOATS, (k + 1) * ROW_FLOATS);
    const length = Math.hypot(...direction);
    return [...row, ...Array.from(direction, (value) => value / length)];
  });
  eliminate(system);
  return (text) => {
    const set = new Set(piecesOf(text));
    const shares = sets.map((other) => overlap(set, other));
    return Array.from({ length: ROW_FLOATS }, (_, i) =>
      shares.reduce((sum, share, k) => sum + share * system[k]![sets.length + i]!, 0),
    );
  };
}

/** Gauss-Jordan, in place: the left square becomes the identity. It is positive definite, so no pivot is 0. */
function eliminate(system: number[][]): void {
  system.forEach((pivotRow, k) => {
    const pivot = pivotRow[k]!;
    for (let i = k; i < pivotRow.length; i++) pivotRow[i]! /= pivot;
    system.forEach((row, j) => {
      const factor = row[k]!;
      if (j === k || factor === 0) return;
      for (let i = k; i < row.length; i++) row[i]! -= factor * pivotRow[i]!;
    });
  });
}

describe('the fit', () => {
  test('composes what the solution of the whole system does', () => {
    const keywords = embedded(60, new Random(5));
    const rows = new PieceRows(fitPieceRows(keywords));
    const oracle = solved(keywords);
    const composed = new Float64Array(ROW_FLOATS);
    const texts = Array.from({ length: 60 }, (_, k) => keywords.keywords.at(k));
    for (const text of [...texts, '매운 짜장면', 'ramen noodles', '페퍼로니 핏자']) {
      expect(rows.compose(text, composed), text).toBeGreaterThan(0);
      expect(cosine(composed, oracle(text)), text).toBeGreaterThan(0.99);
    }
  });

  test('tells how far it is while pieces are counted too, and to the end', () => {
    const told: string[] = [];
    const texts = Array.from({ length: 1_300 }, (_, k) => `pizza${k}`).toSorted();
    const keywords = TextTable.over(encodeTextTable(texts), 'keywords');
    const rows = new Float32Array(1_300 * 4).fill(1);
    const counts = new Float64Array(1_300);
    fitPieceRows({ keywords, rows, rowFloats: 4, counts }, (done, total) => told.push(`${done}/${total}`));
    const counted = [0, 1_000, 1_300, 2_300];
    const stepped = [3_600, 4_600, 5_600, 6_600, 7_600, 8_600, 9_100];
    expect(told).toEqual([...counted, ...stepped].map((done) => `${done}/9100`));
  });

  test('is the same for the same keywords', () => {
    const [one, other] = [embedded(80, new Random(5)), embedded(80, new Random(5))];
    expect(Buffer.compare(fitPieceRows(one), fitPieceRows(other))).toBe(0);
  });

  test('knows no piece of no keywords, and nothing of keywords without a direction', () => {
    const composed = new Float64Array(ROW_FLOATS);
    expect(new PieceRows(fitPieceRows(embedded(0, new Random(1)))).compose('pizza', composed)).toBe(0);
    const zero = { ...embedded(9, new Random(1)), rows: new Float32Array(9 * ROW_FLOATS) };
    expect(new PieceRows(fitPieceRows(zero)).compose(zero.keywords.at(3), composed)).toBe(1);
    expect([...composed]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });
});

describe('the section is refused', () => {
  const bytes = fitPieceRows(embedded(20, new Random(4)));
  const pieceCount = new Uint32Array(bytes.buffer)[0]!;
  const verified = (edit: (view: DataView) => void): (() => void) => {
    const changed = bytes.slice();
    edit(new DataView(changed.buffer));
    return () => new PieceRows(changed).verify(ROW_FLOATS, DIMENSIONS);
  };

  test('unless it is whole', () => {
    expect(verified(() => {})).not.toThrow();
    for (const length of [0, 7, 8, bytes.length - 1, bytes.length + 1]) {
      const cut = new Uint8Array(length);
      cut.set(bytes.subarray(0, length));
      expect(() => new PieceRows(cut), `${length} bytes`).toThrow(
        new RegExp(`section pieceRows: has ${length} bytes, expected`),
      );
    }
  });

  test('if rows have another length than those of keywords', () => {
    expect(() => new PieceRows(bytes).verify(12, DIMENSIONS)).toThrow(
      /section pieceRows: has rows of 8 floats, the header says 12/,
    );
  });

  test.each([Number.NaN, Infinity, -1])('with the scale %d', (scale) => {
    expect(verified((view) => view.setFloat32(8 + pieceCount * 4, scale, true))).toThrow(/scale 0 is/);
  });

  test('if pieces do not ascend', () => {
    expect(verified((view) => view.setUint32(12, 0, true))).toThrow(/piece 1 is 0, expected more/);
  });

  test('if there is something behind the dimensions', () => {
    expect(verified((view) => view.setInt8(8 + pieceCount * 8 + DIMENSIONS, 1))).toThrow(
      /row 0 must be zero behind its 7/,
    );
  });
});
