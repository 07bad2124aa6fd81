/** Live statuses of shops: on disk before they are acknowledged, in the next answer, kept over swaps and restarts. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import Database from 'better-sqlite3';
import { ACTION_STORE_DEFAULTS, ActionStore } from '../src/actions/action-store.ts';
import { Random } from '../src/base/random.ts';
import { openEngine } from '../src/engine/engine.ts';
import type { Engine } from '../src/engine/engine.ts';
import { TOWN_CENTER } from '../src/synthetic/town.ts';
import { buildTown, Workspace } from './built-town.ts';
import { STATUS_SHOPS, statusesOf } from './shop-status-writer.ts';

const NOON = Date.parse('2026-11-23T12:00:00+09:00');
const MINUTE_MS = 60_000;
const REQUEST = { location: TOWN_CENTER, limit: 1_000 };

let workspace: Workspace;
beforeAll(async () => {
  workspace = new Workspace();
  await buildTown(workspace, 'v1', { seed: 1, shopCount: 400 }, 'cosine', 'Asia/Seoul');
  // So wide that a request about 50 actions goes to a worker.
  await buildTown(workspace, 'wide', { seed: 1, shopCount: 600, dimensions: 2_048 }, 'cosine', 'Asia/Seoul');
  await buildTown(workspace, 'v2', { seed: 1, shopCount: 500 }, 'cosine', 'Asia/Seoul');
});
afterAll(() => workspace.remove());

let dataCount = 0;
let nowMs = NOON;

/** An engine over v1 at noon, with data of its own unless given. */
async function open(threads = 0, data = workspace.path(`data-${dataCount++}`)): Promise<Engine> {
  nowMs = NOON;
  const engine = await openEngine(
    { store: workspace.path('store'), data, threads, storePollMs: 0 },
    { nowMs: () => nowMs },
  );
  await engine.activate('v1');
  return engine;
}

async function idsOf(engine: Engine, request: object = {}): Promise<string[]> {
  return (await engine.recommend({ ...REQUEST, ...request })).shops.map(({ shopId }) => shopId);
}

test('hours decide who is a candidate, and every shop of the answer says what it is', async () => {
  const engine = await open();
  const all = (await engine.recommend({ ...REQUEST, openOnly: false })).shops;
  const open_ = all.filter(({ hours }) => hours === 'open').map(({ shopId }) => shopId);
  expect(open_.length).toBeGreaterThan(10);
  expect(open_.length).toBeLessThan(all.length);
  expect(all.some(({ hours }) => hours === 'closed')).toBe(true);
  expect(await idsOf(engine)).toEqual(open_);
  const late = await idsOf(engine, { at: '2026-11-23T21:30:00+09:00' });
  const stillOpen = await idsOf(engine, { at: '2026-11-23T21:30:00+09:00', openFor: 40 });
  expect(stillOpen.length).toBeGreaterThan(0);
  expect(stillOpen.length).toBeLessThan(late.length);
  expect(late).toEqual(expect.arrayContaining(stillOpen));
  await expect(engine.recommend({ ...REQUEST, openFor: 1441 })).rejects.toThrow(
    'openFor must be a whole number 0..1440',
  );
  await expect(engine.recommend({ ...REQUEST, openOnly: 'yes' as 'known' })).rejects.toThrow('openOnly');
  await engine.close();
});

test('shops like a shop are open ones too, unless closed ones are asked for', async () => {
  const engine = await open();
  const [shopId] = (await idsOf(engine)) as [string];
  await engine.setStatus({ shopId, open: false });
  const request = { ...REQUEST, actions: [{ type: 'view', shopId }], excludeShopIds: [shopId] };
  for (const openOnly of [undefined, true, 'known', false] as const) {
    const like = await engine.similar(shopId, { ...REQUEST, openOnly });
    expect(like.shops.map((shop) => shop.shopId)).toEqual(await idsOf(engine, { ...request, openOnly }));
    expect(like.shops.some(({ hours }) => hours === 'closed')).toBe(openOnly === false);
  }
  await expect(engine.similar(shopId, { ...REQUEST, openOnly: 'yes' as 'known' })).rejects.toThrow(
    'openOnly',
  );
  await engine.close();
});

