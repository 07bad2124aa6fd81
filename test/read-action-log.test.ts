/** Actions from files and folders: every format gives the same log, and every bad row is named. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { ActionLog } from '../src/training/action-log.ts';
import { readActionLog } from '../src/training/read-action-log.ts';
import {
  newPath,
  parquetBytes,
  parquetNumber,
  parquetTable,
  parquetText,
  written,
  writtenParquet,
} from './snapshot-input-files.ts';

const AT = '2026-11-22T12:00:00Z';
const AT_MS = Date.parse(AT);

const ACTIONS = [
  { userId: 'u1', type: 'search', keyword: ' 짜장면  Ramen ', at: AT },
  { userId: 'u1', type: 'view', shopId: 's1', at: '2026-11-22T21:01:00+09:00', weight: 2 },
  { userId: 'u2', type: 'impression', shopId: 's1', at: AT },
  { userId: 'u2', type: 'order', shopId: 's2', at: AT_MS - 1 },
];

/** The actions in the order of time, as text. */
function rowsOf(log: ActionLog): string[] {
  const targets = [...log.shopIds, ...log.keywords];
  return Array.from({ length: log.count }, (_, row) =>
    [
      log.userIds[log.users[row]!],
      log.types[log.typeNumbers[row]!],
      targets[log.targets[row]!],
      log.atMs[row]! - AT_MS,
      log.weights[row],
    ].join(' | '),
  );
}

const ROWS = ['u2 | order | s2 | -1 | 1', 'u1 | search | 짜장면 ramen | 0 | 1', 'u1 | view | s1 | 60000 | 2'];

function ndjson(actions: readonly object[]): string {
  return actions.map((action) => JSON.stringify(action)).join('\n');
}

function csv(actions: readonly { readonly [name: string]: unknown }[]): string {
  const columns = ['at', 'note', 'shopId', 'keyword', 'userId', 'type', 'weight'];
  return [columns, ...actions.map((action) => columns.map((column) => action[column] ?? ''))].join('\n');
}

function parquet(): ArrayBuffer {
  const column = (name: string) => ACTIONS.map((action) => (action as Record<string, unknown>)[name] ?? null);
  return parquetBytes(
    [
      ...['userId', 'type', 'keyword', 'shopId'].map((name) => ({ name, data: column(name) })),
      { name: 'at', data: column('at').map((at) => BigInt(new Date(at as string).getTime())) },
      { name: 'weight', data: column('weight') },
    ],
    {
      schema: parquetTable({
        userId: parquetText,
        type: parquetText,
        keyword: parquetText,
        shopId: parquetText,
        at: parquetNumber('INT64'),
        weight: parquetNumber('DOUBLE'),
      }),
    },
  );
}

test.each([
  ['actions.ndjson', ndjson(ACTIONS)],
  ['actions.jsonl.gz', ndjson(ACTIONS)],
  ['actions.csv', csv(ACTIONS)],
  ['actions.csv.gz', csv(ACTIONS)],
  ['actions.parquet', new Uint8Array(parquet())],
])(
  '%s gives the actions in the order of time, keywords normalized, impressions counted',
  async (name, content) => {
    const path = written(name, content);
    const { log, impressionCount, files } = await readActionLog([path]);
    expect(rowsOf(log)).toEqual(ROWS);
    expect(impressionCount).toBe(1);
    expect(files).toEqual([path]);
  },
);

test('Parquet may hold instants as timestamps, from 1970 on', async () => {
  const path = writtenParquet([
    { name: 'userId', data: [7n, 7n], type: 'INT64' },
    { name: 'shopId', data: ['s1', 's1'], type: 'STRING' },
    { name: 'at', data: [new Date(AT_MS), new Date(0)], type: 'TIMESTAMP' },
  ]);
  const { log } = await readActionLog([path]);
  expect(rowsOf(log)).toEqual([`7 | view | s1 | ${-AT_MS} | 1`, '7 | view | s1 | 0 | 1']);
});

