/** The entry of a thread that helps to verify one snapshot and ends. */
import { workerData } from 'node:worker_threads';
import { LinearMemory } from '../kernel/linear-memory.ts';
import { bestKernel } from '../kernel/wasm-kernel.ts';
import { attach } from './open-snapshot.ts';
import { verificationParts, type VerificationPart } from './verify-generation.ts';
import { takeParts, type HelperSetup } from './verify-in-threads.ts';

const { memory: shared, placement, progress } = workerData as HelperSetup;
let parts: readonly VerificationPart[] | undefined;

/** The snapshot is read only while a part of it is taken: without one it may be gone by now. */
function partsOfSnapshot(): readonly VerificationPart[] {
  const memory = new LinearMemory(shared);
  return verificationParts(attach(memory, placement), bestKernel(memory));
}

takeParts(progress, (part) => (parts ??= partsOfSnapshot())[part]!());
