/** The entry of a thread that makes a run and ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { EngineError } from '../base/errors.ts';
import { outcomeOf } from '../workers/messages.ts';
import { recordedRun, recordsPath, type RunRequest } from '../pipeline/recorded-run.ts';
import type { RunMessage } from './run-messages.ts';
import { RunRecords } from '../pipeline/run-records.ts';

const request = workerData as RunRequest;
const tell = (message: RunMessage): void => parentPort!.postMessage(message);
const records = RunRecords.open(recordsPath(request.work));
try {
  const result = await recordedRun(request, {
    records,
    nowMs: Date.now,
    watch: {
      stepDone: (name, isTakenOver) => tell({ kind: 'stepDone', name, isTakenOver }),
      progress: (phase, done, total) => tell({ kind: 'progress', phase, done, total }),
      warn: (text) => tell({ kind: 'warning', text }),
    },
    onBegun: (runNumber) => tell({ kind: 'begun', runNumber }),
  });
  tell({ kind: 'ended', outcome: { result } });
} catch (error) {
  const outcome = outcomeOf((): never => {
    throw fromSystem(error);
  });
  tell({ kind: 'ended', outcome });
} finally {
  records.close();
}

/** What the system says against a file loses its code on the way to another thread. */
function fromSystem(error: unknown): unknown {
  if (!(error instanceof Error) || !('syscall' in error)) return error;
  const isFull = 'code' in error && error.code === 'ENOSPC';
  return new EngineError(isFull ? 'storage_full' : 'storage_failed', error.message);
}
