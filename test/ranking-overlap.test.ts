/** Overlap and rank-biased overlap against values worked out by hand, and against their definitions on random lists. */
import { describe, expect, test } from 'vitest';
import { Random } from '../src/base/random.ts';
import {
  overlapAt,
  overlaps,
  rankBiasedOverlap,
  rankShifts,
  sharedByDepth,
} from '../src/recommender/ranking-overlap.ts';

const letters = (text: string): string[] => text.split('');
const between = (first: string, second: string): number[] => sharedByDepth(letters(first), letters(second));

describe('by hand', () => {
  // X_1..X_D by counting; RBO = X_D/D·0.9^D + 0.1/0.9·Σ X_d/d·0.9^d, the powers 0.9, 0.81, 0.729, 0.6561.
  test.each([
    // first, second, shared by depth, RBO
    ['abc', 'abc', [0, 1, 2, 3], 1],
    ['abc', 'xyz', [0, 0, 0, 0], 0],
    // 1·0.81 + 0.1·(0/1 + 2/2·0.9)
    ['ab', 'ba', [0, 0, 2], 0.81 + 0.09],
    // 2/3·0.729 + 0.1·(1 + 1/2·0.9 + 2/3·0.81)
    ['abc', 'axb', [0, 1, 1, 2], 0.486 + 0.1 + 0.045 + 0.054],
    // 3/4·0.6561 + 0.1·(0 + 0.9·1/2 + 0.81·2/3 + 0.729·3/4)
    ['abcd', 'xabc', [0, 0, 1, 2, 3], 0.492075 + 0.045 + 0.054 + 0.054675],
    // One list ends: what only the other holds is a difference. 1/3·0.729 + 0.1·(1 + 1/2·0.9 + 1/3·0.81)
    ['a', 'abc', [0, 1, 1, 1], 0.243 + 0.1 + 0.045 + 0.027],
    ['', 'ab', [0, 0, 0], 0],
    ['', '', [0], 1],
  ])('%j and %j', (first, second, shared, rbo) => {
    expect(between(first, second)).toEqual(shared);
    expect(rankBiasedOverlap(between(first, second))).toBeCloseTo(rbo, 14);
    expect(rankBiasedOverlap(between(second, first))).toBeCloseTo(rbo, 14);
  });

  test('overlap at a depth', () => {
    const shared = between('abcde', 'badxy');
    expect([1, 2, 3, 4, 5].map((k) => overlapAt(shared, k))).toEqual([0, 1, 2 / 3, 3 / 4, 3 / 5]);
    expect(overlapAt(shared, 20)).toBe(3 / 5);
    expect(overlapAt(between('', ''), 3)).toBe(1);
    expect(overlapAt(between('a', 'abcd'), 4)).toBe(1 / 4);
    const both = [
      { k: 1, overlap: 0 },
      { k: 3, overlap: 2 / 3 },
    ];
    expect(overlaps(shared, 4)).toEqual(both);
    expect(overlaps(shared, 5)).toEqual([...both, { k: 5, overlap: 3 / 5 }]);
  });

  test('rank shifts are of the shops that both have', () => {
    expect(rankShifts(letters('abcd'), letters('dxab'))).toEqual([2, 2, -3]);
    expect(rankShifts([], letters('a'))).toEqual([]);
  });
});

test('on random lists it is what the definitions say, and never leaves [0, 1]', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = new Random(seed);
    const shops = letters('abcdefghijklmnopqrstuvwxyz');
    const list = () => random.shuffle([...shops]).slice(0, random.below(26));
    const [first, second] = [list(), list()];
    const shared = sharedByDepth(first, second);
    const longest = Math.max(first.length, second.length);
    // Every depth from the paper's own words: the intersection of the prefixes.
    const agreement = Array.from({ length: longest }, (_, i) => {
      const prefix = new Set(second.slice(0, i + 1));
      return first.slice(0, i + 1).filter((shop) => prefix.has(shop)).length / (i + 1);
    });
    const sum = agreement.reduce((total, each, i) => total + each * 0.9 ** (i + 1), 0);
    const rbo = longest === 0 ? 1 : agreement.at(-1)! * 0.9 ** longest + (0.1 / 0.9) * sum;
    expect(rankBiasedOverlap(shared), `seed ${seed}`).toBeCloseTo(rbo, 12);
    expect(rankBiasedOverlap(sharedByDepth(first, first)), `seed ${seed}`).toBeCloseTo(1, 14);
    for (const value of [rankBiasedOverlap(shared), rankBiasedOverlap(sharedByDepth(first, first))]) {
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThanOrEqual(1);
    }
    agreement.forEach((each, i) => expect(overlapAt(shared, i + 1), `seed ${seed}`).toBe(each));
  }
});
