/** `doorrank fit` on the town that comes with the package: what it finds, a version is built with, and answers by. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { Recommendation } from '../src/index.ts';
import { buildTown, doorrank, succeed, temporaryDirectory, TOWN } from './cli-process.ts';

const ACTIONS = join(TOWN, 'actions.ndjson');
const directory = temporaryDirectory();
const store = join(directory, 'store');
const weights = join(directory, 'weights.json');
const FIT = ['fit', '--store', store, '--actions', ACTIONS, '--test-share', '0.2', '--cases-max', '80'];

interface Written {
  readonly fusion: { method: string; halfLifeMinutes: number; signals: Record<string, number> };
}

beforeAll(() => succeed(buildTown(store, 'plain', '--activate')));

test('fit tells what counts, and a version built with it answers by it', async () => {
  const { code, stdout, stderr } = await doorrank([...FIT, '--protocol', 'next', '--out', weights]);
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/^actions: search +-?\d+\.\d{3} +± \d+\.\d{3}$/m);
  expect(stdout).toMatch(/^proximity +-?\d+\.\d{3} +± \d+\.\d{3}$/m);
  expect(stdout).toMatch(/^hourFit +0\.000 +never differs$/m); // nothing was counted for this version
  expect(stdout).toMatch(/^half-life of actions \d+ min; .+ 60 min \d\.\d{4}, /m);
  expect(stdout).toMatch(
    /^\d+ of 80 cases, drawn from \d+ with seed 1, had their shop among the best 100 by the first round$/m,
  );
  for (const round of [1, 2]) {
    expect(stderr).toContain(`\ncases, round ${round} of 2: 100 % of 80\n`);
    expect(stderr).toContain(`\nhalf-lives, round ${round} of 2: 100 % of 5\n`);
  }
  expect(stderr).toMatch(/^cases, round 1 of 2: 50 % of 80, \d+ s left$/m);
  const { fusion } = JSON.parse(readFileSync(weights, 'utf8')) as Written;
  expect(fusion).toMatchObject({ method: 'linear' });

  const built = await doorrank(
    buildTown(store, 'fitted', '--actions', ACTIONS, '--request-defaults', weights, '--activate'),
  );
  expect(built.code, built.stderr).toBe(0);
  const shopActions = readFileSync(ACTIONS, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"shopId"'));
  const [from, to] = [shopActions.at(0)!, shopActions.at(-1)!].map(
    (line) => (JSON.parse(line) as { at: string }).at,
  );
  expect(built.stdout).toContain(`counted  ${shopActions.length} actions at these shops, ${from} to ${to}\n`);
  const inspected = await doorrank([
    'snapshot',
    'inspect',
    '--store',
    store,
    '--version',
    'fitted',
    '--json',
  ]);
  const { modelCard } = JSON.parse(inspected.stdout) as { readonly modelCard: unknown };
  expect(modelCard).toMatchObject({ countedActions: { count: shopActions.length, from, to } });
  const recommend = ['recommend', '--store', store, '--lon', '126.9784', '--lat', '37.5667', '--json'];
  const answer = await doorrank(recommend.concat('--keyword', '커피', '--with', '{"openOnly":false}'));
  const { version, shops } = JSON.parse(answer.stdout) as Recommendation;
  const signals = shops[0]!.reasons!.flatMap((reason) => ('signal' in reason ? [reason.signal] : []));
  expect(version).toBe('fitted');
  expect(signals).toEqual(Object.keys(fusion.signals));
  expect(signals).toContain('proximity');
});

test('only what is asked for is weighed', async () => {
  const asked = ['--signals', 'popularity,rating', '--half-lives-minutes', '60'];
  const { code, stdout } = await doorrank([...FIT, '--protocol', 'next', ...asked]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^rating /m);
  expect(stdout).not.toMatch(/^proximity /m);
});

test('what does not hold is refused, with what to do', async () => {
  const refused = async (...args: string[]): Promise<string> => {
    const { code, stderr } = await doorrank([...FIT, ...args]);
    return `${code} ${stderr}`;
  };
  expect(await refused('--protocol', 'next', '--signals', 'popularty')).toMatch(
    /^1 .*must name popularity, popularityNear, .+ or a column of numbers \(.*price.*\), got "popularty"/s,
  );
  expect(await refused('--protocol', 'next', '--ridge', '0')).toMatch(/^2 .*Expected a number above 0/s);
  const nowhere = join(directory, 'nowhere', 'weights.json');
  const unwritable = await refused('--protocol', 'next', '--out', nowhere);
  expect(unwritable).toMatch(/^1 error: ENOENT: .*nowhere\/weights\.json/);
  expect(unwritable).not.toContain('actions'); // that were read
  writeFileSync(weights, '{"fusion":{"method":"magic"}}');
  const { code, stderr } = await doorrank(buildTown(store, 'bad', '--request-defaults', weights));
  expect(`${code} ${stderr}`).toMatch(/^1 .*weights\.json: fusion\.method must be "rrf"/s);
  const card = join(directory, 'card.json');
  writeFileSync(card, '{"requestDefaults":{"fusion":{"method":"magic"}}}');
  const carded = await doorrank(buildTown(store, 'bad', '--model-card', card));
  expect(`${carded.code} ${carded.stderr}`).toMatch(
    /^1 error: .*card\.json: requestDefaults\.fusion\.method must be "rrf"/s,
  );
});
