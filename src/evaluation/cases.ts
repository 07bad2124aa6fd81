/** What is asked of a recommender, and what would have been right. */

/** A moment of a user. Nothing in `history` happened at the moment or later. */
export interface EvaluationCase {
  /** A place in `log.userIds`. */
  readonly user: number;
  /** Rows of the log, oldest first: all that the user did before the moment. */
  readonly history: Uint32Array;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** Places in `log.shopIds`, each once, at least one. */
  readonly relevant: readonly number[];
}

/** How cases follow from a log. */
export type Protocol = 'next' | 'new';
