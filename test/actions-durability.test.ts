import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openActionDatabase } from '../src/actions/action-database.ts';
import { ACTION_STORE_DEFAULTS, ActionStore, type AppendedAction } from '../src/actions/action-store.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'doorrank-durability-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

function open(at = directory): ActionStore {
  return ActionStore.open({ ...ACTION_STORE_DEFAULTS, directory: at });
}

function views(prefix: string, count: number): AppendedAction[] {
  return Array.from({ length: count }, (_, i) => ({
    action: { id: `${prefix} ${i}`, userId: 'u1', type: 'view', shopId: 's1', atMs: i },
    atGiven: true,
  }));
}

test('every commit is synced: journal, synchronous and locking read back right before and after writes and restarts', async () => {
  for (const prefix of ['new', 'reopened']) {
    const database = openActionDatabase(directory);
    const store = new ActionStore(database, ACTION_STORE_DEFAULTS);
    for (let commit = 0; commit < 3; commit++) {
      expect(database.pragma('journal_mode', { simple: true })).toBe('wal');
      expect(database.pragma('synchronous', { simple: true })).toBe(2);
      expect(database.pragma('locking_mode', { simple: true })).toBe('exclusive');
      await store.append(views(`${prefix} ${commit}`, 3));
    }
    await store.close();
  }
});

test('a second owner is refused as busy, in this process and in another', async () => {
  const store = open();
  const busy = {
    code: 'storage_busy',
    message: expect.stringContaining('stop it, or give this one a data directory'),
  };
  expect(() => open()).toThrow(expect.objectContaining(busy));
  const source = `
    import { openActionDatabase } from ${JSON.stringify(join(import.meta.dirname, '../src/actions/action-database.ts'))};
    try { openActionDatabase(${JSON.stringify(directory)}); console.log('opened'); } catch (error) { console.log(error.code); }`;
  const answer = () =>
    execFileSync(process.execPath, ['--input-type=module', '-e', source], { encoding: 'utf8' }).trim();
  expect(answer()).toBe('storage_busy');
  await store.append(views('a', 1));
  expect(answer()).toBe('storage_busy');
  expect(store.recent('u1', 10)).toHaveLength(1);
  await store.close();
  expect(answer()).toBe('opened');
});

test('the directory is made if it is not there, and a closed store leaves one file', async () => {
  const nested = join(directory, 'not', 'there', 'yet');
  const store = open(nested);
  await store.append(views('a', 1));
  await store.close();
  expect(existsSync(join(nested, 'actions.sqlite'))).toBe(true);
  expect(existsSync(join(nested, 'actions.sqlite-wal'))).toBe(false);
});

test('what cannot be an action store is refused with what was found', () => {
  const refused = (at: string, message: string) =>
    expect(() => open(at)).toThrow(
      expect.objectContaining({ code: 'storage_failed', message: expect.stringContaining(message) }),
    );
  const folder = (name: string): string => {
    mkdirSync(join(directory, name));
    return join(directory, name);
  };
  writeFileSync(join(directory, 'file'), '');
  refused(join(directory, 'file'), 'EEXIST');
  refused(join(directory, 'file', 'below'), 'ENOTDIR');

  const textual = folder('text');
  writeFileSync(
    join(textual, 'actions.sqlite'),
    'not a database, but longer than the header of one. '.repeat(20),
  );
  refused(textual, 'SQLITE_NOTADB');

  mkdirSync(join(folder('folder'), 'actions.sqlite'));
  refused(join(directory, 'folder'), 'SQLITE_CANTOPEN');

  const newer = folder('newer');
  openActionDatabase(newer).exec('PRAGMA user_version = 7').close();
  refused(newer, 'has schema version 7, expected 1');

  const foreign = folder('foreign');
  new Database(join(foreign, 'actions.sqlite')).exec('CREATE TABLE users (name TEXT)').close();
  refused(foreign, 'has schema version 0, expected 1');
});

test('a full disk refuses writes as storage_full, keeps reading, loses nothing, and recovers', async () => {
  const database = openActionDatabase(directory);
  const store = new ActionStore(database, { ...ACTION_STORE_DEFAULTS, actionsPerUserMax: 1_000_000 });
  await store.append(views('before', 60));
  expect(store.recent('u1', 10)).toHaveLength(10);
  database.pragma(`max_page_count = ${database.pragma('page_count', { simple: true })}`);

  const refused = await Promise.allSettled([
    store.append(views('full', 1000)),
    store.append(views('same group', 1)),
  ]);
  for (const outcome of refused)
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'storage_full' } });
  expect(store.health()).toBe('storage_full');
  for (const limit of [10, 1000]) expect(store.recent('u1', limit)).toHaveLength(Math.min(limit, 60));
  expect(await store.append(views('before', 1))).toEqual({ accepted: 0, duplicates: 1 });
  expect(store.health()).toBe('storage_full');

  database.pragma('max_page_count = 1000000');
  expect(await store.append(views('full', 1000))).toEqual({ accepted: 1000, duplicates: 0 });
  expect(store.health()).toBe('ok');
  await store.close();
  const reopened = open();
  expect(reopened.recent('u1', 10_000)).toHaveLength(1060);
  await reopened.close();
});

test('rows that cannot be read are storage_failed; what is in memory is still served', async () => {
  const database = openActionDatabase(directory);
  const store = new ActionStore(database, ACTION_STORE_DEFAULTS);
  await store.append(views('a', 60));
  const held = store.recent('u1', 10);
  database.exec('ALTER TABLE actions RENAME TO taken_away');
  await expect(store.append(views('b', 1))).rejects.toMatchObject({ code: 'storage_failed' });
  expect(store.health()).toBe('storage_failed');
  for (const read of ['recent', 'kept'] as const) {
    expect(() => store[read]('u2', 10)).toThrow(expect.objectContaining({ code: 'storage_failed' }));
  }
  expect(store.recent('u1', 10)).toEqual(held);
  database.exec('ALTER TABLE taken_away RENAME TO actions');
  expect(await store.append(views('b', 1))).toEqual({ accepted: 1, duplicates: 0 });
  expect(store.health()).toBe('ok');
  await store.close();
});
