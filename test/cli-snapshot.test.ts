/** `doorrank snapshot …` on the town that comes with the package, and on files that do not hold. */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { buildTown, doorrank, succeed, temporaryDirectory, TOWN } from './cli-process.ts';

const SHOP_COUNT = readFileSync(join(TOWN, 'shops.csv'), 'utf8').trimEnd().split('\n').length - 1;
const KEYWORD_COUNT = readFileSync(join(TOWN, 'keywords.ndjson'), 'utf8').trimEnd().split('\n').length;
const MODEL_CARD = { trainedBy: 'a test', loss: 0.5 };

const directory = temporaryDirectory();
const store = join(directory, 'store');

function file(name: string, content: string | Uint8Array): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

async function listed(of = store): Promise<{ snapshots: { version: string; active: boolean }[] }> {
  const { code, stdout, stderr } = await doorrank(['snapshot', 'list', '--store', of, '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

async function activeVersion(): Promise<string | undefined> {
  return (await listed()).snapshots.find(({ active }) => active)?.version;
}

beforeAll(async () => {
  const card = file('card.json', JSON.stringify(MODEL_CARD));
  await succeed(buildTown(store, 'first', '--activate', '--model-card', card));
  await succeed(buildTown(store, 'second', '--metric', 'innerProduct'));
});

test('build says what it built on stdout, and in a pipe how far it is in lines on stderr', async () => {
  const built = await doorrank(buildTown(join(directory, 'other'), 'v1', '--activate'));
  expect(built.code, built.stderr).toBe(0);
  expect(built.stdout).toContain(`version v1, ${SHOP_COUNT} shops, ${KEYWORD_COUNT} keywords`);
  expect(built.stdout).toContain('v1 is active now; before: nothing');
  expect(built.stderr).toMatch(/^shops 100 % of \d+ bytes$/m);
  expect(built.stderr.split('\n').length).toBeLessThan(60);
});

test('build says whose hours it knows, which it cannot read and what it assumed', async () => {
  const shop = { lon: 1, lat: 2 };
  const triangle = [1, 2, 3, 1].map((lon) => [lon, lon % 3]);
  const zone = (openingHours: string) => ({
    type: 'Feature',
    properties: { openingHours },
    geometry: { type: 'Polygon', coordinates: [triangle] },
  });
  const shops = file(
    'hours.ndjson',
    [
      { ...shop, shopId: 'a', openingHours: 'Mo-Fr 10:00-22:00; PH off', timeZone: 'asia/seoul' },
      { ...shop, shopId: 'b', openingHours: { Mo: ['11:00-15:00', '17:00-02:00'] } },
      { ...shop, shopId: 'c', openingHours: 'sunrise-sunset' },
      { ...shop, shopId: 'd', zone: { type: 'FeatureCollection', features: [zone('24/7'), zone('10-22')] } },
    ]
      .map((row) => JSON.stringify(row))
      .join('\n'),
  );
  const vectors = file('hours.f32', new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer));
  const build = [
    'snapshot',
    'build',
    '--shops',
    shops,
    '--shop-vectors',
    vectors,
    '--store',
    join(directory, 'hours'),
  ];
  const bare = await doorrank([...build, '--version', 'v1']);
  expect(bare.code, bare.stderr).toBe(0);
  expect(bare.stdout).toContain('hours    of 2 shops; unknown of 2, which count as open');
  expect(bare.stdout).toContain('zones    2, 2 with hours of their own');
  expect(bare.stdout).toMatch(
    /^openingHours of 1 shop and 1 zone cannot be read:\n {2}1 × "sunrise-sunset" cannot be read from .*: "c"\n {2}1 × "10-22" .*: "d"$/m,
  );
  expect(bare.stdout).toContain('warning: 2 shops with hours have no timeZone; UTC is taken');
  expect(bare.stdout).toContain('warning: the hours of 1 shop name public holidays (PH)');
  const holidays = file('holidays.json', JSON.stringify({ 'Asia/Seoul': ['2026-12-25'] }));
  const named = ['--time-zone', 'Europe/Berlin', '--holidays', holidays];
  const told = await doorrank([...build, ...named, '--version', 'v2']);
  expect(told.code, told.stderr).toBe(0);
  expect(told.stdout).not.toContain('warning');
  const wrong = await doorrank([...build, '--time-zone', 'Seoul', '--version', 'v3']);
  expect(wrong).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('--time-zone must be an IANA name'),
  });
  const worse = await doorrank([
    ...build,
    '--holidays',
    file('wrong.json', '{"UTC":["25.12."]}'),
    '--version',
    'v3',
  ]);
  expect(worse).toMatchObject({ code: 1, stderr: expect.stringContaining('holidays.UTC[0] must be a date') });
});