test('text says its own unit, so it may be of any year from 1970 to the last that a number may name', async () => {
  const instants = ['1970-01-01T00:00:00Z', '1972-12-31T23:59:59Z', '9999-12-31T23:59:59Z', 100_000_000_000];
  const path = written('actions.ndjson', ndjson([...instants, 8.64e15].map((at) => ({ ...GOOD, at }))));
  const { log } = await readActionLog([path]);
  expect([...log.atMs]).toEqual([0, 94_694_399_000, 100_000_000_000, 253_402_300_799_000, 8.64e15]);
});

test('a folder is all files of a known format in it and below, sorted; names with a dot in front are passed over', async () => {
  const folder = newPath('actions');
  mkdirSync(join(folder, 'day=2', '.parts'), { recursive: true });
  const action = (userId: string): string => JSON.stringify({ userId, shopId: 's', at: AT_MS });
  writeFileSync(join(folder, 'day=2', 'b.ndjson.gz'), gzipSync(action('second')));
  writeFileSync(join(folder, 'a.ndjson'), action('first'));
  writeFileSync(join(folder, 'z.csv'), `userId,at,shopId\nthird,${AT_MS},s`);
  writeFileSync(join(folder, 'README.md'), 'not actions');
  writeFileSync(join(folder, 'day=2', '.parts', 'c.ndjson'), 'half a li');
  const { log, files } = await readActionLog([folder]);
  expect(files.map((file) => file.slice(folder.length + 1))).toEqual([
    'a.ndjson',
    'day=2/b.ndjson.gz',
    'z.csv',
  ]);
  expect(log.userIds).toEqual(['first', 'second', 'third']);
});

test('progress counts the bytes of all files', async () => {
  const paths = [written('a.ndjson', ndjson(ACTIONS)), written('b.csv', csv(ACTIONS))];
  const told: string[] = [];
  const { log } = await readActionLog(paths, (done, total) => told.push(`${done}/${total}`));
  const bytes = Buffer.byteLength(ndjson(ACTIONS));
  const total = bytes + Buffer.byteLength(csv(ACTIONS));
  expect(told).toEqual([`${bytes}/${total}`, `${total}/${total}`]);
  expect(log.count).toBe(6);
});

const GOOD = { userId: 'u', shopId: 's', at: AT };

test.each<[what: string, row: object, message: string]>([
  [
    'no user',
    { ...GOOD, userId: undefined },
    'column userId: found nothing, expected text of 1..256 characters',
  ],
  ['an empty user', { ...GOOD, userId: '' }, 'column userId: found nothing, expected text'],
  [
    'another name',
    { user_id: 'u', shopId: 's', at: AT },
    'column userId: found user_id; rename it to userId',
  ],
  [
    'no target',
    { userId: 'u', at: AT },
    'column shopId: found nothing, expected either a keyword or a shopId',
  ],
  ['two targets', { ...GOOD, keyword: 'k' }, 'column keyword, shopId: found both, expected either'],
  ['an empty keyword', { userId: 'u', keyword: '  ', at: AT }, 'column keyword: found "  ", expected text'],
  [
    'a keyword too long',
    { userId: 'u', keyword: 'k'.repeat(201), at: AT },
    `column keyword: found "${'k'.repeat(56)}… (201 characters), expected text of 1..200 characters`,
  ],
  ['half a character', { ...GOOD, shopId: '\ud800' }, 'column shopId: found "\\ud800", expected text'],
  ['an unknown type', { ...GOOD, type: 'View!' }, 'column type: found "View!", expected a word such as'],
  ['a weight beyond', { ...GOOD, weight: 101 }, 'column weight: found 101, expected a number -100..100'],
  ['a weight below', { ...GOOD, weight: -100.5 }, 'column weight: found -100.5, expected a number -100..100'],
  ['a weight as text', { ...GOOD, weight: 'much' }, 'column weight: found "much"'],
  ['no time', { userId: 'u', shopId: 's' }, 'column at: found nothing, expected an ISO 8601 instant'],
  [
    'a time without an offset',
    { ...GOOD, at: '2026-11-22T12:00:00' },
    'column at: found "2026-11-22T12:00:00"',
  ],
  ['a day that is none', { ...GOOD, at: '2026-02-30T12:00:00Z' }, 'column at: found "2026-02-30T12:00:00Z"'],
  ['an instant before 1970', { ...GOOD, at: '1969-12-31T23:59:59.999Z' }, 'column at: found "1969-12-31T23:'],
  [
    'the number behind the last',
    { ...GOOD, at: 8_640_000_000_000_001 },
    'column at: found 8640000000000001,',
  ],
  [
    'seconds as text',
    { ...GOOD, at: '1795000000' },
    'column at: found "1795000000", which looks like seconds',
  ],
  [
    'the last second that looks so',
    { ...GOOD, at: 99_999_999_999 },
    'column at: found 99999999999, which looks',
  ],
  ['seconds', { ...GOOD, at: 1_795_000_000 }, 'column at: found 1795000000, which looks like seconds'],
])('%s is named with its place, and nothing is read', async (_, row, message) => {
  const path = written('actions.ndjson', ndjson([GOOD, row]));
  await expect(readActionLog([path])).rejects.toThrow(`${path}: line 2, ${message}`);
});

