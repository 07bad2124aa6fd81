/** `GET /v1/users/{userId}/stream`: the list at once and after every change that matters to it, whoever reads how slowly. */
import { cpSync } from 'node:fs';
import { Agent, get, type IncomingMessage } from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { silentLog } from '../src/base/log.ts';
import type { ActionInput } from '../src/domain/action.ts';
import { openEngine, type Engine } from '../src/engine/engine.ts';
import { HEARTBEAT_MS } from '../src/http/event-stream.ts';
import { REST_MS } from '../src/http/live-recommendations.ts';
import { serve, type RunningServer, type ServeOptions } from '../src/http/server.ts';
import type { Recommendation } from '../src/recommender/recommendation.ts';
import { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import { TOWN_CENTER } from '../src/synthetic/town.ts';
import { buildTown, Workspace } from './built-town.ts';

const { lon, lat } = TOWN_CENTER;
const NOON = Date.parse('2026-11-23T12:00:00Z');
const SEARCH = { type: 'search', keyword: '짜장면' };
/** So far from the town that none of its shops delivers there. */
const ELSEWHERE = { lon: lon + 20, lat };

const workspace = new Workspace();
let engine: Engine;
let server: RunningServer;
let nowMs = NOON;
let engineCount = 0;

beforeAll(async () => {
  await buildTown(workspace, 'v1', { seed: 1, shopCount: 600 });
  await buildTown(workspace, 'v2', { seed: 2, shopCount: 300 });
  engine = await open();
  await engine.activate('v1');
  server = await start();
});
afterEach(async () => {
  // Or what has begun by the clock that stood would never end.
  if (vi.isFakeTimers()) await vi.runOnlyPendingTimersAsync();
  vi.useRealTimers();
  nowMs = NOON;
});
afterAll(async () => {
  await server.close();
  await engine.close();
  workspace.remove();
});

function open(store = workspace.path('store')): Promise<Engine> {
  const options = { store, data: workspace.path(`data-${engineCount++}`), threads: 0, storePollMs: 0 };
  return openEngine(options, { nowMs: () => nowMs });
}

function start(options: Partial<ServeOptions> = {}, over = engine): Promise<RunningServer> {
  return serve(over, { host: '127.0.0.1', port: 0, log: silentLog, graceMs: 0, ...options });
}

interface Event {
  readonly id: string;
  readonly event: string;
  readonly data: Recommendation & { readonly error?: { readonly code: string; readonly message: string } };
}

/** A stream as a client sees it. */
class Stream {
  readonly events: Event[] = [];
  commentCount = 0;
  response: IncomingMessage | undefined;
  state: 'open' | 'whole' | 'broken' = 'open';
  readonly #request;
  #rest = '';

  constructor(url: string, userId: string, query: Readonly<Record<string, string | number>> = {}) {
    const parameters = new URLSearchParams(
      Object.entries({ lon, lat, ...query }).map(([name, value]) => [name, String(value)]),
    );
    const route = `/v1/users/${encodeURIComponent(userId)}/stream`;
    // One that would keep the connection, as most do.
    const agent = new Agent({ keepAlive: true });
    this.#request = get(`${url}${route}?${parameters}`, { agent }, (response) => {
      this.response = response;
      response.setEncoding('utf8').on('data', (text: string) => this.#read(text));
      response.on('end', () => (this.state = 'whole'));
      response.on('error', () => (this.state = 'broken'));
    });
    this.#request.on('error', () => (this.state = 'broken'));
  }

  #read(text: string): void {
    this.#rest += text;
    if (!text.includes('\n')) return;
    const blocks = this.#rest.split('\n\n');
    this.#rest = blocks.pop()!;
    for (const block of blocks) {
      if (block === ':') {
        this.commentCount++;
        continue;
      }
      const [, id, event, data] = /^id: (\d+)\nevent: (\w+)\ndata: (.*)$/.exec(block) ?? [];
      this.events.push({ id: id!, event: event!, data: JSON.parse(data!) });
    }
  }

  /** The `count`-th event. */
  async event(count: number): Promise<Event> {
    await until(() => this.events.length >= count || this.state !== 'open');
    return this.events[count - 1]!;
  }

  /** The shops of the `count`-th event, which must be a recommendation. */
  async shopIds(count: number): Promise<string[]> {
    const { event, data } = await this.event(count);
    if (event !== 'recommendation') throw new Error(`event ${count} is ${event}: ${JSON.stringify(data)}`);
    return idsOf(data);
  }

  async closed(): Promise<'whole' | 'broken'> {
    await until(() => this.state !== 'open');
    return this.state as 'whole' | 'broken';
  }

  leave(): void {
    this.#request.destroy();
  }
}

