/**
 * Verifies a snapshot in several threads at once: the calling thread and helpers that live only for it. Each takes the
 * next part that nobody has taken, from a counter in shared memory, and reads the pages that the caller has mapped.
 */
import { Worker } from 'node:worker_threads';
import type { Kernel } from '../kernel/kernel.ts';
import type { LinearMemory } from '../kernel/linear-memory.ts';
import type { Generation } from './generation.ts';
import type { Placement } from './open-snapshot.ts';
import { prove, verificationParts, verifyGeneration, type VerificationPart } from './verify-generation.ts';

/** Beside this file under the same extension, in a checkout (.ts) and in a built package (.js). */
const HELPER = new URL(
  `./verify-entry${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`,
  import.meta.url,
);
/** The checksum of the rows is one part and takes a quarter of all work, so more threads would wait for it. */
const THREADS_MAX = 4;
/** Far more than any part takes: the checksum of 4 GiB from a slow disk is one. */
const HELPER_MS_MAX = 120_000;
/** A helper is there after some 100 ms; smaller files are verified by then. */
const HELPED_BYTES_MIN = 100_000_000;

/** A snapshot that lies in memory, as the calling thread sees it. */
export interface LoadedView {
  readonly memory: LinearMemory;
  readonly kernel: Kernel;
  readonly generation: Generation;
  readonly placement: Placement;
}

/** What a helper is given. */
export interface HelperSetup {
  readonly memory: WebAssembly.Memory;
  readonly placement: Placement;
  readonly progress: Progress;
}

/** In words: the next part to take, how many have ended, and for each part whether it was proven. */
export type Progress = Int32Array<SharedArrayBuffer>;
const [NEXT, ENDED, PROVEN] = [0, 1, 2];

/** As `verifyGeneration`, in up to `threadCount` threads where the size of the snapshot makes it worth it. */
export function verifyInThreads(view: LoadedView, threadCount: number): void {
  const { generation, kernel, placement } = view;
  const helperCount = placement.fileBytes < HELPED_BYTES_MIN ? 0 : Math.min(threadCount, THREADS_MAX) - 1;
  if (helperCount <= 0) verifyGeneration(generation, kernel, placement.source);
  else verifyWithHelpers(view, helperCount);
}

/** As `verifyGeneration`, beside `helperCount` other threads. */
export function verifyWithHelpers(
  { memory, kernel, generation, placement }: LoadedView,
  helperCount: number,
): void {
  const parts = verificationParts(generation, kernel);
  const progress = progressOf(parts.length);
  const setup: HelperSetup = { memory: memory.memory, placement, progress };
  for (let i = 0; i < helperCount; i++) startHelper(setup);
  proveWithHelpers(parts, progress, placement.source);
}

/** What threads that verify `partCount` parts together share. */
export function progressOf(partCount: number): Progress {
  return new Int32Array(new SharedArrayBuffer((PROVEN + partCount) * 4));
}

/**
 * Proves all parts beside whoever else takes them from `progress`. Others are waited for until none has ended a part
 * for `helperMsMax`.
 */
export function proveWithHelpers(
  parts: readonly VerificationPart[],
  progress: Progress,
  source: string,
  helperMsMax = HELPER_MS_MAX,
): void {
  takeParts(progress, (part) => parts[part]!());
  waitForHelpers(progress, parts.length, helperMsMax);
  // What a thread did not prove is done again here, in order: it throws what that thread has found.
  parts.forEach((part, i) => {
    if (Atomics.load(progress, PROVEN + i) === 0) prove(part, source);
  });
}

/** A helper that cannot start, for want of permission or threads, takes no part; the caller then does them all. */
function startHelper(setup: HelperSetup): void {
  try {
    new Worker(HELPER, { workerData: setup }).on('error', () => {}).unref();
  } catch {
    // Said by nobody: what it would have proven is proven all the same.
  }
}

/**
 * Waits until every part that was taken has ended, or until none has for `msMax`: a helper that died with a part does
 * not end it, and this thread hears of no death while it waits. One that is only slow may go on reading; what it finds
 * is not looked at any more.
 */
function waitForHelpers(progress: Progress, partCount: number, msMax: number): void {
  for (let ended: number; (ended = Atomics.load(progress, ENDED)) < partCount;) {
    if (Atomics.wait(progress, ENDED, ended, msMax) === 'timed-out') return;
  }
}

/** Takes parts and runs each, until none is left. What `run` throws leaves its part unproven. */
export function takeParts(progress: Progress, run: (part: number) => void): void {
  const partCount = progress.length - PROVEN;
  for (let part: number; (part = Atomics.add(progress, NEXT, 1)) < partCount;) {
    try {
      run(part);
      Atomics.store(progress, PROVEN + part, 1);
    } catch {
      // Done again by the thread that asked for the verification.
    }
    Atomics.add(progress, ENDED, 1);
    Atomics.notify(progress, ENDED);
  }
}
