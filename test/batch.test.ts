/** Lists made ahead of time are what the engine answers each user, whatever the number of threads. */
import { readdirSync, readFileSync } from 'node:fs';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLog } from '../src/base/log.ts';
import { batchRequest } from '../src/batch/batch-request.ts';
import { BatchUsers } from '../src/batch/batch-users.ts';
import { userListFile } from '../src/batch/list-files.ts';
import { runBatch, type BatchReport } from '../src/batch/run-batch.ts';
import { withSharedSnapshot } from '../src/batch/shared-snapshot.ts';
import type { Location } from '../src/domain/location.ts';
import { openEngine, type Engine } from '../src/engine/engine.ts';
import type { RecommendRequest } from '../src/recommender/request.ts';
import { InputFaults } from '../src/snapshot/input/input-faults.ts';
import { readUserLists } from '../src/snapshot/input/read-user-lists.ts';
import { ActionLogBuilder, type ActionLog } from '../src/training/action-log.ts';
import { buildTown, Workspace, type BuiltTown } from './built-town.ts';

const AT = '2026-11-22T03:00:00.000Z';
const LIMIT = 12;
/** Two thirds of the actions lie before it. */
const EARLIER = '2026-11-04T00:00:00.000Z';
const GIVEN = { lon: 126.97, lat: 37.56 };
const FAR_AWAY = { lon: 10, lat: 10 };
const LOCATIONS = new Map([
  ['u3', GIVEN],
  ['stranger', GIVEN],
  ['far', FAR_AWAY],
]);

/** Actions that the store keeps of a user. */
const ACTIONS_KEPT = 200;
/** So many have pushed the first ones, all at one shop, out of the store. */
const busy = Array.from({ length: ACTIONS_KEPT + 30 }, (_, n) => {
  const shopId = n < 30 || n === ACTIONS_KEPT + 29 ? 's7' : `s${n}`;
  return { userId: 'busy', type: 'view', shopId, atMs: Date.parse('2026-11-20T00:00:00.000Z') + n * 60_000 };
});

interface Row {
  readonly userId: string;
  readonly rank: number;
  readonly shopId: string;
  readonly score: number;
  readonly basis: string;
}

const workspace = new Workspace();
let built: BuiltTown;
let log: ActionLog;
let engine: Engine;

beforeAll(async () => {
  built = await buildTown(workspace, 'v1', {
    seed: 4,
    shopCount: 400,
    dimensions: 16,
    userCount: 90,
    actionCount: 1_500,
  });
  const actions = [...built.town.actions()];
  const builder = new ActionLogBuilder();
  for (const { userId, type, keyword, shopId, atMs } of actions)
    builder.add({ userId, type, keyword, shopId, atMs });
  for (const action of busy) builder.add(action);
  builder.add({ userId: 'nowhere', type: 'search', keyword: '짜장면', atMs: Date.parse(EARLIER) });
  builder.add({ userId: 'later', type: 'search', keyword: '짜장면', atMs: Date.parse(AT) + 1 });
  log = builder.finish();
  engine = await openEngine(
    { store: built.store.directory, data: workspace.path('data'), threads: 0 },
    { nowMs: () => Date.parse(AT) },
  );
  await engine.record(
    [...actions, ...busy].map(({ atMs, ...action }) => ({ ...action, at: new Date(atMs).toISOString() })),
  );
});
afterAll(async () => {
  await engine.close();
  workspace.remove();
});

interface Made {
  readonly rows: readonly Row[];
  readonly bytes: readonly Buffer[];
  readonly report: BatchReport;
  readonly unplacedCount: number;
  readonly laterCount: number;
}

let madeCount = 0;
async function made(
  threads: number,
  at: string,
  more: Partial<RecommendRequest> = {},
  by: ActionLog = log,
): Promise<Made> {
  const nowMs = Date.parse(at);
  const output = {
    table: workspace.path(`${++madeCount}.parquet`),
    userLists: workspace.path(`${madeCount}.ndjson`),
  };
  return withSharedSnapshot(built.store.pathOf('v1'), 'v1', threads, async (snapshot) => {
    const request = batchRequest(more, LIMIT, nowMs, snapshot.generation, silentLog);
    const users = new BatchUsers(by, snapshot.generation, {
      nowMs,
      actionsPerUserMax: ACTIONS_KEPT,
      locations: LOCATIONS,
    });
    const report = await runBatch(snapshot, request, users, output, () => {});
    const bytes = [output.table, output.userLists].map((path) => readFileSync(path));
    const rows = await parquetReadObjects({ file: new Uint8Array(bytes[0]!).buffer });
    const { unplacedCount, laterCount } = users;
    return { rows: rows as unknown as Row[], bytes, report, unplacedCount, laterCount };
  });
}

/** What the engine answers each user of the log by `at`, at the shop of their last action or at the place given. */
async function asked(at: string, more: Partial<RecommendRequest> = {}): Promise<Row[]> {
  const rows: Row[] = [];
  for (const userId of [...log.userIds, 'stranger', 'far']) {
    const location = LOCATIONS.get(userId) ?? lastLocation(userId, at);
    if (location === undefined) continue;
    const said: Partial<RecommendRequest> = { openOnly: false, fallback: { steps: ['actions', 'popular'] } };
    const request = { ...said, ...more, userId, location, at, limit: LIMIT, explain: false };
    const { basis, shops } = await engine.recommend(request);
    rows.push(...shops.map(({ shopId, score }, i) => ({ userId, rank: i + 1, shopId, score, basis })));
  }
  return rows;
}

