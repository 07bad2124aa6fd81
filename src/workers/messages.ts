/** What the engine and its worker threads say to each other. Everything here survives a structured clone. */
import { EngineError, RequestError, type EngineErrorCode, type RequestErrorKind } from '../base/errors.ts';
import type { LineAction } from '../recommender/line-action.ts';
import type {
  CheckedRecommendRequest,
  CheckedSimilaritiesRequest,
  Recommendation,
  Similarities,
} from '../recommender/request.ts';
import type { Placement } from '../snapshot/open-snapshot.ts';

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

/** A request that a worker can run. */
export type RequestJob =
  | {
      readonly kind: 'recommend';
      readonly request: CheckedRecommendRequest;
      readonly actions: readonly LineAction[];
      readonly nowMs: number;
    }
  | { readonly kind: 'similarities'; readonly request: CheckedSimilaritiesRequest };

/** What a worker can do. */
export type Job = RequestJob | { readonly kind: 'verify'; readonly threadCount: number };

export interface JobResult {
  readonly recommend: Recommendation;
  readonly similarities: Similarities;
  readonly verify: null;
}

/** A job on a snapshot, with the scratch lane that is the worker's while it runs. */
export interface Task {
  readonly target: Target;
  readonly lane: number;
  readonly job: Job;
}

/** A structured clone would lose the class of an error, so the kinds that faces tell apart travel as data. */
export type Outcome =
  | { readonly result: JobResult[Job['kind']] }
  | { readonly engineError: { readonly code: EngineErrorCode; readonly message: string } }
  | {
      readonly requestError: {
        readonly field: string;
        readonly message: string;
        readonly kind: RequestErrorKind;
      };
    };

/** What a job came to; an error that is nobody's fault but ours is thrown on. */
export function outcomeOf(run: () => JobResult[Job['kind']]): Outcome {
  try {
    return { result: run() };
  } catch (error) {
    if (error instanceof EngineError) return { engineError: { code: error.code, message: error.message } };
    if (error instanceof RequestError) {
      return { requestError: { field: error.field, message: error.reason, kind: error.kind } };
    }
    throw error;
  }
}

/** The result of an outcome, or its error thrown as it was. */
export function resultOf(outcome: Outcome): JobResult[Job['kind']] {
  if ('result' in outcome) return outcome.result;
  if ('engineError' in outcome) throw new EngineError(outcome.engineError.code, outcome.engineError.message);
  const { field, message, kind } = outcome.requestError;
  throw new RequestError(field, message, kind);
}