/** By turns of the event loop, so that it also works where the clock stands. */
async function until(fact: () => boolean): Promise<void> {
  while (!fact()) await turn();
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Lets everything happen that needs no time. */
async function settled(): Promise<void> {
  for (let count = 0; count < 50; count++) await turn();
}

function idsOf({ shops }: Recommendation): string[] {
  return shops.map(({ shopId }) => shopId);
}

async function send(method: string, route: string, body?: object): Promise<number> {
  const headers = { 'content-type': 'application/json' };
  const sent = body === undefined ? {} : { headers, body: JSON.stringify(body) };
  const response = await fetch(`${server.address.url}${route}`, { method, ...sent });
  await response.arrayBuffer();
  return response.status;
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${server.address.url}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return line === undefined ? 0 : Number(line.slice(name.length));
}

let userCount = 0;
function newUser(): string {
  return `u/${userCount++} é`;
}

const acted = (userId: string, action: object = SEARCH) => ({ userId, ...action }) as ActionInput;

test('the list comes at once, as POST /v1/recommendations answers it, and again after the user acted or was erased', async () => {
  const userId = newUser();
  const stream = new Stream(server.address.url, userId, { limit: 5, radiusMeters: 2_000, explain: 'false' });
  const other = new Stream(server.address.url, newUser(), { limit: 5 });
  const alone = () =>
    engine.recommend({ userId, location: TOWN_CENTER, limit: 5, radiusMeters: 2_000, explain: false });
  const first = await stream.event(1);
  expect(stream.response!.headers).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
  });
  const expected = { ...(await alone()), tookMs: expect.anything() };
  expect(first).toEqual({ id: '1', event: 'recommendation', data: expected });
  expect(first.data.basis).toBe('popular');

  expect(await send('POST', '/v1/actions', { actions: [acted(userId)] })).toBe(202);
  const second = await stream.event(2);
  expect(second.id).toBe('2');
  expect(second.data.basis).toBe('actions');
  expect(idsOf(second.data)).toEqual(idsOf(await alone()));

  expect(await send('DELETE', `/v1/users/${encodeURIComponent(userId)}/actions`)).toBe(200);
  expect(await stream.shopIds(3)).toEqual(idsOf(first.data));
  expect(other.events).toHaveLength(1);
  stream.leave();
  other.leave();
});

test('a status that is set or cleared is told, and one that changes no list is not', async () => {
  const stream = new Stream(server.address.url, newUser(), { limit: 3 });
  const nowhere = new Stream(server.address.url, newUser(), ELSEWHERE);
  const before = await stream.shopIds(1);
  expect(await nowhere.shopIds(1)).toEqual([]);
  await send('PUT', `/v1/shops/${before[0]}/status`, { open: false });
  const after = await stream.shopIds(2);
  expect(after.slice(0, 2)).toEqual(before.slice(1));
  await send('PUT', '/v1/shops/status', { statuses: [{ shopId: before[1], open: true }] });
  const third = await stream.event(3);
  expect(idsOf(third.data)).toEqual(after);
  expect(third.data.shops[0]!.hours).toBe('open'); // the order is the same, and what it says is not
  for (const shopId of before.slice(0, 2)) await send('DELETE', `/v1/shops/${shopId}/status`);
  expect(await stream.shopIds(4)).toEqual(before);
  expect(nowhere.events).toHaveLength(1);
  stream.leave();
  nowhere.leave();
});

test('another version is told when it answers', async () => {
  const stream = new Stream(server.address.url, newUser(), { limit: 3 });
  const before = await stream.event(1);
  expect(before.data.version).toBe('v1');
  expect(await send('POST', '/v1/snapshots/activate', { version: 'v2' })).toBe(200);
  expect((await stream.event(2)).data).toMatchObject({ version: 'v2' });
  expect(await send('POST', '/v1/snapshots/rollback')).toBe(200);
  expect(await stream.shopIds(3)).toEqual(idsOf(before.data));
  stream.leave();
});

