import { expect, test } from 'vitest';
import { Random } from '../src/base/random.ts';
import { encodeShopIdOrder, ShopIds } from '../src/catalog/shop-ids.ts';
import { encodeTextTable } from '../src/base/text-table-builder.ts';
import { randomShops, randomText } from './catalog-random-shops.ts';

function idsOf(texts: readonly string[]): ShopIds {
  const bytes = encodeTextTable(texts);
  return ShopIds.over(bytes, encodeShopIdOrder(bytes));
}

test('every id is found at its ordinal and nothing else is found', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new Random(seed);
    const texts = randomShops(random, random.below(60)).map((shop) => shop.shopId);
    const ids = idsOf(texts);
    ids.verify();
    expect(ids.count).toBe(texts.length);
    for (const text of [...texts, ...Array.from({ length: 50 }, () => randomText(random, 7))]) {
      expect(ids.ordinalOf(text), `seed ${seed}`).toBe(texts.indexOf(text));
    }
    expect(
      texts.map((_, ordinal) => ids.idOf(ordinal)),
      `seed ${seed}`,
    ).toEqual(texts);
  }
});

test('half a character finds no shop, not even the one of id U+FFFD', () => {
  expect(idsOf(['\ufffd']).ordinalOf('\udfff')).toBe(-1);
});

test('two shops of one id are refused when the order is made', () => {
  const bytes = encodeTextTable(['a', 'b', 'a']);
  expect(() => encodeShopIdOrder(bytes)).toThrow(expect.objectContaining({ code: 'input_invalid' }));
  expect(() => encodeShopIdOrder(bytes)).toThrow('the shop id "a" is there more than once');
});

test('an order that is not the one permutation of ascending ids is refused', () => {
  const bytes = encodeTextTable(['b', 'a', 'c']);
  const withOrder = (...order: number[]): ShopIds =>
    ShopIds.over(bytes, new Uint8Array(Uint32Array.from(order).buffer));
  withOrder(1, 0, 2).verify();
  expect(() => withOrder(0, 1, 2).verify()).toThrow(
    /places 0 and 1 name "b" and "a", expected ascending ids/,
  );
  expect(() => withOrder(1, 1, 2).verify()).toThrow(/places 0 and 1 name "a" and "a"/);
  expect(() => withOrder(1, 0, 3).verify()).toThrow(/place 2 names ordinal 3, expected below 3/);
  expect(() => withOrder(1, 0)).toThrow(/has 8 bytes, expected 12 for 3 ids/);
});
