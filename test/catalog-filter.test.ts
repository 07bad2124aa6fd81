import { expect, test } from 'vitest';
import { z } from 'zod';
import { RequestError } from '../src/base/errors.ts';
import { Random } from '../src/base/random.ts';
import { validate } from '../src/base/validate.ts';
import type { Catalog } from '../src/catalog/catalog.ts';
import { type Conditions, type FilterInput, FilterSchema, type FilterValue } from '../src/catalog/filter.ts';
import type { AttributeValue, Shop } from '../src/domain/shop.ts';
import { catalogOf, FILTERABLE, plainShop, randomOrder, randomShops } from './catalog-random-shops.ts';

/** Fields are named from the request's root. */
const RequestSchema = z.strictObject({ filter: FilterSchema });

const KINDS = {
  category: 'text',
  price: 'number',
  rating: 'number',
  popularity: 'number',
  ...FILTERABLE,
} as const;
type Name = keyof typeof KINDS;

/** What a condition says of a shop; undefined if it is to be taken as not written. */
type Opinion = boolean | undefined;

/** The oracle: what the contract says, on the shops themselves. */
function passes(shop: Shop, filter: FilterInput, viewed: readonly Shop[]): boolean {
  return opinionOf(shop, filter, viewed) ?? true;
}

function opinionOf(shop: Shop, filter: FilterInput, viewed: readonly Shop[]): Opinion {
  const inner = (filters: readonly FilterInput[]): Opinion[] =>
    filters.map((nested) => opinionOf(shop, nested, viewed));
  return every(
    Object.entries(filter).map(([name, part]): Opinion => {
      if (name === 'and') return every(inner(part as readonly FilterInput[]));
      if (name === 'or') {
        const opinions = said(inner(part as readonly FilterInput[]));
        return opinions.length === 0 ? undefined : opinions.includes(true);
      }
      if (name === 'not') {
        const [opinion] = inner([part as FilterInput]);
        return opinion === undefined ? undefined : !opinion;
      }
      const conditions = typeof part === 'object' ? (part as Conditions) : { eq: part };
      return every(
        Object.entries(conditions).map(([kind, wanted]) =>
          holds(
            kind,
            wanted,
            valueOf(shop, name),
            viewed.flatMap((seen) => valueOf(seen, name) ?? []),
          ),
        ),
      );
    }),
  );
}

function said(opinions: readonly Opinion[]): boolean[] {
  return opinions.filter((opinion) => opinion !== undefined);
}

function every(opinions: readonly Opinion[]): Opinion {
  const heard = said(opinions);
  return opinions.length > 0 && heard.length === 0 ? undefined : !heard.includes(false);
}

/** One condition on a value, which is undefined if the shop has none. */
function holds(
  kind: string,
  wanted: unknown,
  value: AttributeValue | undefined,
  viewed: readonly AttributeValue[],
): Opinion {
  if (kind === 'exists') return (value !== undefined) === wanted;
  if (kind === 'nearViewed') {
    if (viewed.length === 0) return undefined;
    const sorted = (viewed as readonly number[]).toSorted((a, b) => a - b);
    const half = sorted.length / 2;
    const median =
      sorted.length % 2 === 1 ? sorted[Math.floor(half)]! : (sorted[half - 1]! + sorted[half]!) / 2;
    const distance = (wanted as number) * Math.abs(median);
    return isWithin(value, median - distance, median + distance);
  }
  if (value === undefined) return false;
  switch (kind) {
    case 'eq':
      return value === wanted;
    case 'in':
      return (wanted as readonly AttributeValue[]).includes(value);
    case 'min':
      return isWithin(value, wanted as number, Infinity);
    case 'max':
      return isWithin(value, -Infinity, wanted as number);
    case 'prefix':
      return (value as string).startsWith(wanted as string);
    case 'contains':
      return (value as readonly AttributeValue[]).includes(wanted as string | number);
    default:
      throw new Error(`no condition is called ${kind}`);
  }
}

