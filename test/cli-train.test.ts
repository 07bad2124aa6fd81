/** `doorrank train` on the town that comes with the package: its files make a snapshot, and what does not hold is refused. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { doorrank, succeed, temporaryDirectory, TOWN } from './cli-process.ts';

const SHOPS = join(TOWN, 'shops.csv');
const ACTIONS = join(TOWN, 'actions.ndjson');
const SHOP_COUNT = readFileSync(SHOPS, 'utf8').trimEnd().split('\n').length - 1;
const ACTION_COUNT = readFileSync(ACTIONS, 'utf8').trimEnd().split('\n').length;

const directory = temporaryDirectory();
const out = join(directory, 'trained');

function train(...more: readonly string[]) {
  return doorrank(['train', '--actions', ACTIONS, '--shops', SHOPS, '--out', out, '--threads', '1', ...more]);
}

test('train says what it learned, how far it was, and writes what snapshot build takes', async () => {
  const { code, stdout, stderr } = await train('--dimensions', '32', '--seed', '7');
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/^learned \d+ of 1200 shops and \d+ keywords, 32 dimensions$/m);
  expect(stdout).toContain(`from    ${ACTION_COUNT} actions of `);
  expect(stdout).toMatch(
    /^loss    4\.\d+ in the first of \d+ epochs, \d\.\d+ in the last \(knowing nothing: 4\.159\)$/m,
  );
  expect(stderr).toMatch(/^actions 100 % of \d+ bytes$/m);
  expect(stderr).toMatch(/^training 100 % \d+\.\d M pairs\/s/m);

  const card = JSON.parse(readFileSync(join(out, 'model-card.json'), 'utf8'));
  expect(card).toMatchObject({
    trainedBy: 'doorrank train',
    actionsFrom: '2026-10-31T15:28:44.481Z',
    shopCount: SHOP_COUNT,
    settings: { dimensions: 32, seed: 7 },
  });
  const store = join(directory, 'store');
  const file = (option: string, name: string): string[] => [option, join(out, name)];
  const build = [
    'snapshot',
    'build',
    '--shops',
    SHOPS,
    '--version',
    'trained',
    '--store',
    store,
    '--activate',
  ];
  await succeed(
    build.concat(
      file('--shop-vectors', 'shops.npy'),
      file('--keyword-vectors', 'keywords.ndjson'),
      file('--model-card', 'model-card.json'),
    ),
  );
  const recommend = ['recommend', '--store', store, '--lon', '126.9784', '--lat', '37.5667', '--json'];
  const answer = await doorrank(recommend.concat('--keyword', '커피', '--with', '{"openOnly":false}'));
  expect(JSON.parse(answer.stdout)).toMatchObject({ version: 'trained', basis: 'actions' });
});

test('what was learned is not built with the same shops in another order', async () => {
  const [header, ...lines] = readFileSync(SHOPS, 'utf8').trimEnd().split('\n');
  const sorted = join(directory, 'sorted.csv');
  writeFileSync(sorted, [header, ...lines.toReversed()].join('\n'));
  const card = ['--model-card', join(out, 'model-card.json')];
  const build = ['--shops', sorted, '--shop-vectors', join(out, 'shops.npy'), ...card];
  const store = ['--version', 'sorted', '--store', join(directory, 'store')];
  const { code, stderr } = await doorrank(['snapshot', 'build', ...build, ...store]);
  expect(code).toBe(1);
  expect(stderr).toContain('give the shops file that was trained with, or train again with this one');
});

test('one thread and one seed write the same files', async () => {
  const files = ['shops.npy', 'keywords.ndjson', 'model-card.json'];
  const before = files.map((name) => readFileSync(join(out, name)));
  expect((await train('--dimensions', '32', '--seed', '7')).code).toBe(0);
  expect(files.map((name) => readFileSync(join(out, name)))).toEqual(before);
});

test('train says what it left out and why, and which gap would join what is alone', async () => {
  const [shops, actions] = [join(directory, 'two.csv'), join(directory, 'check-ins.csv')];
  writeFileSync(shops, 'shopId,lon,lat\ns,1,2\nt,1,2\n');
  const rows = [
    'u,2026-11-01T10:00:00Z,s,view',
    'u,2026-11-01T10:05:00Z,t,view',
    'u,2026-11-01T10:06:00Z,t,order',
    'u,2026-11-01T12:00:00Z,s,view',
    'u,2026-11-02T12:00:00Z,t,dismiss',
    'u,2026-11-03T12:00:00Z,s,view',
    'v,2026-11-03T12:00:00Z,once,view',
  ];
  writeFileSync(actions, ['userId,at,shopId,type', ...rows].join('\n'));
  const elsewhere = join(directory, 'left-out');
  const options = ['--shops', shops, '--out', elsewhere, '--threads', '1', '--subsampling', '0'];
  const { code, stdout, stderr } = await doorrank(['train', '--actions', actions, ...options]);
  expect(code, stderr).toBe(0);
  expect(stdout).toContain('from    7 actions of 2 users: 2 in 1 sessions\n');
  expect(stdout).toContain(
    'types   5 view, 1 order, 1 dismiss\nwithout 2 alone in their session, 1 on what has fewer than 2 actions, 1 on the same as the one before, ' +
      '1 dismissed or of weight 0 and below\n',
  );
  expect(stdout).toMatch(
    /^warning: 29 % of the actions .* within 30 minutes; .* --session-gap-minutes 1440$/m,
  );
  expect(JSON.parse(readFileSync(join(elsewhere, 'model-card.json'), 'utf8'))).toMatchObject({
    leftOut: { alone: 2, repeated: 1, rare: 1, unwanted: 1 },
    aloneShare: 2 / 7,
  });
});

test('bad rows are named and nothing is written', async () => {
  const bad = join(directory, 'bad.csv');
  writeFileSync(bad, 'userId,at,shopId\nu,yesterday,s1\n');
  const elsewhere = join(directory, 'elsewhere');
  const { code, stderr } = await train('--actions', bad, '--out', elsewhere);
  expect(code).toBe(1);
  expect(stderr).toContain(`${bad}: line 2, column at: found "yesterday"`);
  expect(existsSync(elsewhere)).toBe(false);
});

test('a place that cannot be written to is refused before anything is read', async () => {
  const { code, stderr } = await train('--out', join(SHOPS, 'trained'));
  expect(code).toBe(1);
  expect(stderr).toContain(`${SHOPS} is a file; name another place`);
  expect(stderr).not.toContain('actions');
});

test('a setting out of bounds is named as its option', async () => {
  const { code, stderr } = await train('--window-size', '0');
  expect(code).toBe(1);
  expect(stderr).toContain('error: --window-size must be a whole number 1..64, got 0');
});

test('a shop that is there twice is refused', async () => {
  const twice = join(directory, 'twice.csv');
  writeFileSync(twice, 'shopId,lon,lat\ns,1,2\nt,1,2\ns,3,4\n');
  const { code, stderr } = await train('--shops', twice);
  expect(code).toBe(1);
  expect(stderr).toContain(`${twice}: line 4, column shopId: found "s", which line 2 has already`);
});
