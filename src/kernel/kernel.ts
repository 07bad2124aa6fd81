/**
 * The contract of a kernel: batch numeric routines over one linear memory, driven by a `RequestBlock`.
 * Every implementation gives the same bits; `test/kernel.test.ts` holds all of them to a float64 oracle.
 */

/** Which similarity a snapshot's embeddings were made for. The numbers are those of the file and of `assembly/memory.ts`. */
export const METRIC_CODE = Object.freeze({ cosine: 0, innerProduct: 1, l2: 2 });
export type Metric = keyof typeof METRIC_CODE;

/** `relaxed-simd` and `simd` are WebAssembly builds of one source, `scalar` is the TypeScript twin. */
export type KernelBuild = 'relaxed-simd' | 'simd' | 'scalar';

/**
 * How `rank` rules candidates out before the definition decides: in float32, or over rows in bytes with queries in 14
 * bits, or with 7 bits by the relaxed dot product. The numbers are those of `assembly/memory.ts`; all give the same
 * rankings.
 */
export const FIRST_PASS_CODE = Object.freeze({ floats: 0, bytes: 1, relaxedBytes: 2 });
export type FirstPass = keyof typeof FIRST_PASS_CODE;

/**
 * How rankings become one score, as `assembly/fuse.ts` defines and cites: by ranks, or by similarities brought to 0..1
 * within their ranking. The numbers are those of `assembly/memory.ts`.
 */
export const FUSION_CODE = Object.freeze({ rrf: 0, weighted: 1, max: 2, mean: 3, linear: 4 });
export type FusionMethod = keyof typeof FUSION_CODE;

/** Addresses are bytes in the memory that the kernel was made for. */
export interface Kernel {
  readonly build: KernelBuild;
  /** The faster of the byte passes on this machine. */
  readonly bytePass: Exclude<FirstPass, 'floats'>;
  /** Length of the `floats` float32 at `vector`; `floats` is a multiple of 4. */
  norm(vector: number, floats: number): number;
  /** Writes the `floats` float32 at `vector` to `out` in bytes, as `quantize.ts` draws them. */
  quantize(vector: number, floats: number, out: number): void;
  /** The first of `count` rows at `rows` whose bytes at `quantized` are not what `quantize` makes of it, or `count`. */
  firstUnlikeRow(rows: number, floats: number, count: number, quantized: number): number;
  /** Ranks the candidates by similarity to each query. */
  rank(block: number): void;
  /** Ranks the candidates by the float64 at `values`, one by position, larger first, as ranking `n` without those of NaN. */
  rankByValues(block: number, values: number, n: number): void;
  /** Fuses the rankings into scores. */
  fuse(block: number): void;
  /** Notes the position of each candidate by ordinal. */
  place(block: number): void;
  /**
   * Adds factor · strength of the `count` shops at `ordinals` (u32), strengths f32, to the values of those that are candidates,
   * NaN counting as nothing; after `place`.
   */
  addKnown(block: number, ordinals: number, strengths: number, count: number, factor: number): void;
  /** Writes the squared distance of each candidate from (x, y, z); `points` is f64[shopCount][3]. */
  measure(block: number, points: number, x: number, y: number, z: number): void;
  /** Makes each value v factor · ln(1 + scale · v), as `ln.ts` computes it; scale · v is a finite number from 0 on. */
  logValues(block: number, scale: number, factor: number): void;
  /** Adds weight · value, within ±1e300, to the score of each candidate, but where that is no number. */
  addValues(block: number, weight: number): void;
  /** Finds the winners: the best scores, without those of -Infinity. */
  select(block: number): void;
  /** Raises `winnerCosines` to the cosine of each winner's row and the row of the candidate at `position`. */
  cover(block: number, position: number): void;
  /** Finds every winner's ranks and its similarity to every query. */
  explain(block: number): void;
}
