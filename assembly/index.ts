/** The exported names of the kernel. Every one has a twin of the same name in `src/kernel/scalar-kernel.ts`. */
import { RequestBlock } from './memory';
import { findWinnerRanks, fuseRankings } from './fuse';
import { offer, sortBestFirst } from './select';
import { rankCandidates } from './rank';
import { exactSimilarity, norm as vectorNorm } from './similarity';

/** Length of the `floats` float32 at `vector`; `floats` is a multiple of 4. */
export function norm(vector: usize, floats: u32): f64 {
  return vectorNorm(vector, floats);
}

/** Ranks the candidates by similarity to each query: fills `rankedPositions`, `rankedCounts` and, if wanted, `rankedSimilarities`. */
export function rank(address: usize): void {
  rankCandidates(changetype<RequestBlock>(address));
}

/** Ranks the candidates by a f64 column, larger first, as ranking 0. */
export function rankByColumn(address: usize, column: usize): void {
  const block = changetype<RequestBlock>(address);
  let size: u32 = 0;
  for (let position: u32 = 0; position < block.candidateCount; position++) {
    const ordinal = load<u32>(block.candidates + (position << 2));
    const value = load<f64>(column + (ordinal << 3));
    size = offer(block.rankedSimilarities, block.rankedPositions, size, block.depth, value, position);
  }
  sortBestFirst(block.rankedSimilarities, block.rankedPositions, size);
  store<u32>(block.rankedCounts, size);
}

/** Fuses the rankings: fills `winners`, `winnerScores`, `winnerCount`, `winnerRanks`. */
export function fuse(address: usize): void {
  const block = changetype<RequestBlock>(address);
  fuseRankings(block);
  findWinnerRanks(block);
}

/** Fills `winnerSimilarities` after `rank` and `fuse`. */
export function explain(address: usize): void {
  const block = changetype<RequestBlock>(address);
  for (let place: u32 = 0; place < block.winnerCount; place++) {
    const position = load<u32>(block.winners + (place << 2));
    for (let n: u32 = 0; n < block.queryCount; n++) {
      const value = exactSimilarity(block, n, position);
      store<f64>(block.winnerSimilarities + ((place * block.queryCount + n) << 3), value);
    }
  }
}
