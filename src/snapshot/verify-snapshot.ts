/** Opens a snapshot file without serving it: to prove that it may serve, or to look into it. */
import { availableParallelism } from 'node:os';
import { silentLog } from '../base/log.ts';
import { borrowMemory, returnMemory, type LinearMemory } from '../kernel/linear-memory.ts';
import { bestKernel } from '../kernel/wasm-kernel.ts';
import type { SnapshotHeader } from './format.ts';
import { unload } from './mapping.ts';
import { loadSnapshot, type LoadedSnapshot, type Scratch } from './open-snapshot.ts';
import { verifyInThreads } from './verify-in-threads.ts';

const NO_SCRATCH: Scratch = { laneCount: 0, queryCountMax: 0, signalCountMax: 0, depthMax: 0, limitMax: 0 };

/**
 * Opens a snapshot file, verifies everything on all cores and lets it go again; returns its header.
 * With `version`, the file must say that it is this one.
 */
export function verifySnapshot(path: string, version?: string): SnapshotHeader {
  return withSnapshot(path, version, ({ generation, placement }, memory) => {
    verifyInThreads({ memory, kernel: bestKernel(memory), generation, placement }, availableParallelism());
    return generation.header;
  });
}

/** What `use` returns of a snapshot file, which is not verified and goes again when it has. */
export function withSnapshot<T>(
  path: string,
  version: string | undefined,
  use: (loaded: LoadedSnapshot, memory: LinearMemory) => T,
): T {
  const memory = borrowMemory();
  try {
    const loaded = loadSnapshot(path, version, memory, NO_SCRATCH, 'auto', silentLog);
    try {
      return use(loaded, memory);
    } finally {
      unload(memory, loaded.placement.base, loaded.placement.fileBytes);
    }
  } finally {
    returnMemory(memory);
  }
}
