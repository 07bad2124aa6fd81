import { expect, test } from 'vitest';
import { z } from 'zod';
import { RequestError } from '../src/base/errors.ts';
import { Random } from '../src/base/random.ts';
import { validate } from '../src/base/validate.ts';
import type { Catalog } from '../src/catalog/catalog.ts';
import { FilterSchema } from '../src/catalog/filter.ts';
import type { AttributeValue, Shop } from '../src/domain/shop.ts';
import { catalogOf, FILTERABLE, plainShop, randomOrder, randomShops } from './catalog-random-shops.ts';

type FilterInput = z.input<typeof FilterSchema>;
type Conditions = Exclude<FilterInput[string], string | number | boolean>;
/** Fields are named from the request's root. */
const RequestSchema = z.strictObject({ filter: FilterSchema });

type Value = string | number | boolean;

const KINDS = {
  category: 'text',
  price: 'number',
  rating: 'number',
  popularity: 'number',
  ...FILTERABLE,
} as const;

/** The oracle: what the contract says, on the shops themselves. */
function passes(shop: Shop, filter: FilterInput): boolean {
  return Object.entries(filter).every(([name, condition]) => {
    const value = valueOf(shop, name);
    if (value === undefined || value === null) return false;
    if (typeof condition !== 'object') return value === condition;
    return (
      (condition.eq === undefined || value === condition.eq) &&
      (condition.in === undefined || condition.in.some((wanted) => wanted === value)) &&
      (condition.min === undefined || (value as number) >= condition.min) &&
      (condition.max === undefined || (value as number) <= condition.max)
    );
  });
}

function valueOf(shop: Shop, name: string): AttributeValue | undefined {
  if (name === 'popularity') return shop.popularity ?? 0;
  if (name === 'category' || name === 'price' || name === 'rating') return shop[name];
  return Object.hasOwn(shop.attributes, name) ? shop.attributes[name] : undefined;
}

function kept(catalog: Catalog, filter: unknown, ordinals: Uint32Array): number[] {
  const compiled = catalog.compileFilter(validate(FilterSchema, filter));
  const moved = Uint32Array.from(ordinals);
  return [...moved.subarray(0, compiled(moved, moved.length))];
}

function randomFilter(
  random: Random,
  shops: readonly Shop[],
  names: readonly (keyof typeof KINDS)[],
): FilterInput {
  const chosen = random.shuffle([...names]).slice(0, random.below(4));
  return Object.fromEntries(chosen.map((name) => [name, randomCondition(random, shops, name)]));
}

function randomCondition(
  random: Random,
  shops: readonly Shop[],
  name: keyof typeof KINDS,
): FilterInput[string] {
  const value = (): Value => randomValue(random, shops, name);
  if (random.unit() < 0.2) return value();
  const conditions: Conditions = {};
  if (random.unit() < 0.3) conditions.eq = value();
  if (random.unit() < 0.5) conditions.in = Array.from({ length: 1 + random.below(8) }, value);
  if (KINDS[name] === 'number' && random.unit() < 0.6) conditions.min = value() as number;
  if (KINDS[name] === 'number' && random.unit() < 0.6) conditions.max = value() as number;
  return Object.keys(conditions).length === 0 ? { eq: value() } : conditions;
}

/** Mostly a value that some shop has. */
function randomValue(random: Random, shops: readonly Shop[], name: keyof typeof KINDS): Value {
  const strange = { text: 'nowhere', number: 3.25, boolean: false }[KINDS[name]];
  const held = valueOf(random.pick(shops), name);
  return held === undefined || held === null || random.unit() < 0.1 ? strange : (held as Value);
}

test('a filter keeps exactly the shops that a full scan keeps, in the order of the candidates', () => {
  let keptCount = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const random = new Random(seed);
    const shops = randomShops(random, 30 + random.below(60));
    const catalog = catalogOf(shops);
    const names = (Object.keys(KINDS) as (keyof typeof KINDS)[]).filter((name) =>
      catalog.columns.column(name),
    );
    for (let i = 0; i < 40; i++) {
      const filter = randomFilter(random, shops, names);
      const candidates = randomOrder(random, shops.length).subarray(0, random.below(shops.length + 1));
      const expected = [...candidates].filter((ordinal) => passes(shops[ordinal]!, filter));
      expect(kept(catalog, filter, candidates), `seed ${seed}, ${JSON.stringify(filter)}`).toEqual(expected);
      keptCount += expected.length;
    }
  }
  expect(keptCount).toBeGreaterThan(1000);
});

const SHOPS = [
  plainShop({ shopId: 'a', category: 'chinese', price: 9000, attributes: { late: true, zone: 1, tags: [] } }),
  plainShop({
    shopId: 'b',
    category: 'pizza',
    price: 15000,
    popularity: 5,
    attributes: { late: false, zone: 'x' },
  }),
  plainShop({ shopId: 'c' }),
];

