/** `doorrank serve` and `doorrank demo` as processes: what they print, how they follow signals and activations. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { buildTown, doorrank, Running, startServer, succeed, temporaryDirectory } from './cli-process.ts';

const directory = temporaryDirectory();
/** Versions `first`, which is active, and `second`. */
const builtStore = join(directory, 'built');
const started: Running[] = [];

beforeAll(async () => {
  await succeed(buildTown(builtStore, 'first', '--activate'));
  await succeed(buildTown(builtStore, 'second'));
});

afterEach(async () => {
  await Promise.all(started.splice(0).map((running) => running.stop('SIGKILL')));
});

/** A copy of the built store, and a directory for actions. */
function freshDirectories(): { store: string; data: string } {
  const fresh = temporaryDirectory();
  const store = join(fresh, 'store');
  cpSync(builtStore, store, { recursive: true });
  return { store, data: join(fresh, 'data') };
}

async function start(
  args: string[],
  env: Record<string, string> = {},
): Promise<{ server: Running; url: string }> {
  const running = await startServer(args, { env });
  started.push(running.server);
  return running;
}

function startDemo(cwd: string, ...args: string[]): Running {
  const demo = new Running(['demo', '--port', '0', ...args], { cwd });
  started.push(demo);
  return demo;
}

async function activeVersion(url: string): Promise<string | null> {
  const answer = await fetch(`${url}/readyz`);
  return answer.ok ? ((await answer.json()) as { version: string }).version : null;
}

/** Waits until `url` serves `version`; the test's own limit ends a wait for nothing. */
async function served(url: string, version: string): Promise<void> {
  while ((await activeVersion(url)) !== version) await sleep(50);
}

/** A request whose body never ends, so that a stop has something to wait for. */
async function endlessRequest(url: string): Promise<void> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => {});
  const head =
    'POST /v1/actions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n';
  await new Promise((resolve) => socket.write(head, resolve));
  await (await fetch(`${url}/livez`)).text(); // by now the server has read the head as well
}

test('serve listens on this machine only, logs JSON lines on stderr, and SIGTERM ends it with 0', async () => {
  const { store, data } = freshDirectories();
  const { server, url } = await start(['--store', store, '--data', data]);
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d+$/);
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  const { code, stdout, stderr } = await server.stop();
  expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: '' });
  const lines = stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines).toContainEqual(
    expect.objectContaining({ level: 'info', url, version: 'first', msg: 'listening' }),
  );
  expect(lines).toContainEqual(expect.objectContaining({ signal: 'SIGTERM', msg: 'stopping' }));
});

test('SIGINT ends it with 0 too, also if npm sends it a second time at once', async () => {
  const { store, data } = freshDirectories();
  const { server } = await start(['--store', store, '--data', data]);
  server.process.kill('SIGINT');
  expect(await server.stop('SIGINT')).toMatchObject({ code: 0 });
});

test('open streams end with it, properly', async () => {
  const { store, data } = freshDirectories();
  const { server, url } = await start(['--store', store, '--data', data]);
  const stream = await fetch(`${url}/v1/users/u/stream?lon=126.9784&lat=37.5667&limit=1`);
  const text = stream.text(); // rejects if the transfer breaks off
  expect(await server.stop()).toMatchObject({ code: 0 });
  expect(await text).toMatch(/^id: 1\nevent: recommendation\ndata: \{.*\}\n\n$/);
});

test('a second signal ends it at once, whatever still runs', async () => {
  const { store, data } = freshDirectories();
  const { server, url } = await start(['--store', store, '--data', data]);
  await endlessRequest(url);
  server.process.kill('SIGTERM');
  await server.printed(/"stopping"/);
  await sleep(700);
  expect(await server.stop()).toMatchObject({ code: 1, signal: null });
});