test('a burst makes one list, and two lists lie at least the stated rest apart', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const userId = newUser();
  const stream = new Stream(server.address.url, userId, { limit: 50 });
  await stream.event(1);
  const burst = Promise.all(
    Array.from({ length: 40 }, (_, i) => engine.record([acted(userId, { type: 'view', shopId: `s${i}` })])),
  );
  await vi.advanceTimersByTimeAsync(REST_MS - 1);
  await burst;
  await settled();
  expect(stream.events).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect((await stream.event(2)).data.shops[0]!.reasons).toHaveLength(40);
  // After a rest the first list comes at once.
  await vi.advanceTimersByTimeAsync(REST_MS);
  await engine.erase(userId);
  expect((await stream.event(3)).data.basis).toBe('popular');
  await settled();
  expect(stream.events).toHaveLength(3);
  stream.leave();
});

test('a comment comes when nothing else has for a while', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const userId = newUser();
  const stream = new Stream(server.address.url, userId);
  await stream.event(1);
  await vi.advanceTimersByTimeAsync(HEARTBEAT_MS - 1);
  await engine.record([acted(userId)]);
  await stream.event(2); // counts as a sign of life
  await vi.advanceTimersByTimeAsync(HEARTBEAT_MS - 1);
  await settled();
  expect(stream.commentCount).toBe(0);
  for (let count = 1; count <= 3; count++) {
    await vi.advanceTimersByTimeAsync(count === 1 ? 1 : HEARTBEAT_MS);
    await until(() => stream.commentCount === count);
  }
  expect(stream.events).toHaveLength(2);
  stream.leave();
});

test('what goes wrong is told as an event, once, and the stream goes on', async () => {
  const store = SnapshotStore.open(workspace.path('store-without'), { create: true });
  cpSync(path.join(workspace.path('store'), 'snapshots'), path.join(store.directory, 'snapshots'), {
    recursive: true,
  });
  const without = await open(store.directory);
  const own = await start({}, without);
  const userId = newUser();
  const stream = new Stream(own.address.url, userId, { limit: 3 });
  const first = await stream.event(1);
  expect(first).toMatchObject({ id: '1', event: 'error', data: { error: { code: 'store_empty' } } });
  await sleep(REST_MS);
  await without.record([acted(userId)]);
  await settled();
  await without.activate('v1');
  expect(await stream.event(2)).toMatchObject({
    id: '2',
    event: 'recommendation',
    data: { version: 'v1', basis: 'actions' },
  });
  stream.leave();
  await own.close();
  await without.close();
});

test('more streams than may be open are refused, and those that are left are forgotten', async () => {
  const own = await start({ streamsMax: 2 });
  const [first, second] = [1, 2].map(() => new Stream(own.address.url, newUser()));
  await first!.event(1);
  await second!.event(1);
  const ask = (method = 'GET') =>
    fetch(`${own.address.url}/v1/users/u/stream?lon=${lon}&lat=${lat}`, { method });
  const refused = await ask();
  expect(refused.status).toBe(429);
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(await refused.json()).toMatchObject({
    error: { code: 'too_many_streams', message: expect.stringContaining('--streams-max') },
  });
  const openCount = async () => {
    const text = await (await fetch(`${own.address.url}/metrics`)).text();
    return Number(/^doorrank_streams_open (\d+)$/m.exec(text)![1]);
  };
  expect(await openCount()).toBe(2);
  first!.leave();
  while ((await openCount()) !== 1) await turn();
  // A HEAD takes no place.
  for (let count = 0; count < 3; count++) expect((await ask('HEAD')).status).toBe(200);
  const third = new Stream(own.address.url, newUser());
  expect((await third.event(1)).event).toBe('recommendation');
  second!.leave();
  third.leave();
  while ((await openCount()) !== 0) await turn();
  await own.close();
});

/** The real engine, which counts the lists that it is asked for. */
function counting() {
  const counts = { computed: 0 };
  const counted: Pick<Engine, 'recommend' | 'recommendJson' | 'onChange' | 'delivers' | 'stats'> = {
    recommend: (request) => {
      counts.computed++;
      return engine.recommend(request);
    },
    recommendJson: (request) => engine.recommendJson(request),
    onChange: (listener) => engine.onChange(listener),
    stats: () => engine.stats(),
    delivers: (shopId, location) => engine.delivers(shopId, location),
  };
  return { counts, counted: counted as Engine };
}

