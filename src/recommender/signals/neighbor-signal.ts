/** What some shops say of others, added up. */
import type { Neighbors } from '../../catalog/neighbors.ts';
import type { Signal } from './signal.ts';

/** Σ of what `said` say of a shop, over `divisor`; nothing of shops that none of them speaks for. */
export function neighborSignal(
  name: string,
  neighbors: Neighbors,
  said: readonly number[],
  divisor: number,
): Signal {
  const valueOf = (ordinal: number): number => {
    let sum = 0;
    for (const other of said) sum += neighbors.strengthOf(other, ordinal);
    return sum === 0 ? Number.NaN : sum / divisor;
  };
  return {
    name,
    valueOf,
    strengthOf: valueOf,
    write: (ordinals, strengths) => {
      strengths.fill(Number.NaN);
      neighbors.sum(said, (byOrdinal) => {
        for (let i = 0; i < ordinals.length; i++)
          strengths[i] = (byOrdinal[ordinals[i]!]! || Number.NaN) / divisor;
      });
    },
    addKnown: (ordinals, scores, weight) => {
      neighbors.sum(said, (byOrdinal) => {
        for (let i = 0; i < ordinals.length; i++) {
          const sum = byOrdinal[ordinals[i]!]!;
          if (sum !== 0) scores[i]! += weight * (sum / divisor);
        }
      });
    },
  };
}
