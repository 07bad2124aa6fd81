import { expect, test } from 'vitest';
import { Random } from '../src/base/random.ts';
import { fitConditionalLogit, type Case } from '../src/evaluation/conditional-logit.ts';

const TRUE_WEIGHTS = [1.5, -0.7, 0.02, 0];
/** The third feature is of another size, the fifth never differs within a case. */
const SPREADS = [1, 1, 40, 2];

/** A choice among `alternativeCount` as the model says people choose, the chosen in front. */
function choice(random: Random, alternativeCount: number): number[][] {
  const common = random.normal();
  const rows = Array.from({ length: alternativeCount }, () => [
    ...SPREADS.map((spread) => spread * random.normal()),
    common,
  ]);
  // Gumbel noise makes the largest utility a draw from the logit.
  const noisy = rows.map(
    (row) =>
      TRUE_WEIGHTS.reduce((sum, weight, f) => sum + weight * row[f]!, 0) -
      Math.log(-Math.log(1 - random.unit())),
  );
  const chosen = noisy.indexOf(Math.max(...noisy));
  return [rows[chosen]!, ...rows.filter((_, i) => i !== chosen)];
}

function lossOf(cases: readonly Case[], weights: readonly number[]): number {
  let [loss, count] = [0, 0];
  for (const { features, chosenCount } of cases) {
    const utilities = Array.from({ length: features.length / weights.length }, (_, i) =>
      weights.reduce((sum, weight, f) => sum + weight * features[i * weights.length + f]!, 0),
    );
    const total = Math.log(utilities.reduce((sum, utility) => sum + Math.exp(utility), 0));
    for (let i = 0; i < chosenCount; i++) loss += total - utilities[i]!;
    count += chosenCount;
  }
  return loss / count;
}

test('the weights by which choices were made are found, within their errors', () => {
  const random = new Random(3);
  const cases = Array.from({ length: 3_000 }, (): Case => {
    return { features: Float32Array.from(choice(random, 12).flat()), chosenCount: 1 };
  });
  const { weights, standardErrors, loss, stepCount } = fitConditionalLogit(cases, 5, { ridge: 0.001 });
  TRUE_WEIGHTS.forEach((weight, f) => {
    expect(Math.abs(weights[f]! - weight), `weight ${f}`).toBeLessThan(3.5 * standardErrors[f]!);
    expect(standardErrors[f]!, `error ${f}`).toBeLessThan(0.05 / SPREADS[f]!);
  });
  expect(weights[4]).toBe(0);
  expect(standardErrors[4]).toBe(Infinity);
  expect(loss).toBeCloseTo(lossOf(cases, [...weights]), 9);
  expect(stepCount).toBeLessThan(15);
});

test('no other weights have less loss', () => {
  const random = new Random(4);
  const cases = Array.from({ length: 200 }, (): Case => {
    return { features: Float32Array.from(choice(random, 8).flat()), chosenCount: 1 + random.below(3) };
  });
  const { weights } = fitConditionalLogit(cases, 5, { ridge: 0 });
  const weighed = (moved: readonly number[]): number =>
    cases.reduce((sum, one) => sum + Math.sqrt(one.chosenCount) * lossOf([one], moved), 0);
  const least = weighed([...weights]);
  for (let f = 0; f < 4; f++) {
    for (const by of [-0.01, 0.01]) {
      const moved = weights.map((weight, g) => (f === g ? weight + by / SPREADS[f]! : weight));
      expect(weighed([...moved])).toBeGreaterThan(least);
    }
  }
});

test('a stratified sample gives the same weights, if each of it counts for those it stands for', () => {
  const random = new Random(6);
  // Alternatives with a large first feature all take part, of the others one in ten.
  const sampled = Array.from({ length: 3_000 }, (): Case => {
    const [chosen, ...others] = choice(random, 120);
    const isNotable = (row: readonly number[]): boolean => row[0]! > 1;
    const [notable, common] = [others.filter(isNotable), others.filter((row) => !isNotable(row))];
    const drawn = common.slice(0, 10);
    const [count, of] = isNotable(chosen!)
      ? [drawn.length, common.length]
      : [drawn.length + 1, common.length + 1];
    const rows = [chosen!, ...notable, ...drawn];
    const offsets = Float64Array.from(rows, (row) => (isNotable(row) ? 0 : Math.log(of / count)));
    return { features: Float32Array.from(rows.flat()), offsets, chosenCount: 1 };
  });
  const { weights, standardErrors } = fitConditionalLogit(sampled, 5, { ridge: 0.001 });
  TRUE_WEIGHTS.forEach((weight, f) =>
    expect(Math.abs(weights[f]! - weight)).toBeLessThan(3.5 * standardErrors[f]!),
  );
  const uncounted = sampled.map(({ offsets: _offsets, ...others }) => others);
  const wrong = fitConditionalLogit(uncounted, 5, { ridge: 0.001 });
  expect(Math.abs(wrong.weights[0]! - TRUE_WEIGHTS[0]!)).toBeGreaterThan(5 * wrong.standardErrors[0]!);
});

test('a sample of the alternatives gives the same weights within their errors', () => {
  const random = new Random(5);
  const all = Array.from({ length: 3_000 }, () => choice(random, 100));
  const sampled = all.map(([chosen, ...others]): Case => {
    return { features: Float32Array.from([chosen!, ...others.slice(0, 15)].flat()), chosenCount: 1 };
  });
  const { weights, standardErrors } = fitConditionalLogit(sampled, 5, { ridge: 0.001 });
  TRUE_WEIGHTS.forEach((weight, f) =>
    expect(Math.abs(weights[f]! - weight)).toBeLessThan(3.5 * standardErrors[f]!),
  );
});

test('what always tells the choice gets a large weight, not an endless one', () => {
  const cases = Array.from({ length: 50 }, (): Case => {
    return { features: Float32Array.from([1, 0, 0, 0]), chosenCount: 1 };
  });
  const { weights } = fitConditionalLogit(cases, 1);
  expect(weights[0]).toBeGreaterThan(3);
  expect(weights[0]).toBeLessThan(30);
});

test('from the weights of much the same cases the same ones are found in fewer steps, each of which is told', () => {
  const random = new Random(8);
  const all = Array.from({ length: 600 }, (): Case => {
    return { features: Float32Array.from(choice(random, 12).flat()), chosenCount: 1 };
  });
  const { weights: near } = fitConditionalLogit(all.slice(0, 500), 5);
  const cold = fitConditionalLogit(all, 5);
  let told = 0;
  const warm = fitConditionalLogit(all, 5, { near, onStep: () => told++ });
  expect(warm.stepCount).toBeLessThan(cold.stepCount);
  expect(told).toBe(warm.stepCount);
  warm.weights.forEach((weight, f) => expect(weight).toBeCloseTo(cold.weights[f]!, 7));
  expect(warm.weights[4]).toBe(0);
});