test('time that passes makes no other list, although every score falls with it', async () => {
  const { counts, counted } = counting();
  const own = await start({}, counted);
  const userId = newUser();
  await engine.record([acted(userId), acted(userId, { type: 'view', shopId: 's7' })]);
  const stream = new Stream(own.address.url, userId, { limit: 20 });
  const first = await stream.event(1);
  nowMs += 10 * 60_000;
  const later = await engine.recommend({ userId, location: TOWN_CENTER, limit: 1_000 });
  expect(later.shops[0]!.score).toBeLessThan(0.95 * first.data.shops[0]!.score);
  await sleep(REST_MS);
  // A candidate that stays one, far down the list.
  const { shopId } = later.shops.at(-1)!;
  await engine.setStatus({ shopId, open: true });
  await until(() => counts.computed === 2);
  await sleep(REST_MS);
  await engine.record([acted(userId, { type: 'view', shopId: 's8' })]);
  expect((await stream.event(2)).data.shops[0]!.reasons).toHaveLength(3);
  expect(stream.events).toHaveLength(2);
  await engine.clearStatus(shopId);
  stream.leave();
  await own.close();
});

test('a shop computes lists only where it delivers; many shops at once all of them', async () => {
  const { counts, counted } = counting();
  const own = await start({}, counted);
  const here = new Stream(own.address.url, newUser(), { limit: 3 });
  const there = new Stream(own.address.url, newUser(), ELSEWHERE);
  const [shopId] = (await here.shopIds(1)) as [string];
  await there.event(1);
  await sleep(REST_MS);
  await engine.setStatuses([
    { shopId: 'nowhere', open: false },
    { shopId, open: false },
  ]);
  expect(await here.shopIds(2)).not.toContain(shopId);
  expect(counts.computed).toBe(3);
  await sleep(REST_MS);
  await engine.setStatuses(Array.from({ length: 100 }, (_, i) => ({ shopId: `nowhere-${i}`, open: true })));
  await engine.clearStatus('nowhere');
  await until(() => counts.computed === 5);
  expect(await engine.clearStatus(shopId)).toBe(true);
  expect(await here.shopIds(3)).toContain(shopId);
  expect(there.events).toHaveLength(1);
  here.leave();
  there.leave();
  await own.close();
});

/** What the list of `userId` takes: half a megabyte. */
const LONG = { limit: 1_000 };

async function actOften(userId: string): Promise<void> {
  await engine.record(
    Array.from({ length: 20 }, (_, i) => acted(userId, { type: 'view', shopId: `s${i + 1}` })),
  );
}

/** Opens and closes a shop of a stream that is not read, until no list is computed for it any more. The clock stands then. */
async function stall(stream: Stream, counts: { readonly computed: number }, shopId: string): Promise<void> {
  stream.response!.pause();
  await sleep(REST_MS);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  let last = counts.computed;
  for (let count = 0, unchanged = 0; unchanged < 10; count++) {
    await Promise.all([engine.setStatus({ shopId, open: count % 2 === 1 }), vi.advanceTimersByTimeAsync(10)]);
    await vi.advanceTimersByTimeAsync(REST_MS);
    await settled();
    unchanged = counts.computed === last ? unchanged + 1 : 0;
    last = counts.computed;
  }
}

test('for a reader who does not read nothing is computed, and it gets the last list when it does', async () => {
  const { counts, counted } = counting();
  const own = await start({}, counted);
  const userId = newUser();
  await actOften(userId);
  const stream = new Stream(own.address.url, userId, LONG);
  const [shopId] = (await stream.shopIds(1)) as [string];
  await stall(stream, counts, shopId);
  const { computed } = counts;
  expect(computed).toBeGreaterThan(2);
  await Promise.all([engine.setStatus({ shopId, open: false }), vi.advanceTimersByTimeAsync(10)]);
  const current = idsOf(await engine.recommend({ userId, location: TOWN_CENTER, limit: 1_000 }));
  expect(current).not.toContain(shopId);
  stream.response!.resume();
  while (idsOf(stream.events.at(-1)!.data).join() !== current.join()) {
    await vi.advanceTimersByTimeAsync(REST_MS);
    await settled();
  }
  expect(counts.computed).toBeLessThanOrEqual(computed + 1);
  await Promise.all([engine.clearStatus(shopId), vi.advanceTimersByTimeAsync(10)]);
  stream.leave();
  await own.close();
});

