/** The training loop in WebAssembly; `assembly/train/index.ts` explains it. An instance belongs to one thread. */
import { readFileSync } from 'node:fs';

export interface TrainKernel {
  /**
   * Trains the sessions `first` to `end` once at the learning rate `rate`, with random numbers that `seed` and `chunk` decide,
   * and adds to the sums of the lane.
   */
  trainSessions(
    modelAt: number,
    laneAt: number,
    first: number,
    end: number,
    seed: number,
    chunk: number,
    rate: number,
  ): void;
}

export function trainKernel(memory: WebAssembly.Memory): TrainKernel {
  const bytes = readFileSync(new URL('../../build/train.wasm', import.meta.url));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  return exports as unknown as TrainKernel;
}