function isWithin(value: AttributeValue | undefined, min: number, max: number): boolean {
  return typeof value === 'number' && value >= min && value <= max;
}

/** Undefined if the shop has none: nulls and empty lists are no values. */
function valueOf(shop: Shop, name: string): AttributeValue | undefined {
  if (name === 'popularity') return shop.popularity ?? 0;
  if (name === 'category' || name === 'price' || name === 'rating') return shop[name];
  const value = Object.hasOwn(shop.attributes, name) ? shop.attributes[name]! : undefined;
  if (!Array.isArray(value)) return value ?? undefined;
  const present = (value as readonly AttributeValue[]).filter((element) => element !== null);
  return present.length === 0 ? undefined : present;
}

function kept(
  catalog: Catalog,
  filter: unknown,
  ordinals: Uint32Array,
  viewed: readonly number[] = [],
): number[] {
  const compiled = catalog.compileFilter(validate(RequestSchema, { filter }).filter, () => viewed);
  const moved = Uint32Array.from(ordinals);
  return [...moved.subarray(0, compiled(moved, moved.length))];
}

/** A filter with `depth` more levels at most; with two it stays below a hundred conditions. */
function randomFilter(
  random: Random,
  shops: readonly Shop[],
  names: readonly Name[],
  depth: number,
): FilterInput {
  const chosen = random.shuffle([...names]).slice(0, random.below(3));
  const filter: [string, FilterInput[string]][] = chosen.map((name) => [
    name,
    random.unit() < 0.2 && !KINDS[name].endsWith('List')
      ? randomValue(random, shops, name)
      : randomConditions(random, shops, name),
  ]);
  const nested = (): FilterInput => randomFilter(random, shops, names, depth - 1);
  const several = (): FilterInput[] => Array.from({ length: 1 + random.below(2) }, nested);
  if (depth > 0 && random.unit() < 0.3) filter.push(['and', several()]);
  if (depth > 0 && random.unit() < 0.5) filter.push(['or', several()]);
  if (depth > 0 && random.unit() < 0.4) filter.push(['not', nested()]);
  return Object.fromEntries(random.shuffle(filter));
}

function randomConditions(random: Random, shops: readonly Shop[], name: Name): Conditions {
  const value = (): FilterValue => randomValue(random, shops, name);
  const kind = KINDS[name];
  const possible: [string, () => unknown][] = [['exists', () => random.unit() < 0.7]];
  if (kind.endsWith('List')) possible.push(['contains', value]);
  else possible.push(['eq', value], ['in', () => Array.from({ length: 1 + random.below(8) }, value)]);
  if (kind === 'number') {
    possible.push(['min', value], ['max', value], ['nearViewed', () => random.pick([0, 0.1, 0.3, 1, 10])]);
  }
  if (kind === 'text') {
    possible.push([
      'prefix',
      () =>
        Array.from(value() as string)
          .slice(0, random.below(3))
          .join(''),
    ]);
  }
  const count = random.unit() < 0.7 ? 1 : 2;
  return Object.fromEntries(
    random
      .shuffle(possible)
      .slice(0, count)
      .map(([condition, wanted]) => [condition, wanted()]),
  );
}

/** Mostly a value that some shop has, or that is in the list of one. */
function randomValue(random: Random, shops: readonly Shop[], name: Name): FilterValue {
  const strange = { text: 'nowhere', number: 3.25, boolean: false, textList: 'nothing', numberList: 3.25 }[
    KINDS[name]
  ];
  const held = valueOf(random.pick(shops), name);
  if (held === undefined || random.unit() < 0.1) return strange;
  return (Array.isArray(held) ? random.pick(held) : held) as FilterValue;
}

