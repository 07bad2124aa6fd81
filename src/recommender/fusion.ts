/**
 * Step 4: the rankings of the queries and the signals become one score per candidate, and what each of them added.
 * The kernel fuses rankings, then adds signals that are weighed by their strength; a signal that is weighed by the norm of that
 * (0..1 over all candidates) is added here.
 */
import type { FusionMethod } from '../kernel/kernel.ts';
import type { Lane } from '../kernel/lane.ts';
import { shareOf } from '../kernel/share.ts';
import type { Signal } from './signals/signal.ts';

export interface WeightedSignal {
  readonly signal: Signal;
  readonly weight: number;
}

/** What is fused, in the order in which shares are added up: queries first. */
export interface Parts {
  readonly method: FusionMethod;
  /** Of `rrf`. */
  readonly rankConstant: number;
  /** One per query vector in the lane; 0 of one that takes no part. */
  readonly queryWeights: readonly number[];
  readonly signals: readonly WeightedSignal[];
}

/** Where strengths lie, all of them times `scale`: from the least on, so wide. */
interface Range {
  readonly scale: number;
  readonly least: number;
  readonly width: number;
}

/** Writes the scores of the candidates into the lane, whose queries are ranked. */
export function fuse(lane: Lane, { method, rankConstant, queryWeights, signals }: Parts): Fused {
  if (method !== 'rrf') {
    lane.fuse(method, queryWeights, rankConstant);
    if (method === 'linear') signals.forEach((signal) => addStrengths(lane, signal));
    const ranges = method === 'linear' ? [] : signals.map((signal) => addNorms(lane, signal));
    return new Fused(lane, method, rankConstant, queryWeights, signals, ranges);
  }
  signals.forEach(({ signal }, m) => {
    signal.write(lane);
    lane.rankByValues(m);
  });
  lane.fuse(method, [...queryWeights, ...signals.map(({ weight }) => weight)], rankConstant);
  return new Fused(lane, method, rankConstant, queryWeights, signals, []);
}

/** Adds a signal to the scores as it is; nothing of what it does not know. */
function addStrengths(lane: Lane, { signal, weight }: WeightedSignal): void {
  if (signal.addKnown !== undefined) {
    signal.addKnown(lane, weight);
  } else {
    signal.write(lane);
    lane.addValues(weight);
  }
}

/** Adds a signal to the scores by its norm; returns its range. */
function addNorms(lane: Lane, { signal, weight }: WeightedSignal): Range {
  const { scores, values } = lane;
  signal.write(lane);
  let least = Infinity;
  let largest = -Infinity;
  for (let position = 0; position < values.length; position++) {
    const strength = values[position]!;
    if (strength < least) least = strength;
    if (strength > largest) largest = strength;
  }
  const range = rangeOf(least, largest);
  for (let position = 0; position < values.length; position++) {
    // Not NaN, which is no strength.
    if (values[position]! >= least) scores[position]! += weight * normOf(values[position]!, range);
  }
  return range;
}

function rangeOf(least: number, largest: number): Range {
  // Halved where two very large numbers lie farther apart than a float64 tells.
  const scale = largest - least === Infinity ? 0.5 : 1;
  return { scale, least: least * scale, width: largest * scale - least * scale };
}

/** Between 0 and 1; 1 where all are equal. */
function normOf(strength: number, { scale, least, width }: Range): number {
  return width === 0 ? 1 : (strength * scale - least) / width;
}

/** What each part added to the scores of winners; only after `lane.explain`. */
export class Fused {
  readonly signals: readonly WeightedSignal[];
  readonly #lane: Lane;
  readonly #method: FusionMethod;
  readonly #rankConstant: number;
  readonly #queryWeights: readonly number[];
  /** Of all rankings, where ranks count. */
  readonly #rankedWeights: readonly number[];
  /** Of the signals that are weighed by their norm. */
  readonly #ranges: readonly Range[];

