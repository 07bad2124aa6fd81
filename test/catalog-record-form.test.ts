/** What the form of a record proves is true by JSON.parse, and what a build writes is proven. */
import { expect, test } from 'vitest';
import { Random } from '../src/base/random.ts';
import { TextTable } from '../src/base/text-table.ts';
import { encodeTextTable } from '../src/base/text-table-builder.ts';
import { firstUnproven } from '../src/catalog/record-form.ts';
import type { Shop } from '../src/domain/shop.ts';
import { plainShop, randomShops } from './catalog-random-shops.ts';

/** In the order in which a build writes them. */
const FIELDS = [
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
  'attributes',
] as const satisfies readonly (keyof Shop)[];

function recordOf(shop: Shop): string {
  return JSON.stringify(Object.fromEntries(FIELDS.map((field) => [field, shop[field]])));
}

function isProven(record: string, { shopId, lon, lat }: Pick<Shop, 'shopId' | 'lon' | 'lat'>): boolean {
  // Others before and behind: nothing outside of its own bytes may decide.
  const records = TextTable.over(encodeTextTable(['{"a":"', record, '}']), 'records');
  const ids = TextTable.over(encodeTextTable(['x', shopId, 'y']), 'ids');
  const coordinates = Float64Array.of(0, 0, lon, lat, 0, 0);
  return firstUnproven(records, ids, coordinates, 1, 2) === 2;
}

/** Random text with `edits` characters put in, taken out or changed. */
function edited(random: Random, text: string, edits: number): string {
  const characters = Array.from(text);
  for (let i = 0; i < edits; i++) {
    const at = random.below(characters.length);
    const put = random.pick(Array.from('{}[]",:\\u0019-+.eEtn/ \n\u0001é김'));
    characters.splice(at, random.below(2), ...(random.unit() < 0.7 ? [put] : []));
  }
  return characters.join('');
}

function expectTrue(record: string, shop: Shop, place: string): void {
  const parsed = JSON.parse(record) as Record<string, unknown>;
  expect(parsed, place).toMatchObject({ shopId: shop.shopId, lon: shop.lon, lat: shop.lat });
  const names = Object.keys(parsed);
  expect(names, place).toEqual(FIELDS.filter((field) => names.includes(field)));
  for (const name of ['name', 'openingHours', 'category'])
    expect(['string', 'undefined'], place).toContain(typeof parsed[name]);
  for (const name of ['deliveryRadiusMeters', 'price', 'rating', 'popularity'])
    expect(['number', 'undefined'], place).toContain(typeof parsed[name]);
  expect(Object.prototype.toString.call(parsed['attributes']), place).toBe('[object Object]');
}

test('every record that a build writes is proven, but for an id that JSON escapes', () => {
  let provenCount = 0;
  for (let seed = 1; seed <= 500; seed++) {
    for (const shop of randomShops(new Random(seed), 8)) {
      const isEscaped = JSON.stringify(shop.shopId) !== `"${shop.shopId}"`;
      expect(isProven(recordOf(shop), shop), `seed ${seed}: ${recordOf(shop)}`).toBe(!isEscaped);
      if (!isEscaped) provenCount++;
    }
  }
  expect(provenCount).toBeGreaterThan(2_000);
});

test('a proven record is JSON and says what it must, whatever was done to it', () => {
  let provenCount = 0;
  for (let seed = 1; seed <= 20_000; seed++) {
    const random = new Random(seed);
    const [shop] = randomShops(random, 1);
    const record = edited(random, recordOf(shop!), 1 + random.below(2));
    if (!isProven(record, shop!)) continue;
    provenCount++;
    expectTrue(record, shop!, `seed ${seed}: ${record}`);
  }
  expect(provenCount).toBeGreaterThan(2_000);
});

test('a coordinate is compared as the number it means, to the last bit', () => {
  for (let seed = 1; seed <= 3_000; seed++) {
    const random = new Random(seed);
    const digits = 10 ** random.below(18);
    const lon = random.pick([
      Math.round(random.between(-180, 180) * digits) / digits,
      random.between(-180, 180),
      random.between(-1e-9, 1e-9),
      random.below(181),
    ]);
    const shop = plainShop({ lon });
    const place = `seed ${seed}: lon ${lon}`;
    expect(isProven(recordOf(shop), shop), place).toBe(!String(lon).includes('e'));
    const next = new Float64Array([lon]);
    new BigInt64Array(next.buffer)[0]! += lon === 0 ? 1n : random.pick([-1n, 1n]);
    expect(isProven(recordOf(shop), { ...shop, lon: next[0]! }), place).toBe(false);
  }
});

test.each([
  ['no blanks', '"attributes": {}'],
  ['a number with a leading zero', '"price":01,"attributes":{}'],
  ['a number that ends in a point', '"price":1.,"attributes":{}'],
  ['a text for a number', '"price":"1","attributes":{}'],
  ['a number for a text', '"name":1,"attributes":{}'],
  ['another order', '"price":1,"name":"a","attributes":{}'],
  ['no attributes', '"name":"a"'],
  ['attributes that are no object', '"attributes":[]'],
  ['attributes twice', '"attributes":{},"attributes":{}'],
  ['half an escape', '"name":"\\u12g4","attributes":{}'],
  ['a raw line feed', '"name":"a\nb","attributes":{}'],
  ['a comma too many', '"attributes":{"a":1,}'],
  ['depth beyond what is looked at', `"attributes":{"a":${'['.repeat(80)}${']'.repeat(80)}}`],
])('not proven: %s', (_, fields) => {
  const shop = plainShop();
  const start = '{"shopId":"s1","lon":127,"lat":37.5,';
  expect(isProven(`${start}"attributes":{"a":[1,{"b":null}],"c":"\\u00e9\\n"}}`, shop)).toBe(true);
  expect(isProven(`${start}${fields}}`, shop)).toBe(false);
});

test('an id cannot smuggle fields in', () => {
  const shopId = 's1","lon":127,"lat":37.5,"name":"';
  const record = `{"shopId":"${shopId}","lon":127,"lat":37.5,"attributes":{}}`;
  expect(isProven(record, { shopId, lon: 127, lat: 37.5 })).toBe(false);
});
