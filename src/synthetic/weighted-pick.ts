/** Draws numbers 0..n-1, each as often as its weight says. */
import { check } from '../base/errors.ts';
import type { Random } from '../base/random.ts';

export class WeightedPick {
  readonly #cumulative: Float64Array;

  /** `weights` are not negative and not all zero. */
  constructor(weights: ArrayLike<number>) {
    this.#cumulative = new Float64Array(weights.length);
    let total = 0;
    for (let i = 0; i < weights.length; i++) {
      check(weights[i]! >= 0, `weight ${i} is ${weights[i]}`);
      total += weights[i]!;
      this.#cumulative[i] = total;
    }
    check(total > 0, `${weights.length} weights without a positive one`);
  }

  draw(random: Random): number {
    const target = random.unit() * this.#cumulative.at(-1)!;
    let low = 0;
    let high = this.#cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#cumulative[middle]! > target) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
