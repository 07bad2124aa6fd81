/** Runs from their sources on: remembered, alone, and resumed after they broke. */
import { readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { recordedRun, recordsPath, type RunRequest } from '../src/pipeline/recorded-run.ts';
import { LEASE_MS, RunRecords } from '../src/pipeline/run-records.ts';
import { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import { Workspace } from './built-town.ts';
import { NotingWatch, pipelineTown } from './pipeline-town.ts';

const workspace = new Workspace();
let request: RunRequest;
let records: RunRecords;
/** After all actions. */
let nowMs = Date.parse('2030-01-01T04:00:00Z');

beforeAll(() => {
  const { shopsPath, actionsPath, settings, training } = pipelineTown(workspace);
  const [store, work] = [workspace.path('store'), workspace.path('work')];
  const sources = { actions: [actionsPath] };
  request = { version: 'v1', scheduledMs: null, sources, shopsPath, store, work, settings, training };
});
beforeEach(() => {
  records = RunRecords.open(recordsPath(request.work));
});
afterEach(() => records.close());
afterAll(() => workspace.remove());

/** A clock on which every look takes a second. */
function surroundings(watch = new NotingWatch()) {
  return { records, nowMs: () => (nowMs += 1_000), watch };
}

test('what ends a run is recorded and thrown on', async () => {
  const missing = { ...request, shopsPath: workspace.path('none.csv') };
  await expect(recordedRun(missing, surroundings())).rejects.toThrow('none.csv does not exist');
  expect(records.list()).toMatchObject([
    { version: 'v1', status: 'failed', reason: expect.stringContaining('none.csv does not exist') },
  ]);
});

test('a run whose lease is taken over by another stops and publishes nothing', async () => {
  const watch = new NotingWatch();
  const other = RunRecords.open(recordsPath(request.work));
  const overtaken = recordedRun(request, {
    ...surroundings(watch),
    watch: {
      stepDone(name, isTakenOver) {
        watch.stepDone(name, isTakenOver);
        // Another instance, whose clock says that this one said nothing for a lease.
        if (watch.steps.length === 1)
          other.begin({ ...request, codeVersion: '', settings: {}, store: '' }, nowMs + LEASE_MS);
      },
      progress() {},
    },
  });
  await expect(overtaken).rejects.toThrow(expect.objectContaining({ code: 'run_lost' }));
  expect(SnapshotStore.open(request.store).versions()).toEqual([]);
  const [, broken, running] = other.list();
  expect([broken!.status, running!.status]).toEqual(['broken', 'running']);
  await expect(recordedRun(request, surroundings())).resolves.toMatchObject({
    kind: 'busy',
    other: { runNumber: running!.runNumber },
  });
  other.end(running!.runNumber, 'broken', 'stopped', nowMs);
  other.close();
});

test('the next run goes on from what is there, and its figures and decision are kept', async () => {
  const watch = new NotingWatch();
  const outcome = await recordedRun(request, surroundings(watch));
  expect(watch.steps[0]).toBe('=embeddings-before-validation');
  expect(outcome).toMatchObject({ kind: 'made', version: 'v1', isActivated: true });
  const run = records.find('v1')!;
  expect(run).toMatchObject({
    status: 'done',
    decision: 'activated',
    activeBefore: null,
    settings: { metric: 'ndcg@5', dimensions: 32, actions: request.sources.actions },
  });
  expect(run.evaluation?.rankers[0]).toMatchObject({ name: 'doorrank' });
  expect(run.endedMs).toBeGreaterThan(run.startedMs);
  expect(run.codeVersion).toMatch(/^\d+\.\d+\.\d+\+[0-9a-f]{12}$/);
});

test('a run that says how far it is keeps its lease, however long a step takes', async () => {
  const [store, work] = [workspace.path('slow-store'), workspace.path('slow-work')];
  const [own, other] = [RunRecords.open(recordsPath(work)), RunRecords.open(recordsPath(work))];
  const found = new Set<string>();
  const watch = {
    stepDone() {},
    progress() {
      nowMs += 1_000;
      found.add(other.begin({ ...request, codeVersion: '', settings: {}, store: '' }, nowMs, 10_000).kind);
    },
  };
  await recordedRun(
    { ...request, store, work },
    { records: own, nowMs: () => nowMs, watch, leaseMs: 10_000 },
  );
  expect([...found]).toEqual(['busy']);
  own.close();
  other.close();
});

test('shops whose file is replaced while a run goes on are those that it began with', async () => {
  const shopsPath = workspace.path('replaced.csv');
  const text = readFileSync(request.shopsPath, 'utf8');
  const [head, ...rows] = text.trimEnd().split('\n');
  const madeWith = async (version: string, onFirstStep: () => void): Promise<Buffer> => {
    writeFileSync(shopsPath, text);
    const [store, work] = [workspace.path(`${version}-store`), workspace.path(`${version}-work`)];
    const own = RunRecords.open(recordsPath(work));
    const watch = {
      stepDone: (name: string) => (name === 'embeddings-before-validation' ? onFirstStep() : undefined),
      progress() {},
    };
    await recordedRun(
      { ...request, version, shopsPath, store, work },
      { ...surroundings(), records: own, watch },
    );
    own.close();
    expect(readdirSync(work)).not.toContain('inputs');
    const steps = join(work, 'steps');
    const [built] = readdirSync(steps).filter((name) => name.startsWith('snapshot-before-test'));
    return readFileSync(join(steps, built!, 'snapshots', 'before-test.snapshot'));
  };
  const replaced = await madeWith('replaced', () => {
    writeFileSync(`${shopsPath}.new`, [head, ...rows.toReversed()].join('\n'));
    renameSync(`${shopsPath}.new`, shopsPath);
  });
  const whole = await madeWith('whole', () => {});
  expect(replaced.equals(whole)).toBe(true);
});

test('a work directory of another store is refused, unless the store was moved', async () => {
  const [store, moved, work] = [
    workspace.path('here'),
    workspace.path('there'),
    workspace.path('shared-work'),
  ];
  const own = RunRecords.open(recordsPath(work));
  const missing = { ...request, store, work, shopsPath: workspace.path('none.csv') };
  const attempt = (directory: string) =>
    recordedRun({ ...missing, store: directory }, { ...surroundings(), records: own });
  await expect(attempt(store)).rejects.toThrow('none.csv does not exist');
  await expect(attempt(moved)).rejects.toThrow(
    expect.objectContaining({
      code: 'store_invalid',
      message: expect.stringContaining('take another --work'),
    }),
  );
  renameSync(store, `${store}-before`);
  await expect(attempt(moved)).rejects.toThrow('none.csv does not exist');
  expect(own.list()).toHaveLength(2);
  own.close();
});

test('that hours are counted on another clock than that of most shops is warned of', async () => {
  const shopsPath = workspace.path('zoned.csv');
  writeFileSync(
    shopsPath,
    'shopId,lon,lat,timeZone\na,127,37,asia/seoul\nb,127,37,Asia/Tokyo\nc,127,37,Asia/Seoul\nd,127,37,\ne,127,37,\nf,127,37,\n',
  );
  const warningsIn = async (timeZone: string): Promise<readonly string[]> => {
    const watch = new NotingWatch();
    const sources = { actions: [workspace.path('none.ndjson')] };
    const settings = { ...request.settings, timeZone };
    const run = recordedRun(
      { ...request, version: 'zoned', shopsPath, sources, settings },
      surroundings(watch),
    );
    await expect(run).rejects.toThrow('none.ndjson does not exist');
    return watch.warnings;
  };
  expect(await warningsIn('UTC')).toEqual([
    expect.stringMatching(
      /counted in UTC, but most shops with a timeZone say Asia\/Seoul; say --time-zone Asia\/Seoul/,
    ),
  ]);
  expect(await warningsIn('Asia/Seoul')).toEqual([]);
});

test('a version that is there is refused before anything is begun', async () => {
  const count = records.list().length;
  await expect(recordedRun(request, surroundings())).rejects.toThrow(
    expect.objectContaining({ code: 'version_exists' }),
  );
  expect(records.list()).toHaveLength(count);
});

/** Runs SQL on the records as another process might. */
function byHand(work: string, sql: string): void {
  const database = new Database(recordsPath(work));
  database.exec(sql);
  database.close();
}

test('a run that cannot be recorded after its version was activated is ended by the next one of that version', async () => {
  const [store, work] = [workspace.path('full-store'), workspace.path('full-work')];
  const own = RunRecords.open(recordsPath(work));
  byHand(
    work,
    `CREATE TRIGGER full BEFORE UPDATE ON runs WHEN NEW.status = 'done' BEGIN SELECT raise(ABORT, 'disk full'); END`,
  );
  const again = { ...request, store, work };
  await expect(recordedRun(again, { ...surroundings(), records: own })).rejects.toThrow('disk full');
  expect(SnapshotStore.open(store).current()).toBe('v1');
  expect(own.lastOf('v1')).toMatchObject({ status: 'broken', decision: null });
  byHand(work, 'DROP TRIGGER full');
  const watch = new NotingWatch();
  const outcome = await recordedRun(again, { ...surroundings(watch), records: own });
  expect(watch.steps).toEqual([]);
  expect(outcome).toMatchObject({ kind: 'made', version: 'v1', active: null, isActivated: true });
  expect(own.lastOf('v1')).toMatchObject({
    runNumber: 2,
    status: 'done',
    decision: 'activated',
    activeBefore: null,
  });
  await expect(recordedRun(again, { ...surroundings(), records: own })).rejects.toThrow(
    'already in the store',
  );
  own.close();
});

test('a run that died between publishing and activating is ended by the next one, whatever was done since', async () => {
  const [store, work] = [workspace.path('died-store'), workspace.path('died-work')];
  const own = RunRecords.open(recordsPath(work));
  const actionsPath = workspace.path('grown.ndjson');
  const text = readFileSync(request.sources.actions[0]!, 'utf8');
  writeFileSync(actionsPath, text);
  const growing = { ...request, store, work, sources: { actions: [actionsPath] } };
  await recordedRun(growing, { ...surroundings(), records: own });
  // As a crash leaves it: the pointer was not written, nobody ended the run.
  rmSync(join(store, 'CURRENT'));
  byHand(
    work,
    "UPDATE runs SET status = 'running', decision = NULL, reason = NULL, evaluation = NULL, lease_until_ms = 0",
  );
  writeFileSync(actionsPath, text + text.slice(0, text.indexOf('\n') + 1));
  const watch = new NotingWatch();
  const outcome = await recordedRun(growing, { ...surroundings(watch), records: own });
  expect(watch.steps).toEqual([]);
  expect(outcome).toMatchObject({ kind: 'made', isActivated: true });
  expect(SnapshotStore.open(store).current()).toBe('v1');
  expect(own.list().map(({ status, decision }) => [status, decision])).toEqual([
    ['broken', null],
    ['done', 'activated'],
  ]);
  own.close();
});

test('a moment of the schedule is not run twice', async () => {
  const scheduledMs = Date.parse('2026-11-23T04:00:00Z');
  const training = { ...request.training, seed: 2 };
  const first = await recordedRun({ ...request, training, version: 'v2', scheduledMs }, surroundings());
  expect(first).toMatchObject({ kind: 'made', active: 'v1' });
  const again = await recordedRun({ ...request, version: 'v2', scheduledMs }, surroundings());
  expect(again).toMatchObject({ kind: 'past', other: { version: 'v2' } });
  const second = await recordedRun({ ...request, version: 'v3', scheduledMs }, surroundings());
  expect(second).toMatchObject({ kind: 'past', other: { version: 'v2', decision: expect.any(String) } });
});

test('a moment of the schedule at which nothing is new makes no version, by hand one is made', async () => {
  const training = { ...request.training, seed: 2 };
  const { runNumber } = records.lastOf('v2')!;
  const hourMs = 3_600_000;
  for (const hour of [1, 2]) {
    const run = { ...request, training, version: `hour-${hour}`, scheduledMs: hour * hourMs };
    expect(await recordedRun(run, surroundings())).toMatchObject({ kind: 'unchanged', other: { runNumber } });
    expect(records.lastOf(run.version)).toMatchObject({
      status: 'done',
      decision: null,
      evaluation: null,
      reason: `nothing new since run ${runNumber}`,
    });
  }
  expect(SnapshotStore.open(request.store).versions()).toEqual(['v1', 'v2']);
  const byHand = await recordedRun({ ...request, training, version: 'v3' }, surroundings());
  expect(byHand).toMatchObject({ kind: 'made', version: 'v3' });
  const settings = { ...request.settings, margin: 0.5 };
  const changed = { ...request, training, settings, version: 'v4', scheduledMs: 3 * hourMs };
  expect(await recordedRun(changed, surroundings())).toMatchObject({ kind: 'made', version: 'v4' });
});
