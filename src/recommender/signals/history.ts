/** What a user did at shops, as the signals about habits read it. */
import type { Generation } from '../../snapshot/generation.ts';
import { ownWeightOf } from '../action-weights.ts';
import type { RecommendJob } from '../recommend-job.ts';
import { HISTORY_SIGNALS } from '../request-bounds.ts';
import { FewShops } from './few-shops.ts';
import type { Signal } from './signal.ts';

/** Whether any of the signals looks at all that a user did. */
export function looksBack(signals: { readonly [name: string]: number }): boolean {
  return Object.keys(signals).some((name) => HISTORY_SIGNALS.has(name));
}

/** As many as all signals together take. */
const COLUMNS_AT_ONCE = 10;

/**
 * The actions of a job at shops that the snapshot knows, newest first; not those that push down. What a request makes of
 * types of actions is not looked at: that a user has been somewhere is so, whatever it is to count among similarities.
 */
export class History {
  /** The shops, newest first. */
  readonly shops: FewShops;
  /** Of each action its shop, as a place among `shops`. */
  readonly places: Uint32Array;
  /** Of each action, milliseconds; not below 0, since the future counts as now. */
  readonly agesMs: Float64Array;
  /** Above 0. */
  readonly weights: Float64Array;
  /** Of each action, to be filled for `sums`. */
  readonly exponents: Float64Array;
  #columns = new Float64Array(0);
  #columnsTaken = 0;

  constructor({ catalog }: Generation, { actions, nowMs }: RecommendJob) {
    const room = actions.length;
    this.shops = new FewShops(room);
    const places = new Uint32Array(room);
    // One array for all: each takes as long to make as to fill.
    const numbers = new Float64Array(3 * room);
    const agesMs = numbers.subarray(0, room);
    const weights = numbers.subarray(room, 2 * room);
    let count = 0;
    for (const action of actions) {
      if (action.shopId === undefined) continue;
      const weight = ownWeightOf(action);
      const ordinal = weight > 0 ? catalog.ids.ordinalOf(action.shopId) : -1;
      if (ordinal === -1) continue;
      places[count] = this.shops.add(ordinal);
      agesMs[count] = Math.max(0, nowMs - action.atMs);
      weights[count++] = weight;
    }
    this.places = places.subarray(0, count);
    this.agesMs = agesMs.subarray(0, count);
    this.weights = weights.subarray(0, count);
    this.exponents = numbers.subarray(2 * room, 2 * room + count);
  }

  /** A number for each of `shops`, zeros at first. */
  column(): Float64Array {
    const { count } = this.shops;
    if (this.#columnsTaken % COLUMNS_AT_ONCE === 0) this.#columns = new Float64Array(COLUMNS_AT_ONCE * count);
    const start = (this.#columnsTaken++ % COLUMNS_AT_ONCE) * count;
    return this.#columns.subarray(start, start + count);
  }

  /** Adds up weight · e^exponent of each action, by shop. */
  sums(): Float64Array {
    const { places, weights, exponents } = this;
    const sums = this.column();
    for (let at = 0; at < places.length; at++) sums[places[at]!]! += weights[at]! * Math.exp(exponents[at]!);
    return sums;
  }

  /** A signal of numbers that count, by shop: its strength is ln(1 + count), nothing is known where that is 0. */
  signalOfCounts(name: string, counts: Float64Array): Signal {
    const strengths = this.column();
    for (let place = 0; place < counts.length; place++) strengths[place] = Math.log1p(counts[place]!);
    return this.shops.signal(name, counts, strengths);
  }
}
