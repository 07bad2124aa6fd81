/** Where actions are cut, and what a version that has been trained already makes of it. */
import { expect, test } from 'vitest';
import { cutActions, UNSEEN_ACTIONS_MIN } from '../src/pipeline/cut-actions.ts';
import { madeLog, MINUTE_MS, START_MS } from './made-log.ts';

/** One action a minute. */
const log = madeLog(
  Array.from({ length: 1_000 }, (_, minute) => ({ userId: 'u', shopId: `s${minute % 7}`, minute })),
);
const SHARES = { validationShare: 0.2, testShare: 0.1 };

function startsOf(seenUntilMinute: number | null) {
  const seenUntilMs = seenUntilMinute === null ? null : START_MS + seenUntilMinute * MINUTE_MS;
  const { validation, test, isTestSeen } = cutActions(log, SHARES, seenUntilMs);
  expect(validation.log.count).toBe(test.testStart);
  return { validation: validation.testStart, test: test.testStart, isTestSeen };
}

test('without an active version the newest shares are validation and test', () => {
  expect(startsOf(null)).toEqual({ validation: 700, test: 900, isTestSeen: false });
});

test('what an active version has not seen is the test part if it is enough', () => {
  expect(startsOf(500)).toEqual({ validation: 700, test: 900, isTestSeen: false });
  const enough = 1_000 - UNSEEN_ACTIONS_MIN - 1;
  expect(cutActions(log, { ...SHARES, testShare: 0.3 }, START_MS + enough * MINUTE_MS)).toMatchObject({
    test: { testStart: enough + 1 },
    isTestSeen: false,
  });
});

test('with too little that is new, or an active version that does not say, the test part may be known to it', () => {
  const seen = { validation: 700, test: 900, isTestSeen: true };
  expect(startsOf(950)).toEqual(seen);
  expect(startsOf(2_000)).toEqual(seen);
  expect(startsOf(Number.NaN)).toEqual(seen);
});

test('nothing left to train on is refused', () => {
  expect(() => cutActions(log, { validationShare: 0.5, testShare: 0.4999 }, null)).toThrow(
    /leave none|expected some/,
  );
});
