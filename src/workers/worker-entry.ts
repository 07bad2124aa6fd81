/**
 * The entry of a worker thread: runs jobs over the memories it was given.
 * It maps nothing itself: what the main thread maps over a memory, every thread sees at once.
 */
import { workerData } from 'node:worker_threads';
import type { Kernel } from '../kernel/kernel.ts';
import { LinearMemory } from '../kernel/linear-memory.ts';
import { bestKernel } from '../kernel/wasm-kernel.ts';
import { attach } from '../snapshot/open-snapshot.ts';
import { outcomeOf, type Outcome, type Target, type Task, type WorkerSetup } from './messages.ts';
import { runJob, type ThreadView } from './run-job.ts';

interface Slot {
  readonly memory: LinearMemory;
  readonly kernel: Kernel;
  epoch: number;
  view: ThreadView | null;
}

const { memories } = workerData as WorkerSetup;
const slots = memories.map((shared): Slot => {
  const memory = new LinearMemory(shared);
  return { memory, kernel: bestKernel(memory), epoch: -1, view: null };
});

/** The snapshot of a task, attached anew when another one has taken its place in memory. */
function viewOf({ slot: index, epoch, placement }: Target): ThreadView {
  const slot = slots[index]!;
  if (slot.view === null || slot.epoch !== epoch) {
    const { memory, kernel } = slot;
    slot.view = { memory, kernel, placement, generation: attach(memory, placement) };
    slot.epoch = epoch;
  }
  return slot.view;
}

export default function run({ target, lane, job }: Task): Outcome {
  return outcomeOf(() => runJob(viewOf(target), lane, job));
}
