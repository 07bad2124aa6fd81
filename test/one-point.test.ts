/** Clicks in sessions, without any geography: a town whose shops all lie in one point learns and answers as any other. */
import { writeFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { Random } from '../src/base/random.ts';
import { evaluateVersion } from '../src/evaluation/evaluate-version.ts';
import { EVALUATION_DEFAULTS } from '../src/evaluation/evaluate.ts';
import { FIT_DEFAULTS, FIT_SIGNALS, fitFusion } from '../src/evaluation/fit-fusion.ts';
import { withReplayedSnapshot } from '../src/evaluation/replayed-snapshot.ts';
import { cutByShare } from '../src/evaluation/time-cut.ts';
import { openEngine } from '../src/index.ts';
import { buildSnapshot } from '../src/snapshot/build-snapshot.ts';
import { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import { ActionLogBuilder, slice, type ActionLog } from '../src/training/action-log.ts';
import { countShopSignals, SIGNAL_DEFAULTS } from '../src/training/shop-signals.ts';
import { trainEmbeddings } from '../src/training/train-embeddings.ts';
import { writeEmbeddings } from '../src/training/write-embeddings.ts';
import { Workspace } from './built-town.ts';

const workspace = new Workspace();
afterAll(() => workspace.remove());

const SHOP_COUNT = 200;
const THEME_COUNT = 20;
const shops = Array.from({ length: SHOP_COUNT }, (_, n) => ({ shopId: `s${n}`, lon: 2.35, lat: 48.85 }));

/** Anonymous sessions of 3 to 6 clicks, each about one of 20 themes of ten shops. */
function clicks(): ActionLog {
  const random = new Random(8);
  const log = new ActionLogBuilder();
  for (let session = 0; session < 2_500; session++) {
    const theme = random.below(THEME_COUNT);
    let atMs = Date.UTC(2026, 8, 1) + session * 600_000;
    for (let click = 3 + random.below(4); click > 0; click--) {
      const n = random.unit() < 0.1 ? random.below(SHOP_COUNT) : theme + THEME_COUNT * random.below(10);
      log.add({ userId: `session-${session}`, type: 'view', shopId: shops[n]!.shopId, atMs });
      atMs += random.between(5_000, 60_000);
    }
  }
  return log.finish();
}

test('clicks without places are learned, weighed and answered', async () => {
  const cut = cutByShare(clicks(), 0.2);
  const training = slice(cut.log, 0, cut.testStart);
  const store = SnapshotStore.open(workspace.path('store'), { create: true });
  const file = workspace.path('shops.csv');
  writeFileSync(
    file,
    ['shopId,lon,lat', ...shops.map(({ shopId, lon, lat }) => `${shopId},${lon},${lat}`)].join('\n'),
  );
  const learn = async (version: string, log: ActionLog, modelCard = {}): Promise<string> => {
    const trained = await trainEmbeddings(log, shops, { dimensions: 32, threads: 1 });
    const { shopVectors } = writeEmbeddings(trained, {}, workspace.path(version));
    const built = await buildSnapshot(
      {
        shops: file,
        shopVectors,
        version,
        metric: 'cosine',
        modelCard,
        signals: (known) => countShopSignals(log, known, { ...SIGNAL_DEFAULTS, timeZone: 'UTC' }),
      },
      store,
    );
    return built.path;
  };
  const earlier = cutByShare(training, 0.2);
  const before = await learn('before', slice(training, 0, earlier.testStart));
  const { fusion } = withReplayedSnapshot(before, 'before', 'all', (line) =>
    fitFusion(earlier, line, {
      ...FIT_DEFAULTS,
      protocol: 'next',
      signals: FIT_SIGNALS.next,
      lastOfSessions: true,
      caseCountMax: 200,
    }),
  );
  expect(fusion.signals).not.toHaveProperty('proximity'); // it never differs
  await learn('now', training, { requestDefaults: { fusion } });

  const { rankers } = evaluateVersion(store, cut, {
    ...EVALUATION_DEFAULTS,
    protocol: 'next',
    lastOfSessions: true,
    ks: [10],
    version: 'now',
  });
  const accuracyOf = (name: string): number =>
    rankers.find((ranker) => ranker.name === name)!.metrics['accuracy@10']!.mean;
  // Nine of ten clicks stay with the theme's ten shops, some of which were clicked before.
  expect(accuracyOf('doorrank')).toBeGreaterThan(0.6);
  expect(accuracyOf('popularity')).toBeLessThan(0.15);
  expect(accuracyOf('doorrank')).toBeGreaterThanOrEqual(accuracyOf('last-action'));

  store.activate('now');
  const engine = await openEngine({ store: store.directory, data: workspace.path('data'), threads: 0 });
  const answer = await engine.recommend({
    location: { lon: 2.35, lat: 48.85 },
    actions: [
      { type: 'view', shopId: 's3' },
      { type: 'view', shopId: 's23' },
    ],
    limit: 8,
  });
  await engine.close();
  const themes = answer.shops.map(({ shopId }) => Number(shopId.slice(1)) % THEME_COUNT);
  expect(themes.filter((theme) => theme === 3).length).toBeGreaterThanOrEqual(6);
});
