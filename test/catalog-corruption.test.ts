/** The bytes of a catalog, changed: either verification refuses them or every answer still holds. */
import { expect, test } from 'vitest';
import { EngineError } from '../src/base/errors.ts';
import { Random } from '../src/base/random.ts';
import { Catalog, type CatalogSections } from '../src/catalog/catalog.ts';
import { encodeTextTable } from '../src/base/text-table-builder.ts';
import {
  catalogOf,
  encodedCatalog,
  plainShop,
  randomOrder,
  randomShops,
  sharedSections,
  verifyAlone,
} from './catalog-random-shops.ts';

const SECTIONS = ['shopIds', 'shopIdOrder', 'columns', 'payload'] as const;

function randomCatalog(random: Random): CatalogSections {
  const shops = randomShops(random, random.below(12));
  return encodedCatalog(shops, randomOrder(random, shops.length));
}

/**
 * Whether verification lets the bytes pass; throws if they are refused with anything but `snapshot_invalid`.
 */
function isAccepted(sections: CatalogSections): Catalog | undefined {
  try {
    const catalog = Catalog.over(sections);
    verifyAlone(catalog);
    return catalog;
  } catch (error) {
    if (error instanceof EngineError && error.code === 'snapshot_invalid') return undefined;
    throw error;
  }
}

function expectAnswersHold(catalog: Catalog, place: string): void {
  const all = Uint32Array.from({ length: catalog.size }, (_, i) => i);
  for (const ordinal of all) {
    expect(catalog.ids.ordinalOf(catalog.ids.idOf(ordinal)), place).toBe(ordinal);
    expect(catalog.record(ordinal).shopId, place).toBe(catalog.ids.idOf(ordinal));
  }
  for (const name of catalog.columns.names()) {
    const { kind } = catalog.columns.column(name)!;
    const conditions = {
      number: { eq: 1 },
      text: { eq: 'pizza' },
      boolean: { eq: true },
      numberList: { contains: 1 },
      textList: { contains: 'pizza' },
    }[kind];
    const pass = catalog.compileFilter({ [name]: conditions }, () => []);
    expect(pass(Uint32Array.from(all), all.length), place).toBeLessThanOrEqual(all.length);
  }
}

test('flipped bytes are refused or leave every answer valid', () => {
  let refusedCount = 0;
  for (let seed = 1; seed <= 3000; seed++) {
    const random = new Random(seed);
    const sections = sharedSections(randomCatalog(random));
    const bytes = sections[random.pick(SECTIONS)];
    if (bytes.length === 0) continue;
    // Half of the flips hit the counts, offsets and directories, which stand in front.
    const reach = random.unit() < 0.5 ? Math.min(bytes.length, 64) : bytes.length;
    for (let flips = 1 + random.below(3); flips > 0; flips--) {
      bytes[random.below(reach)]! ^= 1 << random.below(8);
    }
    const catalog = isAccepted(sections);
    if (catalog === undefined) refusedCount++;
    else expectAnswersHold(catalog, `seed ${seed}`);
  }
  expect(refusedCount).toBeGreaterThan(1000);
});

test('a section that is cut short or too long is refused', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = new Random(seed);
    const sections = randomCatalog(random);
    const name = random.pick(SECTIONS);
    const lengths = [
      random.below(Math.max(1, sections[name].length)),
      sections[name].length + 1 + random.below(16),
    ];
    for (const length of lengths.filter((length) => length !== sections[name].length)) {
      const changed = new Uint8Array(length);
      changed.set(sections[name].subarray(0, length));
      expect(
        isAccepted({ ...sections, [name]: changed }),
        `seed ${seed}, ${name} of ${length} bytes`,
      ).toBeUndefined();
    }
  }
});

test('sections of different catalogs are refused together', () => {
  const one = encodedCatalog([plainShop({ shopId: 'a' })], Uint32Array.of(0));
  const other = encodedCatalog([plainShop({ shopId: 'b' })], Uint32Array.of(0));
  const two = encodedCatalog([plainShop({ shopId: 'a' }), plainShop({ shopId: 'b' })], Uint32Array.of(0, 1));
  expect(() => Catalog.over({ ...one, columns: two.columns })).toThrow(
    /section columns: holds 2 shops, expected 1/,
  );
  expect(() => Catalog.over({ ...one, payload: two.payload })).toThrow(
    /section payload: holds 2 shops, expected 1/,
  );
  expect(() => verifyAlone(Catalog.over({ ...one, payload: other.payload }))).toThrow(
    /section payload: the record of shop 0 has shopId "b", expected "a"/,
  );
});

