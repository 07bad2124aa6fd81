import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  ACTION_STORE_DEFAULTS,
  ActionStore,
  type ActionStoreOptions,
  type AppendedAction,
} from '../src/actions/action-store.ts';
import type { Action } from '../src/domain/action.ts';
import { IMPRESSION } from '../src/domain/impression.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const NOON_MS = Date.UTC(2026, 10, 22, 12);

let directory: string;
let store: ActionStore;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'doorrank-actions-'));
  store = open();
});

afterEach(async () => {
  vi.useRealTimers();
  await store.close();
  rmSync(directory, { recursive: true });
});

function open(options: Partial<ActionStoreOptions> = {}): ActionStore {
  return ActionStore.open({ ...ACTION_STORE_DEFAULTS, directory, ...options });
}

async function reopen(options: Partial<ActionStoreOptions> = {}): Promise<void> {
  await store.close();
  store = open(options);
}

function view(id: string, atMs = NOON_MS, userId = 'u1') {
  return { id, userId, type: 'view', shopId: `shop of ${id}`, atMs };
}

function impression(id: string, atMs = NOON_MS, userId = 'u1', shopIds = ['s1', 's2']) {
  return { id, userId, type: IMPRESSION, shopIds, atMs };
}

function sent(action: Action, atGiven = true): AppendedAction {
  return { action, atGiven };
}

function idsOf(userId: string, limit = 1000): string[] {
  return store.recent(userId, limit).map((action) => action.id);
}

/** Commits in the write-ahead log since it was last restarted, by SQLite's file format. */
function commitsInLog(): number {
  const log = readFileSync(join(directory, 'actions.sqlite-wal'));
  const pageBytes = log.readUInt32BE(8);
  let commits = 0;
  for (let at = 32; at < log.length; at += 24 + pageBytes) {
    if (log.compare(log, 16, 24, at + 8, at + 16) !== 0) break;
    if (log.readUInt32BE(at + 4) !== 0) commits++;
  }
  return commits;
}

test('an appended action is read back as it was sent, from memory and after a restart', async () => {
  const search: Action = { id: 'a1', userId: 'u1', type: 'search', keyword: '짜장면', atMs: NOON_MS };
  expect(await store.append([sent(search)])).toEqual({ accepted: 1, duplicates: 0 });
  expect(await store.append([sent(view('a2', NOON_MS + 1))])).toEqual({ accepted: 1, duplicates: 0 });
  const stored = [view('a2', NOON_MS + 1), search];
  expect(store.recent('u1', 10)).toStrictEqual(stored);
  expect(store.recent('u1', 10)).toStrictEqual(stored);
  await reopen();
  expect(store.recent('u1', 10)).toStrictEqual(stored);
  expect(store.recent('unknown', 10)).toEqual([]);
});

test('an action is read back with its weight, if it was sent with one', async () => {
  const weighted = [-0.5, 0, 1, 100].map((weight) => ({ ...view(`a${weight}`), weight }));
  await store.append([...weighted, view('none')].map((action) => sent(action)));
  for (let opened = 0; opened < 2; opened++) {
    expect(store.recent('u1', 10)).toStrictEqual([view('none'), ...weighted.toReversed()]);
    await reopen();
  }
});

test('impressions are kept beside the actions, and neither pushes out the other', async () => {
  await reopen({ actionsPerUserMax: 2 });
  await store.append([sent(view('a1', NOON_MS)), sent(impression('i1', NOON_MS))]);
  for (let n = 2; n <= 5; n++) await store.append([sent(impression(`i${n}`, NOON_MS + n))]);
  expect(idsOf('u1')).toEqual(['a1']);
  const shown = [impression('i5', NOON_MS + 5), impression('i4', NOON_MS + 4)];
  expect(store.impressions('u1', 10)).toStrictEqual(shown);
  expect(store.impressions('u1', 1)).toStrictEqual(shown.slice(0, 1));
  for (let n = 2; n <= 5; n++) await store.append([sent(view(`a${n}`, NOON_MS))]);
  expect(idsOf('u1')).toEqual(['a5', 'a4']);
  expect(store.impressions('u1', 10)).toStrictEqual(shown);
  expect(store.kept('u1', 10).map(({ id }) => id)).toEqual(['i5', 'i4', 'a5', 'a4']);
});

