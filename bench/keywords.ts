/**
 * What a searched text costs: a keyword that the snapshot knows, and texts that are none and are taken for the nearest by
 * spelling: with slips, for the first time and again; within another text; like none; against comparing every keyword,
 * which finds the same. K keywords, each two or three of the town's put together, so that they share more pieces than real
 * ones do; 64 texts in turn. And making the section, which is also what its verification does. "composed" is the embedding of
 * the text within another put together from its pieces, of rows of 128, without the search; the fit of these rows is done once.
 */
import assert from 'node:assert/strict';
import { Random } from '../src/base/random.ts';
import { encodeTextTable } from '../src/base/text-table-builder.ts';
import { sortedRows, TextTable } from '../src/base/text-table.ts';
import { Encoder } from '../src/encoder/encoder.ts';
import { fitPieceRows } from '../src/encoder/fit-piece-rows.ts';
import { encodeKeywordPieces, KeywordPieces } from '../src/encoder/keyword-pieces.ts';
import { piecesOf } from '../src/encoder/letter-pieces.ts';
import { normalizeKeyword } from '../src/encoder/normalize-keyword.ts';
import { PieceRows } from '../src/encoder/piece-rows.ts';
import { townKeywords } from '../src/synthetic/town-keywords.ts';
import { inTurn } from './requests.ts';
import type { Bench, ResultRow } from './result.ts';
import { timeInTurn, timingOf, type Subject } from './timing.ts';

const SEED = 7;
const KEYWORD_COUNTS = [1_000, 10_000, 100_000];
const TEXT_COUNT = 64;
const ROW_FLOATS = 128;
const TOWN_TEXTS = townKeywords(1_200).map(({ keyword }) => normalizeKeyword(keyword));

export const keywordsBench: Bench = {
  name: 'keywords',
  title: 'the embedding of a searched text, K keywords: known, or taken for the nearest by spelling',
  seed: SEED,
  async run() {
    const rows: ResultRow[] = [];
    for (const K of KEYWORD_COUNTS) rows.push(...(await measure(K)));
    return rows;
  },
};

async function measure(K: number): Promise<ResultRow[]> {
  const random = new Random(SEED);
  const keywords = composedKeywords(random, K);
  const counts = new Float64Array(K);
  const pieces = new KeywordPieces(encodeKeywordPieces(keywords), counts);
  const rows = Float32Array.from({ length: K * ROW_FLOATS }, () => random.normal());
  const startedMs = performance.now();
  const pieceRows = new PieceRows(fitPieceRows({ keywords, rows, rowFloats: ROW_FLOATS, counts }));
  const fitTiming = timingOf([performance.now() - startedMs]);
  const composed = new Float64Array(ROW_FLOATS);
  const encoder = new Encoder({ keywords, rows, counts, rowFloats: ROW_FLOATS, pieces, pieceRows });
  const nearest = (text: string): number => pieces.nearest(text)?.row ?? -1;
  const scan = plainScan(keywords);
  const texts = (of: (keyword: string) => string): string[] =>
    Array.from({ length: TEXT_COUNT }, () => normalizeKeyword(of(keywords.at(random.below(K)))));
  const known = texts((keyword) => keyword);
  const misspelt = texts((keyword) => withSlip(keyword, random));
  const unlike = texts((keyword) =>
    keyword.replaceAll(/./gu, () => random.pick('b d g k q v x z ㅂ ㅈ ㄷ ㄱ'.split(' '))),
  );
  const compound = texts((keyword) => `${random.pick(['맛집', 'best', '배달'])} ${keyword}`);
  for (const text of [...misspelt, ...compound, ...unlike]) assert.equal(nearest(text), scan(text), text);
  const subjects: Subject[] = [
    inTurn('known', known, (text) => encoder.encode(text)),
    inTurn('misspelt, asked before', misspelt, (text) => encoder.encode(text)),
    inTurn('misspelt', misspelt, nearest),
    inTurn('within another text', compound, nearest),
    inTurn('like none', unlike, nearest),
    inTurn('composed', compound, (text) => pieceRows.compose(text, composed)),
    inTurn('misspelt, by comparing all', misspelt, scan),
    { name: 'the section made', run: () => encodeKeywordPieces(keywords) },
  ];
  const timings = await timeInTurn(subjects);
  const timed = subjects.map(({ name }, i) => ({ terms: { K }, subject: name, timing: timings[i]! }));
  return [...timed, { terms: { K }, subject: 'the rows fitted', timing: fitTiming }];
}

/** In byte order. */
function composedKeywords(random: Random, count: number): TextTable {
  const texts = new Set<string>();
  while (texts.size < count) {
    const words = Array.from({ length: 2 + random.below(2) }, () => random.pick(TOWN_TEXTS));
    texts.add(words.join(random.unit() < 0.5 ? ' ' : ''));
  }
  const unsorted = TextTable.over(encodeTextTable(texts), 'keywords');
  return TextTable.over(
    encodeTextTable(Array.from(sortedRows(unsorted), (row) => unsorted.at(row))),
    'keywords',
  );
}

/** A letter, as NFD has them, exchanged for another of the text. */
function withSlip(text: string, random: Random): string {
  const letters = text.normalize('NFD').split('');
  letters[random.below(letters.length)] = random.pick(letters);
  return letters.join('');
}

/** Compares a text to all keywords, whose pieces it has numbered before. */
function plainScan(keywords: TextTable): (text: string) => number {
  const numbers = new Map<number, number>();
  const ofKeywords = Array.from({ length: keywords.count }, (_, row) =>
    Uint32Array.from(piecesOf(keywords.at(row)), (piece) => {
      if (!numbers.has(piece)) numbers.set(piece, numbers.size);
      return numbers.get(piece)!;
    }),
  );
  const isOfText = new Uint8Array(numbers.size);
  return (text) => {
    const pieces = piecesOf(text);
    const known = pieces.flatMap((piece) => numbers.get(piece) ?? []);
    for (const number of known) isOfText[number] = 1;
    let [best, bestNearness] = [-1, 0.5];
    for (let row = 0; row < ofKeywords.length; row++) {
      const ofKeyword = ofKeywords[row]!;
      let shared = 0;
      for (let i = 0; i < ofKeyword.length; i++) shared += isOfText[ofKeyword[i]!]!;
      const nearness = (10 * shared) / (3 * pieces.length + 7 * ofKeyword.length);
      if (nearness < bestNearness || (nearness === bestNearness && best !== -1)) continue;
      [best, bestNearness] = [row, nearness];
    }
    for (const number of known) isOfText[number] = 0;
    return best;
  };
}
