/** The exported names of the kernel. Every one has a twin of the same name in `src/kernel/scalar-kernel.ts`. */
import { RequestBlock } from './memory';
import { coverBy } from './cover';
import { findWinnerRanks, fuseRankings, selectWinners } from './fuse';
import { rankCandidates } from './rank';
import { rankValues } from './rank-values';
import { addKnownOf, addWeighted, measureFrom, placeCandidates, takeLogs } from './signals';
import { firstUnlike, quantizeRow } from './quantize';
import { fourSimilarities, norm as vectorNorm, similarity0, similarity1, similarity2, similarity3 } from './similarity';

/** Length of the `floats` float32 at `vector`; `floats` is a multiple of 4. */
export function norm(vector: usize, floats: u32): f64 {
  return vectorNorm(vector, floats);
}

/** Writes the `floats` float32 at `vector` as bytes to `out`, drawn in `quantize.ts`. */
export function quantize(vector: usize, floats: u32, out: usize): void {
  quantizeRow(<u32>vector, floats, <u32>out);
}

/** The first of `count` rows at `rows` whose bytes at `quantized` are not what `quantize` makes of it, or `count`. */
export function firstUnlikeRow(rows: usize, floats: u32, count: u32, quantized: usize): u32 {
  return firstUnlike(<u32>rows, floats, count, <u32>quantized);
}

/** Ranks the candidates by similarity to each query: fills `rankedPositions`, `rankedCounts` and, if wanted, `rankedSimilarities`. */
export function rank(address: usize): void {
  rankCandidates(changetype<RequestBlock>(address));
}

/** Ranks the candidates by f64[C] at `values`, larger first, as ranking `n`; it does not hold those of NaN. */
export function rankByValues(address: usize, values: usize, n: u32): void {
  rankValues(changetype<RequestBlock>(address), <u32>values, n);
}

/** Notes where each candidate stands, for `addKnown`. */
export function place(address: usize): void {
  placeCandidates(changetype<RequestBlock>(address));
}

/** Adds factor · strength of the `count` shops at u32 `ordinals`, strengths f32, to the values of those that are candidates. */
export function addKnown(address: usize, ordinals: usize, strengths: usize, count: u32, factor: f64): void {
  addKnownOf(changetype<RequestBlock>(address), <u32>ordinals, <u32>strengths, count, factor);
}

/** Writes the squared distance of each candidate from (x, y, z); `points` is f64[shopCount][3]. */
export function measure(address: usize, points: usize, x: f64, y: f64, z: f64): void {
  measureFrom(changetype<RequestBlock>(address), <u32>points, x, y, z);
}

/** Makes each value v factor · ln(1 + scale · v). */
export function logValues(address: usize, scale: f64, factor: f64): void {
  takeLogs(changetype<RequestBlock>(address), scale, factor);
}

/** Adds weight · value to the score of each candidate, but where that is no number. */
export function addValues(address: usize, weight: f64): void {
  addWeighted(changetype<RequestBlock>(address), weight);
}

/** Fuses the rankings: fills `scores`. */
export function fuse(address: usize): void {
  fuseRankings(changetype<RequestBlock>(address));
}

/** Selects the best `limit` scores: fills `winners`, `winnerScores`, `winnerCount`. */
export function select(address: usize): void {
  selectWinners(changetype<RequestBlock>(address));
}

/** Raises `winnerCosines` to the cosine of each winner's row and the row of the candidate at `position`. */
export function cover(address: usize, position: u32): void {
  coverBy(changetype<RequestBlock>(address), position);
}

/** Fills `winnerRanks` and `winnerSimilarities` after `rank`, `fuse` and `select`. */
export function explain(address: usize): void {
  const block = changetype<RequestBlock>(address);
  findWinnerRanks(block);
  const count = block.winnerCount;
  for (let n: u32 = 0; n < block.queryCount; n++) {
    for (let place: u32 = 0; place < count; place += 4) {
      const p0 = winnerAt(block, place);
      const p1 = winnerAt(block, min(place + 1, count - 1));
      const p2 = winnerAt(block, min(place + 2, count - 1));
      const p3 = winnerAt(block, min(place + 3, count - 1));
      fourSimilarities(block, n, p0, p1, p2, p3);
      const out = block.winnerSimilarities + ((place * block.queryCount + n) << 3);
      const stride = block.queryCount << 3;
      store<f64>(out, similarity0);
      if (place + 1 < count) store<f64>(out + stride, similarity1);
      if (place + 2 < count) store<f64>(out + 2 * stride, similarity2);
      if (place + 3 < count) store<f64>(out + 3 * stride, similarity3);
    }
  }
}

function winnerAt(block: RequestBlock, place: u32): u32 {
  return load<u32>(block.winners + (place << 2));
}