test('many streams are computed one after the other, and other requests come between', async () => {
  const { counts, counted } = counting();
  const own = await start({}, counted);
  const streams = Array.from({ length: 300 }, () => new Stream(own.address.url, newUser(), { limit: 3 }));
  const [shopId] = (await streams[0]!.shopIds(1)) as [string];
  for (const stream of streams) await stream.event(1);
  await sleep(REST_MS);
  const before = counts.computed;
  await engine.setStatus({ shopId, open: false });
  let asked = 0;
  for (; counts.computed < before + 300; asked++) {
    const computed = counts.computed;
    const body = JSON.stringify({ location: TOWN_CENTER, limit: 1 });
    const headers = { 'content-type': 'application/json' };
    await (await fetch(`${own.address.url}/v1/recommendations`, { method: 'POST', headers, body })).text();
    expect(counts.computed - computed).toBeLessThan(150);
  }
  expect(asked).toBeGreaterThan(2);
  for (const stream of streams) expect(await stream.shopIds(2)).not.toContain(shopId);
  expect(counts.computed).toBe(before + 300);
  await engine.clearStatus(shopId);
  for (const stream of streams) stream.leave();
  await own.close();
});

test('who has acted is computed before all who wait for other reasons', async () => {
  const { counts, counted } = counting();
  const own = await start({}, counted);
  const userId = newUser();
  const others = Array.from({ length: 250 }, () => new Stream(own.address.url, newUser(), { limit: 3 }));
  const [shopId] = (await others[0]!.shopIds(1)) as [string];
  const stream = new Stream(own.address.url, userId, { limit: 3 });
  for (const each of [...others, stream]) await each.event(1);
  await sleep(REST_MS);
  const before = counts.computed;
  await engine.setStatus({ shopId, open: false });
  await engine.record([acted(userId)]); // some 5 ms later
  while ((await stream.event(2)).data.basis !== 'actions') await stream.event(3);
  expect(counts.computed - before).toBeLessThan(200);
  for (const each of others) await each.event(2);
  await engine.clearStatus(shopId);
  for (const each of [...others, stream]) each.leave();
  await own.close();
});

describe('when the server closes', () => {
  test('streams go on for the grace and end properly then', async () => {
    const own = await start({ graceMs: 700 });
    const userId = newUser();
    const streams = Array.from({ length: 20 }, () => new Stream(own.address.url, userId));
    for (const stream of streams) await stream.event(1);
    await sleep(REST_MS);
    const closed = own.close();
    await engine.record([acted(userId)]);
    for (const stream of streams) expect((await stream.event(2)).data.basis).toBe('actions');
    for (const stream of streams) expect(await stream.closed()).toBe('whole');
    // What still runs 10 s after the grace is cut; streams must not make use of that.
    expect(await Promise.race([closed.then(() => 'closed'), sleep(8_000)])).toBe('closed');
  });

  test('a reader who takes nothing does not hold the close', async () => {
    const { counts, counted } = counting();
    const own = await start({}, counted);
    const userId = newUser();
    await actOften(userId);
    const stream = new Stream(own.address.url, userId, LONG);
    const [shopId] = (await stream.shopIds(1)) as [string];
    await stall(stream, counts, shopId);
    await vi.runOnlyPendingTimersAsync();
    vi.useRealTimers();
    expect(await Promise.race([own.close().then(() => 'closed'), sleep(8_000)])).toBe('closed');
    await engine.clearStatus(shopId);
    stream.leave();
  });
});

test('what cannot be asked is refused before the stream begins', async () => {
  const refused = async (query: string, method = 'GET') => {
    const response = await fetch(`${server.address.url}/v1/users/u/stream${query}`, { method });
    const { error } = (await response.json()) as { error: { code: string; field?: string } };
    return [response.status, error.field ?? error.code];
  };
  expect(await refused('')).toEqual([400, 'lon']);
  expect(await refused('?lon=200&lat=0')).toEqual([422, 'lon']);
  const at = `?lon=${lon}&lat=${lat}`;
  expect(await refused(`${at}&limit=0`)).toEqual([422, 'limit']);
  expect(await refused(`${at}&openOnly=yes`)).toEqual([400, 'openOnly']);
  expect(await refused(`${at}&explain=1`)).toEqual([400, 'explain']);
  expect(await refused(`${at}&filter={}`)).toEqual([400, 'filter']);
  expect(await refused(at, 'POST')).toEqual([405, 'method_not_allowed']);
  await expect(start({ streamsMax: -1 })).rejects.toMatchObject({ field: 'streamsMax' });
});

test('metrics count the events that were sent', async () => {
  const name = 'doorrank_stream_events_total{event="recommendation"}';
  const before = await metric(name);
  const stream = new Stream(server.address.url, newUser());
  await stream.event(1);
  expect(await metric(name)).toBe(before + 1);
  stream.leave();
});
