/** An action store read from outside: not while a server owns it, and without harm to it. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { ACTION_STORE_DEFAULTS, ActionStore } from '../src/actions/action-store.ts';
import { storedActions } from '../src/actions/stored-actions.ts';
import type { Action } from '../src/domain/action.ts';
import { collectActions } from '../src/pipeline/collect-actions.ts';
import { Workspace } from './built-town.ts';

const workspace = new Workspace();
const directory = workspace.path('data');
afterAll(() => workspace.remove());

const AT_MS = Date.parse('2026-11-22T12:00:00Z');
const ACTIONS: readonly Action[] = [
  { id: 'a', userId: 'u2', type: 'view', shopId: 's1', atMs: AT_MS + 2 },
  { id: 'b', userId: 'u1', type: 'search', keyword: '짜장면  Set', atMs: AT_MS },
  { id: 'c', userId: 'u1', type: 'order', shopId: 's2', atMs: AT_MS + 1, weight: 3 },
  { id: 'd', userId: 'u1', type: 'impression', shopIds: ['s1', 's2'], atMs: AT_MS + 3 },
];

function opened(): ActionStore {
  return ActionStore.open({ ...ACTION_STORE_DEFAULTS, directory });
}

test('while a server owns the store it is refused with what to do; its copy, as after a crash, can be read', async () => {
  const store = opened();
  await store.append(ACTIONS.map((action) => ({ action, atGiven: true })));
  expect(() => [...storedActions(directory)]).toThrow(
    expect.objectContaining({
      code: 'storage_busy',
      message: expect.stringContaining('belongs to a running server'),
    }),
  );
  const copy = workspace.path('copy');
  cpSync(directory, copy, { recursive: true });
  expect([...storedActions(copy)]).toHaveLength(3);
  await store.close();
});

test('all actions but impressions are read, by time, and the store opens again afterwards', async () => {
  expect([...storedActions(directory)]).toEqual([
    { userId: 'u1', type: 'search', keyword: '짜장면  Set', shopId: null, atMs: AT_MS, weight: 1 },
    { userId: 'u1', type: 'order', keyword: null, shopId: 's2', atMs: AT_MS + 1, weight: 3 },
    { userId: 'u2', type: 'view', keyword: null, shopId: 's1', atMs: AT_MS + 2, weight: 1 },
  ]);
  const store = opened();
  expect(store.recent('u1', 10)).toHaveLength(2);
  await store.close();
});

test('a log is made of the store and of files, keywords normalized', async () => {
  const file = workspace.path('more.ndjson');
  writeFileSync(file, JSON.stringify({ userId: 'u3', at: AT_MS + 1, shopId: 's9' }));
  const log = await collectActions({ actions: [file], data: directory }, AT_MS + 2);
  expect(log.count).toBe(4);
  expect(Array.from(log.users, (user) => log.userIds[user])).toEqual(['u1', 'u3', 'u1', 'u2']);
  expect(log.keywords).toEqual(['짜장면 set']);
  expect([...log.weights]).toEqual([1, 1, 3, 1]);
  expect((await collectActions({ actions: [], data: directory }, AT_MS + 2)).count).toBe(3);
  expect((await collectActions({ actions: [], data: directory }, AT_MS + 1)).count).toBe(2);
});

test('where no store is, or nothing in it, is said', async () => {
  const empty = workspace.path('empty');
  mkdirSync(empty);
  expect(() => [...storedActions(empty)]).toThrow(/actions\.sqlite does not exist/);
  const store = ActionStore.open({ ...ACTION_STORE_DEFAULTS, directory: empty });
  await store.close();
  await expect(collectActions({ actions: [], data: empty }, AT_MS)).rejects.toThrow('found no action in');
  await expect(collectActions({ actions: [], data: directory }, AT_MS - 1)).rejects.toThrow(
    'found 3 actions, all dated ahead,',
  );
});
