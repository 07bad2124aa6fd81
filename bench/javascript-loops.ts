/**
 * The peer of the whole line: what a good programmer writes in an afternoon without Doorrank. kdbush for the
 * candidates, plain loops over one Float32Array with four float64 accumulators, a heap for the best of each action,
 * Reciprocal Rank Fusion in a Map. It gets the rows in the same order, their norms, and the shops as objects in
 * memory.
 */
import type { RequestAction } from '../src/domain/action.ts';
import type { Shop } from '../src/domain/shop.ts';
import { norm } from '../src/kernel/similarity.ts';
import type { Generation } from '../src/snapshot/generation.ts';
import { BestFirst } from './best-first.ts';
import { KdbushCandidates } from './kdbush-candidates.ts';
import type { BenchRequest } from './requests.ts';

const KEYWORD_COUNT_MAX = 1_000;

export type LoopsAnswer = readonly (Shop & { readonly score: number; readonly distanceMeters: number })[];

export class JavaScriptLoops {
  readonly #candidates: KdbushCandidates;
  readonly #rows: Float32Array;
  readonly #norms: Float64Array;
  readonly #dimensions: number;
  readonly #shops: readonly Shop[];
  readonly #ordinals: ReadonlyMap<string, number>;
  readonly #keywords: ReadonlyMap<string, Float32Array>;

  /** Copies what it needs out of a snapshot whose dimensions are a multiple of 4. */
  constructor(generation: Generation) {
    const { catalog, encoder, header } = generation;
    this.#candidates = new KdbushCandidates(generation);
    this.#rows = generation.float32('rows').slice();
    this.#norms = generation.float64('norms').slice();
    this.#dimensions = header.dimensions;
    this.#shops = Array.from({ length: header.shopCount }, (_, ordinal) => catalog.record(ordinal));
    this.#ordinals = new Map(this.#shops.map(({ shopId }, ordinal) => [shopId, ordinal]));
    this.#keywords = new Map(
      encoder
        .keywordsWithPrefix('', KEYWORD_COUNT_MAX)
        .map((keyword) => [keyword, encoder.encode(keyword)!.row.slice()]),
    );
  }

  /** The best shops for a request, without reasons. */
  recommend({ location, radiusMeters, actions, fusion, limit, at }: BenchRequest): LoopsAnswer {
    const candidates = this.#candidates.find(location, radiusMeters);
    const halfLifeMs = fusion.halfLifeMinutes * 60_000;
    const scores = new Map<number, number>();
    for (const action of actions) {
      const weight = 2 ** -((Date.parse(at) - Date.parse(action.at!)) / halfLifeMs);
      this.rank(this.#vectorOf(action), candidates, fusion.depth).forEach((ordinal, i) => {
        scores.set(ordinal, (scores.get(ordinal) ?? 0) + weight / (fusion.k + i + 1));
      });
    }
    const best = new BestFirst(limit);
    for (const [ordinal, score] of scores) best.offer(score, ordinal);
    return Array.from(best.takeSorted(), (ordinal) => {
      const distanceMeters = this.#candidates.metersTo(ordinal);
      return { ...this.#shops[ordinal]!, score: scores.get(ordinal)!, distanceMeters };
    });
  }

  /** The `depth` candidates with the greatest cosine, best first. */
  rank(query: Float32Array, candidates: readonly number[] | Uint32Array, depth: number): Uint32Array {
    const queryNorm = norm(query);
    const best = new BestFirst(depth);
    for (const ordinal of candidates) {
      best.offer(this.#dot(query, ordinal) / (queryNorm * this.#norms[ordinal]!), ordinal);
    }
    return best.takeSorted();
  }

  #dot(query: Float32Array, ordinal: number): number {
    const rows = this.#rows;
    const dimensions = this.#dimensions;
    const row = ordinal * dimensions;
    let sum0 = 0;
    let sum1 = 0;
    let sum2 = 0;
    let sum3 = 0;
    for (let i = 0; i < dimensions; i += 4) {
      sum0 += query[i]! * rows[row + i]!;
      sum1 += query[i + 1]! * rows[row + i + 1]!;
      sum2 += query[i + 2]! * rows[row + i + 2]!;
      sum3 += query[i + 3]! * rows[row + i + 3]!;
    }
    return sum0 + sum2 + (sum1 + sum3);
  }

  #vectorOf({ keyword, shopId }: RequestAction): Float32Array {
    if (keyword !== undefined) return this.#keywords.get(keyword)!;
    const row = this.#ordinals.get(shopId!)! * this.#dimensions;
    return this.#rows.subarray(row, row + this.#dimensions);
  }
}
