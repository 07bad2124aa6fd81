/** What a bench ran on. No date and no host name: the same machine gives the same facts, but for its load. */
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { LinearMemory } from '../src/kernel/linear-memory.ts';
import type { KernelBuild } from '../src/kernel/kernel.ts';
import { bestKernel } from '../src/kernel/wasm-kernel.ts';

export interface Machine {
  readonly cpu: string;
  readonly coreCount: number;
  readonly memoryGb: number;
  readonly platform: string;
  readonly node: string;
  readonly kernel: KernelBuild;
  /** Processes that wanted a core over the last minute, before the bench began: above 0.5, timings are noisy. */
  readonly loadBefore: number;
}

export function machineFacts(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    coreCount: availableParallelism(),
    memoryGb: Math.round(totalmem() / 1e9),
    platform: `${process.platform}-${process.arch}`,
    node: process.version,
    kernel: bestKernel(new LinearMemory()).build,
    loadBefore: Number(loadavg()[0]!.toFixed(2)),
  };
}
