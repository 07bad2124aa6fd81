/** The sums that similarities are defined by, in float64. */

/** The total of four lane sums, as every sum over elements ends. */
export function laneTotal(sum: ArrayLike<number>): number {
  return sum[0]! + sum[2]! + (sum[1]! + sum[3]!);
}

/** Dot product: four lane sums in index order, total (S0 + S2) + (S1 + S3). */
export function dot(x: Float32Array, y: Float32Array): number {
  const sum = [0, 0, 0, 0];
  for (let i = 0; i < x.length; i++) sum[i & 3]! += x[i]! * y[i]!;
  return laneTotal(sum);
}

/** Squared Euclidean distance, summed as `dot` sums. */
export function squaredDistance(x: Float32Array, y: Float32Array): number {
  const sum = [0, 0, 0, 0];
  for (let i = 0; i < x.length; i++) sum[i & 3]! += (x[i]! - y[i]!) * (x[i]! - y[i]!);
  return laneTotal(sum);
}

/** Length of a vector, summed as `dot` sums. */
export function norm(vector: Float32Array): number {
  return Math.sqrt(dot(vector, vector));
}
