/** Which cases follow from a log, and that none of them knows what came later. */
import { expect, test } from 'vitest';
import type { EvaluationCase } from '../src/evaluation/cases.ts';
import { newCases } from '../src/evaluation/new-cases.ts';
import { nextCases } from '../src/evaluation/next-cases.ts';
import { selectCases } from '../src/evaluation/select-cases.ts';
import { cutAt, cutBetween, cutByShare, type CutLog } from '../src/evaluation/time-cut.ts';
import { lineActionsOf } from '../src/evaluation/user-rows.ts';
import { slice, type ActionLog } from '../src/training/action-log.ts';
import { MINUTE_MS, madeLog, randomLog, START_MS, type MadeAction } from './made-log.ts';

const SHOPS = Array.from({ length: 30 }, (_, n) => `s${n}`);

/** What a case asks, in words. */
function told(log: ActionLog, { user, history, atMs, relevant }: EvaluationCase) {
  return {
    userId: log.userIds[user],
    minute: (atMs - START_MS) / MINUTE_MS,
    history: lineActionsOf(log, history, 100).map(({ shopId, keyword }) => shopId ?? keyword),
    relevant: relevant.map((place) => log.shopIds[place]),
  };
}

const at = (minute: number): number => START_MS + minute * MINUTE_MS;
const view = (userId: string, minute: number, shopId: string): MadeAction => ({ userId, minute, shopId });

const LOG = madeLog([
  view('a', 1, 'x'),
  { userId: 'a', minute: 2, keyword: 'noodles', type: 'search' },
  view('b', 3, 'y'),
  view('a', 10, 'y'),
  { ...view('a', 11, 'z'), type: 'impression' },
  { ...view('a', 12, 'x'), type: 'order' },
  { ...view('b', 12, 'z'), type: 'dismiss' },
  view('c', 13, 'x'),
  view('c', 13, 'z'),
  view('a', 90, 'w'),
  view('b', 95, 'z'),
]);
const CUT = cutAt(LOG, at(10));

test('next: one case for each action that wants a shop, with what came before it', () => {
  expect(nextCases(CUT).map((each) => told(LOG, each))).toEqual([
    { userId: 'a', minute: 10, history: ['noodles', 'x'], relevant: ['y'] },
    { userId: 'a', minute: 12, history: ['y', 'noodles', 'x'], relevant: ['x'] },
    { userId: 'c', minute: 13, history: [], relevant: ['x'] },
    { userId: 'c', minute: 13, history: [], relevant: ['z'] }, // at the same moment, so not before it
    { userId: 'a', minute: 90, history: ['x', 'y', 'noodles', 'x'], relevant: ['w'] },
    { userId: 'b', minute: 95, history: ['z', 'y'], relevant: ['z'] },
  ]);
});

test('next: only some types, the last of each session, or those that another log names', () => {
  const minutes = (cases: readonly EvaluationCase[]) =>
    cases.map(({ atMs }) => (atMs - START_MS) / MINUTE_MS);
  expect(minutes(nextCases(CUT, { types: ['order'] }))).toEqual([12]);
  expect(minutes(nextCases(CUT, { sessionGapMs: 60 * MINUTE_MS }))).toEqual([12, 13, 90, 95]);
  // b's only session has an action before the cut and ends behind it.
  expect(minutes(nextCases(CUT, { sessionGapMs: 1_000 * MINUTE_MS }))).toEqual([13, 90, 95]);
  const targets = madeLog([view('a', 90, 'w'), view('b', 3, 'y'), view('b', 95, 'w')]);
  expect(minutes(nextCases(CUT, { targets }))).toEqual([90]);
});

test('new: one case for each user who wanted a shop that they had never acted on', () => {
  expect(newCases(CUT).map((each) => told(LOG, each))).toEqual([
    { userId: 'a', minute: 10, history: ['noodles', 'x'], relevant: ['y', 'w'] }, // x is not new
    { userId: 'b', minute: 10, history: ['y'], relevant: ['z'] },
    { userId: 'c', minute: 10, history: [], relevant: ['x', 'z'] },
  ]);
});

