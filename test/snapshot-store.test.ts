/** The store: what is active, what was before, and that a version never changes. */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import { Workspace } from './built-town.ts';

let workspace: Workspace;
let store: SnapshotStore;
beforeEach(() => {
  workspace = new Workspace();
  store = SnapshotStore.open(workspace.path('store'), { create: true });
});
afterEach(() => workspace.remove());

function publish(version: string, content = version): string {
  const aside = store.temporaryPath();
  writeFileSync(aside, content);
  return store.publish(aside, version);
}

test('a directory that is no store is refused', () => {
  expect(() => SnapshotStore.open(workspace.path('nowhere'))).toThrow(/nowhere is not a store/);
  writeFileSync(workspace.path('file'), '');
  expect(() => SnapshotStore.open(workspace.path('file'))).toThrow(/is not a store/);
  expect(() => SnapshotStore.open(workspace.path('file/below'), { create: true })).toThrow(
    /cannot be written: ENOTDIR/,
  );
});

test('published versions are listed in order, read-only, with nothing left over', () => {
  for (const version of ['2026-11-22', '2026-11-03', 'v1.2_rc-3']) publish(version);
  expect(store.versions()).toEqual(['2026-11-03', '2026-11-22', 'v1.2_rc-3']);
  expect(readdirSync(path.join(store.directory, 'snapshots'))).toHaveLength(3);
  expect(statSync(store.pathOf('v1.2_rc-3')).mode & 0o777).toBe(0o444);
});

test('a version is never replaced', () => {
  publish('v1', 'first');
  expect(() => publish('v1', 'second')).toThrow(
    /version v1 is already in the store .*; versions never change, choose another name/,
  );
  expect(() => store.checkFree('v1')).toThrow(/already in the store/);
  expect(readFileSync(store.pathOf('v1'), 'utf8')).toBe('first');
});

test.each([
  '',
  '.',
  '..',
  'a..b',
  'a/b',
  '../v1',
  'a\\b',
  '.hidden',
  '-flag',
  'é',
  'a b',
  'v'.repeat(65),
  'v1\n',
])('version name %j is refused', (version) => {
  for (const use of [
    () => publish(version),
    () => store.pathOf(version),
    () => store.activate(version),
    () => store.checkFree(version),
  ]) {
    expect(use).toThrow(/^version must be 1\.\.64 letters, digits/);
  }
});

test('an unknown version is refused with those that are there', () => {
  publish('v1');
  expect(() => store.activate('v2')).toThrow(/no version v2 in the store .*; it has v1/);
  expect(store.current()).toBeNull();
});

test('activating and rolling back is a walk through what was active', () => {
  for (const version of ['v1', 'v2', 'v3']) publish(version);
  expect(() => store.rollback()).toThrow('nothing is active yet in the store');
  expect(store.activate('v1')).toEqual({ version: 'v1', previous: null });
  expect(() => store.rollback()).toThrow('v1 is the first version that was activated');
  expect(store.activate('v2')).toEqual({ version: 'v2', previous: 'v1' });
  expect(store.activate('v2')).toEqual({ version: 'v2', previous: 'v2' });
  expect(store.activate('v3')).toEqual({ version: 'v3', previous: 'v2' });
  expect(store.rollback()).toEqual({ version: 'v2', previous: 'v3' });
  expect(store.rollback()).toEqual({ version: 'v1', previous: 'v2' });
  expect(() => store.rollback()).toThrow('v1 is the first version that was activated');
  expect(store.current()).toBe('v1');
});

test('the pointer survives reopening, and a broken one says how to mend it', () => {
  publish('v1');
  store.activate('v1');
  expect(SnapshotStore.open(store.directory).current()).toBe('v1');
  writeFileSync(path.join(store.directory, 'CURRENT'), '../../etc/passwd\n');
  expect(() => store.current()).toThrow(
    /CURRENT must hold one version a line, found "..\/..\/etc\/passwd"; .* to mend it/,
  );
  store.activate('v1');
  expect(store.current()).toBe('v1');
});

test('what is not a snapshot is not listed', () => {
  publish('v1');
  const snapshots = path.join(store.directory, 'snapshots');
  writeFileSync(path.join(snapshots, '.writing-1.tmp'), '');
  writeFileSync(path.join(snapshots, 'a b.snapshot'), '');
  mkdirSync(path.join(snapshots, 'folder'));
  expect(store.versions()).toEqual(['v1']);
});