test('list marks the active version, as a table and as JSON', async () => {
  const { snapshots } = await listed();
  expect(snapshots).toMatchObject([
    { version: 'first', active: true, shopCount: SHOP_COUNT, keywordCount: KEYWORD_COUNT, metric: 'cosine' },
    { version: 'second', active: false, metric: 'innerProduct' },
  ]);
  const { code, stdout } = await doorrank(['snapshot', 'list', '--store', store]);
  expect(code).toBe(0);
  const [head, first, second] = stdout.split('\n');
  expect(head).toMatch(/^version +active +shops +keywords +dimensions +metric +bytes$/);
  expect(first).toMatch(new RegExp(`^first +active +${SHOP_COUNT} +${KEYWORD_COUNT} +\\d+ +cosine +\\d+$`));
  expect(second).toMatch(new RegExp(`^second +${SHOP_COUNT} `));
});

test('inspect shows header, sections, model card and how this machine would serve it', async () => {
  const named = ['--store', store, '--version', 'first'];
  const { code, stdout } = await doorrank(['snapshot', 'inspect', ...named]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^version +first$/m);
  expect(stdout).toMatch(new RegExp(`^shops +${SHOP_COUNT}$`, 'm'));
  expect(stdout).toMatch(
    /^on this machine +(mapped|copied), (relaxed-simd|simd) kernel, (bytes|relaxedBytes) pass$/m,
  );
  expect(stdout).toMatch(/^rows +\d+ +\d+ +[0-9a-f]{64}$/m);
  expect(stdout).toContain('"trainedBy": "a test"');

  const asJson = await doorrank(['snapshot', 'inspect', ...named, '--json']);
  const header = JSON.parse(asJson.stdout);
  expect(header).toMatchObject({ version: 'first', shopCount: SHOP_COUNT, metric: 'cosine' });
  expect(header.modelCard).toMatchObject(MODEL_CARD);
  expect(header.sections[0]).toMatchObject({ name: 'rows', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
});

test('inspect and verify take a path as well', async () => {
  const path = join(store, 'snapshots', 'second.snapshot');
  expect(await doorrank(['snapshot', 'verify', path])).toMatchObject({ code: 0, stderr: '' });
  // The variable alone names no snapshot, so it does not stand against a path.
  const env = { DOORRANK_STORE: store };
  expect(await doorrank(['snapshot', 'inspect', path], { env })).toMatchObject({ code: 0, stderr: '' });
});

test('verify finds one flipped bit', async () => {
  const bytes = readFileSync(join(store, 'snapshots', 'first.snapshot'));
  expect(await doorrank(['snapshot', 'verify', file('sound.snapshot', bytes)])).toMatchObject({ code: 0 });
  bytes[5000]! ^= 1;
  const { code, stdout, stderr } = await doorrank(['snapshot', 'verify', file('flipped.snapshot', bytes)]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^error: .*flipped\.snapshot.*SHA-256/);
});

test('verify refuses what is no snapshot, is cut off, or is not there', async () => {
  const bytes = readFileSync(join(store, 'snapshots', 'first.snapshot'));
  for (const [path, says] of [
    [file('text.snapshot', 'no snapshot '.repeat(100)), 'DOORRANK'],
    [file('cut.snapshot', bytes.subarray(0, bytes.length - 1)), 'promises'],
    [file('empty.snapshot', ''), '0 bytes'],
    [join(directory, 'missing.snapshot'), 'cannot be read'],
  ] as const) {
    const { code, stderr } = await doorrank(['snapshot', 'verify', path]);
    expect(code, stderr).toBe(1);
    expect(stderr).toMatch(/^error: /);
    expect(stderr).toContain(says);
    expect(stderr).not.toMatch(/^\s+at /m);
  }
});

test('list shows a damaged file as one, and the others all the same', async () => {
  const other = join(directory, 'damaged');
  await succeed(buildTown(other, 'good'));
  writeFileSync(join(other, 'snapshots', 'bad.snapshot'), 'no snapshot');
  expect((await listed(other)).snapshots).toMatchObject([
    { version: 'bad', fault: expect.stringContaining('11 bytes') },
    { version: 'good', shopCount: SHOP_COUNT },
  ]);
  expect((await doorrank(['snapshot', 'list', '--store', other])).stdout).toMatch(/^bad .*11 bytes/m);
  const refused = await doorrank(['snapshot', 'activate', '--store', other, 'bad']);
  expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('11 bytes') });
  expect(existsSync(join(other, 'CURRENT'))).toBe(false);
});

