/** What is known of a candidate beside its embedding: one number each. */
import type { Lane } from '../../kernel/lane.ts';

export interface Signal {
  /** As requests and reasons call it. */
  readonly name: string;
  /** What reasons show; NaN if nothing is known of the shop. Only after `write`. */
  readonly valueOf: (ordinal: number) => number;
  /** What the fusion compares: larger counts more, NaN where nothing is known. Only after `write`. */
  readonly strengthOf: (ordinal: number) => number;
  /** Writes the strength of each candidate of the lane into its `values`. */
  readonly write: (lane: Lane) => void;
  /** Adds weight · strength of the few candidates that it knows to the lane's scores: instead of `write`, which visits all. */
  readonly addKnown?: (lane: Lane, weight: number) => void;
}
