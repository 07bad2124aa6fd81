/** Lists of shops for single users: read from NDJSON and Parquet, refused with their place, found in the snapshot as given. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EngineError } from '../src/base/errors.ts';
import { silentLog } from '../src/base/log.ts';
import { Random } from '../src/base/random.ts';
import { UserLists, UserListsBuilder } from '../src/catalog/user-lists.ts';
import { LinearMemory } from '../src/kernel/linear-memory.ts';
import { buildSnapshot, type BuiltSnapshot } from '../src/snapshot/build-snapshot.ts';
import type { Generation } from '../src/snapshot/generation.ts';
import { InputFaults } from '../src/snapshot/input/input-faults.ts';
import { ListColumn } from '../src/snapshot/input/parquet-columns.ts';
import { readUserLists, type PlacedUserList } from '../src/snapshot/input/read-user-lists.ts';
import { loadSnapshot, readHeader, readUserListCount } from '../src/snapshot/open-snapshot.ts';
import { buildTown, Workspace, type BuiltTown } from './built-town.ts';
import { doorrank } from './cli-process.ts';
import { cutPages } from './parquet-pages.ts';
import { written, writtenParquet } from './snapshot-input-files.ts';

const SCHEMA: NonNullable<Parameters<typeof writtenParquet>[1]>['schema'] = [
  { name: 'root', num_children: 2 },
  { name: 'userId', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
  { name: 'shopIds', repetition_type: 'OPTIONAL', converted_type: 'LIST', num_children: 1 },
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  { name: 'element', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
];
const NO_SCRATCH = { laneCount: 0, queryCountMax: 0, signalCountMax: 0, depthMax: 0, limitMax: 0 };

const workspace = new Workspace();
let town: BuiltTown;
beforeAll(async () => {
  town = await buildTown(workspace, 'bare', { seed: 8, shopCount: 200, dimensions: 4 });
});
afterAll(() => workspace.remove());

interface UserList {
  readonly userId: string;
  readonly shopIds: readonly string[];
}

const ndjson = (rows: readonly object[]): string => rows.map((row) => JSON.stringify(row)).join('\n');
const parquet = (lists: readonly UserList[], options: object = {}): string =>
  writtenParquet(
    [
      { name: 'userId', data: lists.map(({ userId }) => userId) },
      { name: 'shopIds', data: lists.map(({ shopIds }) => shopIds) },
    ],
    { schema: SCHEMA, ...options },
  );

function randomLists(random: Random, userCount: number, shopCount: number): UserList[] {
  const users = Array.from({ length: userCount }, (_, i) => `${random.pick(['u', '사용자 ', ''])}${i}`);
  const shops = Array.from({ length: shopCount }, (_, i) => `s${i}`);
  return random.shuffle(users).map((userId) => ({
    userId,
    shopIds: random.shuffle([...shops]).slice(0, 1 + random.below(30)),
  }));
}

async function read(path: string): Promise<{ lists: PlacedUserList[]; faults: InputFaults }> {
  const faults = new InputFaults();
  const lists: PlacedUserList[] = [];
  for await (const some of readUserLists(path, faults)) lists.push(...some);
  return { lists, faults };
}

describe('reading', () => {
  test('NDJSON and Parquet, in pages and row groups of any size, give the same lists in their order', async () => {
    const lists = randomLists(new Random(3), 3_000, 60);
    const placed = (unit: string) => lists.map((list, i) => ({ place: `${unit} ${i + 1}`, ...list }));
    expect((await read(written('lists.ndjson.gz', ndjson(lists)))).lists).toEqual(placed('line'));
    for (const options of [
      {},
      { rowGroupSize: [700], pageSize: 3_000 },
      { rowGroupSize: 3_000, codec: 'GZIP' },
    ])
      expect((await read(parquet(lists, options))).lists).toEqual(placed('row'));
  });

  test('ids that are whole numbers are texts, as tables often hold them', async () => {
    const path = written('numbers.jsonl', '{"userId":7,"shopIds":[1,"s2",9007199254740991]}');
    const { lists } = await read(path);
    expect(lists).toEqual([{ place: 'line 1', userId: '7', shopIds: ['1', 's2', '9007199254740991'] }]);
  });

  test('a column of lists gives what was written, wherever pages end', async () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = new Random(seed);
      const lists = Array.from({ length: random.below(20) }, () =>
        random.unit() < 0.2
          ? null
          : Array.from({ length: random.below(5) }, () => (random.unit() < 0.1 ? null : random.below(1000))),
      );
      const column = new ListColumn(cutPages(lists, random), { list: 2, value: 3 });
      const found: unknown[] = [];
      for (let some = await column.take(3); some.length > 0; some = await column.take(3)) found.push(...some);
      expect(found, `seed ${seed}`).toEqual(lists.map((list) => list ?? []));
    }
  });
});

const ID = 'text of 1..256 characters';
const LIST = 'a list of 1..1000 shop ids';
const many = JSON.stringify(Array.from({ length: 1_001 }, (_, i) => `s${i}`));

/** A line of NDJSON after a good one: column, found, expected. */
test.each([
  ['{"shopIds":["s1"]}', 'userId', 'nothing', ID],
  ['{"user_id":"u","shopIds":["s1"]}', 'userId', 'user_id; rename it to userId', ID],
  ['{"userId":"","shopIds":["s1"]}', 'userId', '""', ID],
  ['{"userId":1.5,"shopIds":["s1"]}', 'userId', '1.5', ID],
  ['{"userId":"\\ud800","shopIds":["s1"]}', 'userId', '"\\ud800"', ID],
  [`{"userId":"${'x'.repeat(257)}","shopIds":["s1"]}`, 'userId', `"${'x'.repeat(56)}… (257 characters)`, ID],
  ['{"userId":"u"}', 'shopIds', 'nothing', LIST],
  ['{"userId":"u","shops":["s1"]}', 'shopIds', 'shops; rename it to shopIds', LIST],
  ['{"userId":"u","shopIds":"s1"}', 'shopIds', '"s1"', LIST],
  ['{"userId":"u","shopIds":[]}', 'shopIds', 'a list of 0', LIST],
  [`{"userId":"u","shopIds":${many}}`, 'shopIds', 'a list of 1001', LIST],
  ['{"userId":"u","shopIds":["s1",null]}', 'shopIds[1]', 'null', ID],
  ['{"userId":"u","shopIds":["s1",["s2"]]}', 'shopIds[1]', '["s2"]', ID],
  ['{"userId":"u","shopIds":[""]}', 'shopIds[0]', '""', ID],
  [
    '{"userId":"u","shopIds":["s1","s0","nowhere","nor here"]}',
    'shopIds[2]',
    '"nowhere"',
    'a shopId of the shops',
  ],
  [
    '{"userId":"u","shopIds":["s1","s0","s1"]}',
    'shopIds[2]',
    '"s1" a second time',
    'each shop of a list once',
  ],
  ['{"userId":"good","shopIds":["s1"]}', 'userId', '"good", which line 1 has already', 'each userId once'],
])('the line %s is named, and nothing is published', async (line, column, found, expected) => {
  const userLists = written('lists.ndjson', `{"userId":"good","shopIds":["s0"]}\n${line}\n`);
  await expect(build({ userLists, version: 'refused' })).rejects.toThrow(
    new EngineError(
      'input_invalid',
      `the input has 1 fault\n${userLists}: line 2, column ${column}: found ${found}, expected ${expected}`,
    ),
  );
  expect(town.store.versions()).not.toContain('refused');
});

