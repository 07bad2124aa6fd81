/**
 * Rankings become scores, summed in the order of the rankings, over those that hold the candidate. x is the similarity
 * brought to 0..1 within its ranking: (s − least) / (largest − least), 1 where they are equal.
 *
 *   rrf       Σ weight / (k + rank)     Reciprocal Rank Fusion (Cormack, Clarke & Büttcher, SIGIR 2009)
 *   weighted  Σ weight · x              CombSUM (Fox & Shaw, TREC-2 1994) over min-max norms (Lee, SIGIR 1997)
 *   max       max weight · x            CombMAX, of rankings that push down taken away from that of the others
 *   mean      Σ weight · x / Σ |weight| CombANZ with weights
 *   linear    Σ weight · (s − least)    what a candidate is more like than the last one of the ranking; 0 beyond its depth
 */
import { FUSION_LINEAR, FUSION_MAX, FUSION_MEAN, FUSION_RRF, RequestBlock } from './memory';
import { offer, sortBestFirst } from './select';

export function fuseRankings(block: RequestBlock): void {
  memory.fill(block.scores, 0, block.candidateCount << 3);
  if (block.fusion == FUSION_MAX || block.fusion == FUSION_MEAN) memory.fill(block.values, 0, block.candidateCount << 3);
  if (block.fusion == FUSION_MEAN) for (let n: u32 = 0; n < block.rankingCount; n++) addWeights(block, n);
  for (let n: u32 = 0; n < block.rankingCount; n++) {
    if (block.fusion == FUSION_RRF) addRanks(block, n);
    else addNorms(block, n);
  }
  if (block.fusion != FUSION_MAX) return;
  for (let at: u32 = 0, end = block.candidateCount << 3; at < end; at += 8) {
    store<f64>(block.scores + at, load<f64>(block.scores + at) - load<f64>(block.values + at));
  }
}

function addRanks(block: RequestBlock, n: u32): void {
  const positions = block.rankedPositions + ((n * block.depth) << 2);
  const weight = load<f64>(block.weights + (n << 3));
  const count = load<u32>(block.rankedCounts + (n << 2));
  for (let rank: u32 = 1; rank <= count; rank++) {
    const score = block.scores + (load<u32>(positions + ((rank - 1) << 2)) << 3);
    store<f64>(score, load<f64>(score) + weight / (block.rankConstant + <f64>rank));
  }
}

/** Adds |weight| to the values of the candidates that a ranking holds. */
function addWeights(block: RequestBlock, n: u32): void {
  const positions = block.rankedPositions + ((n * block.depth) << 2);
  const weight = abs(load<f64>(block.weights + (n << 3)));
  const count = load<u32>(block.rankedCounts + (n << 2));
  for (let at: u32 = 0; at < count; at++) {
    const sum = block.values + (load<u32>(positions + (at << 2)) << 3);
    store<f64>(sum, load<f64>(sum) + weight);
  }
}

function addNorms(block: RequestBlock, n: u32): void {
  const positions = block.rankedPositions + ((n * block.depth) << 2);
  const similarities = block.rankedSimilarities + ((n * block.depth) << 3);
  const weight = load<f64>(block.weights + (n << 3));
  const count = load<u32>(block.rankedCounts + (n << 2));
  if (count == 0) return;
  const least = load<f64>(similarities + ((count - 1) << 3));
  const range: f64 = block.fusion == FUSION_LINEAR ? 1 : load<f64>(similarities) - least;
  for (let at: u32 = 0; at < count; at++) {
    const norm: f64 = range == 0 ? 1 : (load<f64>(similarities + (at << 3)) - least) / range;
    const offset = load<u32>(positions + (at << 2)) << 3;
    const score = block.scores + offset;
    const value = block.values + offset;
    if (block.fusion == FUSION_MEAN) store<f64>(score, load<f64>(score) + (weight * norm) / load<f64>(value));
    else if (block.fusion != FUSION_MAX) store<f64>(score, load<f64>(score) + weight * norm);
    else if (weight > 0) store<f64>(score, max(load<f64>(score), weight * norm));
    else store<f64>(value, max(load<f64>(value), -weight * norm));
  }
}

/** Finds the best `limit` scores; ties keep the order of positions. */
export function selectWinners(block: RequestBlock): void {
  let size: u32 = 0;
  for (let position: u32 = 0; position < block.candidateCount; position++) {
    const score = load<f64>(block.scores + (position << 3));
    if (score == -Infinity) continue;
    size = offer(block.winnerScores, block.winners, size, block.limit, score, position);
  }
  sortBestFirst(block.winnerScores, block.winners, size);
  block.winnerCount = size;
}

/** Writes every winner's rank in every ranking, 0 where the ranking does not hold it. */
export function findWinnerRanks(block: RequestBlock): void {
  memory.fill(block.winnerPlaces, 0, block.candidateCount << 2);
  memory.fill(block.winnerRanks, 0, (block.winnerCount * block.rankingCount) << 2);
  for (let place: u32 = 0; place < block.winnerCount; place++) {
    store<u32>(block.winnerPlaces + (load<u32>(block.winners + (place << 2)) << 2), place + 1);
  }
  for (let n: u32 = 0; n < block.rankingCount; n++) {
    const positions = block.rankedPositions + ((n * block.depth) << 2);
    const count = load<u32>(block.rankedCounts + (n << 2));
    for (let rank: u32 = 1; rank <= count; rank++) {
      const place = load<u32>(block.winnerPlaces + (load<u32>(positions + ((rank - 1) << 2)) << 2));
      if (place > 0) store<u32>(block.winnerRanks + (((place - 1) * block.rankingCount + n) << 2), rank);
    }
  }
}
