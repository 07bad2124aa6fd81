/** What the engine and its worker threads say to each other. Everything here survives a structured clone. */
import { EngineError, RequestError, type EngineErrorCode, type RequestErrorKind } from '../base/errors.ts';
import type { StatusPages } from '../catalog/status-pages.ts';
import type { LineAction } from '../recommender/line-action.ts';
import type { CheckedRecommendRequest } from '../recommender/request.ts';
import type { Placement } from '../snapshot/open-snapshot.ts';
import type { Progress } from '../snapshot/verify-in-threads.ts';

/** What every worker is given when it starts: the memories that snapshots are mapped over. */
export interface WorkerSetup {
  readonly memories: readonly WebAssembly.Memory[];
}

/** Which snapshot a task is about. `epoch` tells two snapshots in the same memory apart. */
export interface Target {
  readonly slot: number;
  readonly epoch: number;
  readonly placement: Placement;
}

/** A request for a recommendation, with all that its answer depends on beside the snapshot. */
export interface RecommendJob {
  readonly request: CheckedRecommendRequest;
  readonly actions: readonly LineAction[];
  readonly nowMs: number;
  /** Shared, not cloned. */
  readonly statuses: StatusPages | null;
}

/** A request on the snapshot that it is to be answered from. */
export interface TargetedJob {
  readonly target: Target;
  readonly job: RecommendJob;
}

/** What a worker can do. */
export type Task =
  /** Small requests from end to end, one after the other, in a scratch lane that is the worker's meanwhile. */
  | {
      readonly kind: 'answer';
      readonly lane: number;
      readonly jobs: readonly TargetedJob[];
      /** Requests that cost more multiply-adds are handed back. */
      readonly costMax: number;
    }
  /** The ranking of candidates that the calling thread has laid out: `Kernel.rank` of a block. */
  | { readonly kind: 'rank'; readonly target: Target; readonly block: number }
  /** Parts of a verification that several workers share; the one that leads waits for the others and tells what is wrong. */
  | {
      readonly kind: 'verify';
      readonly target: Target;
      readonly progress: Progress;
      readonly leads: boolean;
    };

/** A recommendation as it goes over HTTP, so that the calling thread need not build it to take it apart again. */
export interface AnswerJson {
  /** UTF-8. */
  readonly json: Uint8Array<ArrayBuffer>;
  readonly similarityCount: number;
}

export interface TaskResult {
  /** An outcome for each request; a null was too large. */
  readonly answer: readonly Outcome<AnswerJson | null>[];
  readonly rank: null;
  readonly verify: null;
}

/** A structured clone would lose the class of an error, so the kinds that faces tell apart travel as data. */
export type Outcome<T> =
  | { readonly result: T }
  | { readonly engineError: { readonly code: EngineErrorCode; readonly message: string } }
  | {
      readonly requestError: {
        readonly field: string;
        readonly message: string;
        readonly kind: RequestErrorKind;
      };
    }
  /** Nobody's fault but ours. */
  | { readonly bug: unknown };

/** What `run` came to. */
export function outcomeOf<T>(run: () => T): Outcome<T> {
  try {
    return { result: run() };
  } catch (error) {
    if (error instanceof EngineError) return { engineError: { code: error.code, message: error.message } };
    if (error instanceof RequestError) {
      return { requestError: { field: error.field, message: error.reason, kind: error.kind } };
    }
    return { bug: error };
  }
}

/** The result of an outcome, or its error thrown as it was. */
export function resultOf<T>(outcome: Outcome<T>): T {
  if ('result' in outcome) return outcome.result;
  if ('bug' in outcome) throw outcome.bug;
  if ('engineError' in outcome) throw new EngineError(outcome.engineError.code, outcome.engineError.message);
  const { field, message, kind } = outcome.requestError;
  throw new RequestError(field, message, kind);
}
