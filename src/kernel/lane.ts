/**
 * One thread's scratch in linear memory: the arrays of a request, laid out behind its `RequestBlock`.
 * A lane serves one request at a time, from `begin` until the answer is read out.
 */
import { alignUp } from '../base/aligned-bytes.ts';
import { check } from '../base/errors.ts';
import { joinRankings, type RankingShare } from './join-rankings.ts';
import { FIRST_PASS_CODE, FUSION_CODE, METRIC_CODE } from './kernel.ts';
import type { FirstPass, FusionMethod, Kernel, Metric } from './kernel.ts';
import { quantizedBytesOf } from './quantize.ts';
import {
  BLOCK_BYTES,
  BLOCK_WORD,
  LinearMemory,
  CANDIDATES_SLACK,
  RANK_CONSTANT_OFFSET,
  rankWorkspaceBytes,
  type BlockField,
  type MemoryViews,
} from './linear-memory.ts';

/** Candidates from which the byte pass is taken, in all and per entry of a ranking. */
const BYTES_FROM = 1_000;
const BYTES_PER_ENTRY = 20;

/** What the largest request over a snapshot may need. */
export interface LaneBounds {
  readonly shopCount: number;
  readonly rowFloats: number;
  readonly queryCountMax: number;
  readonly signalCountMax: number;
  readonly depthMax: number;
  /** Winners at most. */
  readonly limitMax: number;
}

/** The rows that a request is about. */
export interface RowTable {
  /** Address of float32[shopCount][rowFloats]. */
  readonly rows: number;
  /** Address of float64[shopCount]. */
  readonly norms: number;
  readonly rowFloats: number;
  /** Address of the rows in bytes, `quantizedBytesOf(rowFloats)` each; null where a snapshot has none. */
  readonly quantized: number | null;
}

/** Numbers of some shops, in linear memory. */
export interface ShopStrengths {
  /** Addresses of u32[count] and f32[count]. */
  readonly ordinals: number;
  readonly strengths: number;
  readonly count: number;
}

/** Bytes of a lane that holds any request within `bounds`. */
export function laneBytes(bounds: LaneBounds): number {
  const { shopCount, rowFloats, queryCountMax } = bounds;
  const depth = Math.min(bounds.depthMax, shopCount);
  const limit = Math.min(bounds.limitMax, shopCount);
  const rankingCountMax = queryCountMax + bounds.signalCountMax;
  const arrays = [
    queryCountMax * rowFloats * 4, // queries
    rankingCountMax * 20, // norms, weights, counts
    (shopCount + CANDIDATES_SLACK) * 36, // candidates, values, distances, scores, places of candidates and winners
    alignUp(shopCount, 32) / 8, // which are candidates
    rankWorkspaceBytes(queryCountMax, shopCount, depth, rowFloats),
    rankingCountMax * depth * 12, // positions, similarities
    limit * 20, // winners, scores, cosines
    limit * rankingCountMax * 12, // ranks, similarities
  ];
  const paddingBytes = 27 * 64;
  return alignUp(BLOCK_BYTES + paddingBytes + arrays.reduce((sum, bytes) => sum + bytes, 0), 65_536);
}

export class Lane {
  readonly #memory: LinearMemory;
  /** Of the request that runs: looking them up anew for every number costs as much as a ranking. */
  #views: MemoryViews;
  readonly #kernel: Kernel;
  readonly #start: number;
  readonly #end: number;
  #free = 0;
  /** Where what `fuse` and `select` write begins. */
  #behindRankings = 0;
  #depth = 0;
  #queryCount = 0;
  #signalCount = 0;
  #rowFloats = 0;
  #candidates = 0;
  #candidateCount = 0;
  #hasBytes = false;
  /** Columns that every signal looks at, kept: a view takes 0.1 µs to make. */
  #ordinals: Uint32Array = new Uint32Array(0);
  #values: Float64Array = new Float64Array(0);
  #scores: Float64Array = new Float64Array(0);
  /** Where the places of candidates are noted once one is asked for, in words, and up to which ordinal. */
  #places = 0;
  #placed = 0;
  #lastCandidate = -1;
  #isPlaced = false;

  constructor(memory: LinearMemory, kernel: Kernel, lane: number, bytes: number) {
    this.#memory = memory;
    this.#views = memory.views;
    this.#kernel = kernel;
    this.#start = LinearMemory.laneStart(lane, bytes);
    this.#end = this.#start + bytes;
  }