test.each<[what: string, path: () => string, message: RegExp]>([
  [
    'no rows',
    () => written('none.ndjson', '\n\n'),
    /content: found no lists, expected one row for each user/,
  ],
  [
    'no object',
    () => written('odd.ndjson', '["u"]'),
    /odd\.ndjson: line 1: found .*, expected a JSON object on a line of its own/,
  ],
  [
    'another format',
    () => written('lists.csv', 'userId,shopIds\n'),
    /found "[^"]*lists\.csv", expected a name ending in/,
  ],
  [
    'other columns',
    () =>
      writtenParquet([
        { name: 'user', data: ['u'] },
        { name: 'shops', data: ['s1'] },
      ]),
    /column userId, shopIds: found the columns user, shops, expected .*found user; rename it to userId/,
  ],
  [
    'a column of texts',
    () =>
      writtenParquet([
        { name: 'userId', data: ['u'] },
        { name: 'shopIds', data: ['s1'] },
      ]),
    /schema, column shopIds: found a column of BYTE_ARRAY UTF8, expected lists of text/,
  ],
  [
    'a row of Parquet',
    () => parquet([{ userId: 'u', shopIds: [] }]),
    /row 1, column shopIds: found a list of 0/,
  ],
])('a file with %s is refused', async (_what, path, message) => {
  await expect(build({ userLists: path(), version: 'refused' })).rejects.toThrow(message);
});

