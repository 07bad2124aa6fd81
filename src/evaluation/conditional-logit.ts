/**
 * Weights under which what people chose is likely: the conditional logit.
 *
 *     P(i | case) = exp(w · x_i) / Σ_j exp(w · x_j)        over the alternatives j of the case
 *
 * McFadden, "Conditional logit analysis of qualitative choice behavior", 1974; as a loss for rankings it is ListNet's (Cao et
 * al., ICML 2007). A case need not hold every shop of a town: with alternatives drawn at random the weights are the same ones
 * in expectation, if each that stood for n of its kind counts n times (McFadden, "Modelling the choice of residential
 * location", 1978), as exp(w · x_i + ln n).
 *
 * The loss is −Σ_cases 1/√c Σ_chosen ln P, c the number chosen in a case, so that no user with many outweighs all others, plus
 * a ridge over features brought to one scale. It is convex; Newton's method finds the only minimum in some ten steps.
 */
import { check } from '../base/errors.ts';

export interface Case {
  /** float32[alternatives][features], row by row: cases are many, and weights are known to three digits at best. */
  readonly features: Float32Array;
  /** float64[alternatives]: ln of how many each stands for. Default: all for themselves alone. */
  readonly offsets?: Float64Array;
  /** The chosen alternatives stand in front. */
  readonly chosenCount: number;
}

export interface LogitFit {
  /** One for each column. */
  readonly weights: Float64Array;
  /** Of each weight; it counts cases as independent. Infinity of a feature that never differs. */
  readonly standardErrors: Float64Array;
  /** Mean of −ln P over what was chosen. */
  readonly loss: number;
  readonly stepCount: number;
}

/** Variance that a weight is believed to have, in standard deviations of its feature, before any case is seen: 1/ridge. */
const RIDGE_DEFAULT = 1;
const STEP_COUNT_MAX = 50;
/** Of the loss, relative. */
const CONVERGED = 1e-10;
const HALVINGS_MAX = 30;
/** What differs less than this, of its square, does not differ. */
const ROUNDING = 1e-12;

export interface LogitOptions {
  /** Default: 1. */
  readonly ridge?: number;
  /** The features to weigh. Default: all. */
  readonly columns?: readonly number[];
  /**
   * By column: what the ridge takes a feature to differ by at least, where it differs less in these cases than where its weight
   * will be used. Default: 0.
   */
  readonly leastScales?: readonly number[] | undefined;
  /** Weights of a fit of much the same cases to start from: saves steps and changes nothing else. */
  readonly near?: Float64Array | undefined;
  /** Called before each step. */
  readonly onStep?: () => void;
}

/**
 * Fits a weight to each of the columns among the `featureCount` features of an alternative. Weights of features that never
 * differ within a case are 0.
 */
export function fitConditionalLogit(
  cases: readonly Case[],
  featureCount: number,
  {
    ridge = RIDGE_DEFAULT,
    columns = Array.from({ length: featureCount }, (_, column) => column),
    leastScales = [],
    near = new Float64Array(columns.length),
    onStep = () => {},
  }: LogitOptions = {},
): LogitFit {
  check(cases.length > 0, 'a fit needs cases');
  const table: Table = { cases, featureCount, columns: Uint32Array.from(columns) };
  const scales = featureScales(table).map((scale, f) => Math.max(scale, leastScales[f] ?? 0));
  let weights = near.map((weight, f) => (scales[f] === Infinity ? 0 : weight * scales[f]!));
  let state = stateAt(table, weights, scales, ridge);
  let stepCount = 0;
  while (stepCount < STEP_COUNT_MAX) {
    stepCount++;
    onStep();
    const step = solve(state.hessian, state.gradient);
    let next = state;
    let nextWeights = weights;
    // The full step is right near the minimum, and may go too far before.
    for (let halvings = 0; halvings < HALVINGS_MAX; halvings++) {
      const length = 0.5 ** halvings;
      nextWeights = weights.map((weight, f) => weight - length * step[f]!);
      next = stateAt(table, nextWeights, scales, ridge);
      if (next.loss <= state.loss) break;
    }
    const gained = state.loss - next.loss;
    if (gained < 0) break;
    [weights, state] = [nextWeights, next];
    if (gained <= CONVERGED * Math.abs(state.loss)) break;
  }
  const variances = inverseDiagonal(state.hessian);
  const scaled = (values: Float64Array): Float64Array => values.map((value, f) => value / scales[f]!);
  return {
    weights: scaled(weights).map((weight) => (Number.isFinite(weight) ? weight : 0)),
    standardErrors: variances.map((variance, f) =>
      scales[f] === Infinity ? Infinity : Math.sqrt(variance) / scales[f]!,
    ),
    loss: state.plainLoss / state.chosenCount,
    stepCount,
  };
}

/** The cases, and what of their features is weighed. */
interface Table {
  readonly cases: readonly Case[];
  /** Of an alternative. */
  readonly featureCount: number;
  readonly columns: Uint32Array;
}