test.each<[filter: FilterInput, shopIds: string]>([
  [{}, 'abc'],
  [{ category: 'chinese' }, 'a'],
  [{ category: { in: ['chinese', 'pizza'] }, price: { max: 15000 } }, 'ab'],
  [{ price: { min: 9000, max: 9000 } }, 'a'],
  [{ price: { min: 9001, max: 9000 } }, ''],
  [{ price: { eq: 9000, max: 8999 } }, ''],
  [{ category: { eq: 'pizza', in: ['chinese'] } }, ''],
  [{ category: 'korean' }, ''],
  [{ category: '\ud800' }, ''],
  [{ late: false }, 'b'],
  [{ late: { in: [true, false] } }, 'ab'],
  [{ popularity: { max: 0 } }, 'ac'],
])('%j keeps %s', (filter, shopIds) => {
  expect(
    kept(catalogOf(SHOPS), filter, Uint32Array.of(0, 1, 2))
      .map((ordinal) => SHOPS[ordinal]!.shopId)
      .join(''),
  ).toBe(shopIds);
});

test.each<[filter: string, field: string, kind: string, message: RegExp]>([
  [
    '{"colour":"red"}',
    'filter.colour',
    'out_of_bounds',
    /is not a column of this catalog; it has: category, price, rating, popularity, late$/,
  ],
  ['{"zone":1}', 'filter.zone', 'out_of_bounds', /holds values of different kinds, so it cannot be filtered/],
  ['{"tags":"a"}', 'filter.tags', 'out_of_bounds', /holds nested values, so it cannot be filtered/],
  ['{"price":"cheap"}', 'filter.price.eq', 'out_of_bounds', /must be a number as the column is, got "cheap"/],
  [
    '{"category":{"in":["a",3]}}',
    'filter.category.in[1]',
    'out_of_bounds',
    /must be text as the column is, got 3/,
  ],
  [
    '{"late":{"eq":"true"}}',
    'filter.late.eq',
    'out_of_bounds',
    /must be true or false as the column is, got "true"/,
  ],
  [
    '{"category":{"min":1}}',
    'filter.category.min',
    'out_of_bounds',
    /needs a column of numbers, this one holds text/,
  ],
  [
    '{"late":{"max":1}}',
    'filter.late.max',
    'out_of_bounds',
    /needs a column of numbers, this one holds boolean/,
  ],
  ['{"price":{}}', 'filter.price', 'out_of_bounds', /must have at least one of eq, in, min and max/],
  ['{"price":{"in":[]}}', 'filter.price.in', 'out_of_bounds', /must hold 1\.\.1000 values/],
  ['{"price":{"in":"x"}}', 'filter.price.in', 'malformed', /must be an array of values/],
  [
    '{"price":{"in":[null]}}',
    'filter.price.in[0]',
    'malformed',
    /must be text, a number or a boolean, got null/,
  ],
  ['{"price":{"min":"1"}}', 'filter.price.min', 'malformed', /must be a number, got "1"/],
  ['{"price":{"max":1e999}}', 'filter.price.max', 'malformed', /must be a number, got Infinity/],
  ['{"price":{"most":1}}', 'filter.price.most', 'malformed', /is not a known field/],
  [
    '{"price":null}',
    'filter.price',
    'malformed',
    /must be a value or an object with eq, in, min or max, got null/,
  ],
  ['{"price":[1]}', 'filter.price', 'malformed', /must be a value or an object/],
  ['[]', 'filter', 'malformed', /must be an object of conditions by column/],
  ['"x"', 'filter', 'malformed', /must be an object of conditions by column/],
  ['{"__proto__":{"eq":1}}', 'filter.__proto__', 'out_of_bounds', /cannot be filtered/],
])('%s is refused at %s', (filter, field, kind, message) => {
  const catalog = catalogOf(SHOPS);
  const refused = (): unknown => {
    const input: unknown = JSON.parse(filter);
    return catalog.compileFilter(validate(RequestSchema, { filter: input }).filter);
  };
  expect(refused).toThrow(RequestError);
  expect(refused).toThrow(expect.objectContaining({ field, kind }));
  expect(refused).toThrow(message);
});

test('a list of a thousand values is taken, one more is refused', () => {
  const catalog = catalogOf(SHOPS);
  const prices = Array.from({ length: 1000 }, (_, i) => i * 9);
  expect(kept(catalog, { price: { in: [...prices.slice(1), 9000] } }, Uint32Array.of(0, 1, 2))).toEqual([0]);
  expect(() => kept(catalog, { price: { in: [...prices, 1] } }, Uint32Array.of(0))).toThrow(
    /must hold 1\.\.1000 values/,
  );
});

test('a message lists twenty columns at most', () => {
  const attributes = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`a${i}`, i]));
  const catalog = catalogOf([plainShop({ attributes })]);
  expect(() => kept(catalog, { x: 1 }, Uint32Array.of(0))).toThrow(/popularity, a0, .*, a15 and 14 more$/);
});
