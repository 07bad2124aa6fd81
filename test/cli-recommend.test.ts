/** `doorrank recommend` on the town that comes with the package. */
import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { openEngine } from '../src/engine/engine.ts';
import type { Recommendation } from '../src/recommender/recommendation.ts';
import type { RecommendRequest } from '../src/recommender/request.ts';
import { buildTown, doorrank, succeed, temporaryDirectory } from './cli-process.ts';

const directory = temporaryDirectory();
const store = join(directory, 'store');
const AT = '2026-11-22T03:00:00Z';
const LOCATION = { lon: 126.9784, lat: 37.5667 };
const RECOMMEND = ['recommend', '--store', store, '--lon', '126.9784', '--lat', '37.5667', '--at', AT];

beforeAll(async () => {
  await succeed(buildTown(store, 'town', '--activate'));
});

function file(name: string, content: string | Uint8Array): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

/** An answer without what differs from run to run. */
type Lasting = Omit<Recommendation, 'tookMs'>;

function lasting(json: string): Lasting {
  const { tookMs, ...answer } = JSON.parse(json) as Recommendation;
  expect(tookMs.total).toBeGreaterThan(0);
  return answer;
}

async function answered(...args: string[]): Promise<Lasting> {
  const { code, stdout, stderr } = await doorrank([...RECOMMEND, '--json', ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return lasting(stdout);
}

/** What the library answers. */
async function expected(request: Omit<RecommendRequest, 'location'>): Promise<Lasting> {
  const engine = await openEngine({ store, data: temporaryDirectory(), threads: 0 }, { nowMs: Date.now });
  try {
    const answer = await engine.recommend({ at: AT, location: LOCATION, ...request });
    return lasting(JSON.stringify(answer));
  } finally {
    await engine.close();
  }
}

test('--json is the answer of the library to the same request, the last action given being the newest', async () => {
  const answer = await answered('--keyword', '짜장면', '--shop', 's42', '--keyword', '피자', '--limit', '5');
  expect(answer).toEqual(
    await expected({
      actions: [
        { type: 'search', keyword: '피자' },
        { type: 'view', shopId: 's42' },
        { type: 'search', keyword: '짜장면' },
      ],
      limit: 5,
    }),
  );
  expect(answer).toMatchObject({ version: 'town', basis: 'actions' });
  expect(answer.shops).toHaveLength(5);
});

test('the radius narrows the candidates', async () => {
  const wide = await answered();
  const narrow = await answered('--radius-meters', '500');
  expect(wide.basis).toBe('popular');
  expect(narrow.candidateCount).toBeGreaterThan(0);
  expect(narrow.candidateCount).toBeLessThan(wide.candidateCount);
  expect(Math.max(...narrow.shops.map(({ distanceMeters }) => distanceMeters))).toBeLessThanOrEqual(500);
});

test('--filter takes the filter of a request', async () => {
  const filter = { price: { nearViewed: 0.3 }, or: [{ category: { prefix: 'ch' } }, { spicy: true }] };
  const anyHour = ['--open-only', 'false'];
  const [all, some] = [
    await answered(...anyHour, '--shop', 's42'),
    await answered(...anyHour, '--shop', 's42', '--filter', JSON.stringify(filter)),
  ];
  const request = { actions: [{ type: 'view', shopId: 's42' }], filter, openOnly: false };
  expect(some).toEqual(await expected(request));
  expect(some.candidateCount).toBeGreaterThan(0);
  expect(some.candidateCount).toBeLessThan(all.candidateCount);
  const none = await doorrank([...RECOMMEND, '--filter', '{"price":{"max":-1}}']);
  expect(none.stdout).toContain('shop that passes the filter delivers to lon 126.9784, lat 37.5667.');
  const noJson = await doorrank([...RECOMMEND, '--filter', '{price:1}']);
  expect(noJson).toMatchObject({ code: 2, stdout: '' });
  expect(noJson.stderr).toContain('Expected JSON; are quotes missing around it?');
});

test('closed shops are left out, shops that close too soon too, and shown if asked for', async () => {
  const at = ['--at', '2026-11-22T03:00:00Z', '--limit', '1000'];
  const late = ['--at', '2026-11-22T21:30:00Z', '--limit', '1000'];
  const count = async (...args: string[]) => (await answered(...args)).candidateCount;
  const all = await count(...at, '--open-only', 'false');
  expect(await count(...at)).toBeLessThan(all);
  expect(await count(...at, '--open-only', 'known')).toBe(await count(...at));
  expect(await count(...late, '--open-for', '40')).toBeLessThan(await count(...late));
  const { shops } = await answered(...at, '--open-only', 'false');
  expect(new Set(shops.map(({ hours }) => hours))).toEqual(new Set(['open', 'closed']));
  expect((await doorrank([...RECOMMEND, '--open-only', 'yes'])).code).toBe(2);
});

test('actions come from a .json or an .ndjson file just as from the request of the library', async () => {
  const actions = [
    { type: 'view', shopId: 's7', at: '2026-11-22T02:00:00Z' },
    { type: 'search', keyword: '커피', at: '2026-11-22T02:59:00Z' },
  ];
  const fromLibrary = await expected({ actions });
  const lines = actions.map((action) => `${JSON.stringify(action)}\n`).join('\n');
  expect(await answered('--actions', file('actions.json', JSON.stringify(actions)))).toEqual(fromLibrary);
  expect(await answered('--actions', file('actions.ndjson', lines))).toEqual(fromLibrary);
});

test('the table has a row per shop, best first, with its best reason', async () => {
  const { shops } = await answered('--keyword', '짜장면', '--limit', '3');
  const { code, stdout, stderr } = await doorrank([...RECOMMEND, '--keyword', '짜장면', '--limit', '3']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const [summary, , head, ...rows] = stdout.trimEnd().split('\n');
  expect(summary).toMatch(/^version town, basis actions, \d+ candidates, \d+ similarities, \d+\.\d\d ms$/);
  expect(head).toMatch(/^rank +shop id +name +score +meters +best reason$/);
  expect(rows).toHaveLength(3);
  rows.forEach((row, i) => {
    expect(row).toMatch(new RegExp(`^ +${i + 1} +${shops[i]!.shopId} +`));
    expect(row).toContain(shops[i]!.name);
    expect(row).toContain(`search 짜장면: rank ${i + 1}, similarity `);
  });
});

test('the table says what a misspelt keyword was taken for', async () => {
  const { stdout } = await doorrank([...RECOMMEND, '--keyword', '짜장몉', '--limit', '1']);
  expect(stdout).toContain('search 짜장몉 (taken as 짜장면): rank 1, similarity ');
});

test('without actions the table names popularity, without candidates it says that there are none', async () => {
  const popular = await doorrank([...RECOMMEND, '--limit', '1']);
  expect(popular.stdout).toMatch(/basis popular.*\n\n.*\n.*popularity \d+: rank 1$/m);
  const nobody = await doorrank(['recommend', '--store', store, '--lon', '-73.98', '--lat', '-.5']);
  expect(nobody).toMatchObject({ code: 0, stderr: '' });
  expect(nobody.stdout).toMatch(/\n\nNo open shop delivers to lon -73\.98, lat -0\.5\.\n$/);
});

test('where everything is closed the text says how many shops would deliver, and how to see them', async () => {
  const night = ['--at', '2026-11-22T03:30:00Z']; // whose hours are taken as UTC
  const asked = [...RECOMMEND, ...night, '--limit', '1000', '--filter', '{"category":"chinese"}'];
  const none = await doorrank(asked);
  const all = await doorrank([...asked, '--open-only', 'false', '--json']);
  const { shops } = JSON.parse(all.stdout) as Recommendation;
  const hint = 'do; --open-only false shows them.\n';
  expect(none.stdout).toContain(`lat 37.5667.\n${shops.length} that are closed then ${hint}`);
  const long = await doorrank([...asked, '--open-for', '1440', '--open-only', 'known']);
  const state = 'not open from then on for 1440 minutes, or of unknown hours';
  expect(long.stdout).toContain(`lat 37.5667.\n${shops.length} that are ${state} ${hint}`);
  expect(shops.length).toBeGreaterThan(3);
});

test('another version than the active one answers, and nothing is made active', async () => {
  await succeed(buildTown(store, 'other'));
  const { code, stdout } = await doorrank([...RECOMMEND, '--version', 'other', '--keyword', '피자']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^version other, basis actions, /);
  expect((await answered('--keyword', '피자')).version).toBe('town');
  const unknown = await doorrank([...RECOMMEND, '--version', 'v9']);
  expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringMatching(/^error: .*no version v9/)]);
});

test('the best reason of a fusion that does not rank signals is a round value', async () => {
  const fusion = { method: 'linear', signals: { popularity: 1 } };
  const asked = [...RECOMMEND, '--with', JSON.stringify({ fusion }), '--limit', '1'];
  const { stdout } = await doorrank(asked);
  const { shops } = await answered('--with', JSON.stringify({ fusion }), '--limit', '1');
  const [reason] = shops[0]!.reasons!;
  expect(reason).toMatchObject({ signal: 'popularity', rank: null });
  const { value } = reason as { readonly value: number };
  expect(stdout).toMatch(new RegExp(` popularity ${Number(value.toPrecision(4))}$`, 'm'));
});

test('recorded actions of a user are taken with --user and --data', async () => {
  const data = join(directory, 'data');
  const engine = await openEngine({ store, data, threads: 0 }, { nowMs: Date.now });
  await engine.record([{ userId: 'u1', type: 'search', keyword: '피자', at: '2026-11-22T02:59:00Z' }]);
  const owned = await doorrank([...RECOMMEND, '--user', 'u1', '--data', data]);
  expect(owned.code, owned.stderr).toBe(1); // as long as this process owns the directory
  expect(owned.stderr).toMatch(/^error: /);
  await engine.close();
  const { answerId, ...answer } = await answered('--user', 'u1', '--data', data);
  const action = { type: 'search', keyword: '피자', at: '2026-11-22T02:59:00Z' };
  // The answers are called differently, as the requests are not the same.
  const { answerId: ofActions, ...expectedAnswer } = await expected({ actions: [action] });
  expect(answer).toEqual(expectedAnswer);
  expect(answerId).not.toBe(ofActions);
});

test('--with says what else a request can, --why explains a shop', async () => {
  const diversity = { maxPer: { category: 1 } };
  const varied = await answered('--keyword', '피자', '--with', JSON.stringify({ diversity, limit: 4 }));
  const actions = [{ type: 'search', keyword: '피자' }];
  expect(varied).toEqual(await expected({ actions, diversity, limit: 4 }));
  const [best] = varied.shops;
  const why = await doorrank([...RECOMMEND, '--keyword', '피자', '--why', best!.shopId]);
  expect(why.stdout).toMatch(new RegExp(`^${best!.shopId}: place 1; rank \\d+, because search 피자 rank`));
  const far = await doorrank([...RECOMMEND, '--radius-meters', '1', '--why', best!.shopId, '--json']);
  expect(JSON.parse(far.stdout).obstacles[0]).toMatchObject({ code: 'outside_radius' });
  const twice = await doorrank([...RECOMMEND, '--limit', '2', '--with', '{"limit":3}']);
  expect(twice.code).toBe(2);
  expect(twice.stderr).toMatch(
    /^error: --with names limit, which an option of its own says too; leave one out/,
  );
  for (const [option, value, found] of [
    ['--limit', '0', 'error: --limit must be a whole number'],
    ['--filter', '{"nope":1}', 'error: filter.nope is not a column'],
  ] as const)
    expect((await doorrank([...RECOMMEND, option, value, '--why', 's1'])).stderr).toContain(found);
  const unknown = await doorrank([...RECOMMEND, '--why', 'nowhere']);
  expect([unknown.code, unknown.stderr]).toEqual([1, 'error: no shop "nowhere" in version town\n']);
});

test('no directory of its own is left behind', async () => {
  const temporary = temporaryDirectory();
  const { code } = await doorrank(RECOMMEND, { env: { TMPDIR: temporary } });
  expect(code).toBe(0);
  expect((await doorrank([...RECOMMEND, '--limit', '0'], { env: { TMPDIR: temporary } })).code).toBe(1);
  expect(readdirSync(temporary)).toEqual([]);
});

/** Refusals, and what they must say. */
const REFUSED: readonly (readonly [args: readonly string[], says: readonly string[]])[] = [
  [['--limit', '0'], ['--limit must be a whole number 1..1000, got 0']],
  [['--limit', '1e9'], ['--limit must be a whole number 1..1000']],
  [['--limit', '2.5'], ['--limit must be a whole number 1..1000']],
  [
    ['--radius-meters', '-5'],
    ['--radius-meters must be a number', 'got -5'],
  ],
  [['--lat', '126.9784'], ['--lat must be -90..90 degrees, got 126.9784']],
  [['--lon', '181'], ['--lon must be -180..180 degrees, got 181']],
  [['--at', 'yesterday'], ['--at must be an ISO 8601 instant']],
  [['--keyword', 'x'.repeat(10_000)], ['actions[0].keyword must be 1..200 characters, got "xxx']],
  [Array.from({ length: 51 }, () => ['--keyword', 'a']).flat(), ['50 actions']],
  [
    ['--filter', '{"or":[{"colour":1}]}'],
    ['filter.or[0].colour is not a column of this catalog; it has: category'],
  ],
  [['--filter', '[]'], ['--filter must be an object of conditions by column, got []']],
  [['--store', join(directory, 'nowhere')], ['nowhere']],
];

test('values out of bounds are refused with the option, what is expected and what was found', async () => {
  for (const [args, says] of REFUSED) {
    const { code, stdout, stderr } = await doorrank([...RECOMMEND, ...args]);
    expect({ code, stdout }, stderr).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^error: .*\n$/);
    for (const words of says) expect(stderr).toContain(words);
  }
});