test('what a user did and was shown in the same millisecond is listed with the later arrival first', async () => {
  const kinds = [view, impression, impression, view, impression, view, view];
  for (const [n, kind] of kinds.entries()) await store.append([sent(kind(`${n}`))]);
  const expected = ['6', '5', '4', '3', '2', '1', '0'];
  expect(store.kept('u1', 10).map(({ id }) => id)).toEqual(expected);
  expect(store.kept('u1', 3).map(({ id }) => id)).toEqual(expected.slice(0, 3));
});

test('newest comes first: by time, the later arrival first in the same millisecond', async () => {
  await store.append([sent(view('noon 1')), sent(view('noon 2'))]);
  expect(idsOf('u1')).toEqual(['noon 2', 'noon 1']);
  await store.append([
    sent(view('noon 3')),
    sent(view('late arrival', NOON_MS - 1)),
    sent(view('newest', NOON_MS + 1)),
  ]);
  const expected = ['newest', 'noon 3', 'noon 2', 'noon 1', 'late arrival'];
  expect(idsOf('u1')).toEqual(expected);
  expect(idsOf('u1', 2)).toEqual(expected.slice(0, 2));
  await reopen();
  expect(idsOf('u1')).toEqual(expected);
});

test('an array handed out does not change with later appends', async () => {
  await store.append([sent(view('a1'))]);
  const before = store.recent('u1', 10);
  await store.append([sent(view('a2'))]);
  expect(before.map((action) => action.id)).toEqual(['a1']);
});

test('the same action again is a duplicate: in one append, in one group, later, and after a restart', async () => {
  const again = sent(view('a1'));
  expect(await store.append([again, again])).toEqual({ accepted: 1, duplicates: 1 });
  expect(
    await Promise.all([
      store.append([again]),
      store.append([sent(view('a2'))]),
      store.append([sent(view('a2'))]),
    ]),
  ).toEqual([
    { accepted: 0, duplicates: 1 },
    { accepted: 1, duplicates: 0 },
    { accepted: 0, duplicates: 1 },
  ]);
  await reopen();
  expect(await store.append([again])).toEqual({ accepted: 0, duplicates: 1 });
  expect(idsOf('u1')).toEqual(['a2', 'a1']);
});

test('a retry that carries no time of its own is a duplicate, and the first time stays', async () => {
  await store.append([sent(view('a1'), false)]);
  expect(await store.append([sent(view('a1', NOON_MS + 5000), false)])).toEqual({
    accepted: 0,
    duplicates: 1,
  });
  expect(store.recent('u1', 1)[0]!.atMs).toBe(NOON_MS);
});

test('an id used before with another body is refused by name, and nothing of that append is stored', async () => {
  await store.append([sent(view('a1'))]);
  const others: [string, Action][] = [
    ['userId', { ...view('a1'), userId: 'u2' }],
    ['type', { ...view('a1'), type: 'order' }],
    ['shopId', { ...view('a1'), shopId: 'another shop' }],
    ['keyword, shopId', { id: 'a1', userId: 'u1', type: 'view', keyword: 'shop of a1', atMs: NOON_MS }],
    ['at', view('a1', NOON_MS + 1)],
    ['weight', { ...view('a1'), weight: 2 }],
    ['shopId, shopIds', { ...impression('a1'), type: 'view' }],
  ];
  for (const [field, other] of others) {
    await expect(store.append([sent(view('a2')), sent(other)])).rejects.toMatchObject({
      code: 'action_conflict',
      message: `action id "a1" is stored with another ${field}; give a new action an id of its own`,
    });
  }
  expect(idsOf('u1')).toEqual(['a1']);
  expect(idsOf('u2')).toEqual([]);
});

