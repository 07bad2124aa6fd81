/** Step 1: which of the user's newest actions this snapshot knows, and the embedding of each. */
import type { Generation } from '../snapshot/generation.ts';
import type { LineAction } from './line-action.ts';
import { ACTION_COUNT_MAX } from './request-bounds.ts';

/** The embedding of one action; `row` lies in the snapshot. */
export interface QueryVector {
  readonly action: LineAction;
  readonly row: Float32Array;
  /** The keyword that the action's text was taken for, which is none itself. */
  readonly takenAs?: string | undefined;
}

/**
 * Query vectors of the newest actions, newest first. Texts that are near no keyword, and shops that the snapshot does not
 * know, have none.
 */
export function findQueryVectors(generation: Generation, actions: readonly LineAction[]): QueryVector[] {
  const found: QueryVector[] = [];
  for (const action of actions.slice(0, ACTION_COUNT_MAX)) {
    const encoded = encode(generation, action);
    if (encoded !== null) found.push({ action, ...encoded });
  }
  return found;
}

function encode(generation: Generation, action: LineAction): Omit<QueryVector, 'action'> | null {
  if (action.keyword !== undefined) return generation.encoder.encode(action.keyword);
  const ordinal = generation.catalog.ids.ordinalOf(action.shopId);
  return ordinal === -1 ? null : { row: generation.shopRow(ordinal) };
}