describe.each([0, 1])('with %i worker threads', (threads) => {
  test('a status is in the very next answer, until it ends, is changed or is cleared', async () => {
    const engine = await open(threads);
    await engine.activate('wide');
    const actions = Array.from({ length: 50 }, (_, i) => ({ type: 'view', shopId: `s${i + 1}` }));
    const ids = () => idsOf(engine, { actions });
    const before = await ids();
    const closed = (await idsOf(engine, { actions, openOnly: false })).find((id) => !before.includes(id))!;
    const [first, second] = before as [string, string];
    await engine.setStatuses([
      { shopId: first, open: false },
      { shopId: second, open: false, until: new Date(NOON + 10 * MINUTE_MS).toISOString() },
      { shopId: closed, open: true },
    ]);
    let found = await ids();
    expect(found).not.toContain(first);
    expect(found).not.toContain(second);
    expect(found).toContain(closed);
    nowMs = NOON + 10 * MINUTE_MS;
    found = await ids();
    expect(found).not.toContain(first);
    expect(found).toContain(second);
    expect(engine.status(second)).toBe(undefined);
    expect(engine.status(first)).toEqual({ shopId: first, open: false });
    await engine.setStatuses([{ shopId: first, open: true }]);
    expect(await ids()).toContain(first);
    await engine.setStatuses([{ shopId: first, open: false }]);
    expect(await ids()).not.toContain(first);
    expect(await engine.clearStatus(first)).toBe(true);
    expect(await engine.clearStatus(first)).toBe(false);
    expect(await ids()).toContain(first);
    expect(engine.stats().requestsInWorkers > 0).toBe(threads > 0);
    await engine.close();
  });
});

test('a status outlives a swap and a restart, and a shop may have one before a version knows it', async () => {
  const data = workspace.path('data-kept');
  let engine = await open(0, data);
  const known = (await idsOf(engine))[0]!;
  const later = await (async () => {
    const ids = await idsOf(engine, { openOnly: false });
    await engine.activate('v2');
    const more = await idsOf(engine);
    await engine.activate('v1');
    return more.find((id) => Number(id.slice(1)) > 400 && !ids.includes(id))!;
  })();
  expect(await engine.setStatuses([known, later].map((shopId) => ({ shopId, open: false })))).toEqual({
    unknownShopIds: [later],
  });
  for (const version of ['v2', 'v1', 'v2']) {
    await engine.activate(version);
    expect(await idsOf(engine)).not.toContain(known);
    expect(await idsOf(engine)).not.toContain(later);
  }
  expect(await idsOf(engine, { version: 'v1' })).not.toContain(known);
  await engine.clearStatus(known);
  expect(await idsOf(engine, { version: 'v1' })).toContain(known);
  await engine.close();
  engine = await open(0, data);
  await engine.activate('v2');
  expect(await idsOf(engine)).toContain(known);
  expect(await idsOf(engine)).not.toContain(later);
  await engine.close();
});

test('a request for another moment is answered by the statuses set by then', async () => {
  const engine = await open();
  const [shopId] = (await idsOf(engine)) as [string];
  await engine.setStatuses([{ shopId, open: false }]);
  expect(await idsOf(engine, { at: new Date(NOON - 1).toISOString() })).toContain(shopId);
  expect(await idsOf(engine, { at: new Date(NOON).toISOString() })).not.toContain(shopId);
  nowMs = NOON - MINUTE_MS;
  expect(await idsOf(engine), 'a clock that was set back').not.toContain(shopId);
  await engine.close();
});

