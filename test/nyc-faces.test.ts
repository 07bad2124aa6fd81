/** Real input with known answers, through HTTP and the command line (the library: test/nyc-library.test.ts). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Recommendation, Similarities } from '../src/index.ts';
import { doorrank, startServer, temporaryDirectory, type Running } from './cli-process.ts';
import { buildNyc, expectTruth, NYC, RADII_KM, truthQueries } from './nyc-truth.ts';
import { hasCity } from './shared-data.ts';

/** A process per question takes half a second; the long run asks all 500 queries (DOORRANK_NYC_QUERIES=500). */
const CLI_QUERIES = Number(process.env['DOORRANK_NYC_QUERIES'] ?? 4);

describe.skipIf(!hasCity(NYC))('New York (skipped without the city; see test/shared-data.ts)', () => {
  const directory = temporaryDirectory();
  let store: string;
  let server: Running | undefined;
  beforeAll(async () => {
    store = await buildNyc(directory);
  });
  afterAll(() => server?.stop());

  test('POST /v1/similarities gives the truth', async () => {
    const started = await startServer(['--store', store, '--data', `${directory}/data`]);
    server = started.server;
    for (const query of truthQueries()) {
      for (const radiusKm of RADII_KM) {
        const candidates = {
          location: { lon: query.lon, lat: query.lat },
          radiusMeters: Number(radiusKm) * 1000,
        };
        const answer = await fetch(`${started.url}/v1/similarities`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ vectors: [query.vector], k: 20, candidates }),
        });
        expect(answer.status).toBe(200);
        const { rankings, candidateCount } = (await answer.json()) as Similarities;
        expectTruth(query, radiusKm, rankings[0]!, candidateCount);
      }
    }
  });

  test(
    `doorrank recommend gives the truth (${CLI_QUERIES} of 500 queries)`,
    { timeout: 3_600_000 },
    async () => {
      for (const query of truthQueries().slice(0, CLI_QUERIES)) {
        for (const radiusKm of RADII_KM) {
          const place = [
            '--lon',
            `${query.lon}`,
            '--lat',
            `${query.lat}`,
            '--radius-meters',
            `${radiusKm}000`,
          ];
          const { code, stdout, stderr } = await doorrank([
            'recommend',
            '--store',
            store,
            ...place,
            '--keyword',
            query.keyword,
            '--limit',
            '20',
            '--json',
          ]);
          expect(code, stderr).toBe(0);
          const answer = JSON.parse(stdout) as Recommendation;
          const found = answer.shops.map(({ shopId, reasons }) => ({
            shopId,
            similarity: (reasons![0] as { similarity: number }).similarity,
          }));
          expectTruth(query, radiusKm, found, answer.candidateCount);
        }
      }
    },
  );
});
