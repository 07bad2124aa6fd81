/** Reading shops: what was written is what is read, from every format. */
import { describe, expect, test } from 'vitest';
import { Random } from '../src/base/random.ts';
import type { Shop } from '../src/domain/shop.ts';
import { InputFaults } from '../src/snapshot/input/input-faults.ts';
import { type PlacedShop, readShops } from '../src/snapshot/input/read-shops.ts';
import {
  parquetList,
  parquetNumber,
  parquetStruct,
  parquetTable,
  parquetText,
  written,
  writtenParquet,
  type ParquetColumn,
} from './snapshot-input-files.ts';

async function shopsOf(path: string): Promise<PlacedShop[]> {
  const faults = new InputFaults();
  const shops: PlacedShop[] = [];
  for await (const batch of readShops(path, faults)) shops.push(...batch);
  faults.throwIfAny();
  return shops;
}

/** Shops with every field and attribute present now and then, and texts that CSV has to quote. */
function randomShops(random: Random, count: number): Shop[] {
  const names = ['행복한 식당', 'He said "hi"', 'a, b', 'two\nlines', 'two\r\nlines', '🍜', ' blank '];
  return Array.from({ length: count }, (_, i) => ({
    shopId: `s${i}`,
    lon: random.between(-180, 180),
    lat: random.between(-90, 90),
    ...(random.unit() < 0.5 && { name: random.pick(names) }),
    ...(random.unit() < 0.5 && { deliveryRadiusMeters: 1 + random.below(5000) }),
    ...(random.unit() < 0.5 && { openingHours: 'Mo-Su 10:00-22:00' }),
    ...(random.unit() < 0.5 && { category: random.pick(['chinese', 'pizza']) }),
    ...(random.unit() < 0.5 && { price: random.below(30000) }),
    ...(random.unit() < 0.5 && { rating: random.below(50) / 10 }),
    ...(random.unit() < 0.5 && { popularity: random.below(1e6) }),
    attributes: {
      ...(random.unit() < 0.5 && { cuisine: random.pick(names) }),
      ...(random.unit() < 0.5 && { halal: random.unit() < 0.5 }),
      ...(random.unit() < 0.5 && { tables: random.below(100) }),
    },
  }));
}

