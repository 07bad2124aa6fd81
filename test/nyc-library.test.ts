/** Real input with known answers, through the library: 500 queries in New York at 1, 3 and 5 km. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openEngine, type Engine } from '../src/index.ts';
import { buildNyc, expectTruth, NYC, NYC_VERSION, RADII_KM, truthQueries } from './nyc-truth.ts';
import { hasCity } from './shared-data.ts';

describe.skipIf(!hasCity(NYC))('New York (skipped without the city; see test/shared-data.ts)', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'doorrank-nyc-'));
  let engine: Engine;
  beforeAll(async () => {
    engine = await openEngine({ store: await buildNyc(directory), data: path.join(directory, 'data') });
  });
  afterAll(async () => {
    await engine.close();
    rmSync(directory, { recursive: true });
  });

  test('similarities are the truth', async () => {
    for (const query of truthQueries()) {
      for (const radiusKm of RADII_KM) {
        const candidates = {
          location: { lon: query.lon, lat: query.lat },
          radiusMeters: Number(radiusKm) * 1000,
        };
        const answer = await engine.similarities({ vectors: [[...query.vector]], k: 20, candidates });
        expectTruth(query, radiusKm, answer.rankings[0]!, answer.candidateCount);
      }
    }
  });

  test('recommendations after one action are the truth', async () => {
    for (const query of truthQueries()) {
      for (const radiusKm of RADII_KM) {
        const answer = await engine.recommend({
          actions: [{ type: 'search', keyword: query.keyword }],
          location: { lon: query.lon, lat: query.lat },
          radiusMeters: Number(radiusKm) * 1000,
          limit: 20,
        });
        expect(answer.version).toBe(NYC_VERSION);
        const found = answer.shops.map(({ shopId, reasons }) => ({
          shopId,
          similarity: (reasons![0] as { similarity: number }).similarity,
        }));
        expectTruth(query, radiusKm, found, answer.candidateCount);
      }
    }
  });
});