/** The root mean square of what each feature differs from its mean within cases; Infinity of one that never does. */
function featureScales({ cases, featureCount, columns }: Table): Float64Array {
  const sums = new Float64Array(columns.length);
  let rowCount = 0;
  for (const { features } of cases) {
    const rows = features.length / featureCount;
    rowCount += rows;
    for (let f = 0; f < columns.length; f++) {
      let [sum, squares] = [0, 0];
      for (let at = columns[f]!; at < features.length; at += featureCount) {
        sum += features[at]!;
        squares += features[at]! ** 2;
      }
      const spread = squares - (sum * sum) / rows;
      if (spread > ROUNDING * squares) sums[f]! += spread;
    }
  }
  return sums.map((sum) => Math.sqrt(sum / rowCount) || Infinity);
}

interface State {
  /** With the ridge and the weights of cases. */
  readonly loss: number;
  readonly plainLoss: number;
  readonly chosenCount: number;
  readonly gradient: Float64Array;
  /** float64[F][F]. */
  readonly hessian: Float64Array;
}

/** Loss, gradient and Hessian at `weights` of features over their `scales`. */
function stateAt(table: Table, weights: Float64Array, scales: Float64Array, ridge: number): State {
  const { cases, featureCount, columns } = table;
  const count = weights.length;
  const gradient = weights.map((weight) => ridge * weight);
  const hessian = new Float64Array(count * count);
  for (let f = 0; f < count; f++) hessian[f * count + f] = ridge;
  let loss = 0.5 * ridge * weights.reduce((sum, weight) => sum + weight * weight, 0);
  let [plainLoss, chosenTotal] = [0, 0];
  const factors = weights.map((weight, f) => weight / scales[f]!);
  const mean = new Float64Array(count);
  const row = new Float64Array(count);
  for (const { features, offsets, chosenCount } of cases) {
    const utilities = utilitiesOf(features, factors, offsets, table);
    const largest = utilities.reduce((a, b) => Math.max(a, b), -Infinity);
    const total = utilities.reduce((sum, utility) => sum + Math.exp(utility - largest), 0);
    const logTotal = largest + Math.log(total);
    const caseWeight = 1 / Math.sqrt(chosenCount);
    mean.fill(0);
    for (let i = 0, start = 0; i < utilities.length; i++, start += featureCount) {
      const probability = Math.exp(utilities[i]! - logTotal);
      for (let f = 0; f < count; f++) {
        row[f] = features[start + columns[f]!]! / scales[f]!;
        mean[f]! += probability * row[f]!;
        if (i < chosenCount) gradient[f]! -= caseWeight * row[f]!;
      }
      const part = caseWeight * chosenCount * probability;
      // What a fit waits for. Most signals are 0 of most shops.
      for (let f = 0; f < count; f++) {
        if (row[f] === 0) continue;
        const partOfRow = part * row[f]!;
        for (let g = 0, at = f * count; g <= f; g++, at++) hessian[at]! += partOfRow * row[g]!;
      }
      if (i < chosenCount) {
        loss += caseWeight * (logTotal - utilities[i]!);
        plainLoss += logTotal - utilities[i]!;
      }
    }
    const all = caseWeight * chosenCount;
    for (let f = 0; f < count; f++) {
      gradient[f]! += all * mean[f]!;
      for (let g = 0; g <= f; g++) hessian[f * count + g]! -= all * mean[f]! * mean[g]!;
    }
    chosenTotal += chosenCount;
  }
  for (let f = 0; f < count; f++)
    for (let g = 0; g < f; g++) hessian[g * count + f] = hessian[f * count + g]!;
  return { loss, plainLoss, chosenCount: chosenTotal, gradient, hessian };
}

function utilitiesOf(
  features: Float32Array,
  factors: Float64Array,
  offsets: Float64Array | undefined,
  { featureCount, columns }: Table,
): Float64Array {
  const utilities = new Float64Array(features.length / featureCount);
  for (let i = 0, start = 0; i < utilities.length; i++, start += featureCount) {
    let sum = offsets?.[i] ?? 0;
    for (let f = 0; f < factors.length; f++) sum += factors[f]! * features[start + columns[f]!]!;
    utilities[i] = sum;
  }
  return utilities;
}

/** The lower triangle L of a positive definite matrix L · Lᵀ (Cholesky). */
function cholesky(matrix: Float64Array, count: number): Float64Array {
  const lower = new Float64Array(count * count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * count + j]!;
      for (let k = 0; k < j; k++) sum -= lower[i * count + k]! * lower[j * count + k]!;
      // The ridge is the least that a diagonal can be but for rounding.
      lower[i * count + j] = i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / lower[j * count + j]!;
    }
  }
  return lower;
}

function solve(matrix: Float64Array, right: Float64Array): Float64Array {
  const count = right.length;
  const lower = cholesky(matrix, count);
  const solution = right.slice();
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < i; k++) solution[i]! -= lower[i * count + k]! * solution[k]!;
    solution[i]! /= lower[i * count + i]!;
  }
  for (let i = count - 1; i >= 0; i--) {
    for (let k = i + 1; k < count; k++) solution[i]! -= lower[k * count + i]! * solution[k]!;
    solution[i]! /= lower[i * count + i]!;
  }
  return solution;
}

function inverseDiagonal(matrix: Float64Array): Float64Array {
  const count = Math.sqrt(matrix.length);
  return Float64Array.from({ length: count }, (_, f) => {
    const unit = new Float64Array(count);
    unit[f] = 1;
    return solve(matrix, unit)[f]!;
  });
}
