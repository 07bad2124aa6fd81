/** Runs from their sources on: remembered, alone, and resumed after they broke. */
import { readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { recordedRun, recordsPath, type RunRequest } from '../src/pipeline/recorded-run.ts';
import { RunRecords } from '../src/pipeline/run-records.ts';
import { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import { Workspace } from './built-town.ts';
import { NotingWatch, pipelineTown } from './pipeline-town.ts';

const workspace = new Workspace();
let request: RunRequest;
let records: RunRecords;
let nowMs = Date.parse('2026-11-22T04:00:00Z');

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
        // Another instance, whose clock says that this one said nothing for a day.
        if (watch.steps.length === 1)
          other.begin({ ...request, codeVersion: '', settings: {} }, nowMs + 86_400_000);
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

test('a version that is there is refused before anything is begun', async () => {
  const count = records.list().length;
  await expect(recordedRun(request, surroundings())).rejects.toThrow(
    expect.objectContaining({ code: 'version_exists' }),
  );
  expect(records.list()).toHaveLength(count);
});

test('a moment of the schedule is not run twice', async () => {
  const scheduledMs = Date.parse('2026-11-23T04:00:00Z');
  const first = await recordedRun({ ...request, version: 'v2', scheduledMs }, surroundings());
  expect(first).toMatchObject({ kind: 'made', active: 'v1' });
  const again = await recordedRun({ ...request, version: 'v2', scheduledMs }, surroundings());
  expect(again).toMatchObject({ kind: 'past', other: { version: 'v2' } });
  const second = await recordedRun({ ...request, version: 'v3', scheduledMs }, surroundings());
  expect(second).toMatchObject({ kind: 'past', other: { version: 'v2', decision: expect.any(String) } });
});