  constructor(
    lane: Lane,
    method: FusionMethod,
    rankConstant: number,
    queryWeights: readonly number[],
    signals: readonly WeightedSignal[],
    ranges: readonly Range[],
  ) {
    this.signals = signals;
    this.#lane = lane;
    this.#method = method;
    this.#rankConstant = rankConstant;
    this.#queryWeights = queryWeights;
    this.#rankedWeights = [...queryWeights, ...signals.map(({ weight }) => weight)];
    this.#ranges = ranges;
  }

  takesPart(query: number): boolean {
    return this.#queryWeights[query] !== 0;
  }

  /** Rank from 1 of a winner in the ranking of signal `m`; null where it has none or signals are not ranked. */
  signalRank(ranks: Uint32Array, m: number): number | null {
    return ranks[this.#queryWeights.length + m] || null; // undefined where signals are not ranked
  }

  /**
   * What each query, then each signal, added to the score of the winner at `place`, whose ranks are `ranks`: their sum in
   * this order is the score.
   */
  sharesOf(place: number, ranks: Uint32Array): number[] {
    const weights = this.#queryWeights;
    switch (this.#method) {
      case 'rrf':
        return this.#rankedWeights.map((weight, n) =>
          ranks[n] === 0 ? 0 : weight / (this.#rankConstant + ranks[n]!),
        );
      case 'weighted':
        return [...this.#weightedNorms(ranks), ...this.#weightedSignals(place)];
      case 'linear':
        return this.#linearShares(place, ranks);
      case 'mean': {
        const total = weights.reduce((sum, weight, n) => sum + (ranks[n]! > 0 ? Math.abs(weight) : 0), 0);
        return this.#weightedNorms(ranks).map((share, n) => (ranks[n]! > 0 ? share / total : 0));
      }
      case 'max':
        return largestOfEitherSign(this.#weightedNorms(ranks), weights);
    }
  }

  /** Weight times similarity brought to 0..1 within the ranking; 0 where a ranking does not hold the winner. */
  #weightedNorms(ranks: Uint32Array): number[] {
    const lane = this.#lane;
    return this.#queryWeights.map((weight, n) => {
      if (ranks[n] === 0) return 0;
      const least = lane.rankedSimilarity(n, lane.rankedCount(n) - 1);
      const largest = lane.rankedSimilarity(n, 0);
      return weight * normOf(lane.rankedSimilarity(n, ranks[n]! - 1), rangeOf(least, largest));
    });
  }

  /**
   * Weight times what the winner is more similar than the last one of a ranking, 0 where that does not hold it; then weight
   * times strength. In loops: with all signals these are 20 numbers for each shop of an answer.
   */
  #linearShares(place: number, ranks: Uint32Array): number[] {
    const lane = this.#lane;
    const queryWeights = this.#queryWeights;
    const shares: number[] = [];
    for (let n = 0; n < queryWeights.length; n++) {
      const rank = ranks[n]!;
      if (rank === 0) shares.push(0);
      else {
        const least = lane.rankedSimilarity(n, lane.rankedCount(n) - 1);
        shares.push(queryWeights[n]! * (lane.rankedSimilarity(n, rank - 1) - least));
      }
    }
    const ordinal = lane.ordinalAt(lane.winnerPosition(place));
    for (const { signal, weight } of this.signals) {
      shares.push(shareOf(weight, signal.strengthOf(ordinal)));
    }
    return shares;
  }

  #weightedSignals(place: number): number[] {
    const ordinal = this.#lane.ordinalAt(this.#lane.winnerPosition(place));
    return this.signals.map(({ signal, weight }, m) => {
      const strength = signal.strengthOf(ordinal);
      if (Number.isNaN(strength)) return 0;
      return weight * normOf(strength, this.#ranges[m]!);
    });
  }
}

/** The first largest of the shares with positive weights and the first least of the others; 0 of all else. */
function largestOfEitherSign(shares: readonly number[], weights: readonly number[]): number[] {
  const strongest = (isMeant: (weight: number) => boolean): number => {
    let best = -1;
    shares.forEach((share, n) => {
      if (isMeant(weights[n]!) && Math.abs(share) > Math.abs(shares[best] ?? 0)) best = n;
    });
    return best;
  };
  const counting = [strongest((weight) => weight > 0), strongest((weight) => weight < 0)];
  return shares.map((share, n) => (counting.includes(n) ? share : 0));
}
