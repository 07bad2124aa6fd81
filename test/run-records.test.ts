/** The records of pipeline runs, and the lease that only one of several instances holds. */
import { writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { RunRecords, type NewRun } from '../src/pipeline/run-records.ts';
import { Workspace } from './built-town.ts';

const LEASE_MS = 1_000;
const RUN: NewRun = {
  version: 'v1',
  scheduledMs: null,
  codeVersion: 'test',
  settings: { margin: 0.02 },
  store: '/store',
};
const workspace = new Workspace();
/** Two instances that share a file. */
let one: RunRecords;
let other: RunRecords;
let files = 0;

beforeEach(() => {
  const path = workspace.path(`${++files}/runs.sqlite`);
  one = RunRecords.open(path);
  other = RunRecords.open(path);
});
afterAll(() => workspace.remove());

/** Begins a run that nothing is in the way of; returns its number. */
function begun(records: RunRecords, nowMs: number, run: Partial<NewRun> = {}): number {
  const beginning = records.begin({ ...RUN, ...run }, nowMs, LEASE_MS);
  if (beginning.kind !== 'begun') throw new Error(`in the way: ${JSON.stringify(beginning)}`);
  return beginning.runNumber;
}

const KEPT = { decision: 'kept', reason: 'worse', activeBefore: 'v0', evaluation: null } as const;

test('while a run goes on and renews its lease, no other begins', () => {
  const runNumber = begun(one, 0);
  expect(other.begin(RUN, 999, LEASE_MS)).toMatchObject({
    kind: 'busy',
    other: { runNumber, leaseUntilMs: 1_000 },
  });
  one.renew(runNumber, 900, LEASE_MS);
  expect(other.begin(RUN, 1_899, LEASE_MS)).toMatchObject({ kind: 'busy', other: { runNumber } });
  one.finish(runNumber, KEPT, 1_900);
  expect(begun(other, 1_900)).toBe(runNumber + 1);
});

test('a lease that was not renewed ends, and who held it is refused', () => {
  const dead = begun(one, 0);
  const next = begun(other, 1_000, { version: 'v2' });
  expect(one.find(String(dead))).toMatchObject({
    status: 'broken',
    endedMs: 0,
    reason: expect.stringContaining('without a word'),
  });
  expect(() => one.renew(dead, 1_001, LEASE_MS)).toThrow(/^run 1 was believed dead/);
  expect(() => one.finish(dead, KEPT, 1_001)).toThrow(expect.objectContaining({ code: 'run_lost' }));
  one.end(dead, 'failed', 'too late', 1_002);
  expect(one.list().map(({ status }) => status)).toEqual(['broken', 'running']);
  other.renew(next, 1_500, LEASE_MS);
});

test('a lease of a clock that was ahead holds nobody up, one of a clock a little ahead does', () => {
  begun(one, 10 * LEASE_MS);
  expect(other.begin(RUN, 9 * LEASE_MS, LEASE_MS).kind).toBe('busy');
  expect(other.begin(RUN, 9 * LEASE_MS - 1, LEASE_MS).kind).toBe('begun');
});

test('a run that was late but nobody took for dead goes on', () => {
  const late = begun(one, 0);
  one.renew(late, 5_000, LEASE_MS);
  expect(other.begin(RUN, 5_999, LEASE_MS).kind).toBe('busy');
});

test('a moment of the schedule has one run that ends, whatever its end, and a broken one is made again', () => {
  const first = begun(one, 0, { scheduledMs: 42 });
  const second = begun(other, 2_000, { scheduledMs: 42 });
  expect(one.find(String(first))).toMatchObject({ status: 'broken' });
  other.end(second, 'failed', 'no actions', 2_500);
  expect(one.begin({ ...RUN, scheduledMs: 42 }, 2_600, LEASE_MS)).toMatchObject({
    kind: 'past',
    other: { runNumber: second, status: 'failed', reason: 'no actions' },
  });
  expect(begun(one, 2_700, { scheduledMs: 43 })).toBe(second + 1);
});

test('runs are found by number and by version, the last one of it', () => {
  const runs = [{ version: 'v1' }, { version: 'v1' }, { version: '1' }].map((run, at) => {
    const runNumber = begun(one, at, run);
    one.finish(runNumber, { ...KEPT, evaluation: { format: 1 } as never }, at);
    return runNumber;
  });
  expect(other.find('v1')).toMatchObject({
    runNumber: runs[1],
    status: 'done',
    decision: 'kept',
    reason: 'worse',
    activeBefore: 'v0',
    settings: { margin: 0.02 },
    evaluation: { format: 1 },
  });
  expect(other.find('1')?.runNumber).toBe(runs[2]);
  expect(other.find('2')?.runNumber).toBe(runs[1]);
  expect(other.find('v9')).toBeUndefined();
  expect(other.lastOf('1')?.runNumber).toBe(runs[2]);
  expect(other.lastOf('2')).toBeUndefined();
});

test(
  'a file that another process holds is busy, and one that cannot be written failed',
  { timeout: 30_000 },
  () => {
    const runNumber = begun(one, 0);
    const blocker = new Database(workspace.path(`${files}/runs.sqlite`));
    blocker.exec('BEGIN EXCLUSIVE');
    expect(() => one.list()).toThrow(expect.objectContaining({ name: 'EngineError', code: 'storage_busy' }));
    blocker.exec('ROLLBACK');
    blocker.exec("CREATE TRIGGER full BEFORE UPDATE ON runs BEGIN SELECT raise(ABORT, 'no'); END");
    expect(() => one.finish(runNumber, KEPT, 1)).toThrow(expect.objectContaining({ code: 'storage_failed' }));
    blocker.close();
  },
);

test('a file of an older schema is taken over with its runs', () => {
  const path = workspace.path('old.sqlite');
  const old = new Database(path);
  old.exec(`
    CREATE TABLE runs (run_number INTEGER PRIMARY KEY AUTOINCREMENT, version TEXT NOT NULL, scheduled_ms INTEGER,
      started_ms INTEGER NOT NULL, ended_ms INTEGER, lease_until_ms INTEGER NOT NULL, status TEXT NOT NULL, decision TEXT,
      reason TEXT, active_before TEXT, code_version TEXT NOT NULL, settings TEXT NOT NULL, evaluation TEXT) STRICT;
    INSERT INTO runs VALUES (7, 'v1', NULL, 1, 2, 3, 'done', 'kept', 'worse', NULL, 'test', '{}', NULL);
    PRAGMA user_version = 1`);
  old.close();
  const records = RunRecords.open(path);
  expect(records.list()).toMatchObject([{ runNumber: 7, version: 'v1', decision: 'kept' }]);
  expect(records.unfinished('v1')).toBeNull();
  expect(begun(records, 4)).toBe(8);
  records.close();
  expect(RunRecords.open(path).list()).toHaveLength(2);
});

test('a file that is none of ours is refused', () => {
  const path = workspace.path('notes.sqlite');
  writeFileSync(
    path,
    'not a database, though it is as long as the header of one would be: 100 bytes and more, which is what is read first',
  );
  expect(() => RunRecords.open(path)).toThrow(expect.objectContaining({ code: 'storage_failed' }));
});