function lastLocation(userId: string, at: string): Location | undefined {
  const action = engine
    .actions(userId)
    .find(({ shopId, atMs }) => shopId !== undefined && atMs <= Date.parse(at));
  if (action === undefined) return undefined;
  const { lon, lat } = engine.shop(action.shopId!);
  return { lon, lat };
}

test.each<[string, string, Partial<RecommendRequest>]>([
  ['now', AT, {}],
  ['at an earlier moment', EARLIER, {}],
  [
    'by a weighted fusion with signals of the history, within a radius that widens',
    AT,
    {
      radiusMeters: 300,
      fusion: { method: 'weighted', halfLifeMinutes: 10_000, signals: { repeats: 1, proximity: 0.2 } },
      fallback: { steps: ['actions', 'popular', 'wider'], shopCountMin: 8 },
      excludeSeen: { types: ['order'] },
    },
  ],
  [
    'by what users did often, as far back as the store keeps it',
    AT,
    { fusion: { method: 'linear', signals: { repeats: 1 } } },
  ],
])('the lists %s are what the engine answers each user, bit for bit', async (_, at, more) => {
  const { rows } = await made(1, at, more);
  expect(rows.length).toBeGreaterThan(500);
  expect(rows).toEqual(await asked(at, more));
});

test('one setting of the fallback leaves the steps as a batch takes them', async () => {
  const fallback = { shopCountMin: 5 };
  const steps = ['actions' as const, 'popular' as const];
  const { rows } = await made(1, AT, { fallback });
  expect(rows).toEqual(await asked(AT, { fallback: { ...fallback, steps } }));
  const requestOf = (more: object) =>
    withSharedSnapshot(built.store.pathOf('v1'), 'v1', 1, (snapshot) =>
      Promise.resolve(batchRequest(more, LIMIT, 0, snapshot.generation, silentLog).request),
    );
  expect((await requestOf({ fallback })).fallback).toEqual({ ...fallback, steps });
  await expect(requestOf({ fallback: 5 })).rejects.toThrow(/^fallback must be/);
});

test('three threads that make blocks at the same time write the same bytes as one', async () => {
  // So many blocks that threads which shared a lane would meet in it.
  const builder = new ActionLogBuilder();
  for (let n = 0; n < 4_000; n++)
    builder.add({ userId: `u${n % 2_000}`, type: 'view', shopId: `s${(n * 7) % 400}`, atMs: n * 1_000 });
  const many = builder.finish();
  const [one, three] = [await made(1, AT, {}, many), await made(3, AT, {}, many)];
  expect(one.report.basisCounts).toEqual({ actions: 2_000, popular: 1 });
  expect(three.bytes[0]!.equals(one.bytes[0]!)).toBe(true);
  expect(three.bytes[1]!.equals(one.bytes[1]!)).toBe(true);
});

test('lists for a snapshot are those that rest on what users did, in the order of their ranks', async () => {
  const { rows, bytes, report, unplacedCount, laterCount } = await made(2, AT);
  const lines = bytes[1]!.toString().trimEnd().split('\n');
  const lists = lines.map((line) => JSON.parse(line) as { userId: string; shopIds: string[] });
  const byActions = Map.groupBy(
    rows.filter(({ basis }) => basis === 'actions'),
    ({ userId }) => userId,
  );
  expect(lists).toEqual(
    Array.from(byActions, ([userId, own]) => ({ userId, shopIds: own.map(({ shopId }) => shopId) })),
  );
  expect(rows.filter(({ userId }) => userId === 'stranger').map(({ basis }) => basis)).toEqual(
    new Array(LIMIT).fill('popular'),
  );
  expect(unplacedCount).toBe(1); // who only searched
  expect(laterCount).toBe(1); // who has done nothing yet
  expect(report).toEqual({
    userCount: byActions.size + 2,
    shopCount: rows.length,
    basisCounts: { actions: byActions.size, popular: 1 },
    emptyCount: 1, // who is far away from all shops
    userListCount: byActions.size,
  });
});

test('what the version cannot be asked is refused, and no file is there', async () => {
  await expect(made(2, AT, { fusion: { signals: { nowhere: 1 } } })).rejects.toThrow(/signals/);
  await expect(made(1, AT, { limit: 3 })).rejects.toThrow('limit is what the batch decides');
  expect(() => readFileSync(workspace.path(`${madeCount}.parquet`))).toThrow('ENOENT');
  expect(() => readFileSync(workspace.path(`${madeCount - 1}.parquet`))).toThrow('ENOENT');
  expect(readdirSync(workspace.directory).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

test.each(['ndjson', 'parquet'])('lists in a file of .%s are read as they were made', async (extension) => {
  const path = workspace.path(`some.${extension}`);
  const file = userListFile(path, (ordinal) => `s${ordinal}`);
  const lists = Array.from({ length: 2_500 }, (_, user) => {
    return {
      userId: `사용자 ${user}`,
      ordinals: Uint32Array.from({ length: 1 + (user % 5) }, (_place, i) => i),
    };
  });
  for (const list of lists)
    file.add({ ...list, basis: 'actions', isOwn: true, scores: new Float64Array(list.ordinals.length) });
  file.finish();
  const found: { readonly userId: string; readonly shopIds: readonly string[] }[] = [];
  for await (const some of readUserLists(path, new InputFaults())) found.push(...some);
  expect(found.map(({ userId, shopIds }) => ({ userId, shopIds }))).toEqual(
    lists.map(({ userId, ordinals }) => ({
      userId,
      shopIds: Array.from(ordinals, (ordinal) => `s${ordinal}`),
    })),
  );
});