test('a filter keeps exactly the shops that a full scan keeps, in the order of the candidates', () => {
  const counts = { kept: 0, dropped: 0, partly: 0 };
  for (let seed = 1; seed <= 120; seed++) {
    const random = new Random(seed);
    const shops = randomShops(random, 30 + random.below(60));
    const catalog = catalogOf(shops);
    const names = (Object.keys(KINDS) as Name[]).filter((name) => catalog.columns.column(name));
    for (let i = 0; i < 60; i++) {
      const filter = randomFilter(random, shops, names, random.below(3));
      const candidates = randomOrder(random, shops.length).subarray(0, random.below(shops.length + 1));
      const viewed = [...randomOrder(random, shops.length)].slice(0, random.below(6));
      const views = viewed.map((ordinal) => shops[ordinal]!);
      const expected = [...candidates].filter((ordinal) => passes(shops[ordinal]!, filter, views));
      expect(kept(catalog, filter, candidates, viewed), `seed ${seed}, ${JSON.stringify(filter)}`).toEqual(
        expected,
      );
      counts.kept += expected.length;
      counts.dropped += candidates.length - expected.length;
      counts.partly += Number(expected.length > 0 && expected.length < candidates.length);
    }
  }
  expect(counts.kept).toBeGreaterThan(50_000);
  expect(counts.dropped).toBeGreaterThan(50_000);
  expect(counts.partly).toBeGreaterThan(1_500);
});

const SHOPS = [
  plainShop({
    shopId: 'a',
    category: 'chinese',
    price: 9000,
    attributes: { late: true, zone: 1, menu: {}, tags: ['hot', 'new'], sizes: [1, 2] },
  }),
  plainShop({
    shopId: 'b',
    category: 'pizza',
    price: 15000,
    popularity: 5,
    attributes: { late: false, zone: 'x', tags: ['new'], sizes: [], steps: Array(101).fill(1) },
  }),
  plainShop({ shopId: 'c' }),
];
/** Ordinals of shops that were viewed, by name. */
const VIEWS = { none: [], c: [2], a: [0], ab: [0, 1], abc: [0, 1, 2] } as const;

test.each<[filter: FilterInput, shopIds: string, viewed?: keyof typeof VIEWS]>([
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
  // prefix
  [{ category: { prefix: 'ch' } }, 'a'],
  [{ category: { prefix: 'Ch' } }, ''],
  [{ category: { prefix: 'chinese' } }, 'a'],
  [{ category: { prefix: 'chinese ' } }, ''],
  [{ category: { prefix: '' } }, 'ab'],
  [{ category: { prefix: '\ud800' } }, ''],
  // exists
  [{ price: { exists: true } }, 'ab'],
  [{ price: { exists: false } }, 'c'],
  [{ late: { exists: false } }, 'c'],
  [{ tags: { exists: true } }, 'ab'],
  [{ sizes: { exists: true } }, 'a'],
  [{ sizes: { exists: false } }, 'bc'],
  [{ price: { exists: false, min: 1 } }, ''],
  // contains
  [{ tags: { contains: 'new' } }, 'ab'],
  [{ tags: { contains: 'hot' } }, 'a'],
  [{ tags: { contains: 'ho' } }, ''],
  [{ sizes: { contains: 2 } }, 'a'],
  [{ and: [{ tags: { contains: 'new' } }, { tags: { contains: 'hot' } }] }, 'a'],
  // and, or, not: two values only, so what a filter does not keep its negation keeps
  [{ or: [{ price: { max: 9000 } }, { late: false }] }, 'ab'],
  [{ or: [{ price: { exists: false } }, { category: 'pizza' }] }, 'bc'],
  [{ not: { category: 'pizza' } }, 'ac'],
  [{ not: { price: { max: 9000 } } }, 'bc'],
  [{ not: { price: { exists: true }, late: true } }, 'bc'],
  [{ not: { or: [{ category: 'pizza' }, { late: { exists: false } }] } }, 'a'],
  [{ not: { not: { category: 'pizza' } } }, 'b'],
  [{ not: {} }, ''],
  [{ or: [{}] }, 'abc'],
  [{ category: { prefix: 'p' }, or: [{ late: true }, { price: 15000 }], not: { price: 9000 } }, 'b'],
  // nearViewed
  [{ price: { nearViewed: 0 } }, 'a', 'a'],
  [{ price: { nearViewed: 0.66 } }, 'a', 'a'],
  [{ price: { nearViewed: 0.67 } }, 'ab', 'a'],
  [{ price: { nearViewed: 0.25 } }, 'ab', 'ab'],
  [{ price: { nearViewed: 0.25 } }, 'ab', 'abc'],
  [{ price: { nearViewed: 0.24 } }, '', 'ab'],
  [{ price: { nearViewed: 0.25, max: 10_000 } }, 'a', 'ab'],
  [{ not: { price: { nearViewed: 0 } } }, 'bc', 'a'],
  // without a viewed shop that has a value it is as if it had not been written
  [{ price: { nearViewed: 0 } }, 'abc', 'none'],
  [{ price: { nearViewed: 0 } }, 'abc', 'c'],
  [{ price: { nearViewed: 0, max: 9000 } }, 'a', 'none'],
  [{ not: { price: { nearViewed: 0 } } }, 'abc', 'none'],
  [{ or: [{ price: { nearViewed: 0 } }, { category: 'pizza' }] }, 'b', 'none'],
  [{ or: [{ price: { nearViewed: 0 } }], late: true }, 'a', 'none'],
  [{ not: { price: { nearViewed: 0 }, category: 'pizza' } }, 'ac', 'none'],
])('%j keeps %s, viewed: %s', (filter, shopIds, viewed = 'none') => {
  const found = kept(catalogOf(SHOPS), filter, Uint32Array.of(0, 1, 2), VIEWS[viewed]);
  expect(found.map((ordinal) => SHOPS[ordinal]!.shopId).join('')).toBe(shopIds);
});

