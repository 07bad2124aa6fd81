/** `POST /v1/recommendations:batch`: every line answered in its place, both ways streamed, nothing without bound. */
import { Agent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { silentLog } from '../src/base/log.ts';
import { Random } from '../src/base/random.ts';
import type { Engine } from '../src/engine/engine.ts';
import { LINES_IN_ENGINE_MAX } from '../src/http/batch.ts';
import { ARRIVAL_MS_MAX } from '../src/http/body.ts';
import { inOrder } from '../src/http/in-order.ts';
import { serve, type RunningServer, type ServeOptions } from '../src/http/server.ts';
import type { RecommendRequest } from '../src/recommender/request.ts';
import { openTown, TOWN_CENTER, type Town } from './http-town.ts';

const PATH = '/v1/recommendations:batch';
const NDJSON = 'application/x-ndjson';
const AT = '2026-11-22T03:00:00Z';
const SMALL: RecommendRequest = { location: TOWN_CENTER, radiusMeters: 700, explain: false, at: AT };
/** An answer of 1.5 MB. */
const LARGE: RecommendRequest = {
  actions: Array.from({ length: 10 }, (_, i) => ({ type: 'view', shopId: `s${i + 1}` })),
  location: TOWN_CENTER,
  limit: 1_000,
  openOnly: false,
  at: AT,
};
const LINE_BYTES_MAX = 50_000;

let town: Town;
beforeAll(async () => {
  town = await openTown(['town'], { bodyBytesMax: LINE_BYTES_MAX });
});
afterAll(() => town.close());

/** One batch, sent and read as the test says. */
class Batch {
  readonly request: ClientRequest;
  readonly lines: string[] = [];
  response: IncomingMessage | undefined;
  /** `broken` if the transfer ended before the answer did. */
  state: 'open' | 'whole' | 'broken' = 'open';
  #rest = '';

  constructor(url: string) {
    const headers = { 'content-type': NDJSON };
    // One that would keep the connection, as most do.
    const agent = new Agent({ keepAlive: true });
    this.request = httpRequest(`${url}${PATH}`, { method: 'POST', headers, agent }, (response) => {
      this.response = response;
      response.setEncoding('utf8').on('data', (text: string) => {
        this.#rest += text;
        if (!text.includes('\n')) return;
        const lines = this.#rest.split('\n');
        this.#rest = lines.pop()!;
        this.lines.push(...lines);
      });
      response.on('end', () => (this.state = this.#rest === '' ? 'whole' : 'broken'));
      response.on('error', () => (this.state = 'broken'));
    });
    this.request.on('error', () => {
      if (this.state === 'open') this.state = 'broken';
    });
    this.request.flushHeaders();
  }

  send(...values: object[]): void {
    this.request.write(values.map((value) => `${JSON.stringify(value)}\n`).join(''));
  }

  async has(count: number): Promise<void> {
    await until(() => this.lines.length >= count || this.state !== 'open');
    if (this.lines.length < count)
      throw new Error(`the batch is ${this.state} after ${this.lines.length} lines`);
  }

  async ended(): Promise<'whole' | 'broken'> {
    await until(() => this.state !== 'open');
    return this.state as 'whole' | 'broken';
  }
}

/** By turns of the event loop, so that it also works where the clock stands. */
async function until(fact: () => boolean): Promise<void> {
  while (!fact()) await new Promise((resolve) => setImmediate(resolve));
}

/** A server over `engine` of its own. */
function start(engine: Engine = town.engine, options: Partial<ServeOptions> = {}): Promise<RunningServer> {
  return serve(engine, { host: '127.0.0.1', port: 0, log: silentLog, graceMs: 0, ...options });
}

/** The real engine, which tells how many lines it was given and how many of them at once. */
function counting() {
  const counts = { begun: 0, running: 0, runningMax: 0 };
  const recommendJson: Engine['recommendJson'] = async (request) => {
    counts.begun++;
    counts.running++;
    counts.runningMax = Math.max(counts.runningMax, counts.running);
    try {
      return await town.engine.recommendJson(request);
    } finally {
      counts.running--;
    }
  };
  const engine: Engine = Object.create(town.engine, {
    recommendJson: { value: recommendJson },
    stats: { value: () => town.engine.stats() },
  });
  return { engine, counts };
}

/** Waits until no line is begun any more, because nobody takes the answers to those before. */
async function stalled(counts: { readonly begun: number }): Promise<void> {
  let begun: number;
  do {
    begun = counts.begun;
    await sleep(300);
  } while (counts.begun > begun);
}

/** What stays the same when it is asked again. */
function lasting(answer: string): string {
  const perAnswer = ['tookMs', 'answerId'];
  return JSON.stringify(JSON.parse(answer), (key, value) => (perAnswer.includes(key) ? undefined : value));
}

/** Lines of every kind, some of them empty. */
function mixedLines(random: Random, count: number): Buffer[] {
  const kinds: (() => string | Buffer)[] = [
    () => JSON.stringify({ ...SMALL, limit: 1 + random.below(30), explain: true }),
    () => `${JSON.stringify({ ...SMALL, userId: `사용자-${random.below(9)}` })}\r`,
    () => `  ${JSON.stringify({ ...LARGE, limit: 1 + random.below(300) })}  `,
    () => JSON.stringify({ ...SMALL, excludeShopIds: Array.from({ length: 900 }, (_, i) => `s${i}`) }),
    () => JSON.stringify({ ...LARGE, limit: 5, actions: [{ type: 'search', keyword: '짜장면' }] }),
    () => JSON.stringify({ ...SMALL, limit: 0 }),
    () => JSON.stringify({ ...SMALL, radius: 5 }),
    () => JSON.stringify({ ...SMALL, version: 'gone' }),
    () => JSON.stringify({ ...SMALL, filter: { colour: 'red' } }),
    () => '{"location":',
    () => 'null',
    () => Buffer.from('7b2261223a22ff227d', 'hex'),
    () => JSON.stringify({ ...SMALL, userId: 'x'.repeat(LINE_BYTES_MAX) }),
    () => JSON.stringify({ ...SMALL, limit: 2 }).padEnd(LINE_BYTES_MAX),
    () => JSON.stringify({ ...SMALL, limit: 2 }).padEnd(LINE_BYTES_MAX + 1),
    () => '',
    () => ' \t\r',
  ];
  return Array.from({ length: count }, () => Buffer.from(random.pick(kinds)()));
}

async function answeredAlone(body: Buffer): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const sent = { method: 'POST', headers, body: Uint8Array.from(body) };
  return (await fetch(`${town.url}/v1/recommendations`, sent)).text();
}

describe.each([0, 2])('with %i worker threads', (threads) => {
  test('small, large and bad lines are answered in their places, each as it is alone', async () => {
    const other = await openTown(['town'], { bodyBytesMax: LINE_BYTES_MAX }, { threads });
    for (const seed of [1, 2, 3]) {
      const random = new Random(seed);
      const sent = mixedLines(random, 120);
      const bytes = Buffer.concat(sent.flatMap((line, i) => (i === 0 ? [line] : [Buffer.from('\n'), line])));
      const batch = new Batch(other.url);
      for (let at = 0; at < bytes.length;) {
        const size = random.pick([1, 7, 1_000, 60_000, 200_000]);
        batch.request.write(bytes.subarray(at, at + size));
        at += size;
        await new Promise((resolve) => setImmediate(resolve));
      }
      batch.request.end();
      expect(await batch.ended(), `seed ${seed}`).toBe('whole');
      const numbers = sent.flatMap((line, i) => (line.toString().trim() === '' ? [] : [i + 1]));
      expect(batch.lines, `seed ${seed}`).toHaveLength(numbers.length);
      for (const [i, number] of numbers.entries()) {
        const alone = lasting(await answeredAlone(sent[number - 1]!));
        const expected = alone
          .replace(/^(\{"error":\{"code":"\w+","message":")/, `$1line ${number}: `)
          .replace('the body', 'the line');
        expect(lasting(batch.lines[i]!), `seed ${seed}, line ${number}`).toBe(expected);
      }
    }
    await other.close();
  });
});

test('what arrives is worked on a few at a time, and results come in order as soon as they can', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new Random(seed);
    const countMax = 1 + random.below(6);
    const passTurns = async () => {
      for (let turns = random.below(4); turns > 0; turns--) await new Promise(setImmediate);
    };
    const counts = { begun: 0, ended: 0, taken: 0 };
    async function* source(): AsyncGenerator<number, string> {
      for (let n = 0; n < 60; n++) {
        await passTurns();
        yield n;
      }
      return 'over';
    }
    const results = inOrder(
      source(),
      async (n) => {
        counts.begun++;
        // Beside those that wait to be taken only the one on its way to the taker has left.
        expect(counts.begun - counts.taken, `seed ${seed}`).toBeLessThanOrEqual(countMax + 1);
        await passTurns();
        counts.ended++;
        return n;
      },
      countMax,
    );
    const taken: number[] = [];
    let result = await results.next();
    for (; result.done !== true; result = await results.next()) {
      taken.push(result.value);
      counts.taken++;
      const { begun } = counts;
      await passTurns();
      expect(counts.begun, `seed ${seed}: nothing is begun while a result is not taken`).toBe(begun);
    }
    expect(result.value, `seed ${seed}`).toBe('over');
    expect(taken, `seed ${seed}`).toEqual(Array.from({ length: 60 }, (_, n) => n));
  }
});

test('the answer to a line comes while later ones are not sent yet', async () => {
  const batch = new Batch(town.url);
  for (let count = 1; count <= 5; count++) {
    batch.send({ ...SMALL, limit: count });
    await batch.has(count);
    expect(JSON.parse(batch.lines[count - 1]!).shops).toHaveLength(count);
  }
  expect(batch.response!.headers).toMatchObject({ 'content-type': NDJSON, 'x-accel-buffering': 'no' });
  batch.request.end();
  expect(await batch.ended()).toBe('whole');
  expect(batch.lines).toHaveLength(5);
});

test('20,000 lines are answered in order, never more than a few of them at once', async () => {
  const { engine, counts } = counting();
  const server = await start(engine);
  const batch = new Batch(server.address.url);
  const lineCount = 20_000;
  let sentCount = 0;
  const send = () => {
    while (sentCount < lineCount) {
      sentCount++;
      const request =
        sentCount % 10 === 0 ? { ...SMALL, limit: 0 } : { ...SMALL, limit: 1 + (sentCount % 7) };
      if (!batch.request.write(`${JSON.stringify(request)}\n`)) return;
    }
    batch.request.off('drain', send).end();
  };
  batch.request.on('drain', send);
  send();
  expect(await batch.ended()).toBe('whole');
  const wrong = batch.lines.filter((line, i) => {
    const { error, shops } = JSON.parse(line);
    const number = i + 1;
    if (number % 10 === 0) return !error.message.startsWith(`line ${number}: limit must be`);
    return shops.length !== 1 + (number % 7);
  });
  expect(wrong).toEqual([]);
  expect(batch.lines).toHaveLength(lineCount);
  expect(counts.begun).toBe(lineCount);
  expect(counts.runningMax).toBeLessThanOrEqual(LINES_IN_ENGINE_MAX);
  await server.close();
});

test('several batches together give the engine no more lines at once than one does', async () => {
  const { engine, counts } = counting();
  const server = await start(engine);
  const batches = Array.from({ length: 6 }, () => new Batch(server.address.url));
  for (const batch of batches) {
    batch.send(...Array.from({ length: 200 }, () => SMALL));
    batch.request.end();
  }
  for (const batch of batches) expect(await batch.ended()).toBe('whole');
  expect(batches.map(({ lines }) => lines.length)).toEqual(batches.map(() => 200));
  expect(counts.runningMax).toBeLessThanOrEqual(LINES_IN_ENGINE_MAX);
  await server.close();
});

test('while answers are not read no lines are, and both go on when they are', async () => {
  const { engine, counts } = counting();
  const server = await start(engine, { bodyBytesMax: LINE_BYTES_MAX });
  const batch = new Batch(server.address.url);
  batch.send(LARGE);
  await batch.has(1);
  batch.response!.pause();
  // 45 MB of answers and 25 MB of lines after them, more than all buffers between here and there can hold.
  const lineCount = 531;
  batch.send(...Array.from({ length: 30 }, () => LARGE));
  const padded = `${JSON.stringify(SMALL).padEnd(LINE_BYTES_MAX)}\n`;
  for (let count = 0; count < 500; count++) batch.request.write(padded);
  batch.request.end();
  await stalled(counts);
  expect(counts.begun).toBeLessThan(30);
  expect(counts.running).toBe(0);
  expect(batch.request.writableLength).toBeGreaterThan(0);
  batch.response!.resume();
  expect(await batch.ended()).toBe('whole');
  expect(batch.lines).toHaveLength(lineCount);
  expect(counts.begun).toBe(lineCount);
  await server.close();
});

test('other requests are answered while a batch runs', async () => {
  const batch = new Batch(town.url);
  const lineCount = 5_000;
  batch.send(...Array.from({ length: lineCount }, () => SMALL));
  batch.request.end();
  await batch.has(1);
  for (let count = 0; count < 20; count++) {
    const before = batch.lines.length;
    expect((await town.ask('POST', '/v1/recommendations', SMALL)).status).toBe(200);
    // Each has waited for some lines, never for the rest of them.
    expect(batch.lines.length - before).toBeLessThan(20 * LINES_IN_ENGINE_MAX);
  }
  expect(batch.state).toBe('open');
  expect(await batch.ended()).toBe('whole');
  expect(batch.lines).toHaveLength(lineCount);
});

test('a client that goes away stops the work', async () => {
  const { engine, counts } = counting();
  const server = await start(engine);
  const batch = new Batch(server.address.url);
  batch.send(...Array.from({ length: 20_000 }, () => SMALL));
  await batch.has(100);
  batch.request.destroy();
  await server.close(); // does not wait for what nobody hears
  const { begun } = counts;
  expect(begun).toBeLessThan(20_000);
  await sleep(100);
  expect(counts.begun).toBe(begun);
  expect(counts.running).toBe(0);
});

describe('a line that does not arrive', () => {
  beforeAll(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterAll(() => void vi.useRealTimers());

  test('is waited for so long, then the batch says so and breaks off', async () => {
    const batch = new Batch(town.url);
    for (let count = 1; count <= 3; count++) {
      vi.advanceTimersByTime(ARRIVAL_MS_MAX - 1_000);
      batch.send(SMALL);
      await batch.has(count);
    }
    batch.request.write('\n{"location":'); // neither an empty line nor a part of one is a line
    await town.ask('GET', '/livez');
    vi.advanceTimersByTime(ARRIVAL_MS_MAX - 1);
    await town.ask('GET', '/livez');
    expect(batch.lines).toHaveLength(3);
    vi.advanceTimersByTime(1);
    expect(await batch.ended()).toBe('broken');
    expect(batch.lines).toHaveLength(4);
    expect(JSON.parse(batch.lines[3]!)).toEqual({
      error: {
        code: 'too_late',
        message: expect.stringMatching(/^line 5: the line did not arrive within 30 s/),
      },
    });
  });

  test('is refused as a body is', async () => {
    const { port, hostname } = new URL(town.url);
    const headers = { 'content-type': 'application/json', 'content-length': 10 };
    const options = { method: 'POST', path: '/v1/recommendations', headers, agent: false };
    let status: number | undefined;
    const request = httpRequest({ port, hostname, ...options }, (response) => {
      status = response.statusCode;
      response.resume();
    });
    request.on('error', () => {}).write('{');
    await town.ask('GET', '/livez');
    vi.advanceTimersByTime(ARRIVAL_MS_MAX);
    await until(() => status !== undefined);
    expect(status).toBe(408);
  });
});

describe('when the server closes', () => {
  test('a batch that ends in the grace is whole', async () => {
    const server = await start(town.engine, { graceMs: 300 });
    const batch = new Batch(server.address.url);
    batch.send(SMALL);
    await batch.has(1);
    const closed = server.close();
    batch.send(SMALL);
    batch.request.end();
    expect(await batch.ended()).toBe('whole');
    expect(batch.lines.map((line) => JSON.parse(line).version)).toEqual(['town', 'town']);
    await closed;
  });

  test('a batch that does not is cut where its last line says, and nothing of it can be taken for whole', async () => {
    for (const lineCount of [3, 20_000]) {
      const server = await start();
      const batch = new Batch(server.address.url);
      batch.send(...Array.from({ length: lineCount }, () => SMALL));
      await batch.has(3);
      const closed = server.close();
      expect(await batch.ended()).toBe('broken');
      const last = batch.lines.length;
      expect(last).toBeLessThanOrEqual(Math.max(4, lineCount / 2));
      expect(JSON.parse(batch.lines.at(-1)!)).toMatchObject({
        error: {
          code: 'closed',
          message: expect.stringMatching(`^line ${last}: the server is closing; .* again`),
        },
      });
      for (const line of batch.lines.slice(0, -1)) expect(JSON.parse(line).version).toBe('town');
      await expectInTime(closed);
    }
  });

  test('one whose answers nobody reads does not hold the close', async () => {
    const { engine, counts } = counting();
    const server = await start(engine);
    const batch = new Batch(server.address.url);
    batch.send(LARGE);
    await batch.has(1);
    batch.response!.pause();
    batch.send(...Array.from({ length: 100 }, () => LARGE));
    await stalled(counts);
    expect(counts.begun).toBeLessThan(100);
    await expectInTime(server.close());
    batch.request.destroy();
  });

  /** The server cuts whatever runs 10 s after its grace; a batch must not make use of that. */
  async function expectInTime(closed: Promise<void>): Promise<void> {
    expect(await Promise.race([closed.then(() => 'closed'), sleep(8_000)])).toBe('closed');
  }
});

test('what is no batch is refused before anything of it is read', async () => {
  const status = async (method: string, path: string, headers: Record<string, string>) => {
    const body = method === 'GET' ? {} : { body: JSON.stringify(SMALL) };
    const response = await fetch(`${town.url}${path}`, { method, headers, ...body });
    return [response.status, ((await response.json()) as { error?: { code: string } }).error?.code];
  };
  const ndjson = { 'content-type': NDJSON };
  expect(await status('POST', PATH, { 'content-type': 'application/json' })).toEqual([
    415,
    'unsupported_content_type',
  ]);
  expect(await status('POST', PATH, { ...ndjson, origin: 'http://evil.example' })).toEqual([
    403,
    'forbidden',
  ]);
  expect(await status('GET', PATH, {})).toEqual([405, 'method_not_allowed']);
  // The colon stands for itself: nothing but `:batch` is the batch.
  for (const path of [':bulk', ':', 'xbatch', '/batch', ':batch/', ':batchx']) {
    expect(await status('POST', `/v1/recommendations${path}`, ndjson), path).toEqual([404, 'not_found']);
  }
});

test('lines are counted by the status that each would have alone', async () => {
  const countOf = async (status: number) => {
    const text = await (await fetch(`${town.url}/metrics`)).text();
    return Number(
      new RegExp(`^doorrank_batch_lines_total\\{status="${status}"\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0,
    );
  };
  const before = [await countOf(200), await countOf(422)] as const;
  const batch = new Batch(town.url);
  batch.send(SMALL, { ...SMALL, limit: 0 }, SMALL);
  batch.request.end();
  await batch.ended();
  expect([await countOf(200), await countOf(422)]).toEqual([before[0] + 2, before[1] + 1]);
});
