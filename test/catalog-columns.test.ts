import { expect, test } from 'vitest';
import { Random } from '../src/base/random.ts';
import { ByteNeedle } from '../src/catalog/byte-needle.ts';
import { Catalog } from '../src/catalog/catalog.ts';
import {
  type Column,
  MISSING_CODE,
  type NumberListColumn,
  type TextListColumn,
  TRUE_CODE,
} from '../src/catalog/columns.ts';
import type { AttributeValue, Shop } from '../src/domain/shop.ts';
import {
  catalogOf,
  encodedCatalog,
  plainShop,
  randomOrder,
  randomShops,
  sharedSections,
  verifyAlone,
} from './catalog-random-shops.ts';

/** The value a column holds for a shop, undefined if it is missing. */
function valueAt(column: Column, ordinal: number): AttributeValue | undefined {
  if (column.kind === 'number')
    return Number.isNaN(column.values[ordinal]) ? undefined : column.values[ordinal]!;
  if (column.kind === 'numberList' || column.kind === 'textList') {
    const list = listAt(column, column.starts[ordinal]!, column.starts[ordinal + 1]!);
    return list.length === 0 ? undefined : list;
  }
  const code = column.codes[ordinal]!;
  if (code === MISSING_CODE) return undefined;
  return column.kind === 'boolean' ? code === TRUE_CODE : column.dictionary.at(code - 1);
}

function listAt(
  column: NumberListColumn | TextListColumn,
  start: number,
  end: number,
): readonly (number | string)[] {
  if (column.kind === 'numberList') return [...column.values.subarray(start, end)];
  return Array.from(column.codes.subarray(start, end), (code) => column.dictionary.at(code - 1));
}

/** The value that a column should hold: popularity is 0 where the owner did not say, nulls and empty lists are none. */
function valueOf(shop: Shop, name: string): AttributeValue | undefined {
  if (name === 'popularity') return shop.popularity ?? 0;
  if (name === 'category' || name === 'price' || name === 'rating') return shop[name];
  const value = Object.hasOwn(shop.attributes, name) ? shop.attributes[name] : undefined;
  if (!Array.isArray(value)) return value;
  const present = value.filter((element) => element !== null);
  return present.length === 0 ? undefined : present;
}

test('records, ids and columns hold what the shops hold, in the order of their ordinals', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = new Random(seed);
    const shops = randomShops(random, random.below(80));
    const order = randomOrder(random, shops.length);
    const catalog = Catalog.over(sharedSections(encodedCatalog(shops, order)));
    verifyAlone(catalog);
    expect(catalog.size).toBe(shops.length);
    for (const [ordinal, row] of order.entries()) {
      const shop = shops[row]!;
      expect(catalog.record(ordinal), `seed ${seed}`).toEqual(shop);
      expect(JSON.stringify(catalog.record(ordinal)), `seed ${seed}`).toBe(JSON.stringify(shop));
      expect(catalog.ids.ordinalOf(shop.shopId), `seed ${seed}`).toBe(ordinal);
      for (const name of catalog.columns.names()) {
        const found = valueAt(catalog.columns.column(name)!, ordinal);
        expect(found, `seed ${seed}, ${name}`).toEqual(valueOf(shop, name));
      }
    }
  }
});

/** What an answer reads of shops, without their records. */
function shownOf(catalog: Catalog, ordinals: readonly number[]): unknown[] {
  const excerpts = catalog.excerpts(ordinals);
  return ordinals.map((ordinal, i) => ({
    ...excerpts[i],
    category: catalog.categoryOf(ordinal),
    price: catalog.priceOf(ordinal),
    rating: catalog.ratingOf(ordinal),
  }));
}

test('what answers read without the record is what the record says', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = new Random(seed);
    const shops = randomShops(random, random.below(30));
    const catalog = Catalog.over(sharedSections(encodedCatalog(shops, randomOrder(random, shops.length))));
    const ordinals = Array.from({ length: shops.length && random.below(40) }, () =>
      random.below(shops.length),
    );
    const records = ordinals.map((ordinal) => {
      const { name, category, price, rating, attributes } = catalog.record(ordinal);
      return { name, category, price, rating, attributes };
    });
    expect(shownOf(catalog, ordinals), `seed ${seed}`).toEqual(records);
  }
});

test('texts and attributes that look like fields are told apart, and nothing is shared between calls', () => {
  const tricky = ',"name":"x","attributes":{"a":1},\\"name\\":\\"';
  const shops = [
    plainShop({ shopId: tricky, attributes: { name: tricky, attributes: { name: 'inside' } } }),
    plainShop({ shopId: 'b', name: '\\', openingHours: tricky, category: tricky }),
    plainShop({ shopId: 'c', name: `${tricky}\\"`, attributes: { [tricky]: [] } }),
    plainShop({ shopId: 'd', name: '', attributes: {} }),
  ];
  const catalog = catalogOf(shops);
  verifyAlone(catalog);
  const expected = shops.map(({ name, attributes }) =>
    name === undefined ? { attributes } : { name, attributes },
  );
  const [first, second] = [catalog.excerpts([0, 1, 2, 3]), catalog.excerpts([0, 1, 2, 3])];
  expect(first).toStrictEqual(expected);
  (first[0]!.attributes as { name: string }).name = 'changed';
  expect(second).toStrictEqual(expected);
  expect(catalog.excerpts([])).toEqual([]);
});

test.each(['category', 'price', 'rating'])('a catalog without the column %s is refused', (name) => {
  const sections = encodedCatalog([plainShop()], Uint32Array.of(0));
  const text = Buffer.from(sections.columns.buffer);
  text.write(name.toUpperCase(), text.indexOf(`"${name}"`) + 1);
  expect(() => Catalog.over(sections)).toThrow(`called "${name}", as every catalog has`);
});

