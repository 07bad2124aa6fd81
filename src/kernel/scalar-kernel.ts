/**
 * The kernel in plain TypeScript: the same names, the same bits, one element at a time.
 * Read it to learn what the WebAssembly kernel computes.
 */
import type { Kernel } from './kernel.ts';
import { METRIC_CODE } from './kernel.ts';
import { quantize, quantizedBytesOf } from './quantize.ts';
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

  rankByColumn(block: number, column: number): void {
    const { u32, f64 } = this.#memory.views;
    const candidates = this.#field(block, 'candidates') / 4;
    this.#writeRanking(block, 0, (position) => f64[column / 8 + u32[candidates + position]!]!);
  }

  fuse(block: number): void {
    const { u32, f64 } = this.#memory.views;
    const queryCount = this.#field(block, 'queryCount');
    const candidateCount = this.#field(block, 'candidateCount');
    const depth = this.#field(block, 'depth');
    const rankConstant = f64[(block + RANK_CONSTANT_OFFSET) / 8]!;
    const scores = new Float64Array(candidateCount);
    const ranks = Array.from({ length: queryCount }, () => new Uint32Array(candidateCount));
    for (let n = 0; n < queryCount; n++) {
      const weight = f64[this.#field(block, 'weights') / 8 + n]!;
      const positions = this.#field(block, 'rankedPositions') / 4 + n * depth;
      const count = u32[this.#field(block, 'rankedCounts') / 4 + n]!;
      for (let rank = 1; rank <= count; rank++) {
        const position = u32[positions + rank - 1]!;
        scores[position]! += weight / (rankConstant + rank);
        ranks[n]![position] = rank;
      }
    }
    const winners = bestFirst(candidateCount, (position) => scores[position]!, this.#field(block, 'limit'));
    u32[block / 4 + BLOCK_WORD.winnerCount] = winners.length;
    winners.forEach(({ value, position }, place) => {
      u32[this.#field(block, 'winners') / 4 + place] = position;
      f64[this.#field(block, 'winnerScores') / 8 + place] = value;
      for (let n = 0; n < queryCount; n++) {
        u32[this.#field(block, 'winnerRanks') / 4 + place * queryCount + n] = ranks[n]![position]!;
      }
    });
  }

  explain(block: number): void {
    const { u32, f64 } = this.#memory.views;
    const queryCount = this.#field(block, 'queryCount');
    for (let place = 0; place < this.#field(block, 'winnerCount'); place++) {
      const position = u32[this.#field(block, 'winners') / 4 + place]!;
      for (let n = 0; n < queryCount; n++) {
        f64[this.#field(block, 'winnerSimilarities') / 8 + place * queryCount + n] = this.#similarity(
          block,
          n,
          position,
        );
      }
    }
  }

  #similarity(block: number, n: number, position: number): number {
    const { u32, f64 } = this.#memory.views;
    const rowFloats = this.#field(block, 'rowFloats');
    const ordinal = u32[this.#field(block, 'candidates') / 4 + position]!;
    const query = this.#vector(this.#field(block, 'queries') + n * rowFloats * 4, rowFloats);
    const row = this.#vector(this.#field(block, 'rows') + ordinal * rowFloats * 4, rowFloats);
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

  #field(block: number, field: BlockField): number {
    return this.#memory.views.u32[block / 4 + BLOCK_WORD[field]]!;
  }

  #vector(address: number, floats: number): Float32Array {
    return this.#memory.views.f32.subarray(address / 4, address / 4 + floats);
  }
}

/** The best `limit` positions below `count`, value descending, then position ascending. */
function bestFirst(count: number, valueOf: (position: number) => number, limit: number): Entry[] {
  const entries = Array.from({ length: count }, (_, position) => ({ value: valueOf(position), position }));
  entries.sort((a, b) => b.value - a.value || a.position - b.position);
  return entries.slice(0, limit);
}
