/** What an engine tells of: every change that may change answers, once it is visible, and nothing else. */
import { cpSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openEngine, type Engine } from '../src/engine/engine.ts';
import type { Change } from '../src/index.ts';
import { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import { TOWN_CENTER } from '../src/synthetic/town.ts';
import { buildTown, Workspace } from './built-town.ts';
import { addVersion } from './two-versions.ts';

const SEARCH = { type: 'search', keyword: '짜장면' };

const workspace = new Workspace();
let engine: Engine;
let store: SnapshotStore;
let engineCount = 0;
let logged: object[];
const changes: Change[] = [];

beforeAll(async () => {
  await buildTown(workspace, 'v1', { seed: 1, shopCount: 300 });
  await buildTown(workspace, 'v2', { seed: 2, shopCount: 200 });
  await buildTown(workspace, 'v3', { seed: 3, shopCount: 200 });
});
beforeEach(async () => {
  const directory = workspace.path(`store-${engineCount}`);
  cpSync(path.join(workspace.path('store'), 'snapshots'), path.join(directory, 'snapshots'), {
    recursive: true,
  });
  store = SnapshotStore.open(directory);
  store.activate('v1');
  logged = [];
  const log = { info() {}, warn() {}, error: (fields: object) => logged.push(fields) };
  const options = {
    store: directory,
    data: workspace.path(`data-${engineCount++}`),
    threads: 0,
    storePollMs: 0,
  };
  engine = await openEngine(options, { nowMs: Date.now, log });
  changes.length = 0;
});
afterEach(() => engine.close());
afterAll(() => workspace.remove());

test('actions are told by user, when the next request is answered by them', async () => {
  let visible: Promise<string> | undefined;
  engine.onChange((change) => {
    changes.push(change);
    if (change.kind !== 'actions') return;
    visible = engine.recommend({ userId: change.userId, location: TOWN_CENTER }).then(({ basis }) => basis);
  });
  const actions = ['a', 'b', 'a'].map((userId, i) => ({ id: `id-${i}`, userId, ...SEARCH }));
  await engine.record(actions);
  // Before whoever recorded them goes on.
  expect(changes).toEqual([
    { kind: 'actions', userId: 'a' },
    { kind: 'actions', userId: 'b' },
  ]);
  expect(await visible).toBe('actions');
  await engine.record(actions); // duplicates
  await expect(engine.record([{ userId: '', ...SEARCH }])).rejects.toThrow('userId');
  await expect(engine.record([{ ...actions[0]!, keyword: '피자' }])).rejects.toMatchObject({
    code: 'action_conflict',
  });
  expect(changes).toHaveLength(2);
  await engine.erase('a');
  expect(changes.slice(2)).toEqual([{ kind: 'actions', userId: 'a' }]);
  expect(await visible).toBe('popular');
});

test('statuses are told by shop, set one by one, in bulk or cleared', async () => {
  engine.onChange((change) => changes.push(change));
  await engine.setStatus({ shopId: 's1', open: false });
  await engine.setStatuses(['s2', 's3'].map((shopId) => ({ shopId, open: true })));
  expect(await engine.clearStatus('s1')).toBe(true);
  expect(await engine.clearStatus('s1')).toBe(false);
  await expect(engine.setStatuses([])).rejects.toThrow('statuses');
  expect(changes).toEqual([
    { kind: 'statuses', shopIds: ['s1'] },
    { kind: 'statuses', shopIds: ['s2', 's3'] },
    { kind: 'statuses', shopIds: ['s1'] },
  ]);
});

test('a version is told when it answers, whoever activated it, and not if it cannot serve', async () => {
  const serving: unknown[] = [];
  engine.onChange((change) => {
    changes.push(change);
    serving.push(engine.health().version);
  });
  await engine.activate('v2');
  await engine.activate('v2');
  await engine.rollback();
  store.activate('v2'); // as another process does
  await engine.refresh();
  writeFileSync(path.join(store.directory, 'snapshots', 'bad.snapshot'), 'no snapshot');
  await expect(engine.activate('bad')).rejects.toThrow('11 bytes');
  expect(changes).toEqual(['v2', 'v1', 'v2'].map((version) => ({ kind: 'version', version })));
  expect(serving).toEqual(['v2', 'v1', 'v2']);
  expect(logged).toEqual([]);
});

test('a version of a split is told when it answers its users, one of a shadow, which answers nobody, is not', async () => {
  const own = SnapshotStore.open(workspace.path('store-sides'), { create: true });
  addVersion(store, own, 'v1');
  own.activate('v1');
  const data = workspace.path('data-sides');
  const sides = { split: 'v2=100%', shadow: 'v3=100%' };
  const options = { store: own.directory, data, threads: 0, storePollMs: 0, ...sides };
  const split = await openEngine(options, { nowMs: Date.now });
  let visible: Promise<string> | undefined;
  split.onChange((change) => {
    changes.push(change);
    visible = split.recommend({ userId: 'a', location: TOWN_CENTER }).then(({ version }) => version);
  });
  for (const version of ['v2', 'v3']) addVersion(store, own, version);
  await split.refresh();
  await split.refresh();
  expect(split.stats().sideVersions.map(({ loaded }) => loaded)).toEqual([true, true]);
  expect(changes).toEqual([{ kind: 'version', version: 'v2' }]);
  expect(await visible).toBe('v2');
  await split.close();
});

test('a listener hears what comes until it leaves, and one that fails keeps nobody from hearing', async () => {
  const heard = (change: Change) => void changes.push(change);
  const leaveFirst = engine.onChange(heard);
  engine.onChange(() => {
    throw new Error('a bug of the listener');
  });
  const leaveSecond = engine.onChange(heard);
  await engine.setStatus({ shopId: 's1', open: false });
  expect(changes).toHaveLength(2);
  expect(logged).toMatchObject([{ kind: 'statuses', err: { message: 'a bug of the listener' } }]);
  leaveFirst();
  leaveFirst();
  await engine.clearStatus('s1');
  expect(changes).toHaveLength(3);
  leaveSecond();
  await engine.record([{ userId: 'a', ...SEARCH }]);
  await sleep(10);
  expect(changes).toHaveLength(3);
});

test('who listens anew while a change is told hears the next one, who leaves hears none of it', async () => {
  let leave = () => {};
  let leaveLast = () => {};
  const listenAnew = (change: Change) => {
    changes.push(change);
    leave();
    leaveLast();
    // A bound, so that a failure ends.
    if (changes.length < 100) leave = engine.onChange(listenAnew);
  };
  leave = engine.onChange(listenAnew);
  leaveLast = engine.onChange((change) => changes.push(change));
  await engine.setStatus({ shopId: 's1', open: false });
  expect(changes).toHaveLength(1);
  await engine.clearStatus('s1');
  expect(changes).toHaveLength(2);
});

test('nobody can listen to an engine that is closed', async () => {
  await engine.close();
  expect(() => engine.onChange(() => {})).toThrow('the engine is closed');
});