test('an id is an impression or an action, and an impression with other shops is another one', async () => {
  await store.append([sent(impression('i1'))]);
  expect(await store.append([sent({ ...impression('i1'), weight: 1 })])).toEqual({
    accepted: 0,
    duplicates: 1,
  });
  const { shopIds: _, ...facts } = impression('i1');
  const others: [string, Action][] = [
    ['shopIds', impression('i1', NOON_MS, 'u1', ['s1'])],
    ['shopIds', impression('i1', NOON_MS, 'u1', ['s2', 's1'])],
    ['shopId, shopIds', { ...facts, shopId: 's1' }],
    ['weight', { ...impression('i1'), weight: 0.5 }],
  ];
  for (const [field, other] of others) {
    await expect(store.append([sent(view('a2')), sent(other)])).rejects.toMatchObject({
      code: 'action_conflict',
      message: expect.stringContaining(`with another ${field};`),
    });
  }
  expect(store.kept('u1', 10)).toStrictEqual([impression('i1')]);
  expect(store.find('i1')).toStrictEqual(impression('i1'));
  expect(store.find('a2')).toBeUndefined();
});

test('a conflict fails its own append only, not the others of the same group', async () => {
  const outcomes = await Promise.allSettled([
    store.append([sent(view('a1'))]),
    store.append([sent(view('a2')), sent({ ...view('a1'), type: 'order' })]),
    store.append([sent(view('a2', NOON_MS + 1))]),
  ]);
  expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(store.recent('u1', 10)).toEqual([view('a2', NOON_MS + 1), view('a1')]);
  expect(store.health()).toBe('ok');
});

test('a thousand concurrent appends are one commit', async () => {
  const before = commitsInLog();
  await Promise.all(
    Array.from({ length: 1000 }, (_, i) => store.append([sent(view(`a${i}`, NOON_MS, `u${i % 7}`))])),
  );
  expect(commitsInLog() - before).toBe(1);
});

test('appends that come within the commit delay after a commit go together when it has passed', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  await store.append([sent(view('a1'))]);
  const before = commitsInLog();
  const second = store.append([sent(view('a2'))]);
  for (let turn = 0; turn < 3; turn++) await setImmediate();
  const third = store.append([sent(view('a3'))]);
  vi.advanceTimersByTime(4);
  expect(commitsInLog()).toBe(before);
  expect(idsOf('u1')).toEqual(['a1']);
  vi.advanceTimersByTime(1);
  await Promise.all([second, third]);
  expect(commitsInLog()).toBe(before + 1);
  expect(idsOf('u1')).toEqual(['a3', 'a2', 'a1']);
});

test('only the newest actions of each user are kept, and an id is known as long as its action', async () => {
  await reopen({ actionsPerUserMax: 3 });
  for (const id of ['a1', 'a2', 'a3', 'a4', 'a5']) await store.append([sent(view(id))]);
  await store.append([sent(view('other', NOON_MS, 'u2'))]);
  expect(idsOf('u1')).toEqual(['a5', 'a4', 'a3']);
  expect(await store.append([sent(view('a3')), sent(view('too old', NOON_MS - 1))])).toEqual({
    accepted: 1,
    duplicates: 1,
  });
  expect(await store.append([sent(view('a1', NOON_MS + 1))])).toEqual({ accepted: 1, duplicates: 0 });
  expect(idsOf('u1')).toEqual(['a1', 'a5', 'a4']);
  await reopen();
  expect(idsOf('u1')).toEqual(['a1', 'a5', 'a4']);
  expect(idsOf('u2')).toEqual(['other']);
});