test.each<[directory: unknown, message: RegExp]>([
  [{}, /the directory is \{\}, expected an array/],
  [[null], /entry 0 of the directory is null/],
  [[{ name: 'x', kind: 'date' }], /entry 0 of the directory is \{"name":"x","kind":"date"\}/],
  [[{ name: 'x', kind: 'text' }], /entry 0 of the directory/],
  [[{ name: 'x', kind: 'text', dictionaryBytes: -8 }], /entry 0 of the directory/],
  [[{ name: 'x', kind: 'text', dictionaryBytes: 8, valueCount: 0 }], /entry 0 of the directory/],
  [[{ name: 'x', kind: 'textList', dictionaryBytes: 8 }], /entry 0 of the directory/],
  [[{ name: 'x', kind: 'numberList' }], /entry 0 of the directory/],
  [[{ name: 'x', kind: 'numberList', valueCount: 0.5 }], /entry 0 of the directory/],
  [[{ name: 'x', kind: 'numberList', valueCount: 1e15 }], /column "x" ends at \d+, expected at most/],
  [
    [
      { name: 'x', kind: 'mixed' },
      { name: 'x', kind: 'nested' },
    ],
    /the directory names "x" twice/,
  ],
  [[{ name: 'x', kind: 'text', dictionaryBytes: 1e15 }], /column "x" ends at \d+, expected at most/],
  [[], /has \d+ bytes, expected \d+ for what the directory lists/],
])('the directory %j is refused', (directory, message) => {
  const sections = encodedCatalog([plainShop()], Uint32Array.of(0));
  const json = Buffer.from(JSON.stringify(directory));
  const columns = new Uint8Array(1024);
  columns.set(new Uint8Array(Uint32Array.of(json.length, 1).buffer));
  columns.set(json, 8);
  expect(() => Catalog.over({ ...sections, columns })).toThrow(message);
  expect(isAccepted({ ...sections, columns })).toBeUndefined();
});

test.each<[record: string, message: RegExp]>([
  ['{"shopId":', /the record of shop 0 is not JSON/],
  ['null', /the record of shop 0 is null, expected an object/],
  ['{"shopId":7}', /the record of shop 0 has shopId 7, expected "s1"/],
  ['{"shopId":"s1","lon":127,"lat":37.5}', /the record of shop 0 has attributes nothing, expected an object/],
  [
    '{"shopId":"s1","lon":127,"lat":37.5,"attributes":[]}',
    /the record of shop 0 has attributes \[\], expected an object/,
  ],
  ['{"shopId":"s1","lon":127,"lat":37.5,"attributes": {}}', /has blanks, other fields or another order/],
  ['{"shopId":"s1","lon":127,"lat":37.5,"attributes":{},"a":1}', /has blanks, other fields or another order/],
  ['{"shopId":"s1","lat":37.5,"lon":127,"attributes":{}}', /has blanks, other fields or another order/],
  ['{"shopId":"s1","lon":127,"lat":37.5,"attributes":{},"attributes":{}}', /other fields/],
])('the record %s is refused', (record, message) => {
  const sections = encodedCatalog([plainShop()], Uint32Array.of(0));
  expect(() => verifyAlone(Catalog.over({ ...sections, payload: encodeTextTable([record]) }))).toThrow(
    message,
  );
});

test('a dictionary that is not sorted is refused', () => {
  const shops = [plainShop({ shopId: 'a', category: 'x' }), plainShop({ shopId: 'b', category: 'y' })];
  const sections = encodedCatalog(shops, Uint32Array.of(0, 1));
  const texts = Buffer.from(sections.columns.buffer).indexOf('xy');
  sections.columns.set(Buffer.from('yx'), texts);
  expect(() => verifyAlone(Catalog.over(sections))).toThrow(
    /section columns, texts of "category": rows 0 and 1 hold "y" and "x", expected ascending texts/,
  );
});

test('numbers that are not finite and codes out of range are refused, naming the column and the shop', () => {
  const { columns } = catalogOf([plainShop({ category: 'a', price: 1, attributes: { late: true } })]);
  const price = columns.column('price')!;
  const category = columns.column('category')!;
  const late = columns.column('late')!;
  if (price.kind !== 'number' || category.kind !== 'text' || late.kind !== 'boolean')
    throw new Error('other kinds');
  late.codes[0] = 3;
  expect(() => columns.verify()).toThrow(/column "late", shop 0 has code 3, expected 0\.\.2/);
  price.values[0] = -Infinity;
  expect(() => columns.verify()).toThrow(
    /column "price", shop 0 is -Infinity, expected a finite number or NaN/,
  );
  category.codes[0] = 2;
  expect(() => columns.verify()).toThrow(/column "category", shop 0 has code 2, expected 0\.\.1/);
});

test('lists that do not follow one another, or hold what is no value, are refused', () => {
  const { columns } = catalogOf([
    plainShop({ shopId: 'a', attributes: { tags: ['x', 'y'], sizes: [1] } }),
    plainShop({ shopId: 'b', attributes: { tags: ['x'], sizes: [2, 3] } }),
  ]);
  const tags = columns.column('tags')!;
  const sizes = columns.column('sizes')!;
  if (tags.kind !== 'textList' || sizes.kind !== 'numberList') throw new Error('other kinds');
  sizes.signatures[1] = 0b1000;
  expect(() => columns.verify()).toThrow(
    /column "sizes", the signature of shop 1 is 8, expected 12 for its list/,
  );
  sizes.values[2] = NaN;
  expect(() => columns.verify()).toThrow(/column "sizes", listed value 2 is NaN, expected a finite number;/);
  sizes.starts.set([0, 4, 3]);
  expect(() => columns.verify()).toThrow(/column "sizes", start 1 is 4, expected 0\.\.3/);
  tags.signatures[0] = 0xffff_ffff;
  expect(() => columns.verify()).toThrow(/column "tags", the signature of shop 0 is 4294967295, expected 6/);
  tags.codes[1] = 0;
  expect(() => columns.verify()).toThrow(/column "tags", listed value 1 has code 0, expected 1\.\.2/);
  tags.starts.set([0, 2, 2]);
  expect(() => columns.verify()).toThrow(/column "tags", start 2 is 2, expected 3\.\.3/);
  tags.starts.set([1, 2, 3]);
  expect(() => columns.verify()).toThrow(/column "tags", start 0 is 1, expected 0\.\.0/);
});
