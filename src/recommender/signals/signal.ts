/** What is known of a candidate beside its embedding: one number each. */

export interface Signal {
  /** As requests and reasons call it. */
  readonly name: string;
  /** What reasons show; NaN if nothing is known of the shop. Only after `write`. */
  readonly valueOf: (ordinal: number) => number;
  /** What the fusion compares: larger counts more, NaN where nothing is known. Only after `write`. */
  readonly strengthOf: (ordinal: number) => number;
  /**
   * Writes the strength of each of `ordinals`, the candidates, to the same place of `strengths`. A loop of its own for every
   * signal: through one call site for all of them 6,000 calls took 200 µs, the loops take 40.
   */
  readonly write: (ordinals: Uint32Array, strengths: Float64Array) => void;
  /**
   * Adds weight · strength of the few candidates that it knows to their scores, by position: instead of `write`, where nothing
   * of all others is needed.
   */
  readonly addKnown?: (ordinals: Uint32Array, scores: Float64Array, weight: number) => void;
}
