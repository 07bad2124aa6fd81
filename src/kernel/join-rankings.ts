/** Makes one ranking of those of several shares of the candidates. */

/** The best of a run of candidates, best first. */
export interface RankingShare {
  /** Where the run begins in the list of all candidates; positions count from there. */
  readonly firstPosition: number;
  readonly positions: Uint32Array;
  readonly similarities: Float64Array;
}

/**
 * Writes the best of all shares, best first, until `positions` is full; returns how many. `shares` are in the order of
 * their candidates, so of equals the one of the earlier share comes first, as a ranking of all of them has it.
 */
export function joinRankings(
  shares: readonly RankingShare[],
  positions: Uint32Array,
  similarities: Float64Array,
): number {
  const taken = new Uint32Array(shares.length);
  for (let at = 0; at < positions.length; at++) {
    let best = -1;
    let bestSimilarity = 0;
    for (let s = 0; s < shares.length; s++) {
      const similarity = shares[s]!.similarities[taken[s]!]; // undefined once all of them are taken
      if (similarity === undefined || (best !== -1 && similarity <= bestSimilarity)) continue;
      best = s;
      bestSimilarity = similarity;
    }
    if (best === -1) return at;
    const { firstPosition, positions: found } = shares[best]!;
    positions[at] = firstPosition + found[taken[best]!]!;
    similarities[at] = bestSimilarity;
    taken[best]!++;
  }
  return positions.length;
}
