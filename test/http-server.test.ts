/** The server itself: who may listen and call, and that stopping it loses nothing. */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EngineError, RequestError } from '../src/base/errors.ts';
import { silentLog } from '../src/base/log.ts';
import type { Engine } from '../src/engine/engine.ts';
import { serve, type RunningServer, type ServeOptions } from '../src/http/server.ts';
import { openTown, TOWN_CENTER, type Town } from './http-town.ts';

let town: Town;
beforeAll(async () => {
  town = await openTown();
});
afterAll(() => town.close());

function start(options: Partial<ServeOptions> = {}): Promise<RunningServer> {
  return serve(town.engine, { host: '127.0.0.1', port: 0, log: silentLog, graceMs: 0, ...options });
}

const BODY = JSON.stringify({ actions: [{ type: 'search', keyword: '짜장면' }], location: TOWN_CENTER });

function recommend(url: string): Promise<Response> {
  return fetch(`${url}/v1/recommendations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: BODY,
  });
}

/** A connection on which a test writes HTTP by hand; `received` grows with what comes back. */
async function rawConnection(server: RunningServer) {
  const socket: Socket = connect(server.address.port, server.address.host);
  const connection = { socket, received: '', ended: false };
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => (connection.received += text));
  socket.on('close', () => (connection.ended = true));
  await new Promise((resolve) => socket.once('connect', resolve));
  return connection;
}

async function until(fact: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await fact())) await sleep(5);
}

test('a port in use is said to be so, with the way out', async () => {
  const { port } = town.server.address;
  const error = await start({ port }).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(EngineError);
  expect(error).toMatchObject({
    code: 'port_unavailable',
    message: `port ${port} is in use; choose another with --port`,
  });
});

test('an address that is not of this machine is said to be so', async () => {
  const error = await start({ host: '192.0.2.1' }).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: 'port_unavailable', message: expect.stringContaining('192.0.2.1') });
});

test('pages of other sites cannot act here; this one, tools and reading can', async () => {
  const status = async (method: string, path: string, origin?: string) => {
    const headers = origin === undefined ? {} : { origin };
    return (await fetch(`${town.url}${path}`, { method, headers })).status;
  };
  const rollback = '/v1/snapshots/rollback';
  expect(await status('POST', rollback, 'http://evil.example')).toBe(403);
  expect(await status('POST', rollback, 'null')).toBe(403);
  expect(await status('DELETE', '/v1/users/u/actions', 'https://evil.example')).toBe(403);
  expect(await status('POST', rollback, town.url)).toBe(409);
  expect(await status('POST', rollback)).toBe(409);
  expect(await status('GET', '/v1/shops/s42', 'http://evil.example')).toBe(200);
});

test.each(['', ' ', 'abc ', '비밀', 'a\n'])(
  'the token %j, which no header can carry, is refused',
  async (token) => {
    await expect(start({ token })).rejects.toMatchObject({ name: 'RequestError', field: 'token' });
  },
);

test('with a token, everything under /v1 wants it and the rest stays open', async () => {
  const server = await start({ token: 'open sesame' });
  const status = async (path: string, authorization?: string) => {
    const headers = authorization === undefined ? {} : { authorization };
    return (await fetch(`${server.address.url}${path}`, { headers })).status;
  };
  expect(await status('/v1/shops/s42')).toBe(401);
  for (const wrong of [
    'Bearer',
    'Bearer open',
    'Bearer open sesam',
    'Bearer open sesame!',
    'Basic open sesame',
    'open sesame',
  ]) {
    expect(await status('/v1/shops/s42', wrong), wrong).toBe(401);
  }
  expect(await status('/v1/shops/s42', 'Bearer open sesame')).toBe(200);
  expect(await status('/v1/shops/s42', 'bearer open sesame')).toBe(200);
  for (const path of ['/livez', '/readyz', '/metrics', '/openapi.json', '/docs', '/docs/start.js'])
    expect(await status(path), path).toBe(200);
  const refused = await fetch(`${server.address.url}/v1/snapshots/rollback`, { method: 'POST' });
  expect(refused.headers.get('www-authenticate')).toBe('Bearer');
  expect(await refused.json()).toMatchObject({ error: { code: 'unauthorized' } });
  const document = await (await fetch(`${server.address.url}/openapi.json`)).json();
  expect(document).toMatchObject({
    paths: { '/v1/snapshots': { get: { security: [{ bearer: [] }] } } },
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
  });
  await server.close();
});

test('an empty token is refused rather than taken for none', async () => {
  await expect(start({ token: '' })).rejects.toThrow(RequestError);
});

test('while it closes it is not ready, serves on, and asks connections to go', async () => {
  const server = await start({ graceMs: 300 });
  const closed = server.close();
  const ready = await fetch(`${server.address.url}/readyz`);
  expect(ready.status).toBe(503);
  expect(ready.headers.get('retry-after')).toBe('5');
  expect(await ready.json()).toMatchObject({ error: { code: 'not_ready' } });
  const answer = await recommend(server.address.url);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('connection')).toBe('close');
  await closed;
  await expect(fetch(`${server.address.url}/livez`)).rejects.toThrow('fetch failed');
});

test('closing under load loses no request', async () => {
  const server = await start({ graceMs: 300 });
  let balanced = true;
  let answered = 0;
  const lost: unknown[] = [];
  const client = async () => {
    while (balanced) {
      try {
        const response = await recommend(server.address.url);
        await response.arrayBuffer();
        if (response.status === 200) answered++;
        else lost.push(response.status);
      } catch (error) {
        lost.push(error);
      }
    }
  };
  const clients = Array.from({ length: 8 }, client);
  await until(() => answered > 50);
  const closed = server.close();
  // What a balancer does: it looks, and sends no more once the server is not ready.
  await until(async () => (await fetch(`${server.address.url}/readyz`)).status === 503);
  balanced = false;
  await Promise.all([...clients, closed]);
  expect(lost).toEqual([]);
});

test('a request that has begun is answered before the server is closed', async () => {
  const server = await start();
  const connection = await rawConnection(server);
  const head = `POST /v1/recommendations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(BODY)}\r\n\r\n`;
  connection.socket.write(head + BODY.slice(0, 10));
  await sleep(50); // so that the server has begun to read it
  const closed = server.close();
  await sleep(50);
  connection.socket.write(BODY.slice(10));
  await closed;
  await until(() => connection.ended);
  expect(connection.received).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(connection.received).toContain('\r\nConnection: close\r\n');
});

test('idle connections do not hold the close', async () => {
  const server = await start();
  const connection = await rawConnection(server);
  connection.socket.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
  await until(() => connection.received.includes('{"live":true}'));
  expect(connection.ended).toBe(false);
  await server.close();
  await until(() => connection.ended);
});

test('who sends the body of a GET slowly is answered and not waited for', async () => {
  const connection = await rawConnection(town.server);
  connection.socket.write('GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{');
  await until(() => connection.ended);
  expect(connection.received).toMatch(/\r\nConnection: close\r\n[^]*\{"live":true\}$/);
});

test('close can be asked for twice', async () => {
  const server = await start();
  await expect(Promise.all([server.close(), server.close()])).resolves.toHaveLength(2);
});

test('HTTP/1.0 without a Host header is answered, as simple health checks need', async () => {
  const connection = await rawConnection(town.server);
  connection.socket.write('GET /livez HTTP/1.0\r\n\r\n');
  await until(() => connection.ended);
  expect(connection.received).toContain('{"live":true}');
});

test('a failure inside is logged with its stack and answered without it', async () => {
  const lines: { requestId: string; err: Error }[] = [];
  const log: ServeOptions['log'] = {
    ...silentLog,
    error: (fields) => lines.push(fields as (typeof lines)[number]),
  };
  // The real engine with a bug in one method; metrics ask for its counts when a server starts.
  const engine: Engine = Object.create(town.engine, {
    shop: { value: () => JSON.parse('no JSON at all') },
    stats: { value: () => town.engine.stats() },
  });
  const server = await serve(engine, { host: '127.0.0.1', port: 0, log, graceMs: 0 });
  const answer = await fetch(`${server.address.url}/v1/shops/s42`);
  expect(answer.status).toBe(500);
  const { error } = (await answer.json()) as { error: { code: string; message: string } };
  expect(error.code).toBe('internal');
  expect(error.message).not.toContain('JSON');
  expect(lines).toHaveLength(1);
  expect(error.message).toContain(lines[0]!.requestId);
  expect(lines[0]!.err.stack).toContain('SyntaxError');
  await server.close();
});

test('a caller who hangs up in the middle of a body is counted, not logged as a failure', async () => {
  const errors: object[] = [];
  const statuses: unknown[] = [];
  const server = await start({
    log: {
      ...silentLog,
      error: (fields) => errors.push(fields),
      debug: (fields) => statuses.push((fields as { status: number }).status),
    },
  });
  const connection = await rawConnection(server);
  connection.socket.write(
    'POST /v1/recommendations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
  );
  await sleep(50); // so that the server has begun to read it
  connection.socket.destroy();
  await until(() => statuses.length > 0);
  expect({ statuses, errors }).toEqual({ statuses: [400], errors: [] });
  await server.close();
});

test('the log has a line per request at debug, without ids or bodies', async () => {
  const lines: object[] = [];
  const server = await start({ log: { ...silentLog, debug: (fields) => lines.push(fields) } });
  await fetch(`${server.address.url}/v1/users/secret-user/actions`);
  await server.close();
  expect(lines).toEqual([
    { route: 'GET /v1/users/{userId}/actions', status: 200, tookMs: expect.any(Number) },
  ]);
});
