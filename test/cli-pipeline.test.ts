/** `doorrank pipeline run` and `doorrank runs` on the town that comes with the package. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Resvg } from '@resvg/resvg-js';
import { expect, test } from 'vitest';
import { openEngine } from '../src/index.ts';
import { readHeader } from '../src/snapshot/open-snapshot.ts';
import { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import { doorrank, Running, succeed, temporaryDirectory, TOWN } from './cli-process.ts';

const directory = temporaryDirectory();
const work = join(directory, 'work');
const STORE = join(directory, 'store');
const RUN = ['pipeline', 'run', '--shops', join(TOWN, 'shops.csv'), '--store', STORE].concat([
  '--work',
  work,
  '--threads',
  '1',
  '--dimensions',
  '32',
  '--cases-max',
  '40',
  '--time-zone',
  'Asia/Seoul',
]);
const ACTIONS = ['--actions', join(TOWN, 'actions.ndjson')];

function runs(...args: readonly string[]) {
  return doorrank(['runs', ...args, '--work', work]);
}

test('a run says what it made and decided; the next one takes over what is the same', async () => {
  const first = await doorrank([...RUN, ...ACTIONS, '--version', 'v1']);
  expect(first.code, first.stderr).toBe(0);
  expect(first.stdout).toMatch(/^run +1: version v1, done, activated$/m);
  expect(first.stdout).toMatch(/^because +ndcg@5 0\.\d{4}, .* more than popularity/m);
  expect(first.stderr).toMatch(/^weights: made in \d+\.\d s$/m);

  const second = await doorrank([...RUN, ...ACTIONS, '--margin', '0', '--metric', 'recall@7']);
  expect(second.code, second.stderr).toBe(0);
  expect(second.stderr).toMatch(/^weights: taken over$/m);
  expect(second.stdout).toMatch(/^run +2: version \d{4}-\d\d-\d\d-\d{4}, done, (activated|kept back)$/m);
  expect(second.stdout).toContain('recall@7 less doorrank v1');
});

test('runs are listed, shown, compared and plotted', async () => {
  const plot = join(directory, 'course.svg');
  const [listed, shown, compared] = await Promise.all([
    runs('list', '--plot', plot),
    runs('show', 'v1'),
    runs('compare', '1', '2'),
  ]);
  expect(listed.stdout).toMatch(/^ +1 +v1 .* done +activated +ndcg@5 0\.\d{4}$/m);
  expect(listed.stdout).toMatch(/^ +2 +\d{4}-.* done +kept back +recall@7 0\.\d{4}$/m);
  const picture = readFileSync(plot, 'utf8');
  expect(picture).toContain('recall@7 by version');
  expect(new Resvg(picture).render().width).toBeGreaterThan(400);
  expect(shown.stdout).toMatch(/^dimensions +32$/m);
  expect(compared.stdout).toMatch(/^metric +ndcg@5 +recall@7$/m);
  expect(compared.stdout).toMatch(/^decision +activated +kept back$/m);
  expect(compared.stdout).toMatch(/^mrr +0\.\d{4} \[/m);
  expect(compared.stdout).toContain('Both were asked the same cases.');
});

test('a version holds the lists that batch makes by it, and was asked beside the baselines that were named', async () => {
  const asked = ['--user-lists', '--user-list-limit', '6', '--baselines', 'item-knn,nearest'];
  const run = await doorrank([...RUN, ...ACTIONS, '--version', 'listed', '--margin', '1', ...asked]);
  expect(run.code, run.stderr).toBe(0);
  expect(run.stderr).not.toContain(' %'); // into a file go steps, and of long ones how far they are
  expect(run.stderr).toMatch(/^user-lists: made in \d+\.\d s$/m);
  const shown = await runs('show', 'listed');
  for (const baseline of ['popularity', 'item-knn', 'nearest'])
    expect(shown.stdout).toMatch(new RegExp(`^${baseline} +0\\.\\d{4} `, 'm'));
  expect(shown.stdout).not.toMatch(/^own-frequency/m);
  expect(shown.stdout).toMatch(/^userListLimit +6$/m);

  const { modelCard } = readHeader(SnapshotStore.open(STORE).pathOf('listed'));
  const { at } = modelCard['userLists'] as { readonly at: string };
  const [out, lists] = [join(directory, 'lists.parquet'), join(directory, 'lists.ndjson')];
  const files = ['--out', out, '--user-lists', lists, '--limit', '6', '--at', at];
  await succeed(['batch', '--store', STORE, '--version', 'listed', ...ACTIONS, ...files]);
  await succeed(['snapshot', 'activate', 'listed', '--store', STORE]); // its cases are too few to replace v1
  const engine = await openEngine({ store: STORE, data: join(directory, 'data'), threads: 0 });
  const lines = readFileSync(lists, 'utf8').trimEnd().split('\n');
  expect(lines.length).toBeGreaterThan(40);
  for (const line of lines) {
    const { userId, shopIds } = JSON.parse(line) as { userId: string; shopIds: string[] };
    const served = engine.userList(userId);
    expect(served).toMatchObject({ version: 'listed' });
    expect(served.shops.map(({ shopId }) => shopId)).toEqual(shopIds);
  }
  await engine.close();
});

test('what cannot be is refused with what to do', async () => {
  const refusals: readonly (readonly [args: readonly string[], says: string])[] = [
    [[...RUN, ...ACTIONS, '--every', 'nightly'], '--every must be a cron expression of five fields'],
    [[...RUN, ...ACTIONS, '--version', 'v1'], 'version v1 is already in the store'],
    [
      [...RUN, ...ACTIONS, '--locations', join(directory, 'nowhere.csv'), '--version', 'v9'],
      'nowhere.csv does not exist',
    ],
    [['runs', 'show', 'v9x', '--work', work], 'no run v9x; there are 1 (v1)'],
  ];
  const ended = await Promise.all(refusals.map(([args]) => doorrank(args)));
  ended.forEach(({ code, stderr }, at) => {
    expect(stderr).toContain(refusals[at]![1]);
    expect(code).toBe(1);
  });
});

test('a schedule says when it runs next, and ends at once on a signal', async () => {
  const scheduled = new Running([...RUN, ...ACTIONS, '--every', '0 4 29 2 *']);
  const [, next] = await scheduled.printed(/^next run at (.*)$/m);
  expect(next).toMatch(/^\d{4}-02-28T19:00:00\.000Z$/);
  expect(await scheduled.stop()).toMatchObject({ code: 0, signal: null });
});

test('a run that is stopped by a signal is over, so that the next one need not wait', async () => {
  const running = new Running([...RUN, ...ACTIONS, '--version', 'v4', '--seed', '9']);
  await running.printed(/^embeddings-before-validation: made/m);
  expect(await running.stop()).toMatchObject({ code: 143 });
  const { runs: recorded } = JSON.parse((await runs('list', '--json')).stdout);
  expect(recorded.at(-1)).toMatchObject({ version: 'v4', status: 'broken', reason: 'stopped by SIGTERM' });
});

test('a signal is heard in the middle of a fit', async () => {
  const running = new Running([...RUN, ...ACTIONS, '--version', 'v5', '--seed', '8', '--cases-max', '4000']);
  await running.printed(/^snapshot-before-validation: made/m);
  const { code, stderr } = await running.stop('SIGINT');
  expect(code).toBe(130);
  expect(stderr).not.toMatch(/^weights: /m);
  expect((await runs('show', 'v5')).stdout).toContain('stopped by SIGINT');
});

test('a run that was killed is taken over at once on the same machine', async () => {
  const running = new Running([...RUN, ...ACTIONS, '--version', 'v6', '--seed', '7']);
  await running.printed(/^embeddings-before-validation: made/m);
  await running.stop('SIGKILL');
  const next = await doorrank([...RUN, ...ACTIONS, '--version', 'v6', '--seed', '7']);
  expect(next.code, next.stderr).toBe(0);
  expect(next.stderr).toMatch(/^embeddings-before-validation: taken over$/m);
  expect(next.stderr).toMatch(/^warning: listed, which is active, holds lists of \d+ users/m);
  const { runs: recorded } = JSON.parse((await runs('list', '--json')).stdout);
  expect(recorded.at(-2)).toMatchObject({
    status: 'broken',
    reason: expect.stringContaining('without a word'),
  });
  expect(recorded.at(-1)).toMatchObject({ version: 'v6', status: 'done' });
});
