/**
 * How good one ranking is, given the ranks (from 1, ascending) at which it holds relevant shops. Shops are relevant or
 * not; a mean of these over cases is a metric of a recommender.
 */

/** Share of the relevant shops among the first `k`: hits / relevant. */
export function recall(ranks: readonly number[], relevantCount: number, k: number): number {
  return hits(ranks, k) / relevantCount;
}

/** Share of the first `k` places that hold a relevant shop: hits / k, also where fewer than `k` shops are ranked. */
export function precision(ranks: readonly number[], k: number): number {
  return hits(ranks, k) / k;
}

/** 1 if any of the first `k` is relevant, else 0: with one relevant shop accuracy@k, as papers on next places call it. */
export function accuracy(ranks: readonly number[], k: number): number {
  return hits(ranks, k) > 0 ? 1 : 0;
}

/**
 * Normalized discounted cumulated gain with binary gains, Σ 1 / log2(rank + 1) over the hits among the first `k`, divided
 * by the same sum of the best possible ranking, whose first min(k, relevant) are hits (Järvelin & Kekäläinen, "Cumulated
 * gain-based evaluation of IR techniques", TOIS 2002, with the discount of Burges et al., ICML 2005).
 */
export function ndcg(ranks: readonly number[], relevantCount: number, k: number): number {
  let gained = 0;
  for (const rank of ranks) if (rank <= k) gained += discount(rank);
  let ideal = 0;
  for (let rank = 1; rank <= Math.min(k, relevantCount); rank++) ideal += discount(rank);
  return gained / ideal;
}

/** 1 / rank of the first relevant shop, 0 if none is ranked; its mean is MRR (Voorhees, TREC-8, 1999). */
export function reciprocalRank(ranks: readonly number[]): number {
  return ranks.length === 0 ? 0 : 1 / ranks[0]!;
}

function hits(ranks: readonly number[], k: number): number {
  let count = 0;
  for (const rank of ranks) if (rank <= k) count++;
  return count;
}

function discount(rank: number): number {
  return 1 / Math.log2(rank + 1);
}
