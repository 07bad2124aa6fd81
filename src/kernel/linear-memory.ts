/**
 * The linear memory that the kernels read: scratch lanes first, one snapshot behind them.
 * Mirrors `assembly/memory.ts`, which draws the map; change both together.
 */
import { alignUp } from '../base/aligned-bytes.ts';
import { check, EngineError } from '../base/errors.ts';

const PAGE_BYTES = 65_536;
/** What a 32-bit address reaches but for the last page, so that the end of an array is an address too. */
const MEMORY_BYTES_MAX = 65_535 * PAGE_BYTES;
/** Where lane 0 starts: address 0 stays unused. */
const LANES_START = PAGE_BYTES;

/** Places of the fields of a `RequestBlock`, in 4-byte words. */
const BLOCK_FIELDS = [
  'rows',
  'norms',
  'rowFloats',
  'metric',
  'quantized',
  'quantizedBytes',
  'queries',
  'queryNorms',
  'queryCount',
  'candidates',
  'candidateCount',
  'depth',
  'rankingCount',
  'rankedPositions',
  'rankedSimilarities',
  'rankedCounts',
  'values',
  'distances',
  'places',
  'placed',
  'fusion',
  'weights',
  'scores',
  'limit',
  'winners',
  'winnerScores',
  'winnerCosines',
  'winnerRanks',
  'winnerSimilarities',
  'winnerCount',
  'winnerPlaces',
  'workspace',
  'similaritiesWanted',
  'firstPass',
] as const;
export type BlockField = (typeof BLOCK_FIELDS)[number];
/** The word of each field of a `RequestBlock`; `rankConstant` (f64) follows the last. */
export const BLOCK_WORD = Object.freeze(
  Object.fromEntries(BLOCK_FIELDS.map((field, word) => [field, word])),
) as Readonly<Record<BlockField, number>>;
export const RANK_CONSTANT_OFFSET = alignUp(BLOCK_FIELDS.length * 4, 8);
export const BLOCK_BYTES = alignUp(RANK_CONSTANT_OFFSET + 8, 64);

/** Entries of a shortlist, as `assembly/workspace.ts` has them. */
function shortlistCapacity(depth: number): number {
  return 4 * depth + 256;
}

/** Candidates are followed by room for a whole block of rows. */
export const CANDIDATES_SLACK = 8;

/** Scratch bytes of `rank`: what every pass takes (`assembly/workspace.ts`) and what each of them takes, added up. */
export function rankWorkspaceBytes(
  queryCount: number,
  candidateCount: number,
  depth: number,
  rowFloats: number,
): number {
  const capacity = shortlistCapacity(depth);
  const tileBytes = (240 + 8) * 4;
  const parts = [
    2049 * 4, // bins
    queryCount * 32, // shortlists
    8 * tileBytes, // dot products of a tile
    capacity * 32, // ordering one shortlist
    queryCount * capacity * 12, // the entries of all
    (candidateCount + 8) * 4, // float pass: terms of the rows
    queryCount * rowFloats * 4, // panels
    queryCount * alignUp(rowFloats, 16) * 2, // byte pass: panels
    queryCount * 16, // queries
    4 * alignUp(tileBytes, 64), // terms of the rows of a tile
    3 * alignUp((capacity + 8) * 4, 64), // the survivors of one query
  ];
  return parts.reduce((sum, bytes) => sum + alignUp(bytes, 64), 0);
}

/** Views over the whole memory, one per element type. */
export interface MemoryViews {
  readonly u8: Uint8Array;
  readonly u32: Uint32Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
}

/** One shared memory with its map. Grows when a larger snapshot comes, never shrinks. */
export class LinearMemory {
  readonly memory: WebAssembly.Memory;
  #views: MemoryViews | undefined;
  #viewsBuffer: ArrayBufferLike | undefined;

  /** Makes a new memory, or wraps the memory of another thread. */
  constructor(memory = new WebAssembly.Memory({ initial: 1, maximum: 65_536, shared: true })) {
    this.memory = memory;
  }

  /** Where a snapshot starts behind `laneCount` lanes of `laneBytes`. */
  static snapshotBase(laneCount: number, laneBytes: number): number {
    return alignUp(LANES_START + laneCount * laneBytes, PAGE_BYTES);
  }

  static laneStart(lane: number, laneBytes: number): number {
    return LANES_START + lane * laneBytes;
  }

  /** Makes sure that `bytes` are addressable. Nothing may be mapped over this memory while it grows. */
  reserve(bytes: number): void {
    if (bytes > MEMORY_BYTES_MAX) {
      throw new EngineError(
        'snapshot_too_large',
        `the snapshot and its scratch memory need ${bytes} bytes, a kernel addresses ${MEMORY_BYTES_MAX}; split the catalog, lower the dimensions or use fewer threads`,
      );
    }
    const missing = bytes - this.memory.buffer.byteLength;
    if (missing <= 0) return;
    try {
      this.memory.grow(Math.ceil(missing / PAGE_BYTES));
    } catch (error) {
      throw new EngineError(
        'snapshot_too_large',
        `the system gives no ${bytes} bytes of address space for the snapshot; raise its limit`,
        {
          cause: error,
        },
      );
    }
  }

  /** Views over all of the memory as it is now. */
  get views(): MemoryViews {
    const { buffer } = this.memory;
    if (this.#views === undefined || this.#viewsBuffer !== buffer) {
      this.#viewsBuffer = buffer;
      this.#views = {
        u8: new Uint8Array(buffer),
        u32: new Uint32Array(buffer),
        f32: new Float32Array(buffer),
        f64: new Float64Array(buffer),
      };
    }
    return this.#views;
  }

  /** The bytes of a range, without a copy. */
  bytes(start: number, length: number): Uint8Array {
    check(start + length <= this.memory.buffer.byteLength, `range ${start}+${length} outside the memory`);
    return new Uint8Array(this.memory.buffer, start, length);
  }
}

/**
 * Memories that engines have given back. A shared memory is freed only once every thread that saw it has collected
 * garbage, and each takes 4 GiB of addresses, so they are used again rather than made anew.
 */
const returned: LinearMemory[] = [];

/** A memory for the caller alone, until it is returned. */
export function borrowMemory(): LinearMemory {
  return returned.pop() ?? new LinearMemory();
}

/** Gives a memory back. Nothing may be mapped over it and no thread may read it. */
export function returnMemory(memory: LinearMemory): void {
  returned.push(memory);
}
