/** A synthetic town in a store of its own, and a full scan that answers requests over it: the oracle of the recommender. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import geodesic from 'geographiclib-geodesic';
import type { Location } from '../src/domain/location.ts';
import type { Shop } from '../src/domain/shop.ts';
import { kdOrder } from '../src/geo/kd-order.ts';
import type { Metric } from '../src/kernel/kernel.ts';
import { buildSnapshot } from '../src/snapshot/build-snapshot.ts';
import { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import { syntheticTown, type Town, type TownOptions } from '../src/synthetic/town.ts';
import { writeTown } from '../src/synthetic/write-town.ts';

/** Directories below one temporary directory, removed together. */
export class Workspace {
  readonly directory = mkdtempSync(path.join(tmpdir(), 'doorrank-test-'));

  path(name: string): string {
    return path.join(this.directory, name);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export interface BuiltTown {
  readonly town: Town;
  readonly store: SnapshotStore;
  readonly inputs: { readonly shops: string; readonly shopVectors: string; readonly keywordVectors: string };
}

/**
 * Generates a town, builds it as `version` into the workspace's store and activates it. Its shops have no hours, so that
 * answers do not hang on when a test runs, unless `timeZone` says where theirs count.
 */
export async function buildTown(
  workspace: Workspace,
  version: string,
  options: TownOptions,
  metric: Metric = 'cosine',
  timeZone?: string,
): Promise<BuiltTown> {
  const town = syntheticTown(options);
  const directory = workspace.path(`town-${version}`);
  writeTown(town, directory);
  const inputs = {
    shops: path.join(directory, 'shops.csv'),
    shopVectors: path.join(directory, 'shop-vectors.npy'),
    keywordVectors: path.join(directory, 'keywords.ndjson'),
  };
  if (timeZone === undefined) {
    const shops = readFileSync(inputs.shops, 'utf8');
    writeFileSync(inputs.shops, shops.replace(',openingHours,', ',hoursText,'));
  }
  const store = SnapshotStore.open(workspace.path('store'), { create: true });
  await buildSnapshot({ ...inputs, version, metric, timeZone }, store);
  store.activate(version);
  return { town, store, inputs };
}

export interface ScanRequest {
  readonly location: Location;
  readonly radiusMeters?: number;
  readonly limit: number;
  readonly queries: readonly { readonly vector: Float32Array; readonly weight: number }[];
  /** Beside the queries; without any that counts for a shop, popularity stands in front of them. */
  readonly signals?: readonly ScanSignal[];
  readonly passes: (shop: Shop) => boolean;
  readonly metric: Metric;
  readonly method?: 'rrf' | 'weighted' | 'max' | 'mean' | 'linear';
  readonly k: number;
  readonly depth: number;
  readonly minSimilarity?: number;
}

export interface ScanSignal {
  readonly name: string;
  /** Larger counts more; NaN says nothing. */
  readonly strengthOf: (shop: Shop) => number;
  readonly weight: number;
}

export interface ScanShop {
  readonly shopId: string;
  readonly score: number;
  /** Of each query, then of each signal. */
  readonly ranks: readonly (number | null)[];
  readonly similarities: readonly number[];
  readonly shares: readonly number[];
}

export interface ScanAnswer {
  readonly candidateCount: number;
  readonly shops: readonly ScanShop[];
}

/** Answers requests over a town by scanning all of it in float64: the definition, without an index or a kernel. */
export class FullScan {
  readonly #shops: readonly Shop[];
  readonly #vectors: readonly Float32Array[];

  constructor(town: Town) {
    const shops = [...town.shops()];
    const order = kdOrder(
      Float64Array.from(shops, ({ lon }) => lon),
      Float64Array.from(shops, ({ lat }) => lat),
    );
    this.#shops = Array.from(order, (row) => shops[row]!);
    this.#vectors = Array.from(order, (row) =>
      town.shopVectors.subarray(row * town.dimensions, (row + 1) * town.dimensions),
    );
  }

  /** The vector of a shop, for queries about it. */
  vectorOf(shopId: string): Float32Array {
    return this.#vectors[this.#shops.findIndex((shop) => shop.shopId === shopId)]!;
  }

  answer(request: ScanRequest): ScanAnswer {
    const { candidateCount, shops } = this.scored(request);
    return { candidateCount, shops: shops.slice(0, request.limit) };
  }

  /** All candidates that may be in an answer, best first. Without a query that counts for a shop, by popularity. */
  scored(request: ScanRequest, isFallenBack = false): ScanAnswer {
    const { metric, k, depth, minSimilarity = -Infinity } = request;
    const candidates = this.#shops
      .map((_, ordinal) => ordinal)
      .filter((ordinal) => this.#isCandidate(ordinal, request));
    const isLinear = request.method === 'linear';
    const isByActions =
      !isFallenBack &&
      (request.queries.some(({ weight }) => weight > 0) || (isLinear && request.queries.length > 0));
    const queries = request.queries.filter(({ weight }) => isByActions || weight < 0);
    const { signals: asked = [] } = request;
    const isWeighed = isLinear && asked.length > 0;
    const signals =
      isByActions || isWeighed
        ? asked
        : [POPULARITY, ...asked.filter(({ name }) => name !== POPULARITY.name)];
    const { method: askedMethod = 'rrf' } = request;
    const method = isByActions || askedMethod === 'linear' ? askedMethod : 'rrf';
    const similarities = queries.map(({ vector }) =>
      candidates.map((ordinal) => similarityOf(metric, vector, this.#vectors[ordinal]!)),
    );
    const strengths = signals.map(({ strengthOf }) =>
      candidates.map((ordinal) => strengthOf(this.#shops[ordinal]!)),
    );
    const rankings = [
      ...similarities.map((column) => best(column, depth).filter((at) => column[at]! >= minSimilarity)),
      ...strengths.map((column) => best(column, depth)),
    ];
    const rankOf = rankings.map((ranking) => new Map(ranking.map((at, i) => [at, i + 1])));
    const orders = strengths.map((column) => best(column, Infinity));
    const weights = [...queries, ...signals].map(({ weight }) => weight);
    const isHeld = (at: number): boolean =>
      !isByActions ||
      minSimilarity === -Infinity ||
      queries.some(({ weight }, n) => weight > 0 && rankOf[n]!.has(at));
    const shops = candidates.flatMap((ordinal, at): (ScanShop & { readonly at: number })[] => {
      if (!isHeld(at)) return [];
      const ranks = rankOf.map((places) => places.get(at) ?? null);
      const normOf = method === 'linear' ? riseOf : minMaxOf;
      const norms = [
        ...similarities.map((column, n) => (ranks[n] === null ? null : normOf(column, rankings[n]!, at))),
        ...strengths.map((column, m) => {
          if (Number.isNaN(column[at]!)) return null;
          return method === 'linear' ? column[at]! : minMaxOf(column, orders[m]!, at);
        }),
      ];
      const shares = sharesOf(method, k, weights, ranks, norms).map((share) => share + 0); // no -0
      return [
        {
          at,
          shopId: this.#shops[ordinal]!.shopId,
          score: shares.reduce((sum, share) => sum + share, 0),
          ranks: method === 'rrf' ? ranks : ranks.map((rank, n) => (n < queries.length ? rank : null)),
          similarities: similarities.map((column) => column[at]!),
          shares,
        },
      ];
    });
    // Where nothing is like enough, popularity ranks.
    if (isByActions && shops.length === 0)
      return this.scored({ ...request, queries: queries.filter(({ weight }) => weight < 0) }, true);
    const ordered = shops
      .sort((a, b) => b.score - a.score || a.at - b.at)
      .map(({ at: _at, ...shop }) => shop);
    return { candidateCount: candidates.length, shops: ordered };
  }

  #isCandidate(ordinal: number, { location, radiusMeters, passes }: ScanRequest): boolean {
    const shop = this.#shops[ordinal]!;
    const { s12 } = geodesic.Geodesic.WGS84.Inverse(location.lat, location.lon, shop.lat, shop.lon);
    return s12! <= Math.min(shop.deliveryRadiusMeters ?? Infinity, radiusMeters ?? Infinity) && passes(shop);
  }
}

const POPULARITY: ScanSignal = {
  name: 'popularity',
  strengthOf: ({ popularity = 0 }) => Math.fround(Math.log(1 + 2 * popularity)),
  weight: 1,
};

/** What each ranking and signal adds to a score, by the formulas that the README gives. */
function sharesOf(
  method: NonNullable<ScanRequest['method']>,
  k: number,
  weights: readonly number[],
  ranks: readonly (number | null)[],
  norms: readonly (number | null)[],
): number[] {
  if (method === 'rrf') return weights.map((weight, n) => (ranks[n] === null ? 0 : weight / (k + ranks[n]!)));
  const weighted = weights.map((weight, n) => (norms[n] === null ? 0 : weight * norms[n]!));
  if (method === 'weighted' || method === 'linear') return weighted;
  if (method === 'mean') {
    const total = weights.reduce((sum, weight, n) => sum + (norms[n] === null ? 0 : Math.abs(weight)), 0);
    return weighted.map((share) => (share === 0 ? 0 : share / total));
  }
  const up = weighted.indexOf(Math.max(...weighted.filter((share, n) => weights[n]! > 0 && share > 0)));
  const down = weighted.indexOf(Math.min(...weighted.filter((share, n) => weights[n]! < 0 && share < 0)));
  return weighted.map((share, n) => (n === up || n === down ? share : 0));
}

/** How far a value lies above the last of a ranking. */
function riseOf(values: readonly number[], ranking: readonly number[], at: number): number {
  return values[at]! - values[ranking.at(-1)!]!;
}

/** Where a value lies between the last and the first of a ranking, 0..1. */
function minMaxOf(values: readonly number[], ranking: readonly number[], at: number): number {
  const [largest, least] = [values[ranking[0]!]!, values[ranking.at(-1)!]!];
  return largest === least ? 1 : (values[at]! - least) / (largest - least);
}

function best(values: readonly number[], limit: number): number[] {
  return values
    .map((_, at) => at)
    .filter((at) => !Number.isNaN(values[at]))
    .sort((a, b) => values[b]! - values[a]! || a - b)
    .slice(0, limit);
}

function laneSum(length: number, term: (i: number) => number): number {
  const lanes = [0, 0, 0, 0];
  for (let i = 0; i < length; i++) lanes[i % 4]! += term(i);
  return lanes[0]! + lanes[2]! + (lanes[1]! + lanes[3]!);
}

export function similarityOf(metric: Metric, q: Float32Array, r: Float32Array): number {
  if (metric === 'l2') return -laneSum(q.length, (i) => (r[i]! - q[i]!) ** 2);
  const dot = laneSum(q.length, (i) => q[i]! * r[i]!);
  if (metric === 'innerProduct') return dot;
  return (
    dot / (Math.sqrt(laneSum(q.length, (i) => q[i]! ** 2)) * Math.sqrt(laneSum(r.length, (i) => r[i]! ** 2)))
  );
}