  /** Starts a request: forgets the last one and hands out room for up to `candidateCountMax` ordinals. */
  begin(candidateCountMax: number): Uint32Array {
    this.#views = this.#memory.views;
    this.#free = this.#start + BLOCK_BYTES;
    this.#queryCount = 0;
    this.#signalCount = 0;
    this.#candidates = this.#take((candidateCountMax + CANDIDATES_SLACK) * 4);
    this.#set('candidates', this.#candidates);
    return this.#views.u32.subarray(this.#candidates / 4, this.#candidates / 4 + candidateCountMax);
  }

  /** Says how many ordinals were written, ascending. */
  setCandidateCount(count: number): void {
    this.#candidateCount = count;
    const start = this.#candidates / 4;
    this.#ordinals = this.#views.u32.subarray(start, start + count);
    this.#set('candidateCount', count);
  }

  /** Says which rows are meant and makes room for `count` query vectors; fill each one of `query(n)` completely. */
  setQueries(table: RowTable, metric: Metric, count: number): void {
    this.#queryCount = count;
    this.#rowFloats = table.rowFloats;
    this.#set('rows', table.rows);
    this.#set('norms', table.norms);
    this.#set('rowFloats', table.rowFloats);
    this.#set('quantized', table.quantized ?? 0);
    this.#set('quantizedBytes', quantizedBytesOf(table.rowFloats));
    this.#hasBytes = table.quantized !== null;
    this.#set('metric', METRIC_CODE[metric]);
    this.#set('queryCount', count);
    this.#set('queries', this.#take(count * table.rowFloats * 4));
    this.#set('queryNorms', this.#take(count * 8));
  }

  /** How many signals are ranked beside the queries; none until it is said. */
  setSignalCount(count: number): void {
    this.#signalCount = count;
  }

  /** Where query vector `n` is to be written, `rowFloats` long. */
  query(n: number): Float32Array {
    const start = this.#get('queries') / 4 + n * this.#rowFloats;
    return this.#views.f32.subarray(start, start + this.#rowFloats);
  }

