/** Seeded shops that try a catalog: every kind of attribute, missing values, names and ids of any Unicode. */
import type { Random } from '../src/base/random.ts';
import { CatalogBuilder } from '../src/catalog/catalog-builder.ts';
import { Catalog, type CatalogSections } from '../src/catalog/catalog.ts';
import type { AttributeValue, Shop } from '../src/domain/shop.ts';

/**
 * Single characters whose UTF-8 order differs from their UTF-16 order, control characters, quotes, a byte
 * order mark.
 */
const CHARACTERS = [
  'a',
  'b',
  'Z',
  '0',
  ' ',
  '"',
  '\\',
  '\0',
  '\n',
  'é',
  'ß',
  '짜',
  '장',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '\ufeff',
  '😀',
  '\u{10ffff}',
];
const CATEGORIES = ['chinese', '한식', 'pizza', '', '🍜'];

/** Text of 0..`lengthMax` characters. */
export function randomText(random: Random, lengthMax: number): string {
  return Array.from({ length: random.below(lengthMax + 1) }, () => random.pick(CHARACTERS)).join('');
}

/** Shops with distinct ids, fields in the order of `Shop`. */
export function randomShops(random: Random, count: number): Shop[] {
  const ids = new Set<string>(['__proto__', 'constructor'].slice(0, count));
  while (ids.size < count) ids.add(randomText(random, 6) || String(ids.size));
  return random.shuffle([...ids]).map((shopId) => randomShop(random, shopId));
}

function randomShop(random: Random, shopId: string): Shop {
  const known = <T>(value: T): T | undefined => (random.unit() < 0.8 ? value : undefined);
  const fields = {
    shopId,
    lon: random.between(-180, 180),
    lat: random.between(-90, 90),
    name: known(randomText(random, 8)),
    deliveryRadiusMeters: known(random.below(5000)),
    openingHours: known('Mo-Su 10:00-22:00'),
    category: known(random.pick(CATEGORIES)),
    price: known(random.below(40) * 500),
    rating: known(1 + random.below(41) / 10),
    popularity: known(random.below(100)),
    attributes: randomAttributes(random, shopId),
  };
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as unknown as Shop;
}

/** Attributes that can be filtered, with their kinds. */
export const FILTERABLE = {
  takeaway: 'boolean',
  seats: 'number',
  phone: 'text',
  constructor: 'text',
  '': 'number',
  메뉴: 'text',
  labels: 'textList',
  sizes: 'numberList',
} as const;

function randomAttributes(random: Random, shopId: string): Shop['attributes'] {
  const all: [string, AttributeValue][] = [
    ['takeaway', random.unit() < 0.5],
    ['seats', random.below(20) - 5],
    ['phone', `tel ${shopId}`],
    ['constructor', random.pick(CATEGORIES)],
    ['', random.normal()],
    ['메뉴', randomText(random, 3)],
    ['__proto__', random.pick(CATEGORIES)],
    ['mixed', random.pick<AttributeValue>([1, 'one', true])],
    ['tags', random.pick<AttributeValue>([['a', { b: null }], {}, 'a', 7])],
    ['unknown', null],
    ['labels', randomList(random, () => random.pick([...CATEGORIES, randomText(random, 2)]))],
    ['sizes', randomList(random, () => random.below(12) - 2)],
  ];
  // Not an object literal, which would take __proto__ for the prototype.
  return Object.fromEntries(all.filter(() => random.unit() < 0.7));
}

function randomList(random: Random, value: () => AttributeValue): AttributeValue[] {
  return Array.from({ length: random.below(5) }, () => (random.unit() < 0.05 ? null : value()));
}

/** A random order of `count` shops. */
export function randomOrder(random: Random, count: number): Uint32Array {
  return Uint32Array.from(random.shuffle(Array.from({ length: count }, (_, i) => i)));
}

export function encodedCatalog(shops: readonly Shop[], order: Uint32Array): CatalogSections {
  const builder = new CatalogBuilder();
  for (const shop of shops) builder.add(shop);
  return builder.encode(order);
}

/** The sections as a snapshot holds them: in one shared memory, each at a multiple of 8. */
export function sharedSections(sections: CatalogSections): CatalogSections {
  const memory = new SharedArrayBuffer(
    8 + Object.values(sections).reduce((size, bytes) => size + bytes.length + 8, 0),
  );
  let at = 8;
  const shared = Object.entries(sections).map(([name, bytes]: [string, Uint8Array]) => {
    const copy = new Uint8Array(memory, at, bytes.length);
    copy.set(bytes);
    at = Math.ceil((at + bytes.length) / 8) * 8;
    return [name, copy];
  });
  return Object.fromEntries(shared) as CatalogSections;
}

/** A catalog of `shops` in their own order. */
export function catalogOf(shops: readonly Shop[]): Catalog {
  return Catalog.over(sharedSections(encodedCatalog(shops, Uint32Array.from(shops.keys()))));
}

/** A shop with nothing but what it must have and `fields`. */
export function plainShop(fields: Partial<Shop> = {}): Shop {
  return { shopId: 's1', lon: 127, lat: 37.5, attributes: {}, ...fields };
}

/** Verifies a catalog without a snapshot around it: its shops are where its own records say. */
export function verifyAlone(catalog: Catalog): void {
  catalog.ids.verify();
  catalog.columns.verify();
  const coordinates = Array.from({ length: catalog.size }, (_, ordinal) => {
    const { lon, lat } = catalog.record(ordinal) ?? { lon: NaN, lat: NaN };
    return [lon, lat];
  });
  catalog.verifyRecords(Float64Array.from(coordinates.flat()));
}
