/** Building: every form of input makes the same snapshot, every fault is named, and nothing is published but what is good. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openEngine } from '../src/index.ts';
import { buildSnapshot, type BuildInput, type BuildProgress } from '../src/snapshot/build-snapshot.ts';
import { verifySnapshot } from '../src/snapshot/verify-snapshot.ts';
import type { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import { TOWN_CENTER, type Town } from '../src/synthetic/town.ts';
import { buildTown, Workspace, type BuiltTown } from './built-town.ts';
import { FLOAT_LIST_SCHEMA, writtenParquet } from './snapshot-input-files.ts';

const workspace = new Workspace();
let built: BuiltTown;
let town: Town;
let store: SnapshotStore;
beforeAll(async () => {
  built = await buildTown(workspace, 'csv', { seed: 6, shopCount: 300, dimensions: 7 }, 'cosine', 'UTC');
  ({ town, store } = built);
});
afterAll(() => workspace.remove());

const vectorOf = (row: number): number[] => [...town.shopVectors.subarray(row * 7, row * 7 + 7)];

function file(name: string, content: string | Uint8Array): string {
  const target = workspace.path(name);
  writeFileSync(target, content);
  return target;
}

const ndjson = (rows: readonly object[]): string => rows.map((row) => JSON.stringify(row)).join('\n');
const shopRows = (): object[] =>
  [...town.shops()].map(({ attributes, ...shop }) => ({ ...shop, ...attributes }));

/** The bytes behind the header, which holds the name of the version. */
function contents(version: string): Uint8Array {
  const { sections } = verifySnapshot(store.pathOf(version));
  return readFileSync(store.pathOf(version)).subarray(sections.rows.offset);
}

test('CSV, NDJSON and Parquet, vectors by position and by key, make the same snapshot', async () => {
  const shuffled = [...town.shops()]
    .map((shop, row) => ({ shopId: shop.shopId, vector: vectorOf(row) }))
    .toReversed();
  const columns = [
    { name: 'shopId', data: shuffled.map(({ shopId }) => shopId) },
    { name: 'vector', data: shuffled.map(({ vector }) => vector) },
  ];
  const shopColumns = [
    'shopId',
    'lon',
    'lat',
    'name',
    'deliveryRadiusMeters',
    'openingHours',
    'category',
    'price',
    'rating',
    'popularity',
  ];
  const attributes = ['chain', 'signatureDish', 'spicy', 'vegetarian'];
  const all = shopRows() as { [column: string]: string | number | boolean | undefined }[];
  const parquetShops = writtenParquet(
    [...shopColumns, ...attributes].map((name) => ({ name, data: all.map((row) => row[name] ?? null) })),
  );
  const { shops, shopVectors } = built.inputs;
  const inputs: Record<string, Pick<BuildInput, 'shops' | 'shopVectors'>> = {
    'by-csv-f32': { shops, shopVectors: file('vectors.f32', new Uint8Array(town.shopVectors.buffer)) },
    'by-ndjson-npy': { shops: file('shops.ndjson', ndjson(shopRows())), shopVectors },
    'by-parquet': {
      shops: parquetShops,
      shopVectors: writtenParquet(columns, { schema: FLOAT_LIST_SCHEMA }),
    },
    'by-csv-ndjson': { shops, shopVectors: file('vectors.ndjson', ndjson(shuffled)) },
  };
  for (const [version, input] of Object.entries(inputs)) {
    await buildSnapshot({ ...built.inputs, ...input, version, metric: 'cosine' }, store);
    expect(Buffer.compare(contents(version), contents('csv')), version).toBe(0);
  }
});

test('progress reaches the end of every phase', async () => {
  const last = new Map<string, BuildProgress>();
  await buildSnapshot({ ...built.inputs, version: 'progress', metric: 'l2' }, store, (progress) =>
    last.set(progress.phase, progress),
  );
  expect([...last.keys()]).toEqual([
    'shops',
    'keywords',
    'spellings',
    'vectors',
    'checksums',
    'verification',
  ]);
  for (const { phase, done, total } of last.values()) expect(done / total, phase).toBeGreaterThan(0.8);
});

test('a model card is kept as it is', async () => {
  const modelCard = { trainedBy: '팀', metrics: { 'ndcg@10': 0.31 } };
  await buildSnapshot({ ...built.inputs, version: 'card', metric: 'cosine', modelCard }, store);
  expect(verifySnapshot(store.pathOf('card')).modelCard).toEqual(modelCard);
});