  /**
   * Ranks the candidates for each query vector, `depth` entries at most, and makes room for the rankings of signals.
   * Without `similaritiesWanted` only the order is computed, and `rankedSimilarity` has no meaning. `firstPass` is chosen by the measured rule unless it is given,
   * and changes nothing but the time it takes.
   */
  rank(depth: number, similaritiesWanted: boolean, firstPass?: FirstPass): void {
    this.#prepareRank(depth, similaritiesWanted, firstPass);
    if (this.#queryCount > 0) this.#kernel.rank(this.#start);
  }

  /**
   * Divides what `rank` would do into equal shares of the candidates, one for this lane and one for each of `helpers`.
   * Returns the address of each share for `Kernel.rank`, on whatever threads; `joinShares` makes one ranking of them.
   */
  divideRank(depth: number, similaritiesWanted: boolean, helpers: readonly Lane[]): number[] {
    const shareCount = helpers.length + 1;
    const startOf = (share: number) => Math.floor((share * this.#candidateCount) / shareCount);
    this.#prepareRank(depth, similaritiesWanted || shareCount > 1); // shares are joined by their similarities
    helpers.forEach((helper, share) => helper.#prepareShare(this, startOf(share), startOf(share + 1)));
    // The last share, because `rank` writes over what follows its candidates.
    const ownStart = startOf(helpers.length);
    this.#set('candidates', this.#candidates + ownStart * 4);
    this.#set('candidateCount', this.#candidateCount - ownStart);
    return [...helpers, this].map((lane) => lane.#start);
  }

  /** After `divideRank`, when every share is ranked: leaves what `rank` would have left, to the bit. */
  joinShares(helpers: readonly Lane[]): void {
    const ownStart = (this.#get('candidates') - this.#candidates) / 4;
    this.#set('candidates', this.#candidates);
    this.#set('candidateCount', this.#candidateCount);
    if (helpers.length === 0) return;
    let firstPosition = 0;
    const firstPositions = helpers.map((helper) => {
      const first = firstPosition;
      firstPosition += helper.#candidateCount;
      return first;
    });
    for (let n = 0; n < this.#queryCount; n++) {
      const shares = helpers.map((helper, i) => helper.#shareOf(n, firstPositions[i]!));
      const own = this.#shareOf(n, ownStart);
      // A copy, since the joined ranking is written where this one lies.
      shares.push({ ...own, positions: own.positions.slice(), similarities: own.similarities.slice() });
      const count = joinRankings(shares, this.#rankedPositions(n), this.#rankedSimilarities(n));
      this.#views.u32[this.#get('rankedCounts') / 4 + n] = count;
    }
  }

  /** Lets a ranking of queries end before its first similarity below `least`; only after `rank` with similarities. */
  cutRanking(n: number, least: number): void {
    const similarities = this.#rankedSimilarities(n).subarray(0, this.rankedCount(n));
    let [low, high] = [0, similarities.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (similarities[middle]! >= least) low = middle + 1;
      else high = middle;
    }
    this.#views.u32[this.#get('rankedCounts') / 4 + n] = low;
  }

  /**
   * What a signal says of each candidate, by position: fill it completely, then take it by `rankByValues` or into the
   * scores. `fuse` writes over it.
   */
  get values(): Float64Array {
    return this.#values;
  }

  /**
   * Squared distances of the candidates from a point, by position; good until another point is measured from. `points`
   * is the address of float64[shopCount][3].
   */
  squaredDistances(points: number, [x, y, z]: readonly [number, number, number]): Float64Array {
    this.#kernel.measure(this.#start, points, x, y, z);
    return this.#columnOf('distances');
  }

  /** Makes each of `values`, v, factor · ln(1 + scale · v); scale · v is a finite number from 0 on. */
  logValues(scale: number, factor: number): void {
    this.#kernel.logValues(this.#start, scale, factor);
  }

  /**
   * Adds factor · strength of the shops of a list to `values`, of those that are candidates; the first that is known of one
   * takes the place of NaN. After `rank`.
   */
  addKnown({ ordinals, strengths, count }: ShopStrengths, factor: number): void {
    this.place();
    this.#kernel.addKnown(this.#start, ordinals, strengths, count, factor);
  }

  /** Adds weight · value, within ±1e300, to the score of each candidate, but where that is no number; after `fuse`. */
  addValues(weight: number): void {
    this.#kernel.addValues(this.#start, weight);
  }

  /** Ranks the candidates by `values`, larger first, as the ranking of signal `m`; those of NaN have no rank. */
  rankByValues(m: number): void {
    this.#kernel.rankByValues(this.#start, this.#get('values'), this.#queryCount + m);
  }

  /**
   * Fuses the rankings, those of the queries first, into `scores`. `weights` has one entry per ranking that is fused.
   * May be called again, with other weights and signals.
   */
  fuse(method: FusionMethod, weights: readonly number[], rankConstant: number): void {
    const rankingCount = this.#queryCount + this.#signalCount;
    check(weights.length <= rankingCount, `${weights.length} weights for ${rankingCount} rankings`);
    const { f64 } = this.#views;
    this.#free = this.#behindRankings; // what was fused before is forgotten
    const addressOfWeights = this.#take(weights.length * 8);
    f64.set(weights, addressOfWeights / 8);
    f64[(this.#start + RANK_CONSTANT_OFFSET) / 8] = rankConstant;
    this.#set('weights', addressOfWeights);
    this.#set('rankingCount', weights.length);
    this.#set('fusion', FUSION_CODE[method]);
    this.#set('scores', this.#take(this.#candidateCount * 8));
    this.#scores = this.#columnOf('scores');
    this.#kernel.fuse(this.#start);
  }

  /** The score of each candidate by position, to be changed before `select`; -Infinity leaves one out. */
  get scores(): Float64Array {
    return this.#scores;
  }

  /** Finds the best `limit` scores; returns how many winners there are. */
  select(limit: number): number {
    const winnersMax = Math.min(limit, this.#candidateCount);
    this.#set('limit', winnersMax);
    this.#set('winners', this.#take(winnersMax * 4));
    this.#set('winnerScores', this.#take(winnersMax * 8));
    this.#kernel.select(this.#start);
    return this.winnerCount;
  }

  /**
   * Makes the candidates at `positions` the winners, in that order: some of those that `select` found, or others, but no
   * more than it was asked for.
   */
  setWinners(positions: readonly number[]): void {
    check(
      positions.length <= this.#get('limit'),
      `${positions.length} winners, ${this.#get('limit')} selected`,
    );
    const { scores } = this;
    this.#views.u32.set(positions, this.#get('winners') / 4);
    this.#views.f64.set(
      positions.map((position) => scores[position]!),
      this.#get('winnerScores') / 8,
    );
    this.#set('winnerCount', positions.length);
  }

  /** Starts to compare winners: the largest cosine of each winner's row and those that `cover` names, -1 until then. */
  winnerCosines(): Float64Array {
    const { winnerCount } = this;
    this.#set('winnerCosines', this.#take(winnerCount * 8));
    return this.#columnOf('winnerCosines', winnerCount).fill(-1);
  }

  /** Raises `winnerCosines` to the cosines with the row of the candidate at `position`; rows as of `setQueries`. */
  cover(position: number): void {
    this.#kernel.cover(this.#start, position);
  }

  /** Finds the winners' ranks and their similarities to every query vector. */
  explain(): void {
    const { winnerCount } = this;
    this.#set('winnerRanks', this.#take(winnerCount * this.#get('rankingCount') * 4));
    this.#set('winnerPlaces', this.#take(this.#candidateCount * 4));
    this.#set('winnerSimilarities', this.#take(winnerCount * this.#queryCount * 8));
    this.#kernel.explain(this.#start);
  }

  /** The ordinals of the candidates by position, ascending. */
  get candidates(): Uint32Array {
    return this.#ordinals;
  }

  /** The position of a shop; -1 if it is no candidate. */
  positionOf(ordinal: number): number {
    const { u32 } = this.#views;
    if (this.#isPlaced) {
      if (ordinal < 0 || ordinal > this.#lastCandidate) return -1;
      const bits = u32[this.#placed + (ordinal >>> 5)]!;
      return ((bits >>> (ordinal & 31)) & 1) === 0 ? -1 : u32[this.#places + ordinal]!;
    }
    const first = this.#candidates / 4;
    const end = first + this.#candidateCount;
    let low = first;
    let high = end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (u32[middle]! < ordinal) low = middle + 1;
      else high = middle;
    }
    return low < end && u32[low] === ordinal ? low - first : -1;
  }

  /** Notes where the candidates are, once after each `rank`: worth it for whoever asks for many positions. */
  place(): void {
    if (this.#isPlaced) return;
    this.#kernel.place(this.#start);
    this.#isPlaced = true;
  }

  ordinalAt(position: number): number {
    return this.#views.u32[this.#candidates / 4 + position]!;
  }

  rankedCount(n: number): number {
    return this.#views.u32[this.#get('rankedCounts') / 4 + n]!;
  }

  rankedPosition(n: number, at: number): number {
    return this.#views.u32[this.#get('rankedPositions') / 4 + n * this.#depth + at]!;
  }

  /** Similarity, or value of the signal, of the entry at place `at` of ranking `n`. */
  rankedSimilarity(n: number, at: number): number {
    return this.#views.f64[this.#get('rankedSimilarities') / 8 + n * this.#depth + at]!;
  }

  get winnerCount(): number {
    return this.#get('winnerCount');
  }

  /** The ordinals of the winners, best first. */
  winnerOrdinals(): number[] {
    const { u32 } = this.#views;
    const winners = this.#get('winners') / 4;
    const candidates = this.#candidates / 4;
    const ordinals: number[] = [];
    for (let place = 0; place < this.winnerCount; place++)
      ordinals.push(u32[candidates + u32[winners + place]!]!);
    return ordinals;
  }

  winnerPosition(place: number): number {
    return this.#views.u32[this.#get('winners') / 4 + place]!;
  }

  winnerScore(place: number): number {
    return this.#views.f64[this.#get('winnerScores') / 8 + place]!;
  }

  /** Rank from 1 of a winner in ranking `n`, or 0 beyond its depth. */
  winnerRank(place: number, n: number): number {
    return this.#views.u32[this.#get('winnerRanks') / 4 + place * this.#get('rankingCount') + n]!;
  }

  /** The ranks of a winner in all rankings, as of `winnerRank`. */
  winnerRanks(place: number): Uint32Array {
    const rankingCount = this.#get('rankingCount');
    const start = this.#get('winnerRanks') / 4 + place * rankingCount;
    return this.#views.u32.subarray(start, start + rankingCount);
  }

  winnerSimilarity(place: number, n: number): number {
    return this.#views.f64[this.#get('winnerSimilarities') / 8 + place * this.#queryCount + n]!;
  }

  /** Bytes where there is enough to rule out: bench/kernel shows from where on they are faster. */
  #firstPass(depth: number): FirstPass {
    const paysOff = this.#candidateCount >= BYTES_FROM && this.#candidateCount >= BYTES_PER_ENTRY * depth;
    return this.#hasBytes && paysOff ? this.#kernel.bytePass : 'floats';
  }

  #prepareRank(depth: number, similaritiesWanted: boolean, firstPass = this.#firstPass(depth)): void {
    check(firstPass === 'floats' || this.#hasBytes, 'a snapshot without rows in bytes has no byte pass');
    this.#makeRankings(depth);
    const bytes = rankWorkspaceBytes(this.#queryCount, this.#candidateCount, this.#depth, this.#rowFloats);
    this.#set('workspace', this.#take(bytes));
    this.#set('similaritiesWanted', Number(similaritiesWanted));
    this.#set('firstPass', FIRST_PASS_CODE[firstPass]);
  }

  /** Takes over the candidates `start` to `end` of a request that lies in lane `whole`, whose query vectors it reads. */
  #prepareShare(whole: Lane, start: number, end: number): void {
    const { u32 } = this.#views;
    const ordinals = this.begin(end - start);
    ordinals.set(u32.subarray(whole.#candidates / 4 + start, whole.#candidates / 4 + end));
    u32.copyWithin(this.#start / 4, whole.#start / 4, (whole.#start + BLOCK_BYTES) / 4);
    this.#set('candidates', this.#candidates);
    this.setCandidateCount(end - start);
    this.#queryCount = whole.#queryCount;
    this.#rowFloats = whole.#rowFloats;
    this.#hasBytes = whole.#hasBytes;
    this.#set('queryNorms', this.#take(this.#queryCount * 8));
    this.#prepareRank(whole.#depth, true);
  }

  /** Ranking `n` of the candidates from position `firstPosition` on. */
  #shareOf(n: number, firstPosition: number): RankingShare {
    const count = this.rankedCount(n);
    return {
      firstPosition,
      positions: this.#rankedPositions(n).subarray(0, count),
      similarities: this.#rankedSimilarities(n).subarray(0, count),
    };
  }

  #rankedPositions(n: number): Uint32Array {
    const start = this.#get('rankedPositions') / 4 + n * this.#depth;
    return this.#views.u32.subarray(start, start + this.#depth);
  }

  #rankedSimilarities(n: number): Float64Array {
    const start = this.#get('rankedSimilarities') / 8 + n * this.#depth;
    return this.#views.f64.subarray(start, start + this.#depth);
  }

  #makeRankings(depth: number): void {
    const count = this.#queryCount + this.#signalCount;
    this.#isPlaced = false;
    this.#depth = Math.min(depth, this.#candidateCount);
    this.#set('depth', this.#depth);
    this.#set('rankedPositions', this.#take(count * this.#depth * 4));
    this.#set('rankedSimilarities', this.#take(count * this.#depth * 8));
    this.#set('rankedCounts', this.#take(count * 4));
    this.#set('values', this.#take(this.#candidateCount * 8));
    this.#values = this.#columnOf('values');
    this.#set('distances', this.#take(this.#candidateCount * 8));
    this.#lastCandidate = this.#candidateCount === 0 ? -1 : this.ordinalAt(this.#candidateCount - 1);
    const places = this.#take((this.#lastCandidate + 1) * 4);
    const placed = this.#take(((this.#lastCandidate >> 5) + 1) * 4);
    this.#set('places', places);
    this.#set('placed', placed);
    this.#places = places / 4;
    this.#placed = placed / 4;
    this.#behindRankings = this.#free;
  }

  /** The float64 values of a field by position or place. */
  #columnOf(field: BlockField, count = this.#candidateCount): Float64Array {
    const start = this.#get(field) / 8;
    return this.#views.f64.subarray(start, start + count);
  }

  #set(field: BlockField, value: number): void {
    this.#views.u32[this.#start / 4 + BLOCK_WORD[field]] = value;
  }

  #get(field: BlockField): number {
    return this.#views.u32[this.#start / 4 + BLOCK_WORD[field]]!;
  }

  /** The next `bytes` of this lane, on a cache line of their own. */
  #take(bytes: number): number {
    const start = this.#free;
    this.#free = alignUp(start + bytes, 64);
    check(this.#free <= this.#end, `lane of ${this.#end - this.#start} bytes is too small`);
    return start;
  }
}
