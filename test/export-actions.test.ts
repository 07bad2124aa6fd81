/** Actions exported by day: what training reads of the files is what was recorded, and nothing else is there. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { expect, test } from 'vitest';
import { ACTION_STORE_DEFAULTS, ActionStore } from '../src/actions/action-store.ts';
import { exportActions } from '../src/actions/export-actions.ts';
import { Random } from '../src/base/random.ts';
import type { Action, ActionInput } from '../src/domain/action.ts';
import { openEngine } from '../src/index.ts';
import { buildSnapshot } from '../src/snapshot/build-snapshot.ts';
import { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import { ActionLogBuilder } from '../src/training/action-log.ts';
import { readActionLog } from '../src/training/read-action-log.ts';
import { readTrainingShops } from '../src/training/read-training-shops.ts';
import { trainEmbeddings } from '../src/training/train-embeddings.ts';
import { writeEmbeddings } from '../src/training/write-embeddings.ts';
import { doorrank, temporaryDirectory } from './cli-process.ts';

const START_MS = Date.parse('2026-11-20T22:00:00Z');
const HOUR_MS = 3_600_000;
const NO_PROGRESS = (): void => {};

function openStore(directory: string): ActionStore {
  return ActionStore.open({ ...ACTION_STORE_DEFAULTS, directory });
}

/** A data directory that holds these actions. */
async function stored(actions: readonly Action[]): Promise<string> {
  const directory = join(temporaryDirectory(), 'data');
  const store = openStore(directory);
  await store.append(actions.map((action) => ({ action, atGiven: true })));
  await store.close();
  return directory;
}

/** Over four days, not in order of time, often several of a user at one moment. */
function randomActions(random: Random, count: number): Action[] {
  return Array.from({ length: count }, (_, i): Action => {
    const facts = {
      id: `a${i}`,
      userId: random.pick(['u1', 'u2', '사용자 3']),
      atMs: START_MS + random.below(72) * HOUR_MS,
      ...(random.unit() < 0.2 && { weight: -0.5 }),
    };
    return random.unit() < 0.4
      ? { ...facts, type: 'search', keyword: random.pick(['짜장면', 'ramen noodles']) }
      : { ...facts, type: random.pick(['view', 'order']), shopId: `s${random.below(9)}` };
  });
}

test('what is read of the files is what was recorded, in order of time and of arrival', async () => {
  for (let seed = 1; seed <= 5; seed++) {
    const actions = randomActions(new Random(seed), 300);
    const out = join(temporaryDirectory(), 'out');
    const report = exportActions(await stored(actions), out, undefined, NO_PROGRESS);
    const builder = new ActionLogBuilder();
    // A file has users in the order of their first arrival where times are equal.
    const users = [...new Set(actions.map(({ userId }) => userId))];
    for (const userId of users)
      for (const action of actions) if (action.userId === userId) builder.add(action);
    const { log } = await readActionLog([out]);
    expect(textsOf(log), `seed ${seed}`).toEqual(textsOf(builder.finish()));
    expect(report).toEqual({ actionCount: 300, days: daysOf(actions), blankCount: 0 });
  }
});

/** A log row by row, whatever the order of its dictionaries. */
function textsOf(log: Awaited<ReturnType<typeof readActionLog>>['log']): unknown[] {
  return Array.from({ length: log.count }, (_, row) => {
    const target = log.targets[row]!;
    const { shopIds, keywords } = log;
    return [
      log.userIds[log.users[row]!],
      log.types[log.typeNumbers[row]!],
      target < shopIds.length ? shopIds[target] : `"${keywords[target - shopIds.length]}"`,
      log.atMs[row],
      log.weights[row],
    ];
  });
}

function daysOf(actions: readonly Action[]): string[] {
  return [...new Set(actions.map(({ atMs }) => new Date(atMs).toISOString().slice(0, 10)))].sort();
}

const view = (id: string, at: string, shopId = 's1'): Action => {
  return { id, userId: 'u', type: 'view', shopId, atMs: Date.parse(at) };
};

test('a day is one of UTC, in a folder that other tools take for a column', async () => {
  const out = temporaryDirectory();
  const data = await stored([view('a', '2026-11-22T23:59:59.999Z'), view('b', '2026-11-23T00:00:00Z')]);
  const told: string[] = [];
  exportActions(data, out, undefined, (done, total) => told.push(`${done}/${total}`));
  expect(told).toEqual(['2/2']);
  expect(readdirSync(out, { recursive: true, encoding: 'utf8' }).sort()).toEqual([
    'day=2026-11-22',
    'day=2026-11-22/actions.parquet',
    'day=2026-11-23',
    'day=2026-11-23/actions.parquet',
  ]);
  const file = new Uint8Array(readFileSync(join(out, 'day=2026-11-22', 'actions.parquet'))).buffer;
  expect(await parquetReadObjects({ file })).toEqual([
    {
      userId: 'u',
      type: 'view',
      keyword: null,
      shopId: 's1',
      at: new Date('2026-11-22T23:59:59.999Z'),
      weight: 1,
    },
  ]);
});