function build(more: { readonly userLists?: string; readonly version: string }): Promise<BuiltSnapshot> {
  return buildSnapshot({ ...town.inputs, metric: 'cosine', ...more }, town.store);
}

function open(path: string): Generation {
  return loadSnapshot(path, undefined, new LinearMemory(), NO_SCRATCH, 'auto', silentLog).generation;
}

test('what was given for a user is what the snapshot has, and nothing for anybody else', async () => {
  const lists = randomLists(new Random(7), 500, 200);
  const { path, userListCount } = await build({
    userLists: written('l.ndjson', ndjson(lists)),
    version: 'lists',
  });
  expect(userListCount).toBe(500);
  const { userLists, catalog } = open(path);
  for (const { userId, shopIds } of lists)
    expect(
      Array.from(userLists.of(userId)!, (ordinal) => catalog.ids.idOf(ordinal)),
      userId,
    ).toEqual(shopIds);
  for (const userId of ['', 'nobody', 'u', '\ud800']) expect(userLists.of(userId)).toBeUndefined();
  const again = await build({ userLists: parquet(new Random(1).shuffle([...lists])), version: 'again' });
  const sections = [path, again.path].map((file) => {
    const { offset, sizeBytes } = readHeader(file).sections.userLists!;
    return readFileSync(file).subarray(offset, offset + sizeBytes);
  });
  expect(Buffer.compare(sections[0]!, sections[1]!), 'the same lists in another order').toBe(0);
});

test('without lists, and in snapshots of earlier formats, nothing is known of anybody', () => {
  const golden = ['v1', 'v2'].map((name) => join(import.meta.dirname, 'golden', `${name}.snapshot`));
  for (const path of [town.store.pathOf('bare'), ...golden]) {
    expect(open(path).userLists.of('u1'), path).toBeUndefined();
    expect(readUserListCount(path, readHeader(path))).toBe(0);
  }
});