test.each<[filter: string, field: string, kind: string, message: RegExp]>([
  [
    '{"colour":"red"}',
    'filter.colour',
    'out_of_bounds',
    /is not a column of this catalog; it has: category, price, rating, popularity, late, tags, sizes$/,
  ],
  ['{"zone":1}', 'filter.zone', 'out_of_bounds', /holds values of different kinds, so it cannot be filtered/],
  ['{"menu":"a"}', 'filter.menu', 'out_of_bounds', /holds nested values, so it cannot be filtered/],
  ['{"steps":{"contains":1}}', 'filter.steps', 'out_of_bounds', /holds lists of more than 100 values, so/],
  ['{"menu":{"exists":true}}', 'filter.menu', 'out_of_bounds', /cannot be filtered/],
  [
    '{"price":"cheap"}',
    'filter.price.eq',
    'out_of_bounds',
    /must be a number as the column holds numbers, got "cheap"/,
  ],
  [
    '{"category":{"in":["a",3]}}',
    'filter.category.in[1]',
    'out_of_bounds',
    /must be text as the column holds text, got 3/,
  ],
  [
    '{"late":{"eq":"true"}}',
    'filter.late.eq',
    'out_of_bounds',
    /must be true or false as the column holds booleans, got "true"/,
  ],
  [
    '{"tags":{"contains":1}}',
    'filter.tags.contains',
    'out_of_bounds',
    /must be text as the column holds lists of text, got 1/,
  ],
  [
    '{"sizes":{"contains":"1"}}',
    'filter.sizes.contains',
    'out_of_bounds',
    /must be a number as the column holds lists of numbers, got "1"/,
  ],
  [
    '{"category":{"min":1}}',
    'filter.category.min',
    'out_of_bounds',
    /cannot be asked of a column of text; use eq, in, prefix, exists$/,
  ],
  [
    '{"late":{"max":1}}',
    'filter.late.max',
    'out_of_bounds',
    /cannot be asked of a column of booleans; use eq, in, exists$/,
  ],
  [
    '{"price":{"prefix":"1"}}',
    'filter.price.prefix',
    'out_of_bounds',
    /column of numbers; use eq, in, min, max, nearViewed, exists$/,
  ],
  ['{"category":{"nearViewed":1}}', 'filter.category.nearViewed', 'out_of_bounds', /of a column of text/],
  ['{"category":{"contains":"c"}}', 'filter.category.contains', 'out_of_bounds', /of a column of text/],
  [
    '{"tags":"hot"}',
    'filter.tags.eq',
    'out_of_bounds',
    /of a column of lists of text; use contains, exists$/,
  ],
  ['{"sizes":{"min":1}}', 'filter.sizes.min', 'out_of_bounds', /of a column of lists of numbers/],
  ['{"price":{}}', 'filter.price', 'out_of_bounds', /must have at least one of eq, in, min, max, prefix/],
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
  ['{"price":{"exists":"yes"}}', 'filter.price.exists', 'malformed', /must be true or false, got "yes"/],
  ['{"price":{"prefix":1}}', 'filter.price.prefix', 'malformed', /must be text, got 1/],
  [
    '{"tags":{"contains":["a"]}}',
    'filter.tags.contains',
    'malformed',
    /must be text or a number, got \["a"\]/,
  ],
  [
    '{"price":{"nearViewed":30}}',
    'filter.price.nearViewed',
    'out_of_bounds',
    /must be a number 0\.\.10, got 30/,
  ],
  [
    '{"price":{"nearViewed":-1}}',
    'filter.price.nearViewed',
    'out_of_bounds',
    /must be a number 0\.\.10, got -1/,
  ],
  [
    '{"price":null}',
    'filter.price',
    'malformed',
    /must be a value or an object of conditions: eq, in, .* and nearViewed, got null/,
  ],
  ['{"price":[1]}', 'filter.price', 'malformed', /must be a value or an object/],
  ['[]', 'filter', 'malformed', /must be an object of conditions by column/],
  ['"x"', 'filter', 'malformed', /must be an object of conditions by column/],
  ['null', 'filter', 'malformed', /must be an object of conditions by column/],
  ['{"__proto__":{"eq":1}}', 'filter.__proto__', 'out_of_bounds', /cannot be filtered/],
  ['{"and":{"price":1}}', 'filter.and', 'malformed', /must be an array of filters, got \{"price":1\}/],
  ['{"or":"x"}', 'filter.or', 'malformed', /must be an array of filters, got "x"/],
  ['{"or":[]}', 'filter.or', 'out_of_bounds', /must hold at least one filter, got \[\]/],
  ['{"not":[{"price":1}]}', 'filter.not', 'malformed', /must be an object of conditions by column/],
  ['{"not":true}', 'filter.not', 'malformed', /must be an object of conditions by column, got true/],
  ['{"or":[{"late":true},7]}', 'filter.or[1]', 'malformed', /must be an object of conditions .*, got 7/],
  ['{"or":[{},{"price":{"min":"1"}}]}', 'filter.or[1].price.min', 'malformed', /must be a number, got "1"/],
  ['{"or":[{},{"price":{"most":1}}]}', 'filter.or[1].price.most', 'malformed', /is not a known field/],
  ['{"not":{"and":[{"late":{"min":1}}]}}', 'filter.not.and[0].late.min', 'out_of_bounds', /of booleans/],
  ['{"or":[{"late":true},{"colour":1}]}', 'filter.or[1].colour', 'out_of_bounds', /is not a column/],
  [
    '{"price":{"min":1,"__proto__":{"max":2}}}',
    'filter.price.__proto__',
    'malformed',
    /is not a known field/,
  ],
  ['{"or":[{"__proto__":{"eq":1}}]}', 'filter.or[0].__proto__', 'out_of_bounds', /cannot be filtered/],
  ['{"price":{"nearViewed":0.1},"zone":{"nearViewed":0.1}}', 'filter.zone', 'out_of_bounds', /cannot be/],
])('%s is refused at %s', (filter, field, kind, message) => {
  const refused = (): unknown => kept(catalogOf(SHOPS), JSON.parse(filter), Uint32Array.of(0));
  expect(refused).toThrow(RequestError);
  expect(refused).toThrow(expect.objectContaining({ field, kind }));
  expect(refused).toThrow(message);
});

