/**
 * The entry of a worker thread: runs jobs over the memories it was given.
 * It maps nothing itself: what the main thread maps over a memory, every thread sees at once.
 */
import { workerData } from 'node:worker_threads';
import { check } from '../base/errors.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { LinearMemory } from '../kernel/linear-memory.ts';
import { warmKernel } from '../kernel/wasm-kernel.ts';
import { rankedOf } from '../recommender/ranking-overlap.ts';
import { prepareRecommendation } from '../recommender/recommender.ts';
import { attach } from '../snapshot/open-snapshot.ts';
import { verificationParts, type VerificationPart } from '../snapshot/verify-generation.ts';
import { proveWithHelpers, takeParts } from '../snapshot/verify-in-threads.ts';
import {
  outcomeOf,
  type AnswerJson,
  type Outcome,
  type Target,
  type TargetedJob,
  type Task,
  type TaskResult,
  type WorkerSetup,
} from './messages.ts';
import { laneOf, type ThreadView } from './thread-view.ts';

interface Slot {
  readonly memory: LinearMemory;
  readonly kernel: Kernel;
  epoch: number;
  view: ThreadView | null;
}

const utf8 = new TextEncoder();
const { memories } = workerData as WorkerSetup;
const slots = memories.map((shared): Slot => {
  const memory = new LinearMemory(shared);
  return { memory, kernel: warmKernel(memory), epoch: -1, view: null };
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

/** The answer to a request, or null if it costs more than `costMax`. */
function answerJson({ target, job }: TargetedJob, lane: number, costMax: number): AnswerJson | null {
  const view = viewOf(target);
  const line = { generation: view.generation, lane: laneOf(view, lane) };
  const prepared = prepareRecommendation(line, job);
  if (prepared.cost > costMax) return null;
  prepared.rank();
  const answer = prepared.answer();
  const { similarityCount } = answer;
  const ranked = job.compared ? rankedOf(answer) : null;
  return { json: utf8.encode(JSON.stringify(answer)), similarityCount, ranked };
}

function verify({ target, progress, leads }: Task & { readonly kind: 'verify' }): void {
  // Looked at only when there is a part to take: to one that comes late the snapshot may be gone.
  let parts: readonly VerificationPart[] | undefined;
  const partsOfView = () => {
    const { generation, kernel } = viewOf(target);
    return (parts ??= verificationParts(generation, kernel));
  };
  if (leads) proveWithHelpers(partsOfView(), progress, target.placement.source);
  else takeParts(progress, (part) => partsOfView()[part]!());
}

function run(task: Task): TaskResult[Task['kind']] {
  switch (task.kind) {
    case 'answer': {
      const { jobs, lane, costMax } = task;
      return jobs.map((job) => outcomeOf(() => answerJson(job, lane, costMax)));
    }
    case 'rank':
      slots[task.target.slot]!.kernel.rank(task.block);
      return null;
    case 'verify':
      verify(task);
      return null;
    default:
      check(false, `no task is called ${(task satisfies never as Task).kind}`);
  }
}

export default function runTask(task: Task): Outcome<TaskResult[Task['kind']]> {
  return outcomeOf(() => run(task));
}
