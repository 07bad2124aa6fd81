/** The entry of a thread that makes lists, in a scratch lane of its own. */
import { workerData } from 'node:worker_threads';
import { Lane } from '../kernel/lane.ts';
import { LinearMemory } from '../kernel/linear-memory.ts';
import { warmKernel } from '../kernel/wasm-kernel.ts';
import { attach } from '../snapshot/open-snapshot.ts';
import { outcomeOf, type Outcome } from '../workers/messages.ts';
import type { BatchUser } from './batch-users.ts';
import { makeLists, type ListBlock } from './list-block.ts';
import type { BatchThreadSetup } from './lists-in-threads.ts';

const { memory: shared, placement, request, nextLane } = workerData as BatchThreadSetup;
const memory = new LinearMemory(shared);
const lane = new Lane(memory, warmKernel(memory), Atomics.add(nextLane, 0, 1), placement.laneBytes);
const line = { generation: attach(memory, placement), lane };

export default function makeBlock(users: readonly BatchUser[]): Outcome<ListBlock> {
  return outcomeOf(() => makeLists(line, request, users));
}
