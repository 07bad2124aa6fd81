/** A snapshot that several threads answer from at once: verified, with a scratch lane for each of them. */
import { silentLog } from '../base/log.ts';
import { borrowMemory, returnMemory } from '../kernel/linear-memory.ts';
import { warmKernel } from '../kernel/wasm-kernel.ts';
import { SCRATCH_BOUNDS } from '../recommender/request-bounds.ts';
import type { Generation } from '../snapshot/generation.ts';
import { unload } from '../snapshot/mapping.ts';
import { loadSnapshot, type Placement } from '../snapshot/open-snapshot.ts';
import { verifyInThreads } from '../snapshot/verify-in-threads.ts';

export interface SharedSnapshot {
  readonly generation: Generation;
  /** What a thread attaches to. */
  readonly memory: WebAssembly.Memory;
  readonly placement: Placement;
  readonly laneCount: number;
}

/** Opens the snapshot file of `version` for as long as `use` runs; by its end no thread may read it any more. */
export async function withSharedSnapshot<T>(
  path: string,
  version: string,
  laneCount: number,
  use: (snapshot: SharedSnapshot) => Promise<T>,
): Promise<T> {
  const memory = borrowMemory();
  try {
    const kernel = warmKernel(memory);
    const scratch = { ...SCRATCH_BOUNDS, laneCount };
    const { generation, placement } = loadSnapshot(path, version, memory, scratch, 'auto', silentLog);
    try {
      verifyInThreads({ memory, kernel, generation, placement }, laneCount);
      return await use({ generation, memory: memory.memory, placement, laneCount });
    } finally {
      unload(memory, placement.base, placement.fileBytes);
    }
  } finally {
    returnMemory(memory);
  }
}
