/** `doorrank evaluate` on a synthetic town: its figures are those of the library, its plot a picture, its text tables. */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Resvg } from '@resvg/resvg-js';
import { evaluate, EVALUATION_DEFAULTS, type EvaluationOptions } from '../src/evaluation/evaluate.ts';
import { withReplayedSnapshot } from '../src/evaluation/replayed-snapshot.ts';
import type { EvaluationResult } from '../src/evaluation/result.ts';
import { cutAt, isoOf } from '../src/evaluation/time-cut.ts';
import { buildSnapshot } from '../src/snapshot/build-snapshot.ts';
import { readActionLog } from '../src/training/read-action-log.ts';
import { buildTown, Workspace, type BuiltTown } from './built-town.ts';
import { doorrank } from './cli-process.ts';
import { MINUTE_MS, randomLog } from './made-log.ts';

const workspace = new Workspace();
let built: BuiltTown;
/** The first 350 actions of 400, the others, some of these, and all of them. */
const files = { before: '', after: '', targets: '', all: '' };
let cutMs: number;

beforeAll(async () => {
  built = await buildTown(workspace, 'v1', { seed: 4, shopCount: 300, dimensions: 8 });
  const { town } = built;
  const log = randomLog({
    seed: 9,
    actionCount: 400,
    userCount: 30,
    shopIds: Array.from({ length: 300 }, (_, row) => town.shop(row).shopId),
    keywords: town.keywords.map(({ keyword }) => keyword),
  });
  const lines = Array.from({ length: log.count }, (_, row) => {
    const target = log.targets[row]!;
    return JSON.stringify({
      userId: log.userIds[log.users[row]!],
      type: log.types[log.typeNumbers[row]!],
      ...(target < log.shopIds.length
        ? { shopId: log.shopIds[target] }
        : { keyword: log.keywords[target - log.shopIds.length] }),
      at: isoOf(log.atMs[row]!),
      weight: log.weights[row],
    });
  });
  cutMs = log.atMs[350]!;
  const start = log.atMs.findIndex((atMs) => atMs >= cutMs);
  const write = (name: keyof typeof files, kept: readonly string[]): void => {
    files[name] = workspace.path(`${name}.ndjson`);
    writeFileSync(files[name], kept.join('\n'));
  };
  write('before', lines.slice(0, start));
  write('after', lines.slice(start));
  write(
    'targets',
    lines.slice(start).filter((line) => line.includes('"order"')),
  );
  write('all', lines);
});
afterAll(() => workspace.remove());

async function evaluated(...args: string[]): Promise<{ result: EvaluationResult; stdout: string }> {
  const json = workspace.path('result.json');
  const store = built.store.directory;
  const { code, stdout, stderr } = await doorrank(['evaluate', '--store', store, '--json', json, ...args]);
  expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringMatching(/cases 100 %/) });
  return { result: JSON.parse(readFileSync(json, 'utf8')), stdout };
}

async function expected(options: Partial<EvaluationOptions>): Promise<EvaluationResult> {
  const { log } = await readActionLog([files.all]);
  const given: EvaluationOptions = { ...EVALUATION_DEFAULTS, protocol: 'next', ...options };
  return withReplayedSnapshot(built.store.pathOf('v1'), 'v1', given.candidates, (line) =>
    evaluate(cutAt(log, cutMs), line, given),
  );
}

test('next shops: figures of the library, however the test part is named', async () => {
  const args = ['--protocol', 'next', '--k', '5,1,5', '--baselines', 'popularity,item-knn'];
  const options = { ks: [1, 5], baselines: ['popularity', 'item-knn'], reference: 'best' } as const;
  const { result, stdout } = await evaluated(...args, '--actions', files.all, '--test-from', isoOf(cutMs));
  expect(result).toEqual(await expected(options));
  const apart = await evaluated(...args, '--actions', files.before, '--test', files.after);
  expect(apart.result).toEqual(result);
  for (const { name, metrics } of result.rankers)
    expect(stdout).toMatch(new RegExp(`^${name} .*${metrics['accuracy@1']!.mean.toFixed(4)} –`, 'm'));
  expect(['popularity', 'item-knn']).toContain(result.terms.reference);
  expect(stdout).toContain(`less ${result.terms.reference}`);
  expect(stdout).toContain(`the best baseline by accuracy@5 is ${result.terms.reference}: `);
  expect(stdout).toContain('coverage@5');
  expect(stdout).toContain('heavy (10 and more)');
  expect(result.slice.userCount).toBeLessThan(30);
  expect(stdout).toContain('too few to tell how far off a figure is');
});

test('new shops, in zones, with a request, against the recommender itself', async () => {
  const args =
    `--actions ${files.all} --test-share 0.125 --protocol new --candidates in-zone --against doorrank --seed 5 ` +
    '--cases-max 8 --heavy-from 12 --version v1 --with {"fusion":{"halfLifeMinutes":500}}';
  const { result, stdout } = await evaluated(...args.split(' '));
  expect(stdout).toMatch(/8 cases of 8 users, drawn from \d+ with seed 5, candidates/);
  expect(result).toEqual(
    await expected({
      protocol: 'new',
      candidates: 'in-zone',
      request: { fusion: { halfLifeMinutes: 500 } },
      reference: 'doorrank',
      seed: 5,
      caseCountMax: 8,
      heavyFrom: 12,
    }),
  );
  expect(result.slice.caseCount).toBe(8);
});

