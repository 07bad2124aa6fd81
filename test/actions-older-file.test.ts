/** Files between engines: one from before there were weights and impressions, and one that such an engine opens again. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ACTION_STORE_DEFAULTS, ActionStore } from '../src/actions/action-store.ts';
import type { Action } from '../src/domain/action.ts';
import { IMPRESSION } from '../src/domain/impression.ts';

const NOON_MS = Date.UTC(2026, 10, 22, 12);

/** What the engine of 0.1.0 before impressions wrote into a new file, word for word. */
const OLDER_SCHEMA = `
  CREATE TABLE users (
    user_number INTEGER PRIMARY KEY,
    user_id TEXT NOT NULL UNIQUE
  ) STRICT;
  CREATE TABLE actions (
    user_number INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    arrival INTEGER NOT NULL, -- 0, 1, 2 … among the actions of one user in the same millisecond
    id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    keyword TEXT,
    shop_id TEXT,
    PRIMARY KEY (user_number, at_ms DESC, arrival DESC),
    CHECK ((keyword IS NULL) <> (shop_id IS NULL))
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX actions_by_age ON actions (at_ms);
  PRAGMA user_version = 1;
  CREATE TABLE IF NOT EXISTS shop_status (
    shop_id TEXT PRIMARY KEY,
    is_open INTEGER NOT NULL,
    until_ms INTEGER, -- NULL: until changed
    since_ms INTEGER NOT NULL,
    CHECK (is_open IN (0, 1))
  ) STRICT, WITHOUT ROWID;
`;

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'doorrank-older-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

function open(): ActionStore {
  return ActionStore.open({ ...ACTION_STORE_DEFAULTS, directory });
}

/** What an older engine does, by the statements that it does it with. */
class OlderEngine {
  readonly #database = new Database(join(directory, 'actions.sqlite'));

  create(): void {
    this.#database.exec(OLDER_SCHEMA);
  }

  insert(userId: string, action: Action): void {
    const { id, type, keyword = null, shopId = null, atMs } = action;
    const userNumber =
      this.#database.prepare('SELECT user_number FROM users WHERE user_id = ?').pluck().get(userId) ??
      this.#database.prepare('INSERT INTO users (user_id) VALUES (?)').run(userId).lastInsertRowid;
    this.#database
      .prepare(
        `INSERT INTO actions (user_number, at_ms, arrival, id, type, keyword, shop_id) VALUES (@userNumber, @atMs,
          (SELECT coalesce(max(arrival) + 1, 0) FROM actions
            WHERE user_number = @userNumber + 0 AND at_ms = @atMs + 0),
          @id, @type, @keyword, @shopId)`,
      )
      .run({ userNumber, atMs, id, type, keyword, shopId });
  }

  erase(userId: string): void {
    this.#database
      .prepare('DELETE FROM actions WHERE user_number = (SELECT user_number FROM users WHERE user_id = ?)')
      .run(userId);
    this.#database.prepare('DELETE FROM users WHERE user_id = ?').run(userId);
  }

  close(): void {
    this.#database.close();
  }
}

function olderEngine(use: (engine: OlderEngine) => void): void {
  const engine = new OlderEngine();
  use(engine);
  engine.close();
}

const search: Action = { id: 'a1', userId: 'u1', type: 'search', keyword: '짜장면', atMs: NOON_MS };
const view: Action = { id: 'a2', userId: 'u1', type: 'view', shopId: 's1', atMs: NOON_MS };
/** The type was a word like any other. */
const shownAlone: Action = { id: 'a3', userId: 'u2', type: IMPRESSION, shopId: 's1', atMs: NOON_MS };
const shown: Action = { id: 'i1', userId: 'u1', type: IMPRESSION, shopIds: ['s1', 's2'], atMs: NOON_MS };

test('a file from before there were weights and impressions keeps everything, and takes them', async () => {
  olderEngine((engine) => {
    engine.create();
    for (const action of [search, view, shownAlone]) engine.insert(action.userId, action);
  });
  let store = open();
  expect(store.recent('u1', 10)).toStrictEqual([view, search]);
  expect(store.kept('u2', 10)).toStrictEqual([shownAlone]);
  const appended = [search, { ...view, weight: 1 }, shown, { ...view, id: 'a4', weight: 3 }].map(
    (action) => ({
      action,
      atGiven: true,
    }),
  );
  expect(await store.append(appended)).toEqual({ accepted: 2, duplicates: 2 });
  for (let opened = 0; opened < 2; opened++) {
    expect(store.recent('u2', 10)).toStrictEqual([shownAlone]);
    expect(store.kept('u1', 10)).toStrictEqual([{ ...view, id: 'a4', weight: 3 }, shown, view, search]);
    await store.close();
    store = open();
  }
  expect(await store.erase('u1')).toBe(4);
  expect(store.kept('u1', 10)).toEqual([]);
  expect(store.kept('u2', 10)).toStrictEqual([shownAlone]);
  await store.close();
});

test('an older engine goes on with the file, and whom it erases leaves no impressions to the next user', async () => {
  let store = open();
  await store.append([search, shown].map((action) => ({ action, atGiven: true })));
  await store.close();
  olderEngine((engine) => {
    engine.insert('u1', view);
  });
  store = open();
  expect(
    store
      .kept('u1', 10)
      .map(({ id }) => id)
      .sort(),
  ).toEqual(['a1', 'a2', 'i1']);
  await store.close();
  olderEngine((engine) => {
    engine.erase('u1');
    engine.insert('the next', { ...view, userId: 'the next' });
  });
  store = open();
  expect(store.kept('the next', 10)).toStrictEqual([{ ...view, userId: 'the next' }]);
  expect(store.kept('u1', 10)).toEqual([]);
  expect(await store.append([{ action: shown, atGiven: true }])).toEqual({ accepted: 1, duplicates: 0 });
  await store.close();
});
