/** The training loop in WebAssembly leaves the same bits as its plain twin, and its logistic function is as exact as it says. */
import { expect, test } from 'vitest';
import { Random } from '../src/base/random.ts';
import { negativeLists } from '../src/training/negative-lists.ts';
import { NO_TARGET, type Sessions } from '../src/training/sessions.ts';
import { laneSums, layOut } from '../src/training/train-memory.ts';
import { trainKernel } from '../src/training/train-kernel.ts';
import { TrainingOptionsSchema, type TrainingOptions } from '../src/training/training-options.ts';
import { vocabularyOf } from '../src/training/vocabulary.ts';
import { sigmoid, softplus, trainSessions } from './train-oracle.ts';

const TARGET_COUNT = 60;

/** Sessions of 2 to 9 targets, few of them frequent, half of the sessions with an order. */
function randomSessions(random: Random, count: number): Sessions {
  const sessions = Array.from({ length: count }, () =>
    Array.from({ length: 2 + random.below(8) }, () => Math.floor(TARGET_COUNT * random.unit() ** 2)),
  );
  const starts = sessions.reduce<number[]>((ends, { length }) => [...ends, ends.at(-1)! + length], [0]);
  return {
    count,
    targets: Uint32Array.from(sessions.flat()),
    starts: Uint32Array.from(starts),
    orders: Uint32Array.from(sessions, (session) => (random.below(2) === 0 ? NO_TARGET : session.at(-1)!)),
  };
}

/** A memory to train in; the same seed and options make the same one. */
function trainingMemory(seed: number, options: TrainingOptions) {
  const settings = { ...TrainingOptionsSchema.parse({ ...options, threads: 1, seed }), epochs: 1 };
  const sessions = randomSessions(new Random(seed), 40);
  const vocabulary = vocabularyOf(sessions, TARGET_COUNT);
  const cells = Array.from(vocabulary.targets, (target) => (target % 3 === 0 ? undefined : target % 2));
  const lists = negativeLists(vocabulary.counts, cells);
  return { sessions, ...layOut({ sessions, vocabulary, lists, settings }) };
}

test.each<[string, TrainingOptions]>([
  ['word2vec as it is', { nearbyNegatives: 0 }],
  ['negatives of the neighbourhood', { negatives: 5, nearbyNegatives: 3, subsampling: 0.01 }],
  ['a group of outputs that is not full', { negatives: 2, nearbyNegatives: 1, windowSize: 1 }],
  ['several groups, long windows', { negatives: 13, windowSize: 12, dimensions: 100, subsampling: 0 }],
])('the kernel and its twin leave the same bits: %s', (_, options) => {
  for (const seed of [1, 2, 3]) {
    const one = trainingMemory(seed, { dimensions: 32, ...options });
    const other = trainingMemory(seed, { dimensions: 32, ...options });
    const kernel = trainKernel(one.memory);
    for (const [chunk, rate] of [0.1, 0.05, 4].entries()) {
      kernel.trainSessions(one.modelAt, one.laneAts[0]!, 0, one.sessions.count, seed, chunk, rate);
      trainSessions(other.memory, other.modelAt, other.laneAts[0]!, 0, one.sessions.count, seed, chunk, rate);
    }
    expect([...laneSums(one.memory, one.laneAts[0]!)], `seed ${seed}`).toEqual([
      ...laneSums(other.memory, other.laneAts[0]!),
    ]);
    expect(one.embeddings, `seed ${seed}`).toEqual(other.embeddings);
    expect(laneSums(one.memory, one.laneAts[0]!)[1]).toBeGreaterThan(150);
  }
});

test('the spare row, which stands for absent negatives, stays 0', () => {
  const { memory, modelAt, laneAts, sessions } = trainingMemory(5, { negatives: 2, dimensions: 32 });
  trainKernel(memory).trainSessions(modelAt, laneAts[0]!, 0, sessions.count, 1, 0, 0.1);
  const [, outputs, rowCount, rowBytes] = new Uint32Array(memory.buffer, modelAt, 4);
  const spare = new Float32Array(memory.buffer, outputs! + rowCount! * rowBytes!, rowBytes! / 4);
  expect([...spare]).toEqual(Array.from(spare, () => 0));
});

test('the logistic function is off by 1e-6 at most, its loss by 1.2e-5', () => {
  let worstSigmoid = 0;
  let worstLoss = 0;
  const ys = [0, 1e-30, 1e-6, 87, 100, 1e4, 3e38];
  for (let y = 0; y < 20; y += 1 / 512) ys.push(y);
  for (const y of [...ys, ...ys.map((y) => -y)]) {
    const exact = y < 0 ? Math.exp(y) / (1 + Math.exp(y)) : 1 / (1 + Math.exp(-y));
    worstSigmoid = Math.max(worstSigmoid, Math.abs(sigmoid(y) - exact));
    const loss = Math.max(y, 0) + Math.log1p(Math.exp(-Math.abs(y)));
    worstLoss = Math.max(worstLoss, Math.abs(softplus(y) - loss) / Math.max(1, loss));
  }
  expect(worstSigmoid).toBeLessThan(1e-6);
  expect(worstLoss).toBeLessThan(1.2e-5);
});
