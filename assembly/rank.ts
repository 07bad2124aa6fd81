/**
 * The best candidates of each query, exactly: a cheap pass rules out, float64 decides.
 *
 * Candidates are valued by numbers that order as the similarities do:
 *
 *   cosine         v = q·r / ‖r‖             similarity = v / ‖q‖
 *   inner product  v = q·r                   similarity = v
 *   L2             v = q·r − ‖r‖² / 2        similarity = 2v − ‖q‖²
 *
 * One pass over the candidates in tiles that stay in the first-level cache computes v for all queries, in float32
 * (`float-pass.ts`) or in whole numbers (`byte-pass.ts`, whose survivors are then valued in float32). Each query's
 * shortlist keeps what the error bounds below cannot rule out. At the end it is ordered by value; where neighbours are
 * closer than the bound resolves, the definition in float64 orders them.
 *
 * The bound of the float pass. With u = 2^-24, a sum of D products in float32, in any order, fused or not, is off by at
 * most γ·Σ|q_i·r_i| ≤ γ·‖q‖·‖r‖ with γ = D·u / (1 − D·u) (Higham, Accuracy and Stability of Numerical Algorithms, §3.1).
 * Kernels that hold four or more lane sums, of D / 4 products at most, add up to four roundings to the γ of D / 4. We
 * take γ = (D + 16)·u·1.02, or (D / 4 + 18)·u·1.02 for those; what is more covers the roundings of ‖r‖, 1/‖r‖, ‖r‖²/2
 * and of the last operation, and the definition's own error, D·2^-53, which is far smaller. Two values err by at most 2E
 * apart, the slack:
 *
 *   cosine  E = γ·‖q‖        inner product  E = γ·‖q‖·R        L2  E = γ·‖q‖·R + 5u·R² + D·2^-50·(‖q‖ + R)²
 *
 * with R the largest norm among the candidates. L2 has absolute terms: ‖r‖²/2 is rounded whatever ‖q‖ is, and a query
 * far away loses the rows in the rounding of (r − q)².
 *
 * The bound of the byte pass. With r = s·a + e and q = t·b + g, a and b whole numbers, s·t·(a·b) is what is computed, and
 *
 *   |q·r − s·t·(a·b)| = |q·e + g·(s·a)| ≤ ‖q‖·‖e‖ + ‖g‖·(‖r‖ + ‖e‖)
 *
 * by Cauchy and Schwarz, as ‖s·a‖ ≤ ‖r‖ + ‖e‖. a·b is exact in 32 bits; turning it into a float32, its two factors, their
 * product, ‖r‖ and 1/‖r‖ are fewer than 16 roundings of a number that is at most (‖q‖ + ‖g‖)·(‖r‖ + ‖e‖). So with
 * ρ = (‖g‖ + 16u·(‖q‖ + ‖g‖)) / ‖q‖, or any larger, such as that of another query,
 *
 *   cosine         E = ‖q‖·((1 + ρ)·‖e‖ + ρ·‖r‖) / ‖r‖
 *   inner product  E = ‖q‖·((1 + ρ)·‖e‖ + ρ·‖r‖) + 10^-35·(1 + 10^5·‖q‖)
 *   L2             as inner product, + 16u·‖r‖²/2 + D·2^-49·‖q‖², which cover the absolute terms above
 *
 * What is itself rounded here is rounded up: by 1e-5 in E, by 1e-6 in ‖q‖ and ‖e‖. The 10^-35 are for rows far shorter
 * than the longest, whose products are too small for float32 (`byte-queries.ts`). Every row has an error of its own, so
 * shortlists hold both ends of the interval.
 *
 * Nothing overflows, and what vanishes is less than the bounds allow, while every ‖q‖ and R, for cosine every ‖r‖, lie in
 * [1e-12, 1e12]: in the float pass D·2^-149 at most is lost, E is 1e-30 at least. Requests outside are ranked by the
 * definition alone.
 */
import { shortlistByBytes } from './byte-pass';
import { NORM_MAX, NORM_MIN, shortlistByFloats } from './float-pass';
import { PASS_BYTES_RELAXED, PASS_FLOATS, RequestBlock } from './memory';
import { writeRanking } from './order';
import { offer, sortBestFirst } from './select';
import { listOf } from './shortlist';
import { fourSimilarities, norm, similarity0, similarity1, similarity2, similarity3 } from './similarity';
import { startWorkspace } from './workspace';

export function rankCandidates(block: RequestBlock): void {
  if (!(block.candidateCount > 0 && measureQueries(block) && shortlist(block))) {
    for (let n: u32 = 0; n < block.queryCount; n++) rankByDefinition(block, n);
    return;
  }
  for (let n: u32 = 0; n < block.queryCount; n++) {
    writeRanking(block, n, listOf(n));
  }
}

/** Writes the norms of the queries; false if one is out of range. */
function measureQueries(block: RequestBlock): bool {
  let inRange = true;
  for (let n: u32 = 0; n < block.queryCount; n++) {
    const queryNorm = norm(block.queries + ((n * block.rowFloats) << 2), block.rowFloats);
    store<f64>(block.queryNorms + (n << 3), queryNorm);
    inRange = inRange && queryNorm >= NORM_MIN && queryNorm <= NORM_MAX;
  }
  return inRange;
}

/** Leaves every query's shortlist in float32 values. False if the norms of the candidates do not allow it. */
function shortlist(block: RequestBlock): bool {
  startWorkspace(block);
  if (block.firstPass == PASS_FLOATS) return shortlistByFloats(block);
  if (ASC_FEATURE_RELAXED_SIMD) {
    if (block.firstPass == PASS_BYTES_RELAXED) return shortlistByBytes(block, true);
  }
  return shortlistByBytes(block, false);
}

/** Every candidate scored by the definition. */
function rankByDefinition(block: RequestBlock, n: u32): void {
  const values = block.rankedSimilarities + ((n * block.depth) << 3);
  const positions = block.rankedPositions + ((n * block.depth) << 2);
  const depth = block.depth;
  const last = block.candidateCount - 1;
  let size: u32 = 0;
  for (let position: u32 = 0; position < block.candidateCount; position += 4) {
    fourSimilarities(block, n, position, min(position + 1, last), min(position + 2, last), min(position + 3, last));
    size = offer(values, positions, size, depth, similarity0, position);
    if (position + 1 <= last) size = offer(values, positions, size, depth, similarity1, position + 1);
    if (position + 2 <= last) size = offer(values, positions, size, depth, similarity2, position + 2);
    if (position + 3 <= last) size = offer(values, positions, size, depth, similarity3, position + 3);
  }
  sortBestFirst(values, positions, size);
  store<u32>(block.rankedCounts + (n << 2), size);
}