test('the summary of a build and inspect tell of how many users there are lists', async () => {
  const lists = written('three.ndjson', ndjson(randomLists(new Random(2), 3, 10)));
  const inputs = Object.entries({ ...town.inputs, userLists: lists }).flatMap(([name, path]) => [
    `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    path,
  ]);
  const store = workspace.path('cli-store');
  const built = await doorrank(['snapshot', 'build', ...inputs, '--store', store, '--version', 'v']);
  expect(built.code, built.stderr).toBe(0);
  expect(built.stdout).toContain('\nlists    of 3 users\n');
  expect(built.stderr).toContain('user lists 100 % of');
  const named = ['snapshot', 'inspect', '--store', store, '--version', 'v'];
  expect((await doorrank(named)).stdout).toMatch(/^user lists +3$/m);
  expect(JSON.parse((await doorrank([...named, '--json'])).stdout)).toMatchObject({ userListCount: 3 });
});

describe('the section', () => {
  function sectionOf(lists: ReadonlyMap<string, readonly number[]>, shopCount: number): Uint8Array {
    const builder = new UserListsBuilder();
    for (const [userId, rows] of lists) expect(builder.add(userId, rows)).toBe(-1);
    return builder.encode(Uint32Array.from({ length: shopCount }, (_, row) => row));
  }

  const TWO = new Map([
    ['a', [2, 0]],
    ['b', [1]],
  ]);
  /** After the header come the starts 0, 2, 3 and the entries 2, 0, 1. */
  const word = (bytes: Uint8Array, i: number, value: number): Uint8Array => {
    const changed = bytes.slice();
    new DataView(changed.buffer).setUint32(i * 4, value, true);
    return changed;
  };

  test('says which user has a list already', () => {
    const builder = new UserListsBuilder();
    expect([builder.add('a', [1]), builder.add('b', [2]), builder.add('a', [3]), builder.userCount]).toEqual([
      -1, -1, 0, 2,
    ]);
    expect([...new UserLists(builder.encode(Uint32Array.of(0, 1, 2, 3))).of('a')!]).toEqual([1]);
  });

  test.each<[what: string, change: (bytes: Uint8Array) => Uint8Array, message: RegExp]>([
    [
      'a shop that is not there',
      (bytes) => word(bytes, 6, 3),
      /entry 1 is ordinal 3, expected one below 3 that/,
    ],
    [
      'a shop twice in a list',
      (bytes) => word(bytes, 6, 2),
      /entry 1 is ordinal 2, expected one below 3 that/,
    ],
    ['an empty list', (bytes) => word(bytes, 3, 3), /the list of user 1 has 0 shops, expected 1\.\.1000/],
    ['lists that overlap', (bytes) => word(word(bytes, 3, 4), 4, 3), /the list of user 1 has -1 shops/],
    ['lists that begin later', (bytes) => word(bytes, 2, 1), /the lists go from 1 to 3, expected 0 to 3/],
    ['lists that end before', (bytes) => word(bytes, 4, 2), /the lists go from 0 to 2, expected 0 to 3/],
    [
      'users out of order',
      (bytes) => bytes.map((byte) => (byte === 97 ? 99 : byte)),
      /expected ascending texts/,
    ],
    ['a user more', (bytes) => word(bytes, 8, 1), /has ids of 1 users, expected 2/],
  ])('with %s is refused', (_what, change, message) => {
    const bytes = sectionOf(TWO, 3);
    expect(() => new UserLists(bytes).verify(3)).not.toThrow();
    expect(() => new UserLists(change(bytes)).verify(3)).toThrow(message);
    expect(() => new UserLists(change(bytes)).verify(3)).toThrow(/^section userLists: /);
  });

  /** Whether verification, of some users and of the others, lets the bytes pass; throws if they are refused with anything but `snapshot_invalid`. */
  function accepted(bytes: Uint8Array, shopCount: number): UserLists | undefined {
    try {
      const lists = new UserLists(bytes);
      lists.verify(shopCount, lists.userCount >> 1);
      lists.verify(shopCount, 0, lists.userCount >> 1);
      return lists;
    } catch (error) {
      if (error instanceof EngineError && error.code === 'snapshot_invalid') return undefined;
      throw error;
    }
  }

  test('with flipped bits or cut short is refused, or every answer still holds', () => {
    let refusedCount = 0;
    for (let seed = 1; seed <= 2_000; seed++) {
      const random = new Random(seed);
      const shopCount = 1 + random.below(9);
      const rows = Array.from({ length: shopCount }, (_, row) => row);
      const users = Array.from({ length: random.below(9) }, (_, i) => `u${i}`);
      const lists = new Map(
        users.map((userId) => [userId, random.shuffle([...rows]).slice(0, 1 + random.below(shopCount))]),
      );
      const whole = sectionOf(lists, shopCount);
      const bytes = random.unit() < 0.8 ? whole : whole.slice(0, 1 + random.below(whole.length));
      bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
      const found = accepted(bytes, shopCount);
      if (found === undefined) refusedCount++;
      const ordinals = users.flatMap((userId) => [...(found?.of(userId) ?? [])]);
      expect(
        ordinals.filter((ordinal) => ordinal >= shopCount),
        `seed ${seed}`,
      ).toEqual([]);
    }
    expect(refusedCount).toBeGreaterThan(1_000);
  });
});
