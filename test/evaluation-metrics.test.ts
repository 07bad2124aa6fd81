/** Metrics against values worked out by hand, and the bootstrap against means that are known. */
import { expect, test } from 'vitest';
import { Random } from '../src/base/random.ts';
import { bestOf } from '../src/evaluation/best-of.ts';
import { percentileInterval, resampledMeans } from '../src/evaluation/bootstrap.ts';
import { accuracy, ndcg, precision, recall, reciprocalRank } from '../src/evaluation/metrics.ts';
import { Scoreboard } from '../src/evaluation/scoreboard.ts';

test('hits at ranks 1, 3 and 6 of 4 relevant shops', () => {
  const ranks = [1, 3, 6];
  expect([1, 2, 3, 5, 10].map((k) => recall(ranks, 4, k))).toEqual([0.25, 0.25, 0.5, 0.5, 0.75]);
  expect([1, 2, 3, 5, 10].map((k) => precision(ranks, k))).toEqual([1, 0.5, 2 / 3, 0.4, 0.3]);
  expect([1, 5].map((k) => accuracy(ranks, k))).toEqual([1, 1]);
  expect(reciprocalRank(ranks)).toBe(1);
  // log2 of 2, 4 and 7; the best possible: log2 of 2, 3, 4 and 5.
  const ideal = 1 + 0.6309297535714575 + 0.5 + 0.43067655807339306;
  expect(ndcg(ranks, 4, 10)).toBeCloseTo((1 + 0.5 + 0.3562071871080222) / ideal, 12);
  expect(ndcg(ranks, 4, 3)).toBeCloseTo(1.5 / (1 + 0.6309297535714575 + 0.5), 12);
  expect(ndcg(ranks, 4, 1)).toBe(1);
});

test('the best possible ranking has nDCG 1 also where more shops are relevant than places', () => {
  expect(ndcg([1, 2, 3], 7, 3)).toBe(1);
  expect(ndcg([1, 2], 2, 20)).toBe(1);
});

test('without a hit everything is 0', () => {
  expect([recall([], 3, 5), precision([], 5), accuracy([], 5), ndcg([], 3, 5), reciprocalRank([])]).toEqual([
    0, 0, 0, 0, 0,
  ]);
  expect([accuracy([6], 5), ndcg([6], 1, 5), recall([6], 1, 5)]).toEqual([0, 0, 0]);
});

test('a board notes ranks, shops nobody can find, and which part of the catalog was shown', () => {
  const board = new Scoreboard('x', { ks: [1, 2], caseCount: 2, shopCount: 10 });
  board.note(0, Uint32Array.of(4, 7, 1), new Set([7]), 2); // one more is relevant that the snapshot does not know
  board.note(1, Uint32Array.of(4), new Set([9]), 1);
  expect([...board.columns.get('recall@2')!]).toEqual([0.5, 0]);
  expect([...board.columns.get('recall@1')!]).toEqual([0, 0]);
  expect([...board.columns.get('accuracy@2')!]).toEqual([1, 0]);
  expect([...board.columns.get('mrr')!]).toEqual([0.5, 0]);
  expect(board.coverage()).toEqual({ 'coverage@1': 0.1, 'coverage@2': 0.2 });
});

test('intervals hold the mean that cases were drawn around, in about 95 of 100 samples', () => {
  const random = new Random(3);
  const users = Uint32Array.from({ length: 240 }, (_, at) => 1000 + (at % 80));
  let covered = 0;
  for (let sample = 0; sample < 200; sample++) {
    const levels = Array.from({ length: 80 }, () => 0.3 + random.normal());
    const cases = Float64Array.from(users, (user) => levels[user - 1000]! + 0.5 * random.normal());
    const { low, high } = percentileInterval(resampledMeans([cases], users, sample, 300)[0]!);
    if (low <= 0.3 && 0.3 <= high) covered++;
  }
  // 95 % ± 3 standard errors of 200 samples, and what a percentile interval of 80 users falls short by.
  expect(covered).toBeGreaterThanOrEqual(178);
  expect(covered).toBeLessThanOrEqual(199);
});

test('cases of one user are drawn together, and columns are paired', () => {
  const users = Uint32Array.of(5, 5, 9);
  const column = Float64Array.of(1, 3, 8);
  const [means, raised] = resampledMeans([column, column.map((value) => value + 1)], users, 1, 500);
  // Both users: 12 / 3; the first twice: 8 / 4; the second twice: 16 / 2.
  expect([...new Set(means)].toSorted((a, b) => a - b)).toEqual([2, 4, 8]);
  expect(raised!.map((mean, r) => mean - means![r]!)).toEqual(new Float64Array(500).fill(1));
  expect(resampledMeans([column], users, 1, 500)).toEqual([means]);
  expect(percentileInterval(Float64Array.from({ length: 101 }, (_, i) => 100 - i))).toEqual({
    low: 2.5,
    high: 97.5,
  });
});

test('the best of many are the first of all in order', () => {
  for (let seed = 0; seed < 200; seed++) {
    const random = new Random(seed);
    const size = 1 + random.below(60);
    const strengths = Float64Array.from({ length: size }, () => random.below(6) - 2);
    const ties = Float64Array.from({ length: size }, () => random.below(4));
    const keys = random.shuffle(Array.from(strengths, (_, key) => key)).slice(0, random.below(size + 1));
    const countMax = 1 + random.below(20);
    const inOrder = keys.toSorted((a, b) => strengths[b]! - strengths[a]! || ties[b]! - ties[a]! || a - b);
    expect([...bestOf(keys, strengths, ties, countMax)], `seed ${seed}`).toEqual(inOrder.slice(0, countMax));
  }
});