const COLUMNS = [
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
const ATTRIBUTES = ['cuisine', 'halal', 'tables'];

/** The values of each column, undefined where a shop has none. */
function table(shops: readonly Shop[]): { name: string; data: unknown[] }[] {
  const fields = COLUMNS.map((name) => ({
    name,
    data: shops.map((shop) => shop[name as keyof Shop] as unknown),
  }));
  return [
    ...fields,
    ...ATTRIBUTES.map((name) => ({ name, data: shops.map((shop) => shop.attributes[name]) })),
  ];
}

function csv(shops: readonly Shop[], newline: string): string {
  const columns = table(shops);
  const field = (value: unknown): string => {
    const text = String(value ?? '');
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = shops.map((_, row) => columns.map(({ data }) => field(data[row])).join(','));
  return [columns.map(({ name }) => name).join(','), ...lines, ''].join(newline);
}

const SEED = 20261122;

test.each([
  ['shops.csv', '\n'],
  ['shops.csv', '\r\n'],
  ['shops.csv.gz', '\n'],
])('a CSV file (%s, %j) gives the shops and the lines that were written', async (name, newline) => {
  const shops = randomShops(new Random(SEED), 30_000); // several blocks of 1 MiB
  const text = csv(shops, newline);
  const read = await shopsOf(written(name, text));
  expect(
    read.map(({ shop }) => shop),
    `seed ${SEED}`,
  ).toEqual(shops);
  const lines = text.split('\n');
  for (const { shop, place } of read) {
    const line = lines[Number(place.replace('line ', '')) - 1]!;
    expect(line.startsWith(`${shop.shopId},`), `${place} is ${line}`).toBe(true);
  }
});

test.each(['shops.ndjson', 'shops.jsonl', 'shops.ndjson.gz', 'shops.jsonl.gz'])(
  'an NDJSON file (%s) gives the shops',
  async (name) => {
    const shops = randomShops(new Random(SEED), 20_000);
    // Attributes stand beside the columns or in an object of their own.
    const lines = shops.map((shop, i) => {
      const { attributes, ...fields } = shop;
      return JSON.stringify(i % 2 === 0 ? shop : { ...fields, ...attributes });
    });
    const read = await shopsOf(written(name, lines.join('\n')));
    expect(
      read.map(({ shop }) => shop),
      `seed ${SEED}`,
    ).toEqual(shops);
    expect(read.map(({ place }) => place)).toEqual(shops.map((_, i) => `line ${i + 1}`));
  },
);

test.each(['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'ZSTD'] as const)(
  'a Parquet file (%s) gives the shops',
  async (codec) => {
    const shops = randomShops(new Random(SEED), 12_000);
    const path = writtenParquet(
      table(shops).map(({ name, data }) => ({ name, data, nullable: true, type: parquetType(data) })),
      { codec, rowGroupSize: [100, 9000], pageSize: 2000 },
    );
    const read = await shopsOf(path);
    expect(
      read.map(({ shop }) => shop),
      `seed ${SEED}`,
    ).toEqual(shops);
    expect(read.map(({ place }) => place)).toEqual(shops.map((_, i) => `row ${i + 1}`));
  },
);

function parquetType(data: readonly unknown[]): 'STRING' | 'BOOLEAN' | 'DOUBLE' {
  const type = typeof data.find((value) => value !== undefined);
  if (type === 'string') return 'STRING';
  return type === 'boolean' ? 'BOOLEAN' : 'DOUBLE';
}

test('Parquet types become what JSON can hold: whole numbers, dates, lists and objects', async () => {
  const path = writtenParquet([
    { name: 'shopId', data: [7n, 8n] },
    { name: 'lon', data: new Float32Array([1.5, 2.5]) },
    { name: 'lat', data: [3n, 4n] },
    { name: 'seats', data: [40n, 50n] },
    { name: 'opened', data: [new Date('2026-01-02T03:04:05Z'), undefined], type: 'TIMESTAMP' },
    { name: 'tags', data: [['a', 'b'], ['c']] },
    { name: 'attributes', data: [{ vegan: true }, { floor: 2, near: ['park'] }], type: 'JSON' },
  ]);
  expect((await shopsOf(path)).map(({ shop }) => shop)).toEqual([
    {
      shopId: '7',
      lon: 1.5,
      lat: 3,
      attributes: { seats: 40, opened: '2026-01-02T03:04:05.000Z', tags: ['a', 'b'], vegan: true },
    },
    { shopId: '8', lon: 2.5, lat: 4, attributes: { seats: 50, tags: ['c'], floor: 2, near: ['park'] } },
  ]);
});

describe('zones in Parquet', () => {
  const square = [
    [
      [10, 10],
      [20, 10],
      [20, 20],
      [10, 20],
      [10, 10],
    ],
  ];
  const polygon = { type: 'Polygon', coordinates: square };
  const multiPolygon = { type: 'MultiPolygon', coordinates: [square, square] };
  const polygons = [[{ lons: [10, 20, 20, 10], lats: [10, 10, 20, 20] }]];
  const rings = (number: ParquetColumn) => parquetList(parquetList(parquetList(number)));
  const geometry = (number: ParquetColumn) =>
    parquetStruct({ type: parquetText, coordinates: rings(number) });
  const double = parquetNumber('DOUBLE');
  const featureOf = (openingHours: ParquetColumn, fee: ParquetColumn) =>
    parquetStruct({
      type: parquetText,
      properties: parquetStruct({ openingHours, deliveryFee: fee }),
      geometry: geometry(double),
    });
  const feature = (properties: object | null) => ({ type: 'Feature', properties, geometry: polygon });
  const week = parquetStruct(
    Object.fromEntries(['Mo', 'Tu', 'We', 'Su'].map((day) => [day, parquetList(parquetText)])),
  );

  test.each<[string, ParquetColumn, unknown, readonly object[]]>([
    ['GeoJSON text', parquetText, JSON.stringify(polygon), [{ polygons }]],
    [
      'JSON',
      (name) => [{ name, type: 'BYTE_ARRAY', converted_type: 'JSON', repetition_type: 'OPTIONAL' }],
      multiPolygon,
      [{ polygons: [...polygons, ...polygons] }],
    ],
    [
      'GEOMETRY, as GeoParquet has it',
      (name) => [
        { name, type: 'BYTE_ARRAY', logical_type: { type: 'GEOMETRY' }, repetition_type: 'OPTIONAL' },
      ],
      multiPolygon,
      [{ polygons: [...polygons, ...polygons] }],
    ],
    ['a struct', geometry(double), polygon, [{ polygons }]],
    ['a struct of float32', geometry(parquetNumber('FLOAT')), polygon, [{ polygons }]],
    [
      'a struct of whole numbers',
      geometry(parquetNumber('INT64')),
      { ...polygon, coordinates: square.map((ring) => ring.map((position) => position.map(BigInt))) },
      [{ polygons }],
    ],
    [
      'a struct of several polygons',
      parquetStruct({ type: parquetText, coordinates: parquetList(rings(double)) }),
      multiPolygon,
      [{ polygons: [...polygons, ...polygons] }],
    ],
    [
      'a struct of features with texts and whole fees',
      parquetStruct({
        type: parquetText,
        features: parquetList(featureOf(parquetText, parquetNumber('INT64'))),
      }),
      {
        type: 'FeatureCollection',
        features: [
          feature({ openingHours: '24/7', deliveryFee: 3000n }),
          feature(null),
          feature({ openingHours: null, deliveryFee: null }),
        ],
      },
      [{ polygons, openingHours: '24/7', deliveryFee: 3000 }, { polygons }, { polygons }],
    ],
    [
      'a struct of a feature with a weekly table, whose days may be null',
      featureOf(week, double),
      feature({ openingHours: { Mo: ['10:00-12:00'], Tu: [], We: null, Su: null }, deliveryFee: 2.5 }),
      [{ polygons, openingHours: 'Mo 10:00-12:00', deliveryFee: 2.5 }],
    ],
  ])('as %s', async (_as, column, zone, expected) => {
    const count = 3_000; // several row groups
    const hasZone = (row: number) => row % 3 !== 1;
    const rows = Array.from({ length: count }, (_, row) => row);
    const path = writtenParquet(
      [
        { name: 'shopId', data: rows.map((row) => `s${row}`) },
        { name: 'lon', data: rows.map(() => 1) },
        { name: 'lat', data: rows.map(() => 2) },
        { name: 'zone', data: rows.map((row) => (hasZone(row) ? zone : null)) },
      ],
      {
        schema: parquetTable({ shopId: parquetText, lon: double, lat: double, zone: column }),
        rowGroupSize: 700,
        pageSize: 4_000,
      },
    );
    const read = await shopsOf(path);
    expect(read.map(({ shop }) => shop.zones)).toEqual(
      rows.map((row) => (hasZone(row) ? expected : undefined)),
    );
  });

  test('what is none is refused with its place', async () => {
    const path = writtenParquet(
      [
        { name: 'shopId', data: ['a', 'b'] },
        { name: 'lon', data: [1, 1] },
        { name: 'lat', data: [2, 2] },
        { name: 'zone', data: [polygon, { type: 'Polygon', coordinates: [square[0]!.slice(1)] }] },
      ],
      { schema: parquetTable({ shopId: parquetText, lon: double, lat: double, zone: geometry(double) }) },
    );
    await expect(shopsOf(path)).rejects.toThrow(
      'row 2, column zone.coordinates[0][3]: found [10,10], expected the first position again, [20,10]',
    );
  });
});

test('CSV text becomes a number or boolean only where nothing is lost', async () => {
  const values = [
    '12',
    '-0.5',
    '1e3',
    'true',
    'false',
    '007',
    '+82',
    '1.',
    'TRUE',
    '9007199254740993',
    '1e999',
    ' 5',
    'null',
  ];
  const rows = values.map((value, i) => `s${i},0,0,${value}`);
  const read = await shopsOf(written('shops.csv', ['shopId,lon,lat,x', ...rows].join('\n')));
  expect(read.map(({ shop }) => shop.attributes['x'])).toEqual([
    12,
    -0.5,
    1000,
    true,
    false,
    '007',
    '+82',
    '1.',
    'TRUE',
    '9007199254740993',
    '1e999',
    ' 5',
    'null',
  ]);
});

test('a byte order mark, empty lines, mixed line ends and no last line end are accepted', async () => {
  const read = await shopsOf(written('shops.csv', '\ufeffshopId,lon,lat\r\n\r\na,1,2\n\n\nb,3,4'));
  expect(read).toEqual([
    { place: 'line 3', shop: { shopId: 'a', lon: 1, lat: 2, attributes: {} } },
    { place: 'line 6', shop: { shopId: 'b', lon: 3, lat: 4, attributes: {} } },
  ]);
  const lines = await shopsOf(
    written(
      'shops.ndjson',
      '\ufeff{"shopId":"a","lon":1,"lat":2}\r\n\r\n{"shopId":12,"lon":3,"lat":4,"name":null}\r\n',
    ),
  );
  expect(lines).toEqual([
    { place: 'line 1', shop: { shopId: 'a', lon: 1, lat: 2, attributes: {} } },
    { place: 'line 3', shop: { shopId: '12', lon: 3, lat: 4, attributes: {} } },
  ]);
});

test('progress ends at the size of the file', async () => {
  const shops = randomShops(new Random(SEED), 9_000);
  const paths = [
    written('shops.csv.gz', csv(shops, '\n')),
    written('shops.ndjson', shops.map((shop) => JSON.stringify(shop)).join('\n')),
    writtenParquet([
      { name: 'shopId', data: shops.map((shop) => shop.shopId) },
      { name: 'lon', data: shops.map((shop) => shop.lon) },
      { name: 'lat', data: shops.map((shop) => shop.lat) },
    ]),
  ];
  for (const path of paths) {
    const seen: number[] = [];
    let total = 0;
    for await (const batch of readShops(path, new InputFaults(), (bytesRead, bytesTotal) => {
      seen.push(bytesRead);
      total = bytesTotal;
    }))
      expect(batch.length).toBeGreaterThan(0);
    expect(seen.toSorted((a, b) => a - b)).toEqual(seen);
    expect(seen.at(-1)).toBe(total);
  }
});
