/**
 * The one space in which shops and keywords of a town lie: near means alike in taste.
 * A cuisine is the sum of its tastes plus something of its own, a dish leans its own way from its cuisine, and every
 * embedding is its cuisine, a lean towards its dish, and noise.
 */
import type { Random } from '../base/random.ts';
import { CUISINES, TASTES } from './cuisines.ts';

/** Directions of unit length, by place in `CUISINES` and in its `dishes`. */
export interface TasteSpace {
  readonly dimensions: number;
  readonly cuisines: readonly Float64Array[];
  readonly dishes: readonly (readonly Float64Array[])[];
}

// A cuisine's own part against its tastes (1): keeps cuisines of equal tastes apart, and related ones together.
const CUISINE_OWN = 0.7;
// A dish against its cuisine (1): a dish keyword prefers shops of that dish, then others of the cuisine.
const DISH_LEAN = 0.45;

export function tasteSpace(dimensions: number, random: Random): TasteSpace {
  const tasteDirections = TASTES.map(() => randomDirection(dimensions, random));
  const cuisines = CUISINES.map(({ tastes }) => {
    const mixed = new Float64Array(dimensions);
    TASTES.forEach((taste, t) => addScaled(mixed, tasteDirections[t]!, tastes[taste] ?? 0));
    normalize(mixed);
    addScaled(mixed, randomDirection(dimensions, random), CUISINE_OWN);
    return normalize(mixed);
  });
  const dishes = CUISINES.map((cuisine) => cuisine.dishes.map(() => randomDirection(dimensions, random)));
  return { dimensions, cuisines, dishes };
}

/**
 * Writes one embedding of unit length (as far as float32 holds it) into `out`, of length `dimensions`.
 * `dish` -1 is the cuisine as such; `noise` is the expected length of what is random, the cuisine having length 1.
 */
export function writeEmbedding(
  space: TasteSpace,
  cuisine: number,
  dish: number,
  noise: number,
  random: Random,
  out: Float32Array,
): void {
  const mixed = space.cuisines[cuisine]!.slice();
  if (dish >= 0) addScaled(mixed, space.dishes[cuisine]![dish]!, DISH_LEAN);
  const noisePerAxis = noise / Math.sqrt(space.dimensions);
  for (let axis = 0; axis < mixed.length; axis++) mixed[axis]! += noisePerAxis * random.normal();
  out.set(normalize(mixed));
}

/** How alike two cuisines are: the cosine of their directions. */
export function cuisineLikeness(space: TasteSpace, cuisine: number, other: number): number {
  const otherDirection = space.cuisines[other]!;
  return space.cuisines[cuisine]!.reduce((sum, part, axis) => sum + part * otherDirection[axis]!, 0);
}

function randomDirection(dimensions: number, random: Random): Float64Array {
  const direction = new Float64Array(dimensions);
  for (let axis = 0; axis < dimensions; axis++) direction[axis] = random.normal();
  return normalize(direction);
}

function addScaled(sum: Float64Array, part: Float64Array, factor: number): void {
  for (let axis = 0; axis < sum.length; axis++) sum[axis]! += factor * part[axis]!;
}

function normalize(vector: Float64Array): Float64Array {
  let squares = 0;
  for (const part of vector) squares += part * part;
  const length = Math.sqrt(squares);
  for (let axis = 0; axis < vector.length; axis++) vector[axis]! /= length;
  return vector;
}
