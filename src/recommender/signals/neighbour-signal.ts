/** What some shops say of others, added up. */
import type { Neighbours } from '../../catalog/neighbours.ts';
import type { Signal } from './signal.ts';

/** factor · Σ of what `said` say of a shop; nothing of shops that none of them speaks for. */
export function neighbourSignal(
  name: string,
  neighbours: Neighbours,
  said: Uint32Array,
  factor: number,
): Signal {
  // Asked twice of each shop: as a value, and for its share.
  let last = { ordinal: -1, value: Number.NaN };
  const valueOf = (ordinal: number): number => {
    if (ordinal !== last.ordinal) last = { ordinal, value: valueFor(ordinal) };
    return last.value;
  };
  const valueFor = (ordinal: number): number => {
    let sum = 0;
    for (let i = 0; i < said.length; i++) sum += factor * neighbours.strengthOf(said[i]!, ordinal);
    return sum === 0 ? Number.NaN : sum;
  };
  return {
    name,
    valueOf,
    strengthOf: valueOf,
    write: (lane) => {
      lane.values.fill(Number.NaN);
      if (neighbours.shopCount === 0) return; // nobody speaks for anybody
      for (const other of said) lane.addKnown(neighbours.of(other), factor);
    },
  };
}
