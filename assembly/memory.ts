/**
 * The map of linear memory. `src/kernel/linear-memory.ts` mirrors it; change both together.
 *
 *   0          64 KiB       never used, so address 0 is never valid
 *   65,536     lane 0       scratch of the thread that runs requests where they arrive
 *   …          lane 1 … T   scratch of one worker task each
 *   base       snapshot     the snapshot file as it is on disk, read only when mapped
 *
 * A lane starts with one `RequestBlock`; the arrays it points to follow in the same lane.
 */

/** Cosine: dot / (‖q‖·‖r‖), and 0 where a norm is 0. */
export const METRIC_COSINE: u32 = 0;
/** Inner product: Σ q·r. */
export const METRIC_INNER_PRODUCT: u32 = 1;
/** Negative squared Euclidean distance: −Σ (r − q)². */
export const METRIC_L2: u32 = 2;

/** Rows and queries in float32. */
export const PASS_FLOATS: u32 = 0;
/** Rows in bytes, queries in 14 bits. */
export const PASS_BYTES: u32 = 1;
/** Rows in bytes, queries in 7 bits for the relaxed dot product, then 14 bits for what is left; PASS_BYTES in the other build. */
export const PASS_BYTES_RELAXED: u32 = 2;

/** score = Σ weight / (k + rank). */
export const FUSION_RRF: u32 = 0;
/** score = Σ weight · x, with x the similarity brought to 0..1 within its ranking. */
export const FUSION_WEIGHTED: u32 = 1;
/** score = the largest weight · x of rankings with positive weights − the largest |weight| · x of the others. */
export const FUSION_MAX: u32 = 2;
/** score = Σ weight · x / Σ |weight| over the rankings that hold the candidate. */
export const FUSION_MEAN: u32 = 3;
/** score = Σ weight · (similarity − the least of its ranking). */
export const FUSION_LINEAR: u32 = 4;

/** One request's arguments and results. Addresses are bytes; N queries, M rankings, C candidates. */
@unmanaged
export class RequestBlock {
  /** f32[shopCount][rowFloats]; `rowFloats` is a multiple of 4, padded with zeros. */
  rows: u32;
  /** f64[shopCount]: ‖row‖. */
  norms: u32;
  rowFloats: u32;
  metric: u32;
  /** u8[shopCount][quantizedBytes]: the rows in bytes, as `quantize.ts` draws them; read by the byte passes alone. */
  quantized: u32;
  quantizedBytes: u32;

  /** f32[N][rowFloats]. */
  queries: u32;
  /** f64[N]: ‖query‖, written by `rank`. */
  queryNorms: u32;
  queryCount: u32;

  /** u32[C]: ordinals, ascending, with room for 8 more. A candidate's place in this list is its position. */
  candidates: u32;
  candidateCount: u32;

  /** Entries of each ranking at most. */
  depth: u32;
  /** Rankings: those of the queries, then those of signals. */
  rankingCount: u32;
  /** u32[M][depth]: positions, best first. */
  rankedPositions: u32;
  /** f64[M][depth]: their similarities, or the values of the signal. */
  rankedSimilarities: u32;
  /** u32[M]: entries in each ranking. */
  rankedCounts: u32;
  /** f64[C]: what a signal says of each candidate, by position, with room for a whole pair; scratch of `fuse`. */
  values: u32;
  /** f64[C]: squared distance of each candidate, written by `measure`. */
  distances: u32;
  /** u32[largest candidate + 1]: the position of each candidate by ordinal, anything at other ordinals. */
  places: u32;
  /** u32[⌈(largest candidate + 1) / 32⌉]: a bit for each ordinal, 1 of candidates. */
  placed: u32;

  /** How rankings become scores: one of the methods above. */
  fusion: u32;
  /** f64[M]: how much each ranking counts. */
  weights: u32;
  /** f64[C]: fused score by position, with room for a whole pair; −Infinity is no winner. */
  scores: u32;
  /** Winners at most. */
  limit: u32;
  /** u32[limit]: positions, best first. */
  winners: u32;
  /** f64[limit]. */
  winnerScores: u32;
  /** f64[limit]: the largest cosine of each winner's row to the rows it was compared with by `cover`. */
  winnerCosines: u32;
  /** u32[limit][M]: rank from 1 in each ranking, 0 beyond its depth. */
  winnerRanks: u32;
  /** f64[limit][N]: similarity to each query. */
  winnerSimilarities: u32;
  winnerCount: u32;
  /** u32[C]: 1 + place among the winners, or 0. */
  winnerPlaces: u32;

  /** Scratch of `rank`, as large as `rankWorkspaceBytes` says. */
  workspace: u32;
  /** 1 if `rank` must write `rankedSimilarities`, 0 if only the order is wanted. */
  similaritiesWanted: u32;
  /** How candidates are ruled out: one of the passes above. All of them give the same rankings. */
  firstPass: u32;

  /** The constant k of Reciprocal Rank Fusion. */
  rankConstant: f64;
}