test('an object that is no JSON is refused and not taken for one without conditions', () => {
  class Conditions {
    readonly price = 1;
  }
  for (const filter of [new Map([['price', 1]]), new Conditions(), new Date(0), { not: new Map() }]) {
    expect(() => kept(catalogOf(SHOPS), filter, Uint32Array.of(0))).toThrow(
      /^filter(\.not)? must be an object of conditions by column, got/,
    );
  }
});

/** `count` filters around `inner`. */
function nested(count: number, inner: unknown): unknown {
  let filter = inner;
  for (let i = 0; i < count; i++) filter = i % 2 === 0 ? { not: filter } : { or: [filter] };
  return filter;
}

test('eight filters within each other are taken, nine are refused, a hundred thousand too', () => {
  const catalog = catalogOf(SHOPS);
  expect(kept(catalog, nested(8, { category: 'pizza' }), Uint32Array.of(0, 1, 2))).toEqual([1]);
  expect(() => kept(catalog, nested(9, { category: 'pizza' }), Uint32Array.of(0))).toThrow(
    /^filter\.not\.or\[0\]\.not\.or\[0\]\.not\.or\[0\]\.not\.or\[0\]\.not must be within at most 8 filters, got 9$/,
  );
  expect(() => kept(catalog, nested(100_000, {}), Uint32Array.of(0))).toThrow(
    /must be within at most 8 filters/,
  );
});