test('vectors without ids are refused where the shops are not those of the model card', async () => {
  const [header, ...lines] = readFileSync(built.inputs.shops, 'utf8').trimEnd().split('\n');
  const sorted = file('sorted.csv', [header, ...lines.toReversed()].join('\n'));
  const shopIdsSha256 = createHash('sha256')
    .update([...town.shops()].map(({ shopId }) => `"${shopId}"\n`).join(''))
    .digest('hex');
  const input = { ...built.inputs, metric: 'cosine', modelCard: { shopIdsSha256 } } as const;
  await expect(buildSnapshot({ ...input, shops: sorted, version: 'sorted' }, store)).rejects.toThrow(
    `${input.shopVectors} has a vector for each shop in the order of the shops that were trained, and those of ${sorted} are others`,
  );
  await buildSnapshot({ ...input, version: 'same-order' }, store);
  const shopVectors = file(
    'keyed.ndjson',
    ndjson([...town.shops()].map(({ shopId }, row) => ({ shopId, vector: vectorOf(row) }))),
  );
  await buildSnapshot({ ...input, shops: sorted, shopVectors, version: 'keyed' }, store);
  expect(store.versions()).toEqual(expect.arrayContaining(['same-order', 'keyed']));
  expect(store.versions()).not.toContain('sorted');
});

test('a snapshot of one shop that delivers everywhere', async () => {
  const shops = file('empty.ndjson', '{"shopId":"only","lon":1,"lat":2}');
  const one = await buildSnapshot(
    {
      shops,
      shopVectors: file('one.f32', new Uint8Array(Float32Array.of(1, 2).buffer)),
      version: 'one',
      metric: 'cosine',
    },
    store,
  );
  expect(one).toMatchObject({ shopCount: 1, keywordCount: 0, dimensions: 2 });
  store.activate('one');
  const engine = await openEngine({ store: store.directory, data: workspace.path('data-one'), threads: 0 });
  const { shops: found } = await engine.recommend({ location: { lon: 1, lat: 2 } });
  expect(found).toMatchObject([{ shopId: 'only', distanceMeters: 0, attributes: {} }]);
  expect((await engine.recommend({ location: TOWN_CENTER })).candidateCount).toBe(1); // no radius of its own: everywhere
  expect((await engine.recommend({ location: TOWN_CENTER, radiusMeters: 5_000 })).candidateCount).toBe(0);
  await engine.close();
});

const zero = JSON.stringify([0, 0, 0, 0, 0, 0, 0]);
const shop = (row: number, change: object = {}): object => ({
  shopId: `s${row}`,
  lon: 127,
  lat: 37,
  ...change,
});
const vectors = (rows: readonly number[]): string =>
  ndjson(rows.map((row) => ({ shopId: `s${row}`, vector: vectorOf(row) })));

