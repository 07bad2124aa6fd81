/** The files of a town hold the town, and data/town is what its generator makes. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ActionInputSchema } from '../src/domain/action.ts';
import { syntheticTown } from '../src/synthetic/town.ts';
import { writeTown } from '../src/synthetic/write-town.ts';

const ROOT = path.join(import.meta.dirname, '..');
const FILES = ['actions.ndjson', 'keywords.ndjson', 'shop-vectors.npy', 'shops.csv'];

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'doorrank-town-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('data/generate.ts makes data/town again, byte for byte', () => {
  execFileSync(process.execPath, [path.join(ROOT, 'data/generate.ts'), directory]);
  const checkedIn = path.join(ROOT, 'data/town');
  expect(readdirSync(directory).toSorted()).toEqual(FILES);
  expect(readdirSync(checkedIn).toSorted()).toEqual(FILES);
  for (const file of FILES) {
    const same = readFileSync(path.join(directory, file)).equals(readFileSync(path.join(checkedIn, file)));
    expect(same, file).toBe(true);
  }
});

test('data/town is small, and enough of its shops deliver to the center', () => {
  const files = FILES.map((file) => readFileSync(path.join(ROOT, 'data/town', file)));
  expect(files.reduce((sizeBytes, file) => sizeBytes + file.length, 0)).toBeLessThan(1_000_000);
  const delivering = csvRows(path.join(ROOT, 'data/town')).filter((shop) => {
    const east = (Number(shop['lon']) - 126.9784) * 111_320 * Math.cos((37.5667 * Math.PI) / 180);
    const north = (Number(shop['lat']) - 37.5667) * 111_320;
    return Math.hypot(east, north) < Number(shop['deliveryRadiusMeters']);
  });
  expect(delivering.length).toBeGreaterThan(100);
  expect(delivering.filter(({ category }) => category === 'chinese').length).toBeGreaterThan(20);
});

test('shops.csv reads back as the shops of the town', () => {
  const town = syntheticTown({ seed: 12, shopCount: 500 });
  writeTown(town, directory);
  const shops = csvRows(directory);
  expect(Object.keys(shops[0]!).join()).toBe(
    'shopId,lon,lat,name,deliveryRadiusMeters,openingHours,category,price,rating,popularity,' +
      'chain,signatureDish,spicy,vegetarian',
  );
  const expected = [...town.shops()].map(({ attributes, ...columns }) => {
    const fields = Object.entries({ ...columns, chain: '', ...attributes });
    return Object.fromEntries(fields.map(([column, value]) => [column, String(value)]));
  });
  expect(shops).toEqual(expected);
});

test('shop-vectors.npy is float32 in C order, to the bit', () => {
  const town = syntheticTown({ seed: 12, shopCount: 250, dimensions: 20 });
  writeTown(town, directory);
  const bytes = readFileSync(path.join(directory, 'shop-vectors.npy'));
  expect(bytes.subarray(0, 8).toString('latin1')).toBe('\x93NUMPY\x01\x00');
  const dataStart = 10 + bytes.readUInt16LE(8);
  expect(dataStart % 64).toBe(0);
  expect(bytes.toString('latin1', 10, dataStart).trimEnd()).toBe(
    "{'descr': '<f4', 'fortran_order': False, 'shape': (250, 20), }",
  );
  expect(bytes.length).toBe(dataStart + 250 * 20 * 4);
  const read = Array.from({ length: 250 * 20 }, (_, i) => bytes.readFloatLE(dataStart + 4 * i));
  expect(read).toEqual([...town.shopVectors]);
});

test('keywords.ndjson and actions.ndjson hold keywords and actions, a line each', () => {
  const town = syntheticTown({ seed: 12, shopCount: 200, userCount: 10, actionCount: 120 });
  writeTown(town, directory);
  const keywords = ndjsonLines('keywords.ndjson') as { keyword: string; count: number; vector: number[] }[];
  expect(keywords.map(({ keyword, count }) => ({ keyword, count }))).toEqual(
    town.keywords.map(({ keyword, count }) => ({ keyword, count })),
  );
  const written = keywords.flatMap(({ vector }) => vector);
  expect(written.length).toBe(town.keywordVectors.length);
  written.forEach((part, i) => expect(Math.abs(part - town.keywordVectors[i]!)).toBeLessThan(0.5001e-5));
  const actions = ndjsonLines('actions.ndjson').map((line) => ActionInputSchema.parse(line));
  const expected = [...town.actions()].map(({ atMs, ...action }) => ({
    ...action,
    at: new Date(atMs).toISOString(),
  }));
  expect(actions).toEqual(expected);
});

function csvRows(folder: string): Record<string, string>[] {
  return parse(readFileSync(path.join(folder, 'shops.csv')), { columns: true });
}

function ndjsonLines(file: string): unknown[] {
  const lines = readFileSync(path.join(directory, file), 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line));
}
