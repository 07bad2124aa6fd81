/**
 * What a trainer works on, in a linear memory that all training threads share. `src/training/train-memory.ts` lays it out
 * and mirrors the fields; change both together.
 *
 *   0        64 KiB   never used, so address 0 is never valid
 *   65,536   Model    what follows is where it says
 *   …        sessions, vocabulary, lists to draw negatives from
 *   …        f32[V + 1][D] input rows, f32[V + 1][D] output rows
 *   …        Lane     of each thread
 */

/** The row of no token. */
export const NO_ROW: u32 = 0xffffffff;

/** Tokens of a session at most: longer ones are divided. */
export const SESSION_TOKENS_MAX: u32 = 1024;

/** Tokens are shops and keywords by their row, V of them. Rows have D floats, a multiple of 4, and lie on 16 bytes. */
@unmanaged
export class Model {
  /** f32[V + 1][D]: the embeddings. The last row belongs to no token. */
  inputs: u32;
  /** f32[V + 1][D]: what a token looks like as the context of another. The last row takes the place of absent negatives. */
  outputs: u32;
  /** V. */
  rowCount: u32;
  /** 4 D. */
  rowBytes: u32;
  /** u32: tokens of all sessions, one session after the other. */
  tokens: u32;
  /** u32[sessions + 1]: where each begins in `tokens`; a session has at most `SESSION_TOKENS_MAX`. */
  sessionStarts: u32;
  /** u32[sessions]: the shop that was ordered in the end, or `NO_ROW`. */
  orders: u32;
  /** u32[V]: a token takes part with the probability threshold / 2^32, the greatest always. */
  keepThresholds: u32;
  /** u32[V]: the list that nearby negatives of a token come from; 0, the list of all, where it has no neighbourhood. */
  neighbourhoods: u32;
  /** u32[lists + 1]: where each list begins in `draws`. */
  drawStarts: u32;
  /** `Draw` of all lists. */
  draws: u32;
  /** Tokens to either side that count as context at most. */
  window: u32;
  negativeCount: u32;
  /** How many of the negatives come from the neighbourhood. */
  nearbyNegativeCount: u32;
}

/** An entry of a list in the form of the alias method (Walker 1977): drawn as itself if 32 random bits are below the threshold. */
@unmanaged
export class Draw {
  threshold: u32;
  row: u32;
  aliasRow: u32;
}

/** What belongs to one thread. */
@unmanaged
export class Lane {
  /** Sum over all pairs of a token and one of its context: −ln σ of the pair and of its negatives. */
  lossSum: f64;
  pairCount: f64;
  /** u32[SESSION_TOKENS_MAX]: the tokens of a session that take part. */
  kept: u32;
  /** u32: addresses of output rows, `groupedCount` of them. */
  outputs: u32;
}