test('another version beside it is what differences are to', async () => {
  const args = `--actions ${files.all} --test-share 0.1 --protocol new --beside v1 --baselines none --k 5`;
  const { result, stdout } = await evaluated(...args.split(' '));
  expect(result.terms).toMatchObject({ reference: 'doorrank v1', beside: 'v1' });
  expect(stdout).toMatch(/^doorrank {2,}\+0\.0000 –$/m);
});

test('each version that was trained on the test part is named, and one that does not say on what', async () => {
  const { store, inputs } = built;
  const lateMs = cutMs + 24 * 60 * MINUTE_MS;
  const cards = {
    trained: { actionsTo: isoOf(lateMs) },
    counted: {
      actionsTo: isoOf(cutMs - 1),
      countedActions: { count: 1, from: isoOf(0), to: isoOf(lateMs) },
    },
    fair: { actionsTo: isoOf(cutMs - 1) },
  };
  for (const [version, modelCard] of Object.entries(cards))
    await buildSnapshot({ ...inputs, version, metric: 'cosine', modelCard }, store);
  const warnings = async (command: string, ...args: string[]): Promise<string[]> => {
    const cut = ['--actions', files.before, '--test', files.after, '--protocol', 'next', '--cases-max', '20'];
    const { code, stdout, stderr } = await doorrank([command, '--store', store.directory, ...cut, ...args]);
    expect(code, stderr).toBe(0);
    const said = stderr.split('\n').filter((line) => line.startsWith('warning: '));
    expect(stdout.split('\n').filter((line) => line.startsWith('warning: '))).toEqual(said); // whatever becomes of stderr
    return said.map((line) => line.replace(/^warning: (.*?) (up to|does not say).*/, '$1'));
  };
  const evaluation = ['--baselines', 'none', '--version'];
  expect(await warnings('evaluate', ...evaluation, 'fair')).toEqual([]);
  expect(await warnings('evaluate', ...evaluation, 'fair', '--beside', 'trained')).toEqual([
    'trained was trained on actions',
  ]);
  expect(await warnings('evaluate', ...evaluation, 'counted', '--beside', 'v1')).toEqual([
    'counted was trained on actions',
    'the model card of v1',
  ]);
  expect(await warnings('fit', '--version', 'trained')).toEqual(['trained was trained on actions']);
  expect(await warnings('fit', '--version', 'fair')).toEqual([]);
});

test('targets, the last of sessions and types choose among next shops', async () => {
  const all = ['--actions', files.before, '--test', files.after, '--protocol', 'next', '--baselines', 'none'];
  const countWith = async (...args: string[]): Promise<number> =>
    (await evaluated(...all, ...args)).result.slice.caseCount;
  const orders = await countWith('--targets', files.targets);
  expect(orders).toBeGreaterThan(2);
  expect(await countWith('--types', 'order')).toBe(orders);
  expect(await countWith('--types', 'view, order ')).toBe(await countWith('--types', 'order,view'));
  const last = await countWith('--last-of-sessions', '--session-gap-minutes', '60');
  expect(last).toBeGreaterThan(orders);
  expect(last).toBeLessThan(await countWith());
});

test('the plot is a picture that names everyone', async () => {
  const plot = workspace.path('plot.svg');
  await evaluated('--actions', files.all, '--test-share', '0.1', '--protocol', 'new', '--plot', plot);
  const svg = readFileSync(plot, 'utf8');
  const { width, height } = new Resvg(svg).render();
  expect([width, height]).toEqual([1080, 346]); // four panels, nine rankers
  for (const name of ['doorrank', 'user-knn', 'ndcg@20', 'v1']) expect(svg).toContain(name);
});

test('what cannot be is refused with what to do', async () => {
  const refused = async (...args: string[]): Promise<string> => {
    const given = ['evaluate', '--store', built.store.directory, '--protocol', 'next', ...args];
    const { code, stdout, stderr } = await doorrank(given);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    return stderr;
  };
  const all = ['--actions', files.all];
  expect(await refused(...all, '--test-share', '0.1', '--version', 'v9')).toContain('no version v9');
  expect(await refused(...all, '--test-from', '2030-01-01T00:00:00Z')).toContain('0 to test with');
  expect(await refused('--actions', files.after, '--test', files.before)).toContain('cut by time');
  expect(await refused(...all, '--test-share', '0.1', '--types', 'search')).toContain(
    'no action of the test',
  );
  expect(await refused(...all, '--test-share', '0.1', '--types', 'call,order')).toMatch(
    /no action is of type call, .* the actions have .*order/,
  );
  expect(await refused(...all, '--test-share', '0.1', '--with', '{"limit":3}')).toContain(
    'limit is what each case decides',
  );
});

test.each(['--json', '--plot'])(
  '%s that cannot be written is refused before anything is read',
  async (option) => {
    const nowhere = workspace.path('nowhere/result');
    const asked = `evaluate --store ${built.store.directory} --actions ${files.all} --test-share 0.1 --protocol new`;
    const { code, stderr } = await doorrank([...asked.split(' '), option, nowhere]);
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: ENOENT: .*result'\n$/),
    });
  },
);
