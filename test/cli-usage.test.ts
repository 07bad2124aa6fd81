/** What the command line refuses as wrong usage, and what its help says. No engine is opened here. */
import { readFileSync, readdirSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { reportFailure } from '../src/cli/failure.ts';
import { doorrank, type Ended } from './cli-process.ts';

const LOCATION = ['--lon', '126.9784', '--lat', '37.5667'];
const RECOMMEND = ['recommend', '--store', 'nowhere', ...LOCATION];
const BUILD = ['snapshot', 'build', '--shops', 'a.csv', '--shop-vectors', 'a.npy'];
const PIPELINE = ['pipeline', 'run', '--shops', 'a.csv', '--store', '.', '--work', '.'];
const EVALUATE = ['evaluate', '--store', '.', '--actions', 'a.csv', '--protocol', 'next'];

/** Wrong usages, and what their message must hold. */
const WRONG: readonly (readonly [args: readonly string[], says: readonly string[]])[] = [
  [[], ['Usage: doorrank', 'demo', 'serve', 'snapshot', 'recommend']],
  [['snapshot'], ['Usage: doorrank snapshot', 'build', 'verify', 'inspect', 'list', 'activate', 'rollback']],
  [['serv'], ["unknown command 'serv'", 'Did you mean serve?']],
  [['snapshot', 'prune'], ["unknown command 'prune'"]],
  [
    ['demo', '--prot', '1'],
    ["unknown option '--prot'", 'Did you mean --port?', '--help'],
  ],
  [
    ['demo', '--port', 'abc'],
    ["'abc'", 'whole number 0..65535'],
  ],
  [
    ['demo', '--port', '65536'],
    ["'65536'", 'whole number 0..65535'],
  ],
  [
    ['demo', '--port', '-1'],
    ["'-1'", 'whole number 0..65535'],
  ],
  [['demo', '--port'], ['argument missing']],
  [['demo', 'town'], ['too many arguments']],
  [
    ['serve', '--data', 'd'],
    ['--store <directory>', 'not specified'],
  ],
  [
    ['serve', '--store', 's'],
    ['--data <directory>', 'not specified'],
  ],
  [['serve', '--store', '', '--data', 'd'], ['is a shell variable not set?']],
  [['serve', '--store', '--data', 'd'], ['is a value missing in front of --data?']],
  [
    ['serve', '--store', 's', '--data', 'd', '--threads', 'two'],
    ["'two'", 'a number'],
  ],
  [
    ['serve', '--store', 's', '--data', 'd', '--mapping', 'mmap'],
    ["'mmap'", 'auto, copy'],
  ],
  [
    ['serve', '--store', 's', '--data', 'd', '--log-level', 'loud'],
    ["'loud'", 'info'],
  ],
  [['serve', '--store', 's', '--data', 'd', '--token', ''], ['is a shell variable not set?']],
  [PIPELINE, ['name what users did by --actions or --data']],
  [
    [...PIPELINE, '--data', '.', '--test-share', '0.5', '--validation-share', '0.5'],
    ['leave something to train on'],
  ],
  [[...PIPELINE, '--data', '.', '--metric', 'ndcg'], ['Expected mrr or such as ndcg@5']],
  [[...PIPELINE, '--every', '0 4 * * *', '--version', 'v3'], ['cannot be used with']],
  [EVALUATE, ['name the test part by --test, --test-share or --test-from']],
  [
    [...EVALUATE, '--test-share', '1'],
    ["'1'", 'between 0 and 1'],
  ],
  [
    [...EVALUATE, '--test-share', '0.2', '--test', 'b.csv'],
    ["'--test <paths...>' cannot be used with option '--test-share <share>'"],
  ],
  [
    [...EVALUATE, '--test-from', '2026-11-22'],
    ["'2026-11-22'", 'ISO 8601 instant'],
  ],
  [
    [...EVALUATE, '--test-from', '2026-02-30T12:00:00Z'],
    ["'2026-02-30T12:00:00Z'", 'ISO 8601 instant'],
  ],
  [
    [...EVALUATE, '--test-share', '0.2', '--protocol', 'old'],
    ["'old'", 'next, new'],
  ],
  [
    [...EVALUATE, '--test-share', '0.2', '--k', '5,0'],
    ["'5,0'", 'whole number from 1 on'],
  ],
  [
    [...EVALUATE, '--test-share', '0.2', '--k', '1001'],
    ["'1001'", '1..1000'],
  ],
  [
    [...EVALUATE, '--test-share', '0.2', '--baselines', 'oracle'],
    ['No baseline oracle', 'user-knn'],
  ],
  [
    [...EVALUATE, '--test-share', '0.2', '--baselines', 'nearest', '--against', 'popularity'],
    ['--against must name doorrank, nearest, best, got popularity'],
  ],
  [
    [...EVALUATE, '--protocol', 'new', '--test-share', '0.2', '--last-of-sessions'],
    ['--last-of-sessions and --targets choose among next shops'],
  ],
  [BUILD, ['--version <name>', 'not specified']],
  [
    [...BUILD, '--version', '1'],
    ['--store <directory>', 'not specified'],
  ],
  [
    [...BUILD, '--version', '1', '--store', 's', '--metric', 'dot'],
    ["'dot'", 'cosine, innerProduct, l2'],
  ],
  [
    [...BUILD, '--version', '1', '--store', 's', '--session-gap-minutes', '60'],
    ['--session-gap-minutes says how --actions are counted'],
  ],
  [
    [...BUILD, '--version', '1', '--store', 's', '--popularity-half-life-days', '30'],
    ['--popularity-half-life-days says how --actions are counted'],
  ],
  [['snapshot', 'verify'], ['either the path of a snapshot, or --store and --version']],
  [['snapshot', 'verify', 'a.snapshot', '--version', '1'], ['either the path']],
  [['snapshot', 'inspect', '--store', 's'], ['either the path']],
  [
    ['snapshot', 'list'],
    ['--store <directory>', 'not specified'],
  ],
  [['snapshot', 'activate', '--store', 's'], ["missing required argument 'version'"]],
  [['snapshot', 'rollback', '--store', 's', 'v'], ['too many arguments']],
  [
    ['train', '--actions', 'a.csv', '--shops', 's.csv'],
    ['--out <directory>', 'not specified'],
  ],
  [
    ['train', '--epochs', 'many'],
    ["'many'", 'a number'],
  ],
  [
    ['recommend', '--store', 's', '--lat', '1'],
    ['--lon <degrees>', 'not specified'],
  ],
  [
    ['recommend', '--store', 's', '--lon', '126,9', '--lat', '37'],
    ["'126,9'", 'a number'],
  ],
  [
    ['recommend', '--store', 's', '--lon', 'NaN', '--lat', '37'],
    ["'NaN'", 'a number'],
  ],
  [
    ['recommend', '--store', 's', '--lon', '1e999', '--lat', '37'],
    ["'1e999'", 'a number'],
  ],
  [
    [...RECOMMEND, '--limit', 'many'],
    ["'many'", 'a number'],
  ],
  [
    [...RECOMMEND, '--keyword', ''],
    ['--keyword', 'is a shell variable not set?'],
  ],
  [[...RECOMMEND, '--actions', 'a.json', '--keyword', 'b'], ['cannot be used with']],
  [[...RECOMMEND, '--user', 'u', '--data', 'd', '--shop', 's1'], ['cannot be used with']],
  [[...RECOMMEND, '--user', 'u'], ['--user and --data belong together']],
  [[...RECOMMEND, '--data', 'd'], ['--user and --data belong together']],
  [[...RECOMMEND, '--vector', 'v.npy'], ["unknown option '--vector'"]],
  [['compare', '--store', 's', 'v1'], ["missing required argument 'other'"]],
  [
    ['compare', '--store', 's', 'v1', 'v2', '--count', '0'],
    ["'0'", 'whole number 1..100000'],
  ],
  [['compare', '--store', 's', 'v1', 'v2', '--requests', 'r.ndjson', '--seed', '2'], ['cannot be used with']],
];

const COMMANDS = [
  ['demo'],
  ['serve'],
  ['recommend'],
  ['compare'],
  ['pipeline', 'run'],
  ...['list', 'show', 'compare'].map((name) => ['runs', name]),
  ...['build', 'verify', 'inspect', 'list', 'activate', 'rollback'].map((name) => ['snapshot', name]),
];

/** Two at a time, in order: the machines this runs on have few cores. */
async function all(runs: readonly (readonly string[])[]): Promise<Ended[]> {
  const ended: Ended[] = [];
  for (let i = 0; i < runs.length; i += 2) {
    ended.push(...(await Promise.all(runs.slice(i, i + 2).map((args) => doorrank(args)))));
  }
  return ended;
}

test('wrong usage ends with 2, says what is wrong on stderr and prints nothing on stdout', async () => {
  const ended = await all(WRONG.map(([args]) => args));
  WRONG.forEach(([args, says], i) => {
    const { code, stdout, stderr } = ended[i]!;
    const label = `doorrank ${args.join(' ')}\n${stderr}`;
    expect(code, label).toBe(2);
    expect(stdout, label).toBe('');
    for (const words of says) expect(stderr, label).toContain(words);
    expect(stderr, label).not.toMatch(/^\s+at /m);
  });
}, 300_000); // as many processes as there are ways to be wrong

test('a wrong environment variable is named', async () => {
  const { code, stderr } = await doorrank(['serve', '--store', 's', '--data', 'd'], {
    env: { DOORRANK_PORT: 'http' },
  });
  expect(code).toBe(2);
  expect(stderr).toContain("'http' from env 'DOORRANK_PORT' is invalid");
});

test('every command has help with an example, on stdout, exit 0', async () => {
  const ended = await all(COMMANDS.map((command) => [...command, '--help']));
  COMMANDS.forEach((command, i) => {
    const { code, stdout, stderr } = ended[i]!;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`Usage: doorrank ${command.join(' ')}`);
    expect(stdout).toMatch(new RegExp(`Examples?:\n  doorrank ${command.join(' ')} `));
    expect(stdout).not.toContain('undefined');
  });
});

test('--version prints the version of the package', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(await doorrank(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
});

/** The exit code of a failure and what it says. */
function reported(error: unknown): { code: number; says: string } {
  const spy = vi.spyOn(console, 'error').mockImplementation(() => {});
  try {
    return { code: reportFailure(error, undefined), says: spy.mock.calls.flat().join('\n') };
  } finally {
    spy.mockRestore();
  }
}

test('a fault of ours is shown with its stack and a request to report it, one of the system in one line', () => {
  const ours = reported(new TypeError('undefined is not a shop'));
  expect(ours.code).toBe(1);
  expect(ours.says).toMatch(/^TypeError: undefined is not a shop\n +at /);
  expect(ours.says).toContain('Please report it');
  let systemError: unknown;
  try {
    readdirSync('/nowhere/at/all');
  } catch (error) {
    systemError = error;
  }
  expect(reported(systemError)).toEqual({
    code: 1,
    says: "error: ENOENT: no such file or directory, scandir '/nowhere/at/all'",
  });
});