test('bad rows of all files are named together', async () => {
  const paths = [1, 2].map(() => written('actions.csv', `userId,at,shopId\nu,${AT},s\nu,never,s\nu,${AT}`));
  await expect(readActionLog(paths)).rejects.toThrow(
    new RegExp(
      `4 faults\n.*${paths[0]}: line 3, column at.*\n.*${paths[0]}: line 4.*\n.*${paths[1]}: line 3`,
    ),
  );
});

test.each([
  [
    'a CSV of other names, each told once',
    written('a.csv', 'id,customer,event_time,Restaurant\n1,u,1,s\n2,u,1,s'),
    'line 1, column userId, at, keyword, shopId: found the columns id, customer, event_time, Restaurant, expected userId, at, ' +
      'keyword or shopId among them; found customer; rename it to userId; found event_time; rename it to at; ' +
      'found Restaurant; rename it to shopId',
  ],
  [
    'a CSV whose shopId is spelt otherwise',
    written('a.csv', `userId,at,keyword,shopid\nu,${AT},,s\nu,${AT},k,`),
    'column shopId: found the columns userId, at, keyword, shopid, expected userId, at, keyword or shopId among them; ' +
      'found shopid; rename it to shopId',
  ],
  [
    'a type that nobody would miss',
    written('a.csv', `userId,at,shopId,TYPE\nu,${AT},s,order`),
    'column type: found the columns userId, at, shopId, TYPE, expected userId, at, keyword or shopId among them; ' +
      'found TYPE; rename it to type',
  ],
  [
    'Parquet of other names',
    writtenParquet([
      { name: 'user_id', data: ['u'], type: 'STRING' },
      { name: 'query', data: ['k'], type: 'STRING' },
      { name: 'at', data: [new Date(AT_MS)], type: 'TIMESTAMP' },
    ]),
    'schema, column userId, keyword, shopId: found the columns user_id, query, at, expected userId, at, keyword or shopId ' +
      'among them; found user_id; rename it to userId; found query; rename it to keyword',
  ],
  [
    'a CSV without a needed column',
    written('a.csv', 'user,at,shopId\nu,1,s'),
    'found user; rename it to userId',
  ],
  ['impressions alone', written('a.ndjson', ndjson([ACTIONS[2]!])), '1 impressions and no other actions'],
  ['a file that is not there', '/nowhere/actions.csv', 'does not exist'],
  ['another format', written('actions.txt', 'u'), 'expected a name ending in .csv, .csv.gz, .ndjson'],
])('%s is refused', async (_, path, message) => {
  await expect(readActionLog([path])).rejects.toThrow(message);
});

test('a column that is called otherwise is passed over', async () => {
  const path = written('a.csv', `userId,at,shopId,type2,kind of weight\nu,${AT},s,x,y`);
  expect(rowsOf((await readActionLog([path])).log)).toEqual(['u | view | s | 0 | 1']);
});

test('a folder without any is refused', async () => {
  const folder = newPath('empty');
  mkdirSync(folder);
  await expect(readActionLog([folder])).rejects.toThrow(`${folder}: folder: found no such file`);
});
