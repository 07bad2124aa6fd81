/** One user's way through a real server process: unknown, known, killed, swapped under load, rolled back, erased. */
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import type { Recommendation } from '../src/index.ts';
import { buildTown, startServer, succeed, temporaryDirectory, type Running } from './cli-process.ts';

const CENTER = { lon: 126.9784, lat: 37.5667 };
const started: Running[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((running) => running.stop('SIGKILL')));
});

async function start(store: string, data: string): Promise<{ server: Running; url: string }> {
  const running = await startServer(['--store', store, '--data', data]);
  started.push(running.server);
  return running;
}

async function send<T>(method: string, url: string, body?: object): Promise<T> {
  const answer = await fetch(url, {
    method,
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${text}`);
  return JSON.parse(text) as T;
}

const recommend = (url: string, userId = 'u1'): Promise<Recommendation> =>
  send('POST', `${url}/v1/recommendations`, { userId, location: CENTER, limit: 10, openOnly: false });
const idsOf = ({ shops }: Recommendation): string[] => shops.map(({ shopId }) => shopId);
const categoriesOf = ({ shops }: Recommendation): Set<string | undefined> =>
  new Set(shops.map(({ category }) => category));

test('the journey of a user', async () => {
  const directory = temporaryDirectory();
  const store = path.join(directory, 'store');
  const data = path.join(directory, 'data');
  await succeed(buildTown(store, 'first', '--activate'));
  const { server, url } = await start(store, data);

  const popular = await recommend(url);
  expect(popular).toMatchObject({ version: 'first', basis: 'popular' });
  expect(popular.shops).toHaveLength(10);

  const shopOf = async (keyword: string): Promise<string> => {
    const body = { actions: [{ type: 'search', keyword }], location: CENTER, limit: 1, openOnly: false };
    return (await send<Recommendation>('POST', `${url}/v1/recommendations`, body)).shops[0]!.shopId;
  };
  const pizzeria = await shopOf('피자');
  const actions = [
    { id: 'a1', userId: 'u1', type: 'search', keyword: '짜장면' },
    { id: 'a2', userId: 'u1', type: 'view', shopId: pizzeria },
  ];
  expect(await send('POST', `${url}/v1/actions`, { actions })).toEqual({ accepted: 2, duplicates: 0 });
  const about = await recommend(url);
  expect(about.basis).toBe('actions');
  expect(categoriesOf(about)).toEqual(new Set(['chinese', 'pizza']));
  expect(about.shops[0]!.reasons).toHaveLength(2);
  expect((await recommend(url, 'u2')).basis).toBe('popular');

  await server.stop('SIGKILL');
  const restarted = await start(store, data);
  expect(idsOf(await recommend(restarted.url))).toEqual(idsOf(about));

  // A second version is built and activated by other processes while requests run.
  let failures = 0;
  let running = true;
  const versions: string[] = [];
  const load = Array.from({ length: 4 }, async () => {
    while (running) {
      await recommend(restarted.url).then(
        ({ version }) => versions.push(version),
        () => failures++,
      );
    }
  });
  await succeed(buildTown(store, 'second', '--activate'));
  while (!versions.includes('second')) await sleep(10);
  await send('POST', `${restarted.url}/v1/snapshots/rollback`);
  const back = versions.length;
  while (versions.length < back + 20) await sleep(10);
  running = false;
  await Promise.all(load);
  expect(failures).toBe(0);
  // Four requests run at once, so answers of a version may come in a little after those of the next.
  expect(new Set(versions)).toEqual(new Set(['first', 'second']));
  expect(versions[0]).toBe('first');
  expect(new Set(versions.slice(back + 4))).toEqual(new Set(['first']));

  expect(await send('DELETE', `${restarted.url}/v1/users/u1/actions`)).toEqual({ erased: 2 });
  const erased = await recommend(restarted.url);
  expect(erased).toMatchObject({ version: 'first', basis: 'popular' });
  expect(idsOf(erased)).toEqual(idsOf(popular));

  restarted.server.process.kill('SIGTERM');
  await once(restarted.server.process, 'close');
  expect(restarted.server.process.exitCode).toBe(0);
});