test('a hundred columns and nested filters are taken, one more is refused', () => {
  const catalog = catalogOf(SHOPS);
  const or = Array.from({ length: 49 }, (_, i) => ({ price: i })).concat({ price: 9000 });
  expect(kept(catalog, { or }, Uint32Array.of(0, 1, 2))).toEqual([0]);
  expect(() => kept(catalog, { or, late: true }, Uint32Array.of(0))).toThrow(
    /^filter\.late must be among the first 100 columns and nested filters, got true$/,
  );
  expect(() => kept(catalog, { or: [...or, {}] }, Uint32Array.of(0))).toThrow(
    /^filter\.or\[50\] must be among/,
  );
});

test.each([1, 31, 32, 33, 64, 65, 200])('contains tells %i listed values apart', (valueCount) => {
  const shops = Array.from({ length: valueCount }, (_, i) =>
    plainShop({
      shopId: `s${i}`,
      attributes: { tags: [`t${i}`, `t${(i * 7) % valueCount}`], sizes: [i * 32, -i] },
    }),
  );
  const catalog = catalogOf(shops);
  const all = Uint32Array.from(shops.keys());
  for (let i = 0; i <= valueCount; i++) {
    const holders = (name: string, value: unknown): number[] =>
      [...all].filter((ordinal) => (shops[ordinal]!.attributes[name] as unknown[]).includes(value));
    const tagged = holders('tags', `t${i}`);
    expect(kept(catalog, { tags: { contains: `t${i}` } }, all)).toEqual(tagged);
    expect(kept(catalog, { not: { tags: { contains: `t${i}` } } }, all)).toEqual(
      [...all].filter((ordinal) => !tagged.includes(ordinal)),
    );
    expect(kept(catalog, { sizes: { contains: i * 32 } }, all)).toEqual(holders('sizes', i * 32));
  }
});

test('a filter leaves nothing behind for the next one', () => {
  const catalog = catalogOf(SHOPS);
  const all = Uint32Array.of(0, 1, 2);
  expect(kept(catalog, { category: { in: ['pizza', 'chinese'] } }, all)).toEqual([0, 1]);
  expect(kept(catalog, { category: { in: ['pizza', 'pizza', 'korean'] } }, all)).toEqual([1]);
  const either = { or: [{ price: 9000 }, { late: { exists: false } }] };
  expect(kept(catalog, either, all)).toEqual([0, 2]);
  expect(kept(catalog, either, Uint32Array.of(1))).toEqual([]);
  expect(kept(catalog, either, Uint32Array.of())).toEqual([]);
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
