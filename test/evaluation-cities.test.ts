/**
 * Baselines on real cities against figures that exploration found outside this project, in another language: who is
 * measured against them is measured against the right thing.
 */
import { afterAll, expect, test } from 'vitest';
import { evaluate, EVALUATION_DEFAULTS, type EvaluationOptions } from '../src/evaluation/evaluate.ts';
import { withReplayedSnapshot } from '../src/evaluation/replayed-snapshot.ts';
import type { EvaluationResult } from '../src/evaluation/result.ts';
import { cutBetween, cutByShare, type CutLog } from '../src/evaluation/time-cut.ts';
import { Workspace } from './built-town.ts';
import {
  buildPlaces,
  checkinLog,
  cityRows,
  NYC_COLUMNS,
  PETALING_JAYA_COLUMNS,
  type CityShop,
} from './city-actions.ts';
import { hasCity } from './shared-data.ts';

const workspace = new Workspace();
afterAll(() => workspace.remove());

/** Without embeddings: `doorrank` ranks by popularity alone. */
async function evaluated(
  city: string,
  shops: readonly CityShop[],
  cut: CutLog,
  options: Pick<EvaluationOptions, 'protocol' | 'targets' | 'baselines' | 'ks'>,
): Promise<EvaluationResult> {
  const snapshot = await buildPlaces(workspace.path(city), city, shops);
  const given: EvaluationOptions = {
    ...EVALUATION_DEFAULTS,
    ...options,
    request: { fallback: { steps: ['popular'] } },
    depth: 20,
    resampleCount: 200,
  };
  return withReplayedSnapshot(snapshot, city, 'all', (line) => evaluate(cut, line, given));
}

function figures({ rankers }: EvaluationResult, ranker: string, metrics: readonly string[]): number[] {
  const { metrics: found } = rankers.find(({ name }) => name === ranker)!;
  return metrics.map((metric) => Math.round(found[metric]!.mean * 1000) / 1000);
}

test.skipIf(!hasCity('nyc'))('New York, next shop: own frequency is .237 / .529 / .645', async () => {
  const rows = cityRows('nyc', 'val.csv.gz');
  const cut = cutBetween(
    checkinLog(cityRows('nyc', 'train.csv.gz'), NYC_COLUMNS),
    checkinLog(rows, NYC_COLUMNS),
  );
  const targets = checkinLog(
    rows.filter((row) => row['is_eval_target'] === '1'),
    NYC_COLUMNS,
  );
  const shops = cityRows('nyc', 'pois.csv.gz').map(({ poi_id, lon, lat, n_train }) => {
    return { shopId: poi_id!, lon: lon!, lat: lat!, popularity: Number(n_train) };
  });
  const result = await evaluated('nyc', shops, cut, {
    protocol: 'next',
    targets,
    baselines: ['popularity', 'own-frequency'],
    ks: [1, 5, 10],
  });
  expect(result.slice).toMatchObject({ caseCount: 1451, unknownCount: 0 });
  const accuracies = ['accuracy@1', 'accuracy@5', 'accuracy@10'];
  // .236 / .529 / .644 where check-ins of the same minute count as before the case, and ties go by place number.
  expect(figures(result, 'own-frequency', accuracies)).toEqual([0.237, 0.529, 0.645]);
  expect(figures(result, 'doorrank', accuracies)).toEqual(figures(result, 'popularity', accuracies));
});

test.skipIf(!hasCity('petaling-jaya'))('Petaling Jaya, new shops: popularity has nDCG@5 .079', async () => {
  const cut = cutByShare(
    checkinLog(cityRows('petaling-jaya', 'checkins_train.csv.gz'), PETALING_JAYA_COLUMNS),
    0.2,
  );
  const counts = new Map<string, number>();
  for (const place of cut.log.targets.subarray(0, cut.testStart)) {
    const shopId = cut.log.shopIds[place]!;
    counts.set(shopId, (counts.get(shopId) ?? 0) + 1);
  }
  const shops = cityRows('petaling-jaya', 'pois.csv.gz').map(({ fsq_id, longitude, latitude }) => {
    return { shopId: fsq_id!, lon: longitude!, lat: latitude!, popularity: counts.get(fsq_id!) ?? 0 };
  });
  const result = await evaluated('petaling-jaya', shops, cut, {
    protocol: 'new',
    baselines: ['popularity'],
    ks: [5],
  });
  expect(result.slice.caseCount).toBe(5438); // all users with new shops, with and without history
  expect(result.groups.new.caseCount).toBe(1881);
  expect(figures(result, 'popularity', ['ndcg@5'])).toEqual([0.079]);
  // The line's own last resort is the same thing.
  expect(result.rankers[0]!.metrics).toEqual(result.rankers[1]!.metrics);
});