test('more actions than memory holds are read from disk', async () => {
  await store.append(Array.from({ length: 120 }, (_, i) => sent(view(`a${i}`, NOON_MS + i))));
  const expected = Array.from({ length: 120 }, (_, i) => `a${119 - i}`);
  for (const limit of [0, 1, 49, 50, 51, 119, 120, 121])
    expect(idsOf('u1', limit)).toEqual(expected.slice(0, limit));
});

test('prune erases what is older than the retention age, many batches of it, and nothing else', async () => {
  await reopen({ ageDaysMax: 10, actionsPerUserMax: 2000, commitDelayMs: 0 });
  const cutoffMs = NOON_MS - 10 * DAY_MS;
  const old = Array.from({ length: 501 }, (_, i) => sent(view(`old ${i}`, cutoffMs - 1 - i, `u${i % 3}`)));
  await store.append([
    ...old,
    ...old.map(({ action: { id, atMs, userId } }) => sent(impression(`shown ${id}`, atMs, userId))),
    sent(view('at the cutoff', cutoffMs, 'u1')),
    sent(view('young', NOON_MS, 'u2')),
    sent(impression('shown at the cutoff', cutoffMs, 'u2')),
  ]);
  expect(idsOf('u0')).toHaveLength(167);
  expect(await store.prune(NOON_MS)).toBe(1002);
  expect(await store.prune(NOON_MS)).toBe(0);
  expect([idsOf('u0'), idsOf('u1'), idsOf('u2')]).toEqual([[], ['at the cutoff'], ['young']]);
  const shownTo = (userId: string) => store.impressions(userId, 1000).map(({ id }) => id);
  expect([shownTo('u0'), shownTo('u1'), shownTo('u2')]).toEqual([[], [], ['shown at the cutoff']]);
  await reopen();
  expect([idsOf('u0'), idsOf('u1'), idsOf('u2')]).toEqual([[], ['at the cutoff'], ['young']]);
});

test('where one of statuses and actions cannot be erased, prune erases the other and says so', async () => {
  const beforeMs = NOON_MS - 11 * DAY_MS;
  for (const table of ['shop_status', 'actions']) {
    const told = table === 'actions' ? [1, 0] : [0, 1];
    await store.close();
    rmSync(directory, { recursive: true });
    await open().close();
    const database = new Database(join(directory, 'actions.sqlite'));
    database.exec(
      `CREATE TRIGGER broken BEFORE DELETE ON ${table} BEGIN SELECT RAISE(ABORT, 'no ${table}'); END`,
    );
    database.close();
    store = open({ ageDaysMax: 10 });
    await store.append([sent(view('old', beforeMs))]);
    await store.statuses.put([{ shopId: 's1', open: true, untilMs: beforeMs, sinceMs: 1 }]);
    await expect(store.prune(NOON_MS), table).rejects.toMatchObject({
      code: 'storage_failed',
      message: expect.stringContaining(`no ${table}`),
    });
    expect([idsOf('u1').length, store.statuses.size], table).toEqual(told);
  }
});

test('erase takes a user with all actions appended before it, also those that wait, and none appended after', async () => {
  await store.append([sent(view('a1')), sent(view('of another', NOON_MS, 'u2'))]);
  expect(idsOf('u1')).toEqual(['a1']);
  const [, erasedCount] = await Promise.all([
    store.append([sent(view('a2'))]),
    store.erase('u1'),
    store.append([sent(view('a3')), sent({ ...view('a1'), type: 'order' })]),
  ]);
  expect(erasedCount).toBe(2);
  expect(idsOf('u1')).toEqual(['a1', 'a3']);
  expect(await store.erase('u1')).toBe(2);
  expect(await store.erase('u1')).toBe(0);
  await reopen();
  expect(idsOf('u1')).toEqual([]);
  expect(idsOf('u2')).toEqual(['of another']);
});