test('a needle is found where Buffer finds it', () => {
  for (let seed = 1; seed <= 2_000; seed++) {
    const random = new Random(seed);
    const text = Buffer.from(
      Array.from({ length: random.below(60) }, () => random.pick(['a', 'b', ','])).join(''),
    );
    const needle = Array.from({ length: 2 + random.below(3) }, () => random.pick(['a', 'b', ','])).join('');
    const from = random.below(10);
    const to = Math.max(from, text.length - random.below(10));
    const expected = text.subarray(0, to).indexOf(needle, from);
    expect(new ByteNeedle(needle).find(text, from, to), `seed ${seed}`).toBe(expected);
  }
});

test('the same shops in the same order make the same bytes', () => {
  const sections = () => encodedCatalog(randomShops(new Random(3), 50), randomOrder(new Random(4), 50));
  expect(sections()).toEqual(sections());
});

test('an attribute is a column if all its values are of one kind, else the catalog says why not', () => {
  const { columns } = catalogOf([
    plainShop({ shopId: 'a', attributes: { seats: 4, note: null, door: 1, tags: 'x', list: [], wild: 'w' } }),
    plainShop({ shopId: 'b', attributes: { seats: null, late: true, door: 'two', tags: {}, wild: 2 } }),
    plainShop({ shopId: 'c', attributes: { wild: [] } }),
  ]);
  expect(columns.names()).toEqual(['category', 'price', 'rating', 'popularity', 'seats', 'late']);
  const attributes = ['seats', 'note', 'door', 'tags', 'list', 'wild', 'late'];
  expect(attributes.map((name) => columns.unfilterable(name))).toEqual([
    undefined,
    undefined,
    'mixed',
    'nested',
    undefined,
    'mixed',
    undefined,
  ]);
  expect(columns.column('door')).toBeUndefined();
});

test.each<[values: AttributeValue[], kind: string]>([
  [[['a', 'b'], [], null, ['c', null]], 'textList'],
  [[[], [1, 2], [-0.5]], 'numberList'],
  [[[], 'a'], 'text'],
  [[[null], 1], 'number'],
  [[['a'], 'a'], 'mixed'],
  [['a', ['a']], 'mixed'],
  [[['a'], [1]], 'mixed'],
  [[['a', 1]], 'nested'],
  [[[true]], 'nested'],
  [[[['a']]], 'nested'],
  [[{}, ['a']], 'nested'],
  [[['a'], 1, {}], 'nested'],
  [[Array(100).fill('a')], 'textList'],
  [[Array(101).fill('a')], 'long'],
  [[['a'], Array(101).fill(1), 7], 'long'],
  [[7, Array(101).fill(1)], 'long'],
  [[Array(101).fill(1), {}], 'nested'],
  [[{}, Array(101).fill(1)], 'nested'],
])('an attribute with the values %j is %s', (values, kind) => {
  const catalog = catalogOf(values.map((a, i) => plainShop({ shopId: `s${i}`, attributes: { a } })));
  verifyAlone(catalog);
  expect(catalog.columns.column('a')?.kind ?? catalog.columns.unfilterable('a')).toBe(kind);
});

test('an empty catalog opens and has the columns of every catalog', () => {
  const catalog = catalogOf([]);
  verifyAlone(catalog);
  expect(catalog.size).toBe(0);
  expect(catalog.columns.names()).toEqual(['category', 'price', 'rating', 'popularity']);
  expect(catalog.ids.ordinalOf('s1')).toBe(-1);
});

test('what a column cannot hold is refused, naming the shop and the attribute', () => {
  const refusal = (shop: Partial<Shop>, message: string): void => {
    expect(() => catalogOf([plainShop(shop)])).toThrow(expect.objectContaining({ code: 'input_invalid' }));
    expect(() => catalogOf([plainShop(shop)])).toThrow(message);
  };
  refusal({ price: NaN }, 'shop "s1": "price" is NaN, expected a finite number');
  refusal({ attributes: { seats: Infinity } }, 'shop "s1": "seats" is Infinity, expected a finite number');
  refusal({ category: '\ud800' }, 'shop "s1": "category" is "\\ud800", with half a character');
  refusal({ attributes: { price: 3 } }, 'shop "s1": "price" has the name of a column that every catalog has');
  refusal({ attributes: { tags: ['a', '\ud800'] } }, '"tags" holds a value that is "\\ud800", with half');
  refusal({ attributes: { sizes: [1, NaN] } }, '"sizes" holds a value that is NaN, expected a finite number');
  for (const name of ['and', 'or', 'not']) {
    refusal({ attributes: { [name]: 1 } }, `shop "s1": "${name}" is a word of the language of filters`);
  }
  refusal({ shopId: '\ud800' }, 'holds half a character');
  const attributes = Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`a${i}`, i]));
  refusal({ attributes }, 'shop "s1": "a1000" is one more than 1000 attributes');
});

test('a thousand attributes of which each shop has few keep their places', () => {
  const shops = Array.from({ length: 1000 }, (_, i) =>
    plainShop({ shopId: `s${i}`, attributes: { [`a${i}`]: i } }),
  );
  const { columns } = catalogOf(shops);
  columns.verify();
  for (const i of [0, 1, 63, 64, 65, 500, 999]) {
    const column = columns.column(`a${i}`)!;
    const held = shops.flatMap((_, ordinal) => valueAt(column, ordinal) ?? []);
    expect(held).toEqual([i]);
    expect(valueAt(column, i)).toBe(i);
  }
});
