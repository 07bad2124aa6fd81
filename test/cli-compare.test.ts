/** `doorrank compare` on two versions with different embeddings, against asking both through the library. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Comparison } from '../src/cli/version-comparison.ts';
import { openEngine, type Engine, type RecommendRequest } from '../src/index.ts';
import { TOWN_CENTER } from '../src/synthetic/town.ts';
import { Workspace } from './built-town.ts';
import { doorrank, temporaryDirectory } from './cli-process.ts';
import { buildVersions, storeWith } from './two-versions.ts';

const workspace = new Workspace();
/** Versions `v1`, `v2` and `v3`, none of them active. */
let store: string;
/** Over the same versions, for what is expected: `v1` and `v2` are loaded. */
let engine: Engine;
beforeAll(async () => {
  const built = await buildVersions(workspace);
  store = built.directory;
  const own = storeWith(built, workspace.path('own'), ['v1', 'v2']);
  engine = await openEngine({
    store: own.directory,
    data: temporaryDirectory(),
    threads: 0,
    shadow: 'v2=0%',
  });
});
afterAll(async () => {
  await engine.close();
  workspace.remove();
});

const AT = '2026-11-22T12:00:00Z';

function requestOf(n: number, more: Partial<RecommendRequest> = {}): RecommendRequest {
  const location = { lon: TOWN_CENTER.lon + 0.001 * n, lat: TOWN_CENTER.lat };
  return { location, actions: [{ type: 'view', shopId: `s${n}` }], at: AT, ...more };
}

function file(name: string, values: readonly unknown[]): string {
  const path = workspace.path(name);
  writeFileSync(path, values.map((value) => (value === undefined ? '' : JSON.stringify(value))).join('\n'));
  return path;
}