test('files are replaced from a day on, those of days before it stay', async () => {
  const out = temporaryDirectory();
  exportActions(await stored([view('a', '2026-11-21T01:00:00Z')]), out, undefined, NO_PROGRESS);
  const later = [
    view('a', '2026-11-21T01:00:00Z', 'other'),
    view('b', '2026-11-22T00:00:00Z'),
    view('c', '2026-11-23T01:00:00Z'),
  ];
  const report = exportActions(await stored(later), out, '2026-11-22', NO_PROGRESS);
  expect(report).toMatchObject({ actionCount: 2, days: ['2026-11-22', '2026-11-23'] });
  const { log } = await readActionLog([out]);
  expect(log.shopIds).toEqual(['s1']);
  expect(log.count).toBe(3);
});

test('of a day that cannot take its place nothing is left', async () => {
  const out = temporaryDirectory();
  mkdirSync(join(out, 'day=2026-11-22', 'actions.parquet', 'in the way'), { recursive: true });
  const data = await stored([view('a', '2026-11-21T01:00:00Z'), view('b', '2026-11-22T01:00:00Z')]);
  expect(() => exportActions(data, out, undefined, NO_PROGRESS)).toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
  expect(readdirSync(join(out, 'day=2026-11-21'))).toEqual(['actions.parquet']);
  expect(readdirSync(join(out, 'day=2026-11-22'))).toEqual(['actions.parquet']);
});

test('impressions and searches of spaces alone are left out', async () => {
  const out = temporaryDirectory();
  const facts = { userId: 'u', atMs: START_MS };
  const data = await stored([
    { id: 'a', ...facts, type: 'search', keyword: ' \u3000' },
    { id: 'b', ...facts, type: 'search', keyword: '  RAMEN ' },
    { id: 'c', ...facts, type: 'impression', shopIds: ['s1', 's2'] },
  ]);
  const report = exportActions(data, out, undefined, NO_PROGRESS);
  expect(report).toMatchObject({ actionCount: 1, blankCount: 1 });
  expect((await readActionLog([out])).log.keywords).toEqual(['ramen']);
});

test('whatever is recorded can be exported, read, trained on and built', async () => {
  const directory = temporaryDirectory();
  const [data, out] = [join(directory, 'data'), join(directory, 'out')];
  const store = SnapshotStore.open(join(directory, 'store'), { create: true });
  const engine = await openEngine({ store: store.directory, data, threads: 0, actionAgeDaysMax: 36_500 });
  const long = '\ufdfa'.repeat(12); // 216 characters once it is normalized
  await engine.record(
    ['u', 'v'.repeat(256)].flatMap((userId): ActionInput[] => [
      { userId, type: 'search', keyword: 'first', at: '1970-01-01T00:00:00Z' },
      { userId, type: 'search', keyword: long, weight: 100 },
      { userId, type: 'search', keyword: 'k'.repeat(200) },
      { userId, type: 'view', shopId: 's' },
      { userId, type: 'a'.repeat(32), shopId: 't', weight: -100 },
    ]),
  );
  await engine.close();
  exportActions(data, out, undefined, NO_PROGRESS);

  const { log } = await readActionLog([out]);
  expect(log.count).toBe(10);
  expect(log.atMs[0]).toBe(0);
  expect(log.keywords.map(({ length }) => length).sort((a, b) => a - b)).toEqual([5, 200, 216]);
  const shops = join(directory, 'shops.csv');
  writeFileSync(shops, 'shopId,lon,lat\ns,1,2\nt,1,2\n');
  const trained = await trainEmbeddings(log, await readTrainingShops(shops), { threads: 1, subsampling: 0 });
  expect(trained.keywords).toEqual(['k'.repeat(200)]);
  expect(trained.report).toMatchObject({ keywordCount: 1, tooLongKeywordCount: 1 });
  const { shopVectors, keywordVectors } = writeEmbeddings(trained, {}, join(directory, 'trained'));
  const built = await buildSnapshot(
    { shops, shopVectors, keywordVectors, version: 'v', metric: 'cosine' },
    store,
  );
  expect(built).toMatchObject({ shopCount: 2, keywordCount: 1 });
});

test('a store that a server has open is refused, and it says what to do', async () => {
  const data = await stored([view('a', '2026-11-22T00:00:00Z')]);
  const store = openStore(data);
  const out = join(temporaryDirectory(), 'out');
  const { code, stderr } = await doorrank(['export', '--data', data, '--out', out]);
  await store.close();
  expect(code).toBe(1);
  expect(stderr).toMatch(/another process owns this action store; stop it for as long as the export takes/);
  expect(existsSync(out)).toBe(false);
  const ended = await doorrank(['export', '--data', data, '--out', out]);
  expect(ended).toMatchObject({ code: 0, stderr: 'actions 100 %\n' });
  expect(ended.stdout).toBe(`wrote 1 actions of 1 days, 2026-11-22 to 2026-11-22, to ${out}\n`);
});

test('a directory without actions is refused and stays as it was', () => {
  const directory = temporaryDirectory();
  expect(() => exportActions(directory, directory, undefined, NO_PROGRESS)).toThrow(
    `${directory} holds no actions.sqlite; name the directory that the server has as --data`,
  );
  expect(readdirSync(directory)).toEqual([]);
});

test.each(['2026-02-30', '2026-11-22T00:00:00Z'])('--from %s is wrong usage', async (from) => {
  const { code, stderr } = await doorrank(['export', '--data', 'd', '--out', 'o', '--from', from]);
  expect(code).toBe(2);
  expect(stderr).toContain('Expected a day from 1970 on, such as 2026-11-22.');
});