test('rollback verifies the version it goes back to, and leaves the pointer alone if it does not hold', async () => {
  const other = join(temporaryDirectory(), 'store');
  cpSync(store, other, { recursive: true });
  await succeed(['snapshot', 'activate', '--store', other, 'second']);
  const first = join(other, 'snapshots/first.snapshot');
  const bytes = readFileSync(first);
  bytes[bytes.length - 9_000]! ^= 4;
  rmSync(first);
  writeFileSync(first, bytes);
  const pointer = readFileSync(join(other, 'CURRENT'), 'utf8');
  const refused = await doorrank(['snapshot', 'rollback', '--store', other]);
  expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/damaged/) });
  expect(readFileSync(join(other, 'CURRENT'), 'utf8')).toBe(pointer);
});

test('activate and rollback switch the active version and say which one was before', async () => {
  const activated = await doorrank(['snapshot', 'activate', '--store', store, 'second']);
  expect(activated).toMatchObject({ code: 0, stdout: 'second is active now; before: first\n', stderr: '' });
  expect(await activeVersion()).toBe('second');
  const rolledBack = await doorrank(['snapshot', 'rollback', '--store', store]);
  expect(rolledBack).toMatchObject({
    code: 0,
    stdout: 'first is active again; before: second\n',
    stderr: '',
  });
  expect(await activeVersion()).toBe('first');
  const refused = await doorrank(['snapshot', 'rollback', '--store', store]);
  expect(refused).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^error: first is the first/),
  });
});

test('a version that is not there, is there already, or cannot be a name is refused', async () => {
  const missing = await doorrank(['snapshot', 'activate', '--store', store, 'third']);
  expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('it has first, second') });
  const again = await doorrank(buildTown(store, 'first'));
  expect(again).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('already in the store'),
  });
  for (const name of ['a/b', '..', '../a', 'a..b', '-', ' ']) {
    const { code, stderr } = await doorrank(buildTown(store, name));
    expect(code, stderr).toBe(1);
    expect(stderr).toContain('error: --version must be 1..64 letters');
  }
  const argument = await doorrank(['snapshot', 'activate', '--store', store, '../../x']);
  expect(argument).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^error: version must be 1\.\.64/),
  });
});

test('a store that is none, or cannot be written, is refused', async () => {
  const below = join(file('regular-file', 'x'), 'store');
  for (const args of [
    buildTown(below, 'v1'),
    ['snapshot', 'list', '--store', below],
    ['snapshot', 'activate', '--store', directory, 'v1'],
    ['snapshot', 'rollback', '--store', directory],
    ['snapshot', 'verify', '--store', directory, '--version', 'v1'],
  ]) {
    const { code, stdout, stderr } = await doorrank(args);
    expect({ code, stdout }, stderr).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^error: .*store/m);
    expect(stderr).not.toMatch(/^\s+at /m);
  }
});

/** Inputs that do not hold, and what the refusal must say. */
const WRONG_INPUT: readonly (readonly [
  option: string,
  name: string,
  content: string,
  says: readonly string[],
])[] = [
  [
    '--shops',
    'bad-rows.csv',
    'shopId,lon,lat\na,126.9,37.5\na,126.9,37.5\nb,NaN,37.5\nc,37.5,126.9\n',
    ['bad-rows.csv', 'line 3', 'line 4', 'line 5', 'lon'],
  ],
  ['--shops', 'no-columns.csv', 'id,x,y\na,1,2\n', ['no-columns.csv', 'shopId']],
  ['--shops', 'empty.csv', '', ['empty.csv', 'empty']],
  ['--shops', 'shops.xlsx', 'x', ['shops.xlsx', '.csv', '.parquet']],
  ['--shop-vectors', 'short.npy', '\u0093NUMPY', ['short.npy']],
  ['--keyword-vectors', 'short.ndjson', '{"keyword":"a","vector":[1]}\n', ['short.ndjson', 'line 1']],
  ['--keyword-vectors', 'not-json.ndjson', '{"keyword"\n', ['not-json.ndjson', 'line 1']],
  ['--model-card', 'list.json', '[]', ['list.json', 'JSON object']],
  ['--model-card', 'not-json.json', '{', ['not-json.json', 'is not JSON']],
];

test.each(WRONG_INPUT)('build refuses %s %s and writes nothing', async (option, name, content, says) => {
  const target = join(directory, `refused-${name}`);
  const { code, stdout, stderr } = await doorrank([...buildTown(target, 'v1'), option, file(name, content)]);
  expect({ code, stdout }, stderr).toEqual({ code: 1, stdout: '' });
  for (const words of says) expect(stderr).toContain(words);
  expect(stderr).not.toMatch(/^\s+at /m);
  const snapshots = join(target, 'snapshots');
  expect(existsSync(snapshots) ? readdirSync(snapshots) : []).toEqual([]);
});

test('build refuses a file that is not there', async () => {
  const missing = join(directory, 'missing.csv');
  const { code, stderr } = await doorrank([...buildTown(join(directory, 'none'), 'v1'), '--shops', missing]);
  expect(code).toBe(1);
  expect(stderr).toContain(`error: ${missing} does not exist`);
});