async function compared(...args: string[]): Promise<Comparison> {
  const { code, stdout, stderr } = await doorrank(['compare', '--store', store, '--json', ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Comparison;
}

async function shopIdsOf(request: RecommendRequest, version: string): Promise<string[]> {
  return (await engine.recommend({ ...request, version })).shops.map(({ shopId }) => shopId);
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

test('it tells what asking both versions tells', async () => {
  const requests = Array.from({ length: 15 }, (_, n) => requestOf(n, n % 3 === 0 ? { limit: 5 } : {}));
  const comparison = await compared('v1', 'v2', '--requests', file('requests.ndjson', requests));
  const answers = await Promise.all(
    requests.map((request) => Promise.all(['v1', 'v2'].map((version) => shopIdsOf(request, version)))),
  );
  const pairs = answers as [string[], string[]][];
  const sharedAt = ([first, second]: [string[], string[]], k: number): number =>
    first.slice(0, k).filter((shopId) => second.slice(0, k).includes(shopId)).length;
  expect(comparison).toMatchObject({ requestCount: 15, comparedCount: 15, refused: [] });
  expect(comparison.overlap.map(({ k, requestCount }) => [k, requestCount])).toEqual([
    [1, 15],
    [3, 15],
    [5, 15],
    [10, 10],
    [20, 10],
  ]);
  for (const { k, overlap, onlyIn } of comparison.overlap) {
    const shared = mean(pairs.filter(([first]) => first.length >= k).map((pair) => sharedAt(pair, k)));
    expect(overlap).toBeCloseTo(shared / k, 12);
    expect(onlyIn[0]).toBeCloseTo(k - shared, 12);
    expect(onlyIn[1]).toBeCloseTo(k - shared, 12);
  }
  const rbo = pairs.map((pair) => {
    const agreement = pair[0].map((_, i) => sharedAt(pair, i + 1) / (i + 1));
    return (
      0.9 ** agreement.length * agreement.at(-1)! +
      mean(agreement.map((each, i) => 0.1 * 0.9 ** i * each)) * agreement.length
    );
  });
  expect(comparison.rankBiasedOverlap.mean).toBeCloseTo(mean(rbo), 12);
  expect(comparison.rankBiasedOverlap.median).toBeCloseTo(rbo.toSorted((a, b) => a - b)[7]!, 12);
  expect(comparison.rankBiasedOverlap.least).toBeCloseTo(Math.min(...rbo), 12);
  expect(comparison.rankBiasedOverlap.mean).toBeLessThan(0.9);
  const line = rbo.indexOf(Math.min(...rbo)) + 1;
  expect(comparison.leastAlike[0]).toMatchObject({ line, request: requests[line - 1] });
  const shifts = pairs
    .flatMap(([first, second]) => first.map((shopId, i) => [i, second.indexOf(shopId)] as const))
    .filter(([, place]) => place >= 0)
    .map(([i, place]) => Math.abs(place - i))
    .toSorted((a, b) => a - b);
  expect(comparison.rankShifts).toEqual({
    shopCount: shifts.length,
    unmovedCount: shifts.filter((shift) => shift === 0).length,
    median: shifts[Math.ceil(shifts.length * 0.5) - 1],
    p99: shifts[Math.ceil(shifts.length * 0.99) - 1],
    max: shifts.at(-1),
  });
  comparison.versions.forEach((figures, side) => {
    const own = new Set(pairs.flatMap((pair) => pair[side]!));
    for (const shopId of pairs.flatMap((pair) => pair[1 - side]!)) own.delete(shopId);
    expect(figures).toMatchObject({
      refusedCount: 0,
      basisCounts: { actions: 15 },
      shopsOnlyHereCount: own.size,
    });
    expect(figures.latencyMs.median).toBeGreaterThan(0);
    expect(figures.latencyMs.p99).toBeGreaterThanOrEqual(figures.latencyMs.median);
  });
  // Nothing was activated where the versions are.
  expect(existsSync(join(store, 'CURRENT'))).toBe(false);
});

test('a request that a version refuses is reported with its line; the others are compared', async () => {
  const requests = file('some-refused.ndjson', [
    requestOf(1),
    undefined,
    requestOf(2, { filter: { spicy: true }, version: 'v9' }),
    requestOf(3, { limit: 0 }),
    'no request',
  ]);
  const comparison = await compared('v1', 'v3', '--requests', requests);
  expect(comparison).toMatchObject({ requestCount: 4, comparedCount: 1 });
  expect(comparison.rankBiasedOverlap.mean).toBe(1); // the embeddings are the same
  expect(comparison.versions.map(({ refusedCount }) => refusedCount)).toEqual([2, 3]);
  expect(
    comparison.refused.map(({ line, version, message }) => `${line} ${version} ${message.slice(0, 20)}`),
  ).toEqual([
    '3 v3 filter.spicy is not ',
    '4 v1 limit must be a whol',
    '4 v3 limit must be a whol',
    '5 v1 the request must be ',
    '5 v3 the request must be ',
  ]);
  const { code, stdout } = await doorrank(['compare', '--store', store, 'v1', 'v3', '--requests', requests]);
  expect(code).toBe(0);
  expect(stdout).toContain('1 of 4 requests compared');
  expect(stdout).toMatch(/^v3 +\d+\.\d{3} +\d+\.\d{3} +3 +0 +1 actions$/m);
  expect(stdout).toMatch(/^20 +1 +1\.000 +0\.00 +0\.00$/m);
  expect(stdout).toContain('\n  line 3, v3: filter.spicy is not a column');
});

test('without a file the requests are made up from the first version, the same ones from the same seed', async () => {
  const [first, again, other] = [
    await compared('v1', 'v2', '--count', '30'),
    await compared('v1', 'v2', '--count', '30'),
    await compared('v1', 'v2', '--count', '30', '--seed', '2'),
  ];
  expect(first).toMatchObject({ requestCount: 30, comparedCount: 30, refused: [] });
  expect(first.versions[0].basisCounts).toEqual({ actions: 30 });
  expect(again.leastAlike).toEqual(first.leastAlike);
  expect(other.leastAlike).not.toEqual(first.leastAlike);
  const [{ request, rankBiasedOverlap }] = first.leastAlike as [Comparison['leastAlike'][number]];
  const found = await compared('v1', 'v2', '--requests', file('replayed.ndjson', [request]));
  expect(found.rankBiasedOverlap.mean).toBe(rankBiasedOverlap);
});

test('requests with a userId rest on the recorded actions of --data', async () => {
  const data = join(temporaryDirectory(), 'data');
  const recorder = await openEngine({ store, data, threads: 0 });
  await recorder.record([{ userId: 'u1', type: 'view', shopId: 's1' }]);
  await recorder.close();
  const requests = file('users.ndjson', [{ userId: 'u1', location: TOWN_CENTER }]);
  const basis = async (...more: string[]) =>
    (await compared('v1', 'v2', '--requests', requests, ...more)).versions.map(
      ({ basisCounts }) => basisCounts,
    );
  expect(await basis()).toEqual([{ popular: 1 }, { popular: 1 }]);
  expect(await basis('--data', data)).toEqual([{ actions: 1 }, { actions: 1 }]);
});

test('what cannot be compared ends with 1 and says why', async () => {
  const refused = async (...args: string[]) => {
    const { code, stdout, stderr } = await doorrank(['compare', '--store', store, ...args]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    return stderr;
  };
  expect(await refused('v1', 'v4')).toBe(`error: no version v4 in the store ${store}; it has v1, v2, v3\n`);
  expect(await refused('v1', 'v2', '--requests', file('wrong.ndjson', [{ location: 1 }]))).toMatch(
    /^error: none of 1 requests is answered by both versions; line 1, v1: location must be/,
  );
  const broken = workspace.path('broken.ndjson');
  writeFileSync(broken, `${JSON.stringify(requestOf(1))}\n{`);
  expect(await refused('v1', 'v2', '--requests', broken)).toContain('broken.ndjson line 2 is not JSON');
  expect(await refused('v1', 'v2', '--requests', workspace.path('nowhere'))).toContain('cannot be read');
});