test('every option can be an environment variable', async () => {
  const { store, data } = freshDirectories();
  const env = {
    DOORRANK_STORE: store,
    DOORRANK_DATA: data,
    DOORRANK_HOST: '0.0.0.0',
    DOORRANK_TOKEN: 'secret',
    DOORRANK_STREAMS_MAX: '0',
    DOORRANK_LOG_LEVEL: 'debug',
    DOORRANK_MAPPING: 'copy',
    DOORRANK_THREADS: '0',
    DOORRANK_SPLIT: 'second=100%',
    DOORRANK_SPLIT_SEED: 'autumn',
    DOORRANK_SHADOW: 'second=0.5%',
  };
  const { server, url } = await start([], env);
  expect(url).toMatch(/^http:\/\/0\.0\.0\.0:/);
  expect((await fetch(`${url}/v1/snapshots`)).status).toBe(401);
  const answer = await fetch(`${url}/v1/snapshots`, { headers: { authorization: 'Bearer secret' } });
  const { snapshots } = (await answer.json()) as { snapshots: object[] };
  const stream = await fetch(`${url}/v1/users/u/stream?lon=0&lat=0`, {
    headers: { authorization: 'Bearer secret' },
  });
  expect(stream.status).toBe(429);
  expect(snapshots).toContainEqual(
    expect.objectContaining({ version: 'first', active: true, roles: ['active'], mapped: false }),
  );
  expect(snapshots).toContainEqual(
    expect.objectContaining({ version: 'second', active: false, roles: ['split', 'shadow'] }),
  );
  await server.printed(/"level":"debug"/);
  expect(await server.stop()).toMatchObject({ code: 0 });
});

test('an activation and a roll back by the command line are noticed', async () => {
  const { store, data } = freshDirectories();
  const { url } = await start(['--store', store, '--data', data, '--store-poll-ms', '50']);
  expect(await activeVersion(url)).toBe('first');
  await succeed(['snapshot', 'activate', '--store', store, 'second']);
  await served(url, 'second');
  await succeed(['snapshot', 'rollback', '--store', store]);
  await served(url, 'first');
});

test('SIGHUP looks for a new version where nothing polls, and a damaged one leaves the old one serving', async () => {
  const { store, data } = freshDirectories();
  const { server, url } = await start(['--store', store, '--data', data, '--store-poll-ms', '0']);
  await succeed(['snapshot', 'activate', '--store', store, 'second']);
  expect(await activeVersion(url)).toBe('first');
  server.process.kill('SIGHUP');
  await served(url, 'second');
  writeFileSync(join(store, 'snapshots', 'bad.snapshot'), 'no snapshot');
  writeFileSync(join(store, 'CURRENT'), 'bad\nsecond\n');
  server.process.kill('SIGHUP');
  await server.printed(/"level":"error".*11 bytes/);
  expect(await activeVersion(url)).toBe('second');
  expect(await server.stop()).toMatchObject({ code: 0 });
});

test('a port in use is refused, and so is an address of another machine', async () => {
  const { store, data } = freshDirectories();
  const { url } = await start(['--store', store, '--data', data]);
  const other = freshDirectories();
  const args = ['serve', '--store', other.store, '--data', other.data, '--log-level', 'silent'];
  const { port } = new URL(url);
  const taken = await doorrank([...args, '--port', port]);
  expect(taken).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^error: port \d+ is in use.*\n$/),
  });
  const foreign = await doorrank([...args, '--port', '0', '--host', '192.0.2.1']);
  expect(foreign).toMatchObject({ code: 1, stderr: expect.stringContaining('192.0.2.1') });
});

test('a second process on the same actions is refused', async () => {
  const { store, data } = freshDirectories();
  await start(['--store', store, '--data', data]);
  const args = ['serve', '--store', store, '--data', data, '--port', '0', '--log-level', 'silent'];
  const second = await doorrank(args);
  expect(second).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^error: .*another process/),
  });
});

