/** A lease on real records: kept, kept in spite of trouble, lost. */
import Database from 'better-sqlite3';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { Lease } from '../src/pipeline/lease.ts';
import { RunRecords } from '../src/pipeline/run-records.ts';
import { Workspace } from './built-town.ts';

const LEASE_MS = 1_000;
const RUN = { version: 'v1', scheduledMs: null, codeVersion: 'test', settings: {}, store: '/store' };
const workspace = new Workspace();
let path: string;
let records: RunRecords;
let lease: Lease;
let nowMs: number;
let files = 0;

beforeEach(() => {
  path = workspace.path(`${++files}/runs.sqlite`);
  records = RunRecords.open(path);
  nowMs = 0;
  records.begin(RUN, nowMs, LEASE_MS);
  lease = new Lease(
    () => records.renew(1, nowMs, LEASE_MS),
    () => nowMs,
    LEASE_MS,
  );
});
afterAll(() => workspace.remove());

function untilMs(): number {
  return records.list()[0]!.leaseUntilMs;
}

test('it is renewed four times before it would end, and not more often', () => {
  const seen: number[] = [];
  for (; nowMs <= 2 * LEASE_MS; nowMs += 50) {
    lease.keep();
    if (untilMs() !== seen.at(-1)) seen.push(untilMs());
  }
  expect(seen).toEqual(Array.from({ length: 9 }, (_, at) => LEASE_MS + at * 250));
});

test('what cannot be written for a while does not end it', () => {
  const database = new Database(path);
  database.exec("CREATE TRIGGER full BEFORE UPDATE ON runs BEGIN SELECT raise(ABORT, 'disk full'); END");
  nowMs = 300;
  lease.keep();
  lease.check();
  expect(untilMs()).toBe(LEASE_MS);
  database.exec('DROP TRIGGER full');
  database.close();
  nowMs = 400;
  lease.keep();
  expect(untilMs()).toBe(400 + LEASE_MS);
});

test('once another run has it, it stays lost', () => {
  nowMs = 5_000;
  expect(records.begin(RUN, nowMs, LEASE_MS).kind).toBe('begun');
  lease.keep();
  expect(() => lease.check()).toThrow(expect.objectContaining({ code: 'run_lost' }));
  expect(() => lease.check()).toThrow(expect.objectContaining({ code: 'run_lost' }));
  expect(untilMs()).toBe(LEASE_MS);
});
