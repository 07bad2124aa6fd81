/** Step 1: which of the user's newest actions this snapshot knows, and the embedding of each. */
import type { Generation } from '../snapshot/generation.ts';
import type { LineAction } from './line-action.ts';
import { ACTION_COUNT_MAX } from './request-bounds.ts';

/** The embedding of one action; `row` lies in the snapshot. */
export interface QueryVector {
  readonly action: LineAction;
  readonly row: Float32Array;
}

/** Query vectors of the newest actions, newest first. Keywords and shops the snapshot does not know have none. */
export function findQueryVectors(generation: Generation, actions: readonly LineAction[]): QueryVector[] {
  const found: QueryVector[] = [];
  for (const action of actions.slice(0, ACTION_COUNT_MAX)) {
    const row = rowOf(generation, action);
    if (row !== null) found.push({ action, row });
  }
  return found;
}

function rowOf(generation: Generation, action: LineAction): Float32Array | null {
  if (action.keyword !== undefined) return generation.encoder.keywordRow(action.keyword);
  const ordinal = generation.catalog.ids.ordinalOf(action.shopId);
  return ordinal === -1 ? null : generation.shopRow(ordinal);
}
