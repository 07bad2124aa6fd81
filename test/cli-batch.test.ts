/** `doorrank batch` on the town that comes with the package: its lists go into a snapshot, and what does not hold is refused. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { buildTown, doorrank, Running, succeed, temporaryDirectory, TOWN } from './cli-process.ts';

const directory = temporaryDirectory();
const store = join(directory, 'store');
const table = join(directory, 'lists.parquet');
const userLists = join(directory, 'lists.ndjson');
const ACTIONS = join(TOWN, 'actions.ndjson');
const BATCH = ['batch', '--store', store, '--actions', ACTIONS, '--out', table];

beforeAll(() => succeed(buildTown(store, 'first', '--activate')));

test('batch says what it made and how fast, and its lists are served by the snapshot built of them', async () => {
  const more = ['--user-lists', userLists, '--at', '2026-11-22T03:00:00Z', '--limit', '7', '--threads', '1'];
  const { code, stdout, stderr } = await doorrank([...BATCH, ...more]);
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/^made    lists of (\d+) users by version first: \1 actions, 0 empty$/m);
  expect(stdout).toMatch(/^in      \d+\.\d s, \d+ users a second, 1 threads$/m);
  expect(stdout).toMatch(/lists\.parquet: \d+ rows$/m);
  expect(stderr).toMatch(/^lists 100 % of \d+ users, \d+ users\/s$/m);

  const [line] = readFileSync(userLists, 'utf8').split('\n');
  const { userId, shopIds } = JSON.parse(line!) as { userId: string; shopIds: string[] };
  expect(shopIds).toHaveLength(7);
  await succeed(buildTown(store, 'second', '--user-lists', userLists, '--activate'));
  const data = join(directory, 'data');
  const recommend = ['recommend', '--store', store, '--data', data, '--user', userId, '--json'];
  const where = ['--lon', '126.9784', '--lat', '37.5667', '--with', '{"openOnly":false}'];
  const answer = await doorrank([...recommend, ...where]);
  expect(JSON.parse(answer.stdout)).toMatchObject({ version: 'second', basis: 'list' });
});

test('a bad row of the locations is named, and nothing is written', async () => {
  const [locations, out] = [join(directory, 'locations.csv'), join(directory, 'refused.parquet')];
  writeFileSync(locations, 'userId,lon,lat\nu0,126.97,37.56\nu1,126.97,975.6\n');
  const { code, stderr } = await doorrank([...BATCH, '--locations', locations, '--out', out]);
  expect(code).toBe(1);
  expect(stderr).toContain(`${locations}: line 3, column lat: found "975.6", expected a number -90..90`);
  expect(existsSync(out)).toBe(false);
});

test('what is stopped by a signal leaves nothing behind', async () => {
  const [actions, into] = [join(directory, 'many.csv'), temporaryDirectory()];
  const lines = Array.from({ length: 20_000 }, (_, n) => `u${n},s${n % 1000},2026-11-20T00:00:00Z`);
  writeFileSync(actions, ['userId,shopId,at', ...lines].join('\n'));
  const files = ['--out', join(into, 'a.parquet'), '--user-lists', join(into, 'b.parquet')];
  const batch = new Running(['batch', '--store', store, '--actions', actions, ...files]);
  await batch.printed(/lists 10 %/);
  expect(readdirSync(into)).toHaveLength(2);
  expect(await batch.stop()).toMatchObject({ code: null, signal: 'SIGTERM' });
  expect(readdirSync(into)).toEqual([]);
});

test('users who have done nothing yet are counted apart', async () => {
  const { code, stdout, stderr } = await doorrank([
    ...BATCH,
    '--at',
    '2026-11-02T00:00:00Z',
    '--threads',
    '1',
  ]);
  expect(code, stderr).toBe(0);
  const ids = (isMeant: (action: { at: string; shopId?: string }) => boolean): Set<string> =>
    new Set(
      readFileSync(ACTIONS, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { userId: string; at: string; shopId?: string })
        .filter(isMeant)
        .map(({ userId }) => userId),
    );
  const done = ids(({ at }) => at <= '2026-11-02T00:00:00Z');
  const later = [...ids(() => true)].filter((userId) => !done.has(userId));
  expect(later.length).toBeGreaterThan(2);
  expect(stdout).toContain(`\n${later.length} users were left out: they have done nothing by the moment`);
});

test.each([
  ['--limit', '2000', 1, 'error: --limit must be a whole number 1..1000, got 2000'],
  ['--with', '{"limit":3}', 1, 'error: --limit is what the batch decides for each user; leave it out'],
  ['--user-lists', `${directory}/./lists.parquet`, 2, 'name two files'],
  ['--out', 'lists.csv', 2, 'Expected a name ending in .parquet.'],
  ['--user-lists', 'lists.csv', 2, 'Expected a name ending in .ndjson, .jsonl, .parquet.'],
  ['--version', 'third', 1, 'third'],
])('%s %s is refused', async (option, value, expectedCode, message) => {
  const { code, stderr } = await doorrank([...BATCH, option, value]);
  expect(code).toBe(expectedCode);
  expect(stderr).toContain(message);
});
