/** How users are split: evenly, independently under two seeds, and never moved but by a growing share. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { Random } from '../src/base/random.ts';
import { splitPlace } from '../src/engine/version-choice.ts';

const COUNT = 100_000;
/** Ids as they come: numbered, random, and of letters that take several bytes. */
const random = new Random(1);
const IDS: readonly (readonly [string, readonly string[]])[] = [
  ['numbered', Array.from({ length: COUNT }, (_, i) => `u${i}`)],
  [
    'random',
    Array.from({ length: COUNT }, () => random.uint32().toString(36) + random.uint32().toString(36)),
  ],
  [
    'Korean',
    Array.from({ length: COUNT }, (_, i) => `사용자-${String.fromCharCode(0xac00 + (i % 11_172))}-${i}`),
  ],
];

/** Standard deviations that a fair figure exceeds once in 1.7 million times. */
const DEVIATIONS_MAX = 5;

test('the place of a user is what its documentation says, so others can compute it', () => {
  for (const id of ['u1', '', '짜장', 'a\0b']) {
    const digest = createHash('sha256').update(`v2\0${id}`, 'utf8').digest();
    expect(splitPlace('v2', id)).toBe(digest.readUInt32BE(0) / 2 ** 32);
  }
  // Written down: an upgrade that moved users to the other side would spoil an experiment that runs.
  expect(splitPlace('v2', 'u1')).toBe(Number.parseInt('1ec8d4c5', 16) / 2 ** 32);
});

test.each(IDS)('places of %s ids are uniform', (_, ids) => {
  const bins = new Float64Array(100);
  for (const id of ids) bins[Math.floor(splitPlace('v2', id) * bins.length)]!++;
  const expected = COUNT / bins.length;
  const chiSquared = bins.reduce((sum, found) => sum + (found - expected) ** 2 / expected, 0);
  // Chi-squared with 99 degrees of freedom has mean 99 and deviation √198.
  expect(Math.abs(chiSquared - 99)).toBeLessThan(DEVIATIONS_MAX * Math.sqrt(198));
  for (const share of [0.001, 0.05, 0.1, 0.5]) {
    const found = ids.filter((id) => splitPlace('v2', id) < share).length;
    const deviation = Math.sqrt(COUNT * share * (1 - share));
    expect(Math.abs(found - COUNT * share), `${share}`).toBeLessThan(DEVIATIONS_MAX * deviation);
  }
});

test.each(IDS)('two seeds split %s ids independently', (_, ids) => {
  for (const [first, second] of [
    ['v2', 'v3'],
    ['v2', 'v2b'],
    ['2026-11-22', '2026-11-23'],
  ] as const) {
    // The correlation of independent places has mean 0 and deviation 1/√n; a uniform place has variance 1/12.
    const products = ids.map((id) => (splitPlace(first, id) - 0.5) * (splitPlace(second, id) - 0.5));
    const correlation = (12 * products.reduce((sum, product) => sum + product, 0)) / COUNT;
    expect(Math.abs(correlation)).toBeLessThan(DEVIATIONS_MAX / Math.sqrt(COUNT));
    // Of the users in one experiment of 10 %, 10 % are in the other too.
    const both = ids.filter((id) => splitPlace(first, id) < 0.1 && splitPlace(second, id) < 0.1).length;
    expect(Math.abs(both - COUNT * 0.01)).toBeLessThan(DEVIATIONS_MAX * Math.sqrt(COUNT * 0.01 * 0.99));
  }
});
