/** New York with known answers (see test/shared-data.ts): its snapshot, its 500 queries, and how answers are compared. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { buildSnapshot } from '../src/snapshot/build-snapshot.ts';
import { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import { cityFile, cityText } from './shared-data.ts';

export const NYC = 'nyc-radius-truth';
export const NYC_VERSION = 'nyc-truth';
export const RADII_KM = ['1', '3', '5'] as const;
/** The truth measures on a sphere of this radius; we on the ellipsoid. */
const SPHERE_RADIUS_METERS = 6_371_008.8;
/** Sphere and ellipsoid differ by less than this share of a distance. */
const SPHERE_SLACK = 0.006;
/** The truth's scores are float32 sums rounded to six decimals. */
const SCORE_SLACK = 1e-5;

interface Place {
  readonly row: string;
  readonly lon: number;
  readonly lat: number;
}

export interface TruthQuery {
  /** The keyword under which the snapshot knows this query's vector. */
  readonly keyword: string;
  readonly lon: number;
  readonly lat: number;
  readonly vector: readonly number[];
  readonly truth: Readonly<
    Record<
      string,
      { readonly n_in_radius: number; readonly top20: readonly number[]; readonly scores: readonly number[] }
    >
  >;
}

export interface Found {
  readonly shopId: string;
  readonly similarity: number;
}

export function truthQueries(): TruthQuery[] {
  const lines = cityText(NYC, 'queries.jsonl.gz').trim().split('\n');
  return lines.map((line, i) => ({
    ...(JSON.parse(line) as Omit<TruthQuery, 'keyword'>),
    keyword: `query ${i}`,
  }));
}

function places(): Place[] {
  const [, ...lines] = cityText(NYC, 'items.csv.gz').trim().split('\n');
  return lines.map((line) => {
    const [row, , lat, lon] = line.split(',');
    return { row: row!, lon: Number(lon), lat: Number(lat) };
  });
}

/** Builds and activates the city's snapshot below `directory`; each query's vector is a keyword of it. Returns the store. */
export async function buildNyc(directory: string): Promise<string> {
  const shops = path.join(directory, 'shops.csv');
  const keywords = path.join(directory, 'keywords.ndjson');
  writeFileSync(
    shops,
    ['shopId,lon,lat', ...places().map(({ row, lon, lat }) => `${row},${lon},${lat}`)].join('\n'),
  );
  writeFileSync(
    keywords,
    truthQueries()
      .map(({ keyword, vector }) => JSON.stringify({ keyword, vector }))
      .join('\n'),
  );
  const store = SnapshotStore.open(path.join(directory, 'store'), { create: true });
  const input = {
    shops,
    shopVectors: cityFile(NYC, 'vectors.f32'),
    keywordVectors: keywords,
    version: NYC_VERSION,
    metric: 'innerProduct',
  } as const;
  await buildSnapshot(input, store);
  store.activate(NYC_VERSION);
  return store.directory;
}

const nycPlaces: Place[] = [];

/** Throws unless the first 20 found, best first, and the number of candidates are the truth's for this radius. */
export function expectTruth(
  query: TruthQuery,
  radiusKm: string,
  found: readonly Found[],
  candidateCount: number,
): void {
  if (nycPlaces.length === 0) nycPlaces.push(...places());
  const truth = query.truth[radiusKm]!;
  const radiusMeters = Number(radiusKm) * 1000;
  const meters = nycPlaces.map((place) => sphereMeters(query, place));
  const borderline = (row: number): boolean => Math.abs(meters[row]! / radiusMeters - 1) <= SPHERE_SLACK;
  const where = `${query.keyword}, ${radiusKm} km`;

  const unsure = meters.filter((_, row) => borderline(row)).length;
  expect(Math.abs(candidateCount - truth.n_in_radius), `${where}: candidates`).toBeLessThanOrEqual(unsure);
  expect(found.length, where).toBe(Math.min(20, candidateCount));

  const scoreOf = new Map(truth.top20.map((row, i) => [row, truth.scores[i]!]));
  const foundRows = new Set(found.map(({ shopId }) => Number(shopId)));
  const cut = truth.top20.length < 20 ? -Infinity : truth.scores.at(-1)!;
  const foundCut = found.length < 20 ? -Infinity : found.at(-1)!.similarity;
  for (const { shopId, similarity } of found) {
    const score = scoreOf.get(Number(shopId));
    if (score !== undefined)
      expect(Math.abs(similarity - score), `${where}: shop ${shopId}`).toBeLessThanOrEqual(SCORE_SLACK);
    // A shop the truth does not list is on the border of the radius, ties with the last listed, or follows borderline ones out.
    else
      expect(
        borderline(Number(shopId)) || similarity <= cut + SCORE_SLACK,
        `${where}: shop ${shopId} is not in the truth`,
      ).toBe(true);
  }
  for (const [row, score] of scoreOf) {
    const accounted = foundRows.has(row) || borderline(row) || score <= foundCut + SCORE_SLACK;
    expect(accounted, `${where}: shop ${row} of the truth is missing`).toBe(true);
  }
  const order = found.map(({ similarity }) => similarity);
  expect(order, where).toEqual(order.toSorted((a, b) => b - a));
}

function sphereMeters(a: { lon: number; lat: number }, b: { lon: number; lat: number }): number {
  const radians = Math.PI / 180;
  const lat = Math.sin(((b.lat - a.lat) * radians) / 2) ** 2;
  const lon = Math.sin(((b.lon - a.lon) * radians) / 2) ** 2;
  return (
    2 *
    SPHERE_RADIUS_METERS *
    Math.asin(Math.sqrt(lat + Math.cos(a.lat * radians) * Math.cos(b.lat * radians) * lon))
  );
}