const BAD: [what: string, input: () => Partial<BuildInput>, message: RegExp][] = [
  [
    'an id twice',
    () => ({ shops: file('twice.ndjson', ndjson([shop(0), shop(1), shop(0)])) }),
    /twice\.ndjson: line 3, column shopId: found "s0", which line 1 has already, expected each shopId once/,
  ],
  [
    'swapped coordinates',
    () => ({ shops: file('swapped.ndjson', ndjson([shop(0, { lon: 37.5, lat: 126.9 })])) }),
    /swapped\.ndjson: line 1.*126\.9.*swapped/,
  ],
  [
    'vectors for other shops',
    () => ({
      shopVectors: file(
        'other.ndjson',
        `${vectors([0])}\n${JSON.stringify({ shopId: 'x', vector: vectorOf(1) })}`,
      ),
    }),
    /other\.ndjson: line 2, column shopId: found "x", expected a shopId of the shops/,
  ],
  [
    'a shop without a vector',
    () => ({ shopVectors: file('few.ndjson', vectors([0, 2])) }),
    /few\.ndjson: end: found no vector for the shop of line 2, expected one for every shop/,
  ],
  [
    'a vector twice',
    () => ({ shopVectors: file('again.ndjson', vectors([0, 1, 2, 1])) }),
    /again\.ndjson: line 4, column shopId: found "s1" a second time, expected one vector for each shop/,
  ],
  [
    'a zero vector',
    () => ({ shopVectors: file('zero.ndjson', `${vectors([0, 1])}\n{"shopId":"s2","vector":${zero}}`) }),
    /zero\.ndjson: line 3, column vector: found a zero vector, expected a direction/,
  ],
  [
    'a NaN',
    () => ({
      shopVectors: file('nan.f32', new Uint8Array(new Float32Array(21).fill(1).with(9, NaN).buffer)),
    }),
    /nan\.f32: row 2, column vector: found NaN/,
  ],
  [
    'wrong dimensions',
    () => ({ shopVectors: file('short.ndjson', `${vectors([0, 1])}\n{"shopId":"s2","vector":[1,2]}`) }),
    /short\.ndjson: line 3, column vector: found 2 .*, expected 7/,
  ],
  ['too few rows', () => ({ shopVectors: file('odd.f32', new Uint8Array(10 * 4)) }), /odd\.f32/],
  [
    'keywords of other dimensions',
    () => ({ keywordVectors: file('kw.ndjson', '{"keyword":"pizza","vector":[1,2,3]}') }),
    /kw\.ndjson: line 1, column vector: found 3 .*, expected 7/,
  ],
  [
    'keywords that are one',
    () => ({
      keywordVectors: file(
        'same.ndjson',
        `{"keyword":"Pizza ","vector":${JSON.stringify(vectorOf(0))}}\n{"keyword":"pizza","vector":${JSON.stringify(vectorOf(1))}}`,
      ),
    }),
    /same\.ndjson: line 2, column keyword: found "pizza", which line 1 has already as "pizza"/,
  ],
  [
    'a keyword of spaces',
    () => ({
      keywordVectors: file('blank.ndjson', `{"keyword":"  ","vector":${JSON.stringify(vectorOf(0))}}`),
    }),
    /blank\.ndjson: line 1, column keyword/,
  ],
  ['no file', () => ({ shops: workspace.path('nowhere.csv') }), /nowhere\.csv/],
  ['a version with a path', () => ({ version: '../v' }), /version must be/],
  ['a version that is there', () => ({ version: 'csv' }), /version csv is already in the store/],
  [
    'a metric nobody knows',
    () => ({ metric: 'euclid' as never }),
    /metric must be cosine, innerProduct, l2, got "euclid"/,
  ],
];

test.each(BAD)('%s: named, and nothing is published', async (_what, change, message) => {
  const good = {
    shops: file('good.ndjson', ndjson([shop(0), shop(1), shop(2)])),
    shopVectors: file('good-vectors.ndjson', vectors([0, 1, 2])),
    version: 'bad',
    metric: 'cosine' as const,
  };
  const before = readdirSync(path.join(store.directory, 'snapshots')).toSorted();
  await expect(buildSnapshot({ ...good, ...change() }, store)).rejects.toThrow(message);
  expect(readdirSync(path.join(store.directory, 'snapshots')).toSorted()).toEqual(before);
});

test('a model card and attributes hold only so many levels', async () => {
  const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));
  const build = (change: object) =>
    buildSnapshot({ ...built.inputs, version: 'deep', metric: 'cosine', ...change }, store);
  const deep = (levels: number): string => file('deep.ndjson', ndjson([shop(0, { tags: nested(levels) })]));
  await expect(build({ shops: deep(3_000) })).rejects.toThrow(
    /deep\.ndjson: line 1, column tags: found .*values within values.*, expected at most 32 levels/,
  );
  await expect(build({ modelCard: { deep: nested(3_000) } })).rejects.toThrow(
    /modelCard must hold at most 32 levels/,
  );
});

test('a fault never steers a terminal', async () => {
  const shops = file('escape.csv', 'shopId,lon,lat,\u001b[31mred\n"a\u0007","x\u001b]0;title",1,2\n');
  const refusal = build({ shops });
  await expect(refusal).rejects.toThrow(/escape\.csv: line 2/);
  await expect(refusal).rejects.not.toThrow(/[^\P{Cc}\n]/u);

  function build(change: object) {
    return buildSnapshot({ ...built.inputs, version: 'escape', metric: 'cosine', ...change }, store);
  }
});

test('the first 20 of many faults are listed, the rest counted', async () => {
  const shops = file('many.ndjson', ndjson(Array.from({ length: 50 }, (_, row) => shop(row, { lat: 91 }))));
  const refusal = buildSnapshot({ ...built.inputs, shops, version: 'many', metric: 'cosine' }, store);
  await expect(refusal).rejects.toThrow(/^the input has 50 faults\n/);
  await expect(refusal).rejects.toThrow(/line 20, .*\n… and 30 more/);
});
