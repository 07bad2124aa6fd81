/** Shops without actions get the direction of what is like them. */
import { expect, test } from 'vitest';
import type { TrainingShop } from '../src/training/training-shop.ts';
import { embedUntrained } from '../src/training/untrained-shops.ts';

const NORTH_METER = 1 / 110_574; // degrees of latitude, at the equator

function shop(metersNorth: number, category?: string, price?: number): TrainingShop {
  const more = { ...(category !== undefined && { category }), ...(price !== undefined && { price }) };
  return { shopId: `${metersNorth} ${category} ${price}`, lon: 127, lat: metersNorth * NORTH_METER, ...more };
}

/** The embedding of the first shop beside trained ones, whose embeddings are given. */
function embedded(
  untrained: TrainingShop,
  trained: readonly (readonly [TrainingShop, number[]])[],
): number[] {
  const vectors = Float32Array.from([0, 0, 0, 0, ...trained.flatMap(([, vector]) => vector)]);
  embedUntrained([untrained, ...trained.map(([shop]) => shop)], (at) => at > 0, vectors, 2_000);
  expect([...vectors.subarray(4)]).toEqual(trained.flatMap(([, vector]) => vector));
  return [...vectors.subarray(0, 4)];
}

function unit(...vector: readonly number[]): number[] {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

function expectClose(found: readonly number[], expected: readonly number[]): void {
  found.forEach((value, i) => expect(value, `${found} for ${expected}`).toBeCloseTo(expected[i]!, 4));
}

const [X, Y, Z] = [
  [1, 0, 0, 0],
  [0, 1, 0, 0],
  [0, 0, 1, 0],
] as const;

test('neighbours of the category weigh by nearness and likeness of price, others nothing', () => {
  const found = embedded(shop(0, 'noodles', 10), [
    [shop(1000, 'noodles', 10), [...X]],
    [shop(-500, 'noodles', 5), [...Y]],
    [shop(10, 'pizza', 10), [...Z]],
  ]);
  expectClose(found, unit(0.5, 0.5 / 1.5, 0, 0));
});

test('a price that is not known counts as alike', () => {
  const found = embedded(shop(0, 'noodles'), [
    [shop(0, 'noodles', 900), [...X]],
    [shop(1000, 'noodles'), [...Y]],
  ]);
  expectClose(found, unit(1, 0.5, 0, 0));
});

test('without a neighbour the mean of the category stands in, without a category the neighbours of any', () => {
  const far: readonly (readonly [TrainingShop, number[]])[] = [
    [shop(100_000, 'noodles'), [...X]],
    [shop(200_000, 'noodles'), [...Y]],
    [shop(10, 'pizza'), [...Z]],
  ];
  expectClose(embedded(shop(0, 'noodles'), far), unit(1, 1, 0, 0));
  expectClose(embedded(shop(0), far), [...Z]);
  expectClose(embedded(shop(0, 'tacos'), far), [...Z]);
  expectClose(embedded(shop(500_000, 'tacos'), far), unit(1, 1, 1, 0));
});

test('the nearest twenty of many decide', () => {
  const near = Array.from({ length: 20 }, (_, i): [TrainingShop, number[]] => [shop(i, 'noodles'), [...X]]);
  const farther = Array.from({ length: 5 }, (_, i): [TrainingShop, number[]] => [
    shop(-900 - i, 'noodles'),
    [...Y],
  ]);
  expectClose(embedded(shop(0, 'noodles'), [...farther, ...near]), [...X]);
});

test('vectors that cancel out leave a direction all the same', () => {
  const found = embedded(shop(0, 'noodles'), [
    [shop(0, 'noodles'), [1, 0, 0, 0]],
    [shop(0, 'noodles'), [-1, 0, 0, 0]],
  ]);
  expect(Math.hypot(...found)).toBe(1);
});
