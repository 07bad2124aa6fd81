/**
 * The contract of a kernel: batch numeric routines over one linear memory, driven by a `RequestBlock`.
 * Every implementation gives the same bits; `test/kernel.test.ts` holds all of them to a float64 oracle.
 */

/** Which similarity a snapshot's embeddings were made for. The numbers are those of the file and of `assembly/memory.ts`. */
export const METRIC_CODE = Object.freeze({ cosine: 0, innerProduct: 1, l2: 2 });
export type Metric = keyof typeof METRIC_CODE;

/** `relaxed-simd` and `simd` are WebAssembly builds of one source, `scalar` is the TypeScript twin. */
export type KernelBuild = 'relaxed-simd' | 'simd' | 'scalar';

/** Addresses are bytes in the memory that the kernel was made for. */
export interface Kernel {
  readonly build: KernelBuild;
  /** Length of the `floats` float32 at `vector`; `floats` is a multiple of 4. */
  norm(vector: number, floats: number): number;
  /** Ranks the candidates by similarity to each query. */
  rank(block: number): void;
  /** Ranks the candidates by the float64 column at `column`, larger first, as ranking 0. */
  rankByColumn(block: number, column: number): void;
  /** Fuses the rankings and finds every winner's ranks. */
  fuse(block: number): void;
  /** Computes every winner's similarity to every query. */
  explain(block: number): void;
}