test('a share cuts off the newest actions and all of the same moment', () => {
  const shares: [number, number, number][] = [0.2, 0.4, 0.5].map((share) => {
    const { testStart, cutMs } = cutByShare(LOG, share);
    return [share, testStart, (cutMs - START_MS) / MINUTE_MS];
  });
  expect(shares).toEqual([
    [0.2, 7, 13], // 8.8 rows, of two at minute 13 the second
    [0.4, 5, 12],
    [0.5, 5, 12],
  ]);
});

test('two logs cut out of one make the cases of that one', () => {
  const joined = cutBetween(slice(LOG, 0, CUT.testStart), slice(LOG, CUT.testStart, LOG.count));
  expect(joined).toEqual(CUT);
});

test('a test log joins the other one, unless it begins before that ends', () => {
  const training = madeLog([view('a', 1, 'x'), view('b', 2, 'y')]);
  const joined = cutBetween(training, madeLog([view('b', 2, 'z'), view('d', 3, 'x')]));
  expect([joined.testStart, joined.cutMs, joined.log.count]).toEqual([2, at(2), 4]);
  expect(nextCases(joined).map((each) => told(joined.log, each))).toEqual([
    { userId: 'b', minute: 2, history: [], relevant: ['z'] },
    { userId: 'd', minute: 3, history: [], relevant: ['x'] },
  ]);
  expect(() => cutBetween(training, madeLog([view('b', 1, 'z')]))).toThrow(/begin at 2026-11-01T00:01/);
  expect(() => cutAt(LOG, at(1))).toThrow(/0 actions to train on/);
  expect(() => cutAt(LOG, at(96))).toThrow(/0 to test with/);
});

test('of many cases a sample in order; without any it says so', () => {
  const terms = { sessionGapMs: MINUTE_MS, seed: 1 };
  const { cases: sample, foundCount } = selectCases(CUT, 'next', { ...terms, caseCountMax: 3 });
  expect(sample).toHaveLength(3);
  expect(foundCount).toBe(nextCases(CUT).length);
  expect(sample.map(({ atMs }) => atMs)).toEqual(sample.map(({ atMs }) => atMs).toSorted((a, b) => a - b));
  expect(selectCases(CUT, 'next', { ...terms, caseCountMax: 3 }).cases).toEqual(sample);
  expect(() => selectCases(CUT, 'next', { ...terms, types: ['call'] })).toThrow(/no action of the test part/);
});

/** Everything that a case knows, by the definition. */
function knownBefore({ log }: CutLog, user: number, atMs: number): number[] {
  return Array.from(log.users, (_, row) => row).filter(
    (row) =>
      log.users[row] === user && log.atMs[row]! < atMs && log.types[log.typeNumbers[row]!] !== 'impression',
  );
}

test('no case knows anything of its moment or later, and each knows all before it', () => {
  for (let seed = 0; seed < 20; seed++) {
    const log = randomLog({ seed, actionCount: 400, userCount: 12, shopIds: SHOPS, keywords: ['k', 'l'] });
    const cut = cutByShare(log, 0.3);
    const next = nextCases(cut);
    const asked = newCases(cut);
    expect(Math.min(next.length, asked.length), `seed ${seed}`).toBeGreaterThan(0);
    for (const { user, history, atMs, relevant } of [...next, ...asked]) {
      expect([...history], `seed ${seed}`).toEqual(knownBefore(cut, user, atMs));
      expect(relevant.length).toBeGreaterThan(0);
    }
    for (const { history, relevant } of asked)
      for (const row of history) expect(relevant).not.toContain(log.targets[row]);
  }
});

test('actions come newest first, as many as the store keeps', () => {
  const [, , , , last] = nextCases(CUT);
  expect(lineActionsOf(LOG, last!.history, 2)).toEqual([
    { type: 'order', shopId: 'x', atMs: at(12), weight: 1 },
    { type: 'view', shopId: 'y', atMs: at(10), weight: 1 },
  ]);
});
