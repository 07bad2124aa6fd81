/** A snapshot as one thread serves it, opened to answer cases instead of requests. */
import { silentLog } from '../base/log.ts';
import { reachEverywhere } from '../geo/reach-tree.ts';
import { Lane } from '../kernel/lane.ts';
import { borrowMemory, returnMemory } from '../kernel/linear-memory.ts';
import { warmKernel } from '../kernel/wasm-kernel.ts';
import type { Line } from '../recommender/line.ts';
import { SCRATCH_BOUNDS } from '../recommender/request-bounds.ts';
import { unload } from '../snapshot/mapping.ts';
import { loadSnapshot } from '../snapshot/open-snapshot.ts';
import { verifyGeneration } from '../snapshot/verify-generation.ts';

/** Which shops are candidates: all, or those that deliver to where the user is and are open. */
export type CandidateRule = 'all' | 'in-zone';

/**
 * Opens the snapshot file of `version`, verified, for as long as `use` runs. For `all` candidates it is a copy in which
 * every shop delivers everywhere.
 */
export function withReplayedSnapshot<T>(
  path: string,
  version: string,
  candidates: CandidateRule,
  use: (line: Line) => T,
): T {
  const memory = borrowMemory();
  try {
    const kernel = warmKernel(memory);
    const mode = candidates === 'all' ? 'copy' : 'auto';
    const scratch = { ...SCRATCH_BOUNDS, laneCount: 1 };
    const { generation, placement } = loadSnapshot(path, version, memory, scratch, mode, silentLog);
    try {
      verifyGeneration(generation, kernel, path);
      if (candidates === 'all') {
        const [reaches, nodes] = [generation.float64('reaches'), generation.float64('nodes')];
        reachEverywhere({ reaches, nodes, positions: generation.float64('positions') });
      }
      return use({ generation, lane: new Lane(memory, kernel, 0, placement.laneBytes) });
    } finally {
      unload(memory, placement.base, placement.fileBytes);
    }
  } finally {
    returnMemory(memory);
  }
}
