/** A few shops of which something is known while nothing is of all others, such as those that a user has been to. */
import { firstRow } from '../../base/text-table.ts';
import type { Signal } from './signal.ts';

export class FewShops {
  /** Each once; what is known of them stands in the same places. */
  readonly ordinals: readonly number[];
  readonly #placeOf = new Map<number, number>();
  #positions: Int32Array | undefined;

  constructor(ordinals: Iterable<number>) {
    for (const ordinal of ordinals)
      if (!this.#placeOf.has(ordinal)) this.#placeOf.set(ordinal, this.#placeOf.size);
    this.ordinals = [...this.#placeOf.keys()];
  }

  get count(): number {
    return this.ordinals.length;
  }

  /** The place of a shop among the few; -1 if it is none of them. */
  placeOf(ordinal: number): number {
    return this.#placeOf.get(ordinal) ?? -1;
  }

  /**
   * Where each of the few is among the candidates, -1 of one that is none. Looked up once for all signals: the candidates of
   * one request are the same ones.
   */
  positionsAmong(candidates: Uint32Array): Int32Array {
    this.#positions ??= Int32Array.from(this.ordinals, (ordinal) => {
      const at = firstRow(candidates.length, (i) => candidates[i]! >= ordinal);
      return candidates[at] === ordinal ? at : -1;
    });
    return this.#positions;
  }

  /** A signal whose value of each of the few is in the same place of `values`, 0 or NaN if there is none. */
  signal(name: string, values: Float64Array, strengthOf: (value: number) => number): Signal {
    const known = values.map((value) => (value === 0 ? Number.NaN : strengthOf(value)));
    return {
      name,
      valueOf: (ordinal) => values[this.placeOf(ordinal)] || Number.NaN,
      strengthOf: (ordinal) => known[this.placeOf(ordinal)] ?? Number.NaN,
      write: (candidates, strengths) => {
        strengths.fill(Number.NaN);
        this.positionsAmong(candidates).forEach((position, place) => {
          if (position !== -1) strengths[position] = known[place]!;
        });
      },
      addKnown: (candidates, scores, weight) => {
        this.positionsAmong(candidates).forEach((position, place) => {
          const strength = known[place]!;
          if (position !== -1 && !Number.isNaN(strength)) scores[position]! += weight * strength;
        });
      },
    };
  }
}