test('settings out of bounds are refused by the name of their option', async () => {
  const { store, data } = freshDirectories();
  const { code, stderr } = await doorrank(['serve', '--store', store, '--data', data, '--threads', '99']);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: 'error: --threads must be a whole number 0..64, got 99\n',
  });
  const split = await doorrank(['serve', '--store', store, '--data', data, '--split', 'second=10']);
  expect({ code: split.code, stderr: split.stderr }).toEqual({
    code: 1,
    stderr: 'error: --split must be a version and its share, 0..100 %, such as "v2=10%", got "second=10"\n',
  });
});

test('so is a number of streams that cannot be', async () => {
  const { store, data } = freshDirectories();
  const args = ['serve', '--store', store, '--data', data, '--port', '0', '--log-level', 'silent'];
  const { code, stderr } = await doorrank([...args, '--streams-max', '-1']);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: 'error: --streams-max must be a whole number 0..100000, got -1\n',
  });
});

test('a store without an active version is served as not ready, until one is activated', async () => {
  const store = join(temporaryDirectory(), 'store');
  await succeed(buildTown(store, 'only'));
  const data = join(temporaryDirectory(), 'data');
  const { server, url } = await start(['--store', store, '--data', data, '--store-poll-ms', '50']);
  expect((await fetch(`${url}/readyz`)).status).toBe(503);
  await succeed(['snapshot', 'activate', '--store', store, 'only']);
  await served(url, 'only');
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  expect(await server.stop()).toMatchObject({ code: 0 });
});

test('demo builds the town, says that it is synthetic, and its curl line works when pasted', async () => {
  const cwd = temporaryDirectory();
  const demo = startDemo(cwd);
  await demo.printed(/Ctrl-C/);
  expect(demo.stdout).toContain('synthetic');
  expect(existsSync(join(cwd, '.doorrank', 'store', 'CURRENT'))).toBe(true);
  expect(existsSync(join(cwd, '.doorrank', 'data'))).toBe(true);
  const [line] = demo.stdout.match(/^ *curl .*$/m)!;
  const answer = JSON.parse(execFileSync('bash', ['-c', line], { encoding: 'utf8' }));
  expect(answer).toMatchObject({ version: 'town', basis: 'actions' });
  expect(answer.shops).toHaveLength(5);
  for (const { reasons } of answer.shops) expect(reasons[0].action).toMatchObject({ keyword: '짜장면' });
  const pages = Array.from(demo.stdout.matchAll(/^ +(http:\S+) {2,}/gm), ([, page]) => page!);
  expect(pages.length).toBeGreaterThan(0);
  for (const page of pages) expect((await fetch(page)).status, page).toBe(200);
  expect(await demo.stop('SIGINT')).toMatchObject({ code: 0 });
});

test('demo reuses its store on later starts', async () => {
  const cwd = temporaryDirectory();
  const first = startDemo(cwd, '--store', 's', '--data', 'd');
  await first.printed(/Ctrl-C/);
  expect(first.stderr).toContain('shops 100 %');
  expect(await first.stop()).toMatchObject({ code: 0 });
  const second = startDemo(cwd, '--store', 's', '--data', 'd');
  await second.printed(/Ctrl-C/);
  expect(second.stderr).toBe('');
  expect(await second.stop()).toMatchObject({ code: 0 });
});

test('demo says in one line if its port is taken or its store cannot be written', async () => {
  const cwd = temporaryDirectory();
  const first = startDemo(cwd);
  const [, port] = await first.printed(/http:\/\/127\.0\.0\.1:(\d+)/);
  const taken = await doorrank(['demo', '--port', port!], { cwd: temporaryDirectory() });
  expect(taken.code).toBe(1);
  expect(taken.stderr).toMatch(/^error: port \d+ is in use/m);
  writeFileSync(join(cwd, 'file'), '');
  const refused = await doorrank(['demo', '--port', '0', '--store', 'file/store'], { cwd });
  expect(refused).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^error: .*file\/store.*\n$/),
  });
});
