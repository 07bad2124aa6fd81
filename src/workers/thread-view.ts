/** A snapshot as one thread sees it. */
import type { Kernel } from '../kernel/kernel.ts';
import { Lane } from '../kernel/lane.ts';
import type { LinearMemory } from '../kernel/linear-memory.ts';
import type { Generation } from '../snapshot/generation.ts';
import type { Placement } from '../snapshot/open-snapshot.ts';

export interface ThreadView {
  readonly memory: LinearMemory;
  readonly kernel: Kernel;
  readonly generation: Generation;
  readonly placement: Placement;
}

/** Scratch lane `index` in front of a snapshot. */
export function laneOf({ memory, kernel, placement }: ThreadView, index: number): Lane {
  return new Lane(memory, kernel, index, placement.laneBytes);
}
