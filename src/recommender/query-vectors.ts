/** Step 1: the embeddings of the user's newest actions that this snapshot knows, and the vectors brought along. */
import { RequestError } from '../base/errors.ts';
import type { EncodedText } from '../encoder/encoder.ts';
import type { Metric } from '../kernel/kernel.ts';
import type { Generation } from '../snapshot/generation.ts';
import { decays, weightOf } from './action-weights.ts';
import type { LineAction } from './line-action.ts';
import type { RecommendJob } from './recommend-job.ts';
import { ACTION_COUNT_MAX } from './request-bounds.ts';

/** One embedding that candidates are compared with. */
export interface QueryVector {
  /** What it is of; undefined for a vector brought along. */
  readonly action?: LineAction;
  /** Place of a vector brought along. */
  readonly place?: number;
  readonly row: Float32Array;
  /** The keyword that the action's text was taken for, which is none itself. */
  readonly takenAs?: string | undefined;
  /** Whether the row is composed of the text's pieces, instead of that keyword's. */
  readonly isComposed?: boolean;
  /** Never 0; below 0 what is like it is pushed down. */
  weight: number;
}

/**
 * Query vectors of the newest actions, newest first, then those brought along. Texts near no keyword and shops that the
 * snapshot does not know have none, nor has what counts nothing. Throws `RequestError` for vectors that do not fit the snapshot.
 */
export function findQueryVectors(
  generation: Generation,
  { request, actions, nowMs }: Pick<RecommendJob, 'request' | 'actions' | 'nowMs'>,
): QueryVector[] {
  const { typeWeights, halfLifeMinutes } = request.fusion;
  const { dimensions, metric } = generation.header;
  const found: QueryVector[] = [];
  const moments: number[] = [];
  for (const action of takingPart(actions, typeWeights)) {
    const encoded = encode(generation, action);
    if (encoded === null) continue;
    const { row, takenAs, isComposed } = encoded;
    found.push({ action, row, takenAs, isComposed, weight: weightOf(action, typeWeights) });
    moments.push(action.atMs);
  }
  request.vectors.forEach(({ vector, weight, at }, place) => {
    checkVector(vector, `vectors[${place}].vector`, dimensions, metric);
    if (weight === 0) return;
    found.push({ place, row: Float32Array.from(vector), weight });
    moments.push(at === undefined ? nowMs : Date.parse(at));
  });
  const aged = decays(moments, nowMs, halfLifeMinutes);
  found.forEach((query, n) => (query.weight *= aged[n]!));
  return found.filter(({ weight }) => weight !== 0); // a tiny one may have vanished with age
}

/** The newest actions that count, as many as take part. */
export function takingPart(
  actions: readonly LineAction[],
  typeWeights: { readonly [type: string]: number },
): LineAction[] {
  return actions.filter((action) => weightOf(action, typeWeights) !== 0).slice(0, ACTION_COUNT_MAX);
}

/** Throws `RequestError` unless a vector can be compared with the embeddings of a snapshot. */
export function checkVector(
  vector: readonly number[],
  field: string,
  dimensions: number,
  metric: Metric,
): void {
  if (vector.length !== dimensions) {
    throw new RequestError(
      field,
      `must have ${dimensions} numbers as this snapshot's embeddings, got ${vector.length}`,
    );
  }
  const at = vector.findIndex((value) => !Number.isFinite(Math.fround(value)));
  if (at !== -1) throw new RequestError(`${field}[${at}]`, `must fit a float32, got ${vector[at]}`);
  if (metric === 'cosine' && vector.every((value) => Math.fround(value) === 0)) {
    throw new RequestError(field, 'must not be zero: a zero vector has no cosine');
  }
}

function encode(generation: Generation, action: LineAction): EncodedText | null {
  if (action.keyword !== undefined) return generation.encoder.encode(action.keyword);
  const ordinal = generation.catalog.ids.ordinalOf(action.shopId);
  return ordinal === -1 ? null : { row: generation.shopRow(ordinal), takenAs: undefined, isComposed: false };
}
