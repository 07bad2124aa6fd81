/**
 * The kernel in plain TypeScript: the same names, the same bits, one element at a time.
 * Read it to learn what the WebAssembly kernel computes.
 */
import type { Kernel } from './kernel.ts';
import { FUSION_CODE, METRIC_CODE } from './kernel.ts';
import { ln } from './ln.ts';
import { quantize, quantizedBytesOf } from './quantize.ts';
import { shareOf } from './share.ts';
import { dot, norm, squaredDistance } from './similarity.ts';
import { BLOCK_WORD, RANK_CONSTANT_OFFSET, type BlockField, type LinearMemory } from './linear-memory.ts';

interface Entry {
  readonly value: number;
  readonly position: number;
}

export class ScalarKernel implements Kernel {
  readonly build = 'scalar';
  /** It has none: every pass gives the same rankings, and it scores every candidate. */
  readonly bytePass = 'bytes';
  readonly #memory: LinearMemory;

  constructor(memory: LinearMemory) {
    this.#memory = memory;
  }

  norm(vector: number, floats: number): number {
    return norm(this.#vector(vector, floats));
  }

  quantize(vector: number, floats: number, out: number): void {
    const bytes = new DataView(this.#memory.memory.buffer, out, quantizedBytesOf(floats));
    quantize(this.#vector(vector, floats), bytes);
  }

  firstUnlikeRow(rows: number, floats: number, count: number, quantized: number): number {
    const bytes = quantizedBytesOf(floats);
    const expected = new Uint8Array(bytes);
    for (let ordinal = 0; ordinal < count; ordinal++) {
      quantize(this.#vector(rows + ordinal * floats * 4, floats), new DataView(expected.buffer));
      if (Buffer.compare(expected, this.#memory.bytes(quantized + ordinal * bytes, bytes)) !== 0)
        return ordinal;
    }
    return count;
  }

  rank(block: number): void {
    const { f64 } = this.#memory.views;
    const rowFloats = this.#field(block, 'rowFloats');
    for (let n = 0; n < this.#field(block, 'queryCount'); n++) {
      const query = this.#field(block, 'queries') + n * rowFloats * 4;
      f64[this.#field(block, 'queryNorms') / 8 + n] = this.norm(query, rowFloats);
      this.#writeRanking(block, n, (position) => this.#similarity(block, n, position));
    }
  }

  rankByValues(block: number, values: number, n: number): void {
    const { f64 } = this.#memory.views;
    this.#writeRanking(block, n, (position) => f64[values / 8 + position]!);
  }

  fuse(block: number): void {
    const candidateCount = this.#field(block, 'candidateCount');
    const scores = this.#float64(block, 'scores', candidateCount).fill(0);
    const rankings = Array.from({ length: this.#field(block, 'rankingCount') }, (_, n) =>
      this.#ranking(block, n),
    );
    const fusion = this.#field(block, 'fusion');
    if (fusion === FUSION_CODE.rrf) this.#addRanks(block, rankings, scores);
    else if (fusion === FUSION_CODE.max) addLargest(rankings, scores);
    else if (fusion === FUSION_CODE.linear) addRises(rankings, scores);
    else addNorms(rankings, scores, fusion === FUSION_CODE.mean);
  }

  place(block: number): void {
    const { u32 } = this.#memory.views;
    const places = this.#field(block, 'places') / 4;
    const candidates = this.#uint32(block, 'candidates', this.#field(block, 'candidateCount'));
    if (candidates.length === 0) return;
    this.#uint32(block, 'placed', (candidates.at(-1)! >>> 5) + 1).fill(0);
    candidates.forEach((ordinal, position) => {
      u32[this.#field(block, 'placed') / 4 + (ordinal >>> 5)]! |= 1 << (ordinal & 31);
      u32[places + ordinal] = position;
    });
  }

  addKnown(block: number, ordinals: number, strengths: number, count: number, factor: number): void {
    const { u32, f32 } = this.#memory.views;
    const candidates = this.#uint32(block, 'candidates', this.#field(block, 'candidateCount'));
    const values = this.#float64(block, 'values', candidates.length);
    for (let at = 0; at < count; at++) {
      const position = candidates.indexOf(u32[ordinals / 4 + at]!);
      if (position === -1) continue;
      const more = factor * f32[strengths / 4 + at]!;
      values[position] = Number.isNaN(values[position]!) ? more : values[position]! + more;
    }
  }

  measure(block: number, points: number, x: number, y: number, z: number): void {
    const { f64 } = this.#memory.views;
    const candidates = this.#uint32(block, 'candidates', this.#field(block, 'candidateCount'));
    const distances = this.#float64(block, 'distances', candidates.length);
    const center = Float64Array.of(x, y, z);
    candidates.forEach((ordinal, position) => {
      const [dx, dy, dz] = center.map((value, axis) => value - f64[points / 8 + ordinal * 3 + axis]!);
      distances[position] = dx! * dx! + dy! * dy! + dz! * dz!;
    });
  }

  logValues(block: number, scale: number, factor: number): void {
    const values = this.#float64(block, 'values', this.#field(block, 'candidateCount'));
    values.forEach((value, position) => (values[position] = factor * ln(1 + scale * value)));
  }

  addValues(block: number, weight: number): void {
    const candidateCount = this.#field(block, 'candidateCount');
    const scores = this.#float64(block, 'scores', candidateCount);
    this.#float64(block, 'values', candidateCount).forEach((value, position) => {
      scores[position]! += shareOf(weight, value);
    });
  }

  select(block: number): void {
    const scores = this.#float64(block, 'scores', this.#field(block, 'candidateCount'));
    const limit = this.#field(block, 'limit');
    const winners = bestFirst(scores.length, (position) => scores[position]!, limit, -Infinity);
    this.#memory.views.u32[block / 4 + BLOCK_WORD.winnerCount] = winners.length;
    this.#uint32(block, 'winners', limit).set(winners.map(({ position }) => position));
    this.#float64(block, 'winnerScores', limit).set(winners.map(({ value }) => value));
  }

  cover(block: number, position: number): void {
    const { u32, f64 } = this.#memory.views;
    const winnerCount = this.#field(block, 'winnerCount');
    const norms = this.#field(block, 'norms') / 8;
    const ordinalAt = (at: number): number => u32[this.#field(block, 'candidates') / 4 + at]!;
    const chosen = ordinalAt(position);
    const largest = this.#float64(block, 'winnerCosines', winnerCount);
    this.#uint32(block, 'winners', winnerCount).forEach((winner, place) => {
      const ordinal = ordinalAt(winner);
      const product = f64[norms + chosen]! * f64[norms + ordinal]!;
      const cosine = product === 0 ? 0 : dot(this.#row(block, chosen), this.#row(block, ordinal)) / product;
      largest[place] = Math.max(largest[place]!, cosine);
    });
  }

  explain(block: number): void {
    const { u32, f64 } = this.#memory.views;
    const queryCount = this.#field(block, 'queryCount');
    const rankingCount = this.#field(block, 'rankingCount');
    const winners = this.#uint32(block, 'winners', this.#field(block, 'winnerCount'));
    const ranks = Array.from({ length: rankingCount }, (_, n) => this.#ranking(block, n).positions);
    winners.forEach((position, place) => {
      ranks.forEach((positions, n) => {
        const rank = positions.indexOf(position) + 1;
        u32[this.#field(block, 'winnerRanks') / 4 + place * rankingCount + n] = rank;
      });
      for (let n = 0; n < queryCount; n++) {
        const similarity = this.#similarity(block, n, position);
        f64[this.#field(block, 'winnerSimilarities') / 8 + place * queryCount + n] = similarity;
      }
    });
  }

  #addRanks(block: number, rankings: readonly Ranking[], scores: Float64Array): void {
    const rankConstant = this.#memory.views.f64[(block + RANK_CONSTANT_OFFSET) / 8]!;
    for (const { weight, positions } of rankings)
      positions.forEach((position, i) => (scores[position]! += weight / (rankConstant + (i + 1))));
  }

  #ranking(block: number, n: number): Ranking {
    const { u32, f64 } = this.#memory.views;
    const start = n * this.#field(block, 'depth');
    const count = u32[this.#field(block, 'rankedCounts') / 4 + n]!;
    return {
      weight: f64[this.#field(block, 'weights') / 8 + n]!,
      positions: this.#uint32(block, 'rankedPositions', start + count).subarray(start),
      similarities: this.#float64(block, 'rankedSimilarities', start + count).subarray(start),
    };
  }

  #similarity(block: number, n: number, position: number): number {
    const { u32, f64 } = this.#memory.views;
    const rowFloats = this.#field(block, 'rowFloats');
    const ordinal = u32[this.#field(block, 'candidates') / 4 + position]!;
    const query = this.#vector(this.#field(block, 'queries') + n * rowFloats * 4, rowFloats);
    const row = this.#row(block, ordinal);
    const metric = this.#field(block, 'metric');
    if (metric === METRIC_CODE.innerProduct) return dot(query, row);
    if (metric === METRIC_CODE.l2) return -squaredDistance(row, query);
    const norms =
      f64[this.#field(block, 'queryNorms') / 8 + n]! * f64[this.#field(block, 'norms') / 8 + ordinal]!;
    return norms === 0 ? 0 : dot(query, row) / norms;
  }

  #writeRanking(block: number, n: number, valueOf: (position: number) => number): void {
    const { u32, f64 } = this.#memory.views;
    const depth = this.#field(block, 'depth');
    const ranking = bestFirst(this.#field(block, 'candidateCount'), valueOf, depth);
    u32[this.#field(block, 'rankedCounts') / 4 + n] = ranking.length;
    ranking.forEach(({ value, position }, at) => {
      u32[this.#field(block, 'rankedPositions') / 4 + n * depth + at] = position;
      f64[this.#field(block, 'rankedSimilarities') / 8 + n * depth + at] = value;
    });
  }

  #row(block: number, ordinal: number): Float32Array {
    const rowFloats = this.#field(block, 'rowFloats');
    return this.#vector(this.#field(block, 'rows') + ordinal * rowFloats * 4, rowFloats);
  }

  #uint32(block: number, field: BlockField, count: number): Uint32Array {
    const start = this.#field(block, field) / 4;
    return this.#memory.views.u32.subarray(start, start + count);
  }

  #float64(block: number, field: BlockField, count: number): Float64Array {
    const start = this.#field(block, field) / 8;
    return this.#memory.views.f64.subarray(start, start + count);
  }

  #field(block: number, field: BlockField): number {
    return this.#memory.views.u32[block / 4 + BLOCK_WORD[field]]!;
  }

  #vector(address: number, floats: number): Float32Array {
    return this.#memory.views.f32.subarray(address / 4, address / 4 + floats);
  }
}

/** The best `limit` positions below `count`, value descending, then position ascending; not those of NaN or `none`. */
function bestFirst(
  count: number,
  valueOf: (position: number) => number,
  limit: number,
  none = Number.NaN,
): Entry[] {
  const entries = Array.from({ length: count }, (_, position) => ({ value: valueOf(position), position }));
  const held = entries.filter(({ value }) => !Number.isNaN(value) && value !== none);
  return held.sort((a, b) => b.value - a.value || a.position - b.position).slice(0, limit);
}

/** A ranking to be fused. */
interface Ranking {
  readonly weight: number;
  readonly positions: Uint32Array;
  readonly similarities: Float64Array;
}

/** The similarities of a ranking between 0 and 1. */
function norms({ similarities }: Ranking): number[] {
  const least = similarities.at(-1)!;
  const range = similarities[0]! - least;
  return Array.from(similarities, (similarity) => (range === 0 ? 1 : (similarity - least) / range));
}

function addNorms(rankings: readonly Ranking[], scores: Float64Array, asMean: boolean): void {
  const weights = new Float64Array(scores.length);
  for (const { weight, positions } of rankings)
    positions.forEach((position) => (weights[position]! += Math.abs(weight)));
  for (const ranking of rankings) {
    norms(ranking).forEach((norm, i) => {
      const position = ranking.positions[i]!;
      const share = ranking.weight * norm;
      scores[position]! += asMean ? share / weights[position]! : share;
    });
  }
}

function addRises(rankings: readonly Ranking[], scores: Float64Array): void {
  for (const { weight, positions, similarities } of rankings) {
    const least = similarities.at(-1)!;
    positions.forEach((position, i) => (scores[position]! += weight * (similarities[i]! - least)));
  }
}

function addLargest(rankings: readonly Ranking[], scores: Float64Array): void {
  const down = new Float64Array(scores.length);
  for (const ranking of rankings) {
    const sums = ranking.weight > 0 ? scores : down;
    norms(ranking).forEach((norm, i) => {
      const position = ranking.positions[i]!;
      sums[position] = Math.max(sums[position]!, Math.abs(ranking.weight) * norm);
    });
  }
  scores.forEach((up, position) => (scores[position] = up - down[position]!));
}
