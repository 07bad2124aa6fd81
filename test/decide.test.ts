/** The rule by which a version becomes the active one, at its borders. */
import { expect, test } from 'vitest';
import type { Estimate, EvaluationResult } from '../src/evaluation/result.ts';
import { decide, DECIDING_MIN, referenceBeside, type Decision } from '../src/pipeline/decide.ts';

const ENOUGH = { caseCount: DECIDING_MIN, userCount: DECIDING_MIN };

/** An evaluation in which the new version scores 0.5 and differs so from its reference. */
function evaluated(difference: Estimate, beside: string | null, slice = ENOUGH): EvaluationResult {
  const metrics = { 'ndcg@5': { mean: 0.5, low: 0.4, high: 0.6 } };
  return {
    slice,
    terms: { beside, reference: referenceBeside(beside) },
    rankers: [{ name: 'doorrank', metrics, difference: { 'ndcg@5': difference } }],
  } as unknown as EvaluationResult;
}

function decided(low: number | null, mean: number, beside: string | null, isTestSeen = false): Decision {
  const rule = { metric: 'ndcg@5', margin: 0.02, isTestSeen };
  return decide(evaluated({ low, mean, high: low === null ? null : 0.1 }, beside), rule);
}

test('beside an active version the lower end of the difference may be as low as the margin', () => {
  expect(decided(-0.02, 0.01, 'v1')).toEqual({
    isActivated: true,
    reason: 'ndcg@5 0.5000, 0.0100 more than v1 (95 %: -0.0200 to 0.1000): not worse by more than 0.02',
  });
  expect(decided(-0.021, 0.01, 'v1')).toMatchObject({
    isActivated: false,
    reason: expect.stringContaining('may be worse by more than 0.02; more cases would tell'),
  });
  expect(decided(-0.05, -0.03, 'v1')).toMatchObject({
    isActivated: false,
    reason: expect.stringContaining('0.0300 less than v1'),
  });
  expect(decided(-0.05, -0.03, 'v1').reason).toMatch(/: worse by more than 0\.02$/);
});

test('without one popularity must be beaten', () => {
  expect(decided(0.001, 0.05, null).isActivated).toBe(true);
  expect(decided(0, 0.05, null)).toMatchObject({
    isActivated: false,
    reason: expect.stringMatching(/ more than popularity .*: not clearly above popularity$/),
  });
});

test('one user decides nothing', () => {
  expect(decided(null, 0.01, 'v1')).toEqual({
    isActivated: false,
    reason:
      'ndcg@5 0.5000, 0.0100 more than v1 (of one user, so without an interval): may be worse by more than 0.02; more cases would tell',
  });
  expect(decided(null, 0.05, null).isActivated).toBe(false);
});

test('few cases, or cases of few users, replace nothing, whatever their interval', () => {
  const alike = { mean: 0.05, low: 0.05, high: 0.05 };
  const rule = { metric: 'ndcg@5', margin: 0.02, isTestSeen: false };
  for (const few of [{ caseCount: 29 }, { userCount: 29 }, { caseCount: 1, userCount: 1 }]) {
    const decision = decide(evaluated(alike, 'v1', { ...ENOUGH, ...few }), rule);
    expect(decision.isActivated, JSON.stringify(few)).toBe(false);
    expect(decision.reason).toMatch(
      /: \d+ cases of \d+ users are too few to replace what serves, 30 of both/,
    );
  }
  expect(decide(evaluated(alike, 'v1'), rule).isActivated).toBe(true);
  expect(decide(evaluated(alike, null, { caseCount: 1, userCount: 1 }), rule).isActivated).toBe(true);
});

test('that the active version may know the answers is said', () => {
  expect(decided(0, 0.01, 'v1', true).reason).toContain('v1 may have been trained on the test part');
  expect(decided(0, 0.01, 'v1').reason).not.toContain('may have been trained');
});