const PERSON = {
  userId: 'a person by name',
  keyword: 'a keyword found nowhere else',
  // Long enough to go over from page to page.
  shopIds: Array.from({ length: 1000 }, (_, n) => `a shop shown to nobody else, ${n}`),
};
const PERSON_TEXTS = [PERSON.userId, PERSON.keyword, PERSON.shopIds[0]!, PERSON.shopIds[999]!];
const PERSON_ACTIONS = [
  sent({ id: 'a1', userId: PERSON.userId, type: 'search', keyword: PERSON.keyword, atMs: NOON_MS }),
  sent(impression('i1', NOON_MS, PERSON.userId, PERSON.shopIds)),
];

test('after erase or prune, and close, the file does not hold the user any more', async () => {
  const file = join(directory, 'actions.sqlite');
  const traces = () => PERSON_TEXTS.filter((text) => readFileSync(file).includes(text));
  for (const remove of [() => store.erase(PERSON.userId), () => store.prune(NOON_MS + 401 * DAY_MS)]) {
    await store.append(PERSON_ACTIONS);
    await store.close();
    expect(traces()).toEqual(PERSON_TEXTS);
    store = open();
    expect(await remove()).toBe(2);
    await store.close();
    expect(traces()).toEqual([]);
    store = open();
  }
});

test('after erase, no file of the open store holds the user any more', async () => {
  const traces = () =>
    readdirSync(directory).filter((file) =>
      PERSON_TEXTS.some((text) => readFileSync(join(directory, file)).includes(text)),
    );
  await store.append(PERSON_ACTIONS);
  expect(traces()).toEqual(['actions.sqlite-wal']);
  expect(await store.erase(PERSON.userId)).toBe(2);
  expect(traces()).toEqual([]);
});

test('any Unicode id is an id of its own', async () => {
  const userIds = [
    '__proto__',
    'constructor',
    'é',
    'e\u0301',
    '👩‍🍳',
    'u\0',
    'u',
    'U',
    ' u',
    'u ',
    '\uffff',
    "';--",
    '1',
    '1.0',
    '한국',
  ];
  for (const userId of userIds) await store.append([sent(view(`id of ${userId}`, NOON_MS, userId))]);
  const check = () => {
    for (const userId of userIds) {
      expect(store.recent(userId, 10), JSON.stringify(userId)).toStrictEqual([
        view(`id of ${userId}`, NOON_MS, userId),
      ]);
    }
  };
  check();
  await reopen();
  check();
});

test('what the callers should have refused is a bug, and fails nobody else', async () => {
  const bad: Action[] = [
    view('a1', Number.NaN),
    view('a1', 0.5),
    view('\ud800'),
    view('a1', NOON_MS, '\udc00'),
    { ...view('a1'), weight: Number.NaN },
    { ...view('a1'), shopIds: [] } as unknown as Action,
    impression('i1', NOON_MS, 'u1', ['s1', '\ud800']),
  ];
  const good = store.append([sent(view('good'))]);
  for (const action of bad) await expect(store.append([sent(action)])).rejects.toThrow('doorrank bug');
  expect(await good).toEqual({ accepted: 1, duplicates: 0 });
  expect(() => store.recent('\ud800', 1)).toThrow('doorrank bug');
});

test('close commits what waits; afterwards everything is refused as closed', async () => {
  expect(idsOf('u1')).toEqual([]);
  const waiting = store.append([sent(view('a1'))]);
  await store.close();
  expect(await waiting).toEqual({ accepted: 1, duplicates: 0 });
  await expect(store.append([sent(view('a2'))])).rejects.toMatchObject({ code: 'closed' });
  await expect(store.erase('u1')).rejects.toMatchObject({ code: 'closed' });
  await expect(store.prune(NOON_MS)).rejects.toMatchObject({ code: 'closed' });
  const reads = [
    () => store.recent('u1', 1),
    () => store.impressions('u1', 1),
    () => store.kept('u1', 1),
    () => store.find('a1'),
  ];
  for (const read of reads) expect(read).toThrow(expect.objectContaining({ code: 'closed' }));
  await store.close();
  store = open();
  expect(idsOf('u1')).toEqual(['a1']);
});