test('a moment of the past is answered the same when its statuses have ended and the engine was opened anew', async () => {
  const data = workspace.path(`data-${dataCount++}`);
  const at = new Date(NOON + 5 * MINUTE_MS).toISOString();
  const engine = await open(0, data);
  const [shopId] = (await idsOf(engine)) as [string];
  await engine.setStatus({ shopId, open: false, until: new Date(NOON + 20 * MINUTE_MS).toISOString() });
  const then = await idsOf(engine, { at });
  expect(then).not.toContain(shopId);
  await engine.close();
  const options = { store: workspace.path('store'), data, threads: 0, storePollMs: 0 };
  const anew = await openEngine(options, { nowMs: () => NOON + 60 * MINUTE_MS });
  expect(await idsOf(anew, { at })).toEqual(then);
  await anew.close();
});

test('what does not hold is refused with its field, and nothing of it is stored', async () => {
  const engine = await open();
  const set = (statuses: unknown) => engine.setStatuses(statuses as []);
  await expect(set([])).rejects.toThrow('must hold 1..10000 statuses');
  await expect(set([{ shopId: 's1', open: 'no' }])).rejects.toThrow(
    'statuses[0].open must be true or false, got "no"',
  );
  await expect(
    set([
      { shopId: 's1', open: true },
      { shopId: '', open: true },
    ]),
  ).rejects.toThrow('statuses[1].shopId');
  await expect(set([{ shopId: 's1', open: true, until: new Date(NOON).toISOString() }])).rejects.toThrow(
    'statuses[0].until must lie after',
  );
  await expect(set([{ shopId: 's1', open: true, till: 1 }])).rejects.toThrow(
    'statuses[0].till is not a known field',
  );
  expect(engine.status('s1')).toBe(undefined);
  await engine.close();
  await expect(set([{ shopId: 's1', open: true }])).rejects.toThrow('the engine is closed');
});

test('a database of actions from before there were statuses is taken over', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'doorrank-status-'));
  await ActionStore.open({ ...ACTION_STORE_DEFAULTS, directory }).close();
  const database = new Database(path.join(directory, 'actions.sqlite'));
  database.exec('DROP TABLE shop_status');
  database.close();
  const store = ActionStore.open({ ...ACTION_STORE_DEFAULTS, directory });
  await store.statuses.put(statusesOf(0, 0));
  await store.statuses.prune(4e12 + 1);
  expect([...store.statuses.all()].map(({ shopId }) => shopId).sort()).toEqual(
    statusesOf(0, 0)
      .filter(({ untilMs }) => untilMs === Infinity)
      .map(({ shopId }) => shopId)
      .sort(),
  );
  await store.close();
  await expect(store.statuses.put(statusesOf(0, 1))).rejects.toMatchObject({ code: 'closed' });
  rmSync(directory, { recursive: true });
});

test(
  'writers killed at random moments lose no status they acknowledged, and no bulk is half there',
  { timeout: 60_000 },
  async () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'doorrank-status-'));
    const random = new Random(2026);
    for (let round = 1; round <= 4; round++) {
      const writer = spawn(
        process.execPath,
        [path.join(import.meta.dirname, 'shop-status-writer.ts'), directory, String(round)],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      let last = -1;
      const output = createInterface({ input: writer.stdout });
      const ended = once(output, 'close');
      output.on('line', (line) => (last = Number(/^stored \d+ (\d+)$/.exec(line)?.[1] ?? last)));
      await once(output, 'line');
      await setTimeout(random.between(0, 200));
      writer.kill('SIGKILL');
      await ended;
      const store = ActionStore.open({ ...ACTION_STORE_DEFAULTS, directory });
      const stored = [...store.statuses.all()];
      await store.close();
      const number = stored[0]!.sinceMs - round * 1_000_000;
      expect(stored).toHaveLength(STATUS_SHOPS);
      expect(number, `round ${round}`).toBeGreaterThanOrEqual(last);
      const byId = new Map(stored.map((status) => [status.shopId, status]));
      expect(statusesOf(round, number).map(({ shopId }) => byId.get(shopId))).toEqual(
        statusesOf(round, number),
      );
    }
    rmSync(directory, { recursive: true });
  },
);
