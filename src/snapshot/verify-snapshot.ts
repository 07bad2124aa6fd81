/** Proves that a snapshot file may serve, without serving it. */
import { availableParallelism } from 'node:os';
import { silentLog } from '../base/log.ts';
import { borrowMemory, returnMemory } from '../kernel/linear-memory.ts';
import { bestKernel } from '../kernel/wasm-kernel.ts';
import type { SnapshotHeader } from './format.ts';
import { unload } from './mapping.ts';
import { loadSnapshot, type Scratch } from './open-snapshot.ts';
import { verifyInThreads } from './verify-in-threads.ts';

const NO_SCRATCH: Scratch = { laneCount: 0, queryCountMax: 0, signalCountMax: 0, depthMax: 0, limitMax: 0 };

/**
 * Opens a snapshot file, verifies everything on all cores and lets it go again; returns its header.
 * With `version`, the file must say that it is this one.
 */
export function verifySnapshot(path: string, version?: string): SnapshotHeader {
  const memory = borrowMemory();
  try {
    const { generation, placement } = loadSnapshot(path, version, memory, NO_SCRATCH, 'auto', silentLog);
    try {
      verifyInThreads({ memory, kernel: bestKernel(memory), generation, placement }, availableParallelism());
      return generation.header;
    } finally {
      unload(memory, placement.base, placement.fileBytes);
    }
  } finally {
    returnMemory(memory);
  }
}
