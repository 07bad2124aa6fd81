/** What a user did at shops, as the signals about habits read it. */
import type { Generation } from '../../snapshot/generation.ts';
import { weightOf } from '../action-weights.ts';
import type { RecommendJob } from '../recommend-job.ts';
import { HISTORY_SIGNALS } from '../request-bounds.ts';
import { FewShops } from './few-shops.ts';

/** Whether any of the signals looks at all that a user did. */
export function looksBack(signals: { readonly [name: string]: number }): boolean {
  return Object.keys(signals).some((name) => HISTORY_SIGNALS.has(name));
}

const BY_TYPE_AS_IT_IS = {};

/**
 * The actions of a job at shops that the snapshot knows, newest first; not those that push down. What a request makes of
 * types of actions is not looked at: that a user has been somewhere is so, whatever it is to count among similarities.
 */
export class History {
  /** The shops, newest first. */
  readonly shops: FewShops;
  /** Of each action its shop, as a place among `shops`. */
  readonly places: readonly number[];
  /** Of each action, milliseconds; not below 0, since the future counts as now. */
  readonly agesMs: readonly number[];
  /** Above 0. */
  readonly weights: readonly number[];

  constructor({ catalog }: Generation, { actions, nowMs }: RecommendJob) {
    const ordinals: number[] = [];
    const agesMs: number[] = [];
    const weights: number[] = [];
    for (const action of actions) {
      if (action.shopId === undefined) continue;
      const weight = weightOf(action, BY_TYPE_AS_IT_IS);
      const ordinal = weight > 0 ? catalog.ids.ordinalOf(action.shopId) : -1;
      if (ordinal === -1) continue;
      ordinals.push(ordinal);
      agesMs.push(Math.max(0, nowMs - action.atMs));
      weights.push(weight);
    }
    this.shops = new FewShops(ordinals);
    this.places = ordinals.map((ordinal) => this.shops.placeOf(ordinal));
    this.agesMs = agesMs;
    this.weights = weights;
  }

  /** Adds up what each action counts, by shop. */
  sums(countOf: (at: number) => number): Float64Array {
    const sums = new Float64Array(this.shops.count);
    for (let at = 0; at < this.places.length; at++) sums[this.places[at]!]! += countOf(at);
    return sums;
  }
}
