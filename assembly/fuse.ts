/**
 * Reciprocal Rank Fusion (Cormack, Clarke & Büttcher, SIGIR 2009) with a weight per ranking:
 * score = Σ_n weight_n / (k + rank_n), summed in the order of the rankings, over those that hold the candidate.
 */
import { RequestBlock } from './memory';
import { offer, sortBestFirst } from './select';

/** Adds up the rankings and keeps the best `limit` candidates; ties keep the order of positions. */
export function fuseRankings(block: RequestBlock): void {
  memory.fill(block.scores, 0, block.candidateCount << 3);
  for (let n: u32 = 0; n < block.queryCount; n++) addRanking(block, n);

  let size: u32 = 0;
  for (let position: u32 = 0; position < block.candidateCount; position++) {
    const score = load<f64>(block.scores + (position << 3));
    size = offer(block.winnerScores, block.winners, size, block.limit, score, position);
  }
  sortBestFirst(block.winnerScores, block.winners, size);
  block.winnerCount = size;
}

function addRanking(block: RequestBlock, n: u32): void {
  const positions = block.rankedPositions + ((n * block.depth) << 2);
  const weight = load<f64>(block.weights + (n << 3));
  const count = load<u32>(block.rankedCounts + (n << 2));
  for (let rank: u32 = 1; rank <= count; rank++) {
    const score = block.scores + (load<u32>(positions + ((rank - 1) << 2)) << 3);
    store<f64>(score, load<f64>(score) + weight / (block.rankConstant + <f64>rank));
  }
}

/** Writes every winner's rank in every ranking, 0 where the ranking does not hold it. */
export function findWinnerRanks(block: RequestBlock): void {
  memory.fill(block.winnerPlaces, 0, block.candidateCount << 2);
  memory.fill(block.winnerRanks, 0, (block.winnerCount * block.queryCount) << 2);
  for (let place: u32 = 0; place < block.winnerCount; place++) {
    store<u32>(block.winnerPlaces + (load<u32>(block.winners + (place << 2)) << 2), place + 1);
  }
  for (let n: u32 = 0; n < block.queryCount; n++) {
    const positions = block.rankedPositions + ((n * block.depth) << 2);
    const count = load<u32>(block.rankedCounts + (n << 2));
    for (let rank: u32 = 1; rank <= count; rank++) {
      const place = load<u32>(block.winnerPlaces + (load<u32>(positions + ((rank - 1) << 2)) << 2));
      if (place > 0) store<u32>(block.winnerRanks + (((place - 1) * block.queryCount + n) << 2), rank);
    }
  }
}
