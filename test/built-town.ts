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
  readonly passes: (shop: Shop) => boolean;
  readonly metric: Metric;
  readonly k: number;
  readonly depth: number;
}

export interface ScanAnswer {
  readonly candidateCount: number;
  readonly shops: readonly {
    readonly shopId: string;
    readonly score: number;
    readonly ranks: readonly (number | null)[];
    readonly similarities: readonly number[];
  }[];
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

  /** Without queries the ranking is by popularity. */
  answer(request: ScanRequest): ScanAnswer {
    const candidates = this.#shops
      .map((_, ordinal) => ordinal)
      .filter((ordinal) => this.#isCandidate(ordinal, request));
    const values =
      request.queries.length === 0
        ? [candidates.map((ordinal) => this.#shops[ordinal]!.popularity ?? 0)]
        : request.queries.map(({ vector }) =>
            candidates.map((ordinal) => similarityOf(request.metric, vector, this.#vectors[ordinal]!)),
          );
    const weights = request.queries.length === 0 ? [1] : request.queries.map(({ weight }) => weight);
    const rankings = values.map((column) => best(column, request.depth));
    const scores = candidates.map(() => 0);
    rankings.forEach((ranking, n) =>
      ranking.forEach((at, i) => (scores[at]! += weights[n]! / (request.k + i + 1))),
    );
    return {
      candidateCount: candidates.length,
      shops: best(scores, request.limit).map((at) => ({
        shopId: this.#shops[candidates[at]!]!.shopId,
        score: scores[at]!,
        ranks: rankings.map((ranking) => ranking.indexOf(at) + 1 || null),
        similarities: values.map((column) => column[at]!),
      })),
    };
  }

  #isCandidate(ordinal: number, { location, radiusMeters, passes }: ScanRequest): boolean {
    const shop = this.#shops[ordinal]!;
    const { s12 } = geodesic.Geodesic.WGS84.Inverse(location.lat, location.lon, shop.lat, shop.lon);
    return s12! <= Math.min(shop.deliveryRadiusMeters ?? Infinity, radiusMeters ?? Infinity) && passes(shop);
  }
}

function best(values: readonly number[], limit: number): number[] {
  return values
    .map((_, at) => at)
    .sort((a, b) => values[b]! - values[a]! || a - b)
    .slice(0, limit);
}

function laneSum(length: number, term: (i: number) => number): number {
  const lanes = [0, 0, 0, 0];
  for (let i = 0; i < length; i++) lanes[i % 4]! += term(i);
  return lanes[0]! + lanes[2]! + (lanes[1]! + lanes[3]!);
}

function similarityOf(metric: Metric, q: Float32Array, r: Float32Array): number {
  if (metric === 'l2') return -laneSum(q.length, (i) => (r[i]! - q[i]!) ** 2);
  const dot = laneSum(q.length, (i) => q[i]! * r[i]!);
  if (metric === 'innerProduct') return dot;
  return (
    dot / (Math.sqrt(laneSum(q.length, (i) => q[i]! ** 2)) * Math.sqrt(laneSum(r.length, (i) => r[i]! ** 2)))
  );
}