/** Files of actions that do not hold, and what the refusal must say. */
const WRONG_ACTIONS: readonly (readonly [name: string, content: string | Uint8Array, says: string])[] = [
  ['no-json.json', '{', 'no-json.json is not JSON'],
  ['no-array.json', '{"type":"view"}', '--actions must be an array'],
  ['bad-line.ndjson', '{"type":"view","shopId":"s1"}\n\n{"type"\n', 'bad-line.ndjson line 3 is not JSON'],
  ['no-target.ndjson', '{"type":"view"}\n', 'actions[0] must have either a keyword or a shopId'],
  ['unknown-field.json', '[{"type":"view","shop":"s1"}]', 'actions[0].shop is not a known field'],
  ['no-utf8.json', new Uint8Array([0x22, 0xff, 0x22]), 'no-utf8.json is not UTF-8'],
  ['actions.csv', 'type', 'must end in .json or .ndjson'],
];

test('files of actions that do not hold are refused', async () => {
  for (const [name, content, says] of WRONG_ACTIONS) {
    const { code, stderr } = await doorrank([...RECOMMEND, '--actions', file(name, content)]);
    expect(code, stderr).toBe(1);
    expect(stderr).toMatch(/^error: .*\n$/);
    expect(stderr).toContain(says);
  }
  const missing = await doorrank([...RECOMMEND, '--actions', join(directory, 'missing.json')]);
  expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('missing.json cannot be read') });
});

test('a store without an active version is refused with what to do', async () => {
  const empty = join(directory, 'empty');
  await succeed(buildTown(empty, 'town'));
  const { code, stderr } = await doorrank([...RECOMMEND, '--store', empty]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^error: .*activate/);
});

test('a reader that goes away is no error', () => {
  const command = `"${process.execPath}" src/cli/doorrank.js ${RECOMMEND.join(' ')} --limit 1000 | head -c 1`;
  const { status, stderr } = spawnSync('bash', ['-c', `${command}; exit \${PIPESTATUS[0]}`], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});
