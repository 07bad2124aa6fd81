/** Runs one job over a snapshot that lies in memory: the same code on the calling thread and in a worker. */
import { check } from '../base/errors.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { Lane } from '../kernel/lane.ts';
import type { LinearMemory } from '../kernel/linear-memory.ts';
import { recommend, similarities, type Line } from '../recommender/recommender.ts';
import type { Generation } from '../snapshot/generation.ts';
import type { Placement } from '../snapshot/open-snapshot.ts';
import { verifyInThreads } from '../snapshot/verify-in-threads.ts';
import type { Job, JobResult } from './messages.ts';

/** A snapshot as one thread sees it. */
export interface ThreadView {
  readonly memory: LinearMemory;
  readonly kernel: Kernel;
  readonly generation: Generation;
  readonly placement: Placement;
}

/** The line that uses scratch lane `lane` in front of a snapshot. */
function lineOf({ memory, kernel, generation, placement }: ThreadView, lane: number): Line {
  return { generation, lane: new Lane(memory, kernel, lane, placement.laneBytes) };
}

/**
 * Runs a job to its end. With `costMax`, a request that costs more multiply-adds is not begun and null is returned.
 */
export function runJob(
  view: ThreadView,
  lane: number,
  job: Job,
  costMax = Infinity,
): JobResult[Job['kind']] | null {
  switch (job.kind) {
    case 'recommend':
      return recommend(lineOf(view, lane), job.request, job.actions, job.nowMs, costMax);
    case 'similarities':
      return similarities(lineOf(view, lane), job.request, costMax);
    case 'verify':
      verifyInThreads(view, job.threadCount);
      return null;
    default:
      check(false, `no job is called ${(job satisfies never as Job).kind}`);
  }
}
