/** A file of vectors as its reader hands it on, and the checks that all formats share. */
import type { InputFault } from './input-faults.ts';
import type { InputFile, InputProgress } from './input-file.ts';

/** What the vectors of a file belong to, which is also the column that names it. */
export type VectorKey = 'shopId' | 'keyword';

/** What the caller knows of the vectors beforehand. */
export interface ExpectedVectors {
  readonly key: VectorKey;
  /** How many components each must have. Without it the file says: its header or its first vector. */
  readonly dimensions?: number | undefined;
  /** How many vectors a file without keys must hold: the number of shops, in their order. `.f32` needs it. */
  readonly rowCount?: number | undefined;
}

/** Some vectors in the order of their file. Its arrays are valid until the next batch is asked for. */
export interface VectorBatch {
  readonly rowCount: number;
  /** rowCount × dimensions, finite. */
  readonly vectors: Float32Array;
  /** What each vector belongs to, or undefined for a file without keys. */
  readonly keyed: KeyedRows | undefined;
}

/** What the vectors of a batch belong to, row by row. */
export interface KeyedRows {
  /** The shop ids or keywords, as written. */
  readonly keys: readonly string[];
  /** Where each stands, such as `line 17`. */
  readonly places: readonly string[];
  /** How often each keyword was searched, from the column `count`; 0 without it. */
  readonly counts: readonly number[];
}

/** A file of vectors that has been looked at. */
export interface VectorFile {
  readonly dimensions: number;
  /** Whether it says whose each vector is; else they stand in the order of the shops. */
  readonly isKeyed: boolean;
  /** How many vectors there are; undefined for NDJSON, which has to be read to know. */
  readonly rowCount: number | undefined;
  /** Reads the file from the start, anew with every call. Throws `input_invalid` where it cannot be read on. */
  batches(onProgress?: InputProgress): AsyncGenerator<VectorBatch>;
}

/** Vectors in memory at a time: large enough that calls do not count, small enough to stay in a cache. */
const BATCH_BYTES = 4 << 20;

/** How many vectors a batch holds. */
export function batchRows(dimensions: number): number {
  return Math.max(1, Math.floor(BATCH_BYTES / (dimensions * 4)));
}

/** The index of the first NaN or infinity in [start, end), or -1. */
export function firstNotFinite(vectors: Float32Array, start: number, end: number): number {
  let sum = 0; // one branch a vector: what is finite less itself is 0, anything else makes the sum NaN for good
  for (let i = start; i < end; i++) sum += vectors[i]! - vectors[i]!;
  if (sum === 0) return -1;
  for (let i = start; i < end; i++) if (!Number.isFinite(vectors[i])) return i;
  return -1;
}

export function componentFault(file: InputFile, place: string, component: number, value: number): InputFault {
  return {
    file: file.path,
    place,
    column: 'vector',
    found: `${value} as component ${component + 1}`,
    expected: 'a finite float32',
  };
}
