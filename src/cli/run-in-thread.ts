/**
 * Makes a run in a thread of its own: most of its steps are long computations in one piece, and the calling thread stays free to
 * hear signals and to hold the lease meanwhile.
 */
import { Worker } from 'node:worker_threads';
import { resultOf } from '../workers/messages.ts';
import { Lease } from '../pipeline/lease.ts';
import type { PipelineWatch } from '../pipeline/pipeline-steps.ts';
import type { RecordedOutcome, RunRequest } from '../pipeline/recorded-run.ts';
import type { RunMessage } from './run-messages.ts';
import { LEASE_MS, type RunRecords } from '../pipeline/run-records.ts';

/** Beside this file under the same extension, in a checkout (.ts) and in a built package (.js). */
const ENTRY = new URL(
  `./run-entry${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`,
  import.meta.url,
);
const KEEP_MS = 10_000;

/** As `recordedRun`, with the clock of the machine. A thread that dies without a word ends its run as failed. */
export async function runInThread(
  request: RunRequest,
  records: RunRecords,
  watch: PipelineWatch,
  onBegun: (runNumber: number) => void,
): Promise<RecordedOutcome> {
  const worker = new Worker(ENTRY, { workerData: request });
  let begun: { readonly runNumber: number; readonly lease: Lease } | undefined;
  const timer = setInterval(() => begun?.lease.keep(), KEEP_MS);
  const begin = (runNumber: number): void => {
    begun = { runNumber, lease: new Lease(() => records.renew(runNumber, Date.now()), Date.now, LEASE_MS) };
    onBegun(runNumber);
  };
  try {
    return await outcomeOfThread(worker, watch, begin);
  } catch (error) {
    if (begun !== undefined) records.end(begun.runNumber, 'failed', (error as Error).message, Date.now());
    throw error;
  } finally {
    clearInterval(timer);
    await worker.terminate();
  }
}

/** Throws what the run threw, and what ended the thread if it was not its run. */
function outcomeOfThread(
  worker: Worker,
  watch: PipelineWatch,
  onBegun: (runNumber: number) => void,
): Promise<RecordedOutcome> {
  return new Promise((resolve, reject) => {
    worker.on('message', (message: RunMessage) => {
      switch (message.kind) {
        case 'begun':
          return onBegun(message.runNumber);
        case 'stepDone':
          return watch.stepDone(message.name, message.isTakenOver);
        case 'progress':
          return watch.progress(message.phase, message.done, message.total);
        case 'warning':
          return watch.warn?.(message.text);
        case 'ended':
          try {
            return resolve(resultOf(message.outcome));
          } catch (error) {
            return reject(error);
          }
      }
    });
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the thread of the run ended with ${code}`)));
  });
}
