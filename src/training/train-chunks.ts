/**
 * A training as chunks of some sessions, epoch after epoch. Threads take the next one that nobody has taken, from a counter in
 * shared memory. A chunk's number alone decides its random numbers and its learning rate, so with one thread the same seed gives
 * the same bits; with more, threads write to the same rows without waiting for one another (Recht et al., NIPS 2011: Hogwild).
 */
import type { Sessions } from './sessions.ts';
import { laneSums, type TrainMemory } from './train-memory.ts';
import { trainKernel } from './train-kernel.ts';

/** Some milliseconds of work: little enough for a smooth learning rate, enough that taking one costs nothing. */
const CHUNK_TOKENS = 1_000;
/** The learning rate ends at this share of the first one, as in word2vec. */
const LAST_RATE = 1e-4;
const TALLY_NUMBERS = 2;
const TALLY_BYTES = TALLY_NUMBERS * 8;

/** What all threads are given. */
export interface TrainingPlan {
  readonly memory: WebAssembly.Memory;
  readonly modelAt: number;
  readonly laneAts: readonly number[];
  /** Where each chunk of an epoch begins, in sessions, and the end of the last. */
  readonly chunkStarts: Uint32Array<SharedArrayBuffer>;
  readonly epochs: number;
  readonly seed: number;
  readonly learningRate: number;
  /** The next chunk to take. */
  readonly next: Uint32Array<SharedArrayBuffer>;
  /** Of each epoch of each thread: loss, pairs. */
  readonly tallies: Float64Array<SharedArrayBuffer>;
}

export interface Tally {
  /** Sum over all pairs of −ln σ of the pair and of its negatives. */
  readonly lossSum: number;
  readonly pairCount: number;
}

export function trainingPlan(
  { memory, modelAt, laneAts }: TrainMemory,
  { starts, count }: Sessions,
  { epochs, seed, learningRate }: Pick<TrainingPlan, 'epochs' | 'seed' | 'learningRate'>,
): TrainingPlan {
  const firsts: number[] = [];
  for (let session = 0, full = 0; session < count; session++) {
    if (starts[session]! < full) continue;
    firsts.push(session);
    full = starts[session]! + CHUNK_TOKENS;
  }
  return {
    memory,
    modelAt,
    laneAts,
    chunkStarts: sharedWords([...firsts, count]),
    epochs,
    seed,
    learningRate,
    next: sharedWords([0]),
    tallies: new Float64Array(new SharedArrayBuffer(laneAts.length * epochs * TALLY_BYTES)),
  };
}

/** Over all epochs. */
export function chunkCountOf({ chunkStarts, epochs }: TrainingPlan): number {
  return (chunkStarts.length - 1) * epochs;
}

/** Takes chunks and trains them, until none is left. `thread` counts from 0. */
export function trainChunks(plan: TrainingPlan, thread: number): void {
  const { memory, modelAt, laneAts, chunkStarts, epochs, seed, learningRate, next, tallies } = plan;
  const kernel = trainKernel(memory);
  const laneAt = laneAts[thread]!;
  const sums = laneSums(memory, laneAt);
  const chunkCount = chunkCountOf(plan);
  for (let chunk: number; (chunk = Atomics.add(next, 0, 1)) < chunkCount;) {
    const epoch = Math.floor(chunk / (chunkStarts.length - 1));
    const part = chunk % (chunkStarts.length - 1);
    const rate = learningRate * Math.max(LAST_RATE, 1 - chunk / chunkCount);
    sums.fill(0);
    kernel.trainSessions(modelAt, laneAt, chunkStarts[part]!, chunkStarts[part + 1]!, seed, chunk, rate);
    const at = (thread * epochs + epoch) * TALLY_NUMBERS;
    tallies[at]! += sums[0]!;
    tallies[at + 1]! += sums[1]!;
  }
}

/** What was done so far, by epoch. */
export function talliesByEpoch({ epochs, laneAts, tallies }: TrainingPlan): Tally[] {
  return Array.from({ length: epochs }, (_, epoch) => {
    let lossSum = 0;
    let pairCount = 0;
    for (let thread = 0; thread < laneAts.length; thread++) {
      const at = (thread * epochs + epoch) * TALLY_NUMBERS;
      lossSum += tallies[at]!;
      pairCount += tallies[at + 1]!;
    }
    return { lossSum, pairCount };
  });
}

function sharedWords(values: readonly number[]): Uint32Array<SharedArrayBuffer> {
  const words = new Uint32Array(new SharedArrayBuffer(values.length * 4));
  words.set(values);
  return words;
}
