/** Each baseline against its definition, worked out shop by shop from the rows of a log. */
import geodesic from 'geographiclib-geodesic';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BASELINES, BASELINE_NAMES, type BaselineName } from '../src/evaluation/baselines/baselines.ts';
import type { EvaluationCase } from '../src/evaluation/cases.ts';
import { newCases } from '../src/evaluation/new-cases.ts';
import { nextCases } from '../src/evaluation/next-cases.ts';
import { withReplayedSnapshot } from '../src/evaluation/replayed-snapshot.ts';
import { Setting } from '../src/evaluation/setting.ts';
import { cutBetween, cutByShare } from '../src/evaluation/time-cut.ts';
import type { Metric } from '../src/kernel/kernel.ts';
import type { Generation } from '../src/snapshot/generation.ts';
import { slice, type ActionLog } from '../src/training/action-log.ts';
import { buildTown, similarityOf, Workspace, type BuiltTown } from './built-town.ts';
import { MINUTE_MS, randomLog } from './made-log.ts';

const SHOP_COUNT = 60;
const GAP_MS = 5 * MINUTE_MS;
const OPTIONS = { sessionGapMs: GAP_MS };

const workspace = new Workspace();
const built = new Map<Metric, BuiltTown>();
beforeAll(async () => {
  for (const metric of ['cosine', 'innerProduct', 'l2'] as const)
    built.set(
      metric,
      await buildTown(workspace, metric, { seed: 5, shopCount: SHOP_COUNT, dimensions: 6 }, metric),
    );
});
afterAll(() => workspace.remove());

/** Of a log of 600 actions of 25 users, a few of them about a shop that the snapshot does not know. */
class Scan {
  readonly setting: Setting;
  readonly cases: readonly EvaluationCase[];
  readonly #log: ActionLog;
  readonly #testStart: number;
  readonly #generation: Generation;
  readonly #metric: Metric;

  constructor(seed: number, generation: Generation, metric: Metric) {
    const shopIds = Array.from({ length: SHOP_COUNT }, (_, n) => generation.catalog.ids.idOf(n));
    const log = randomLog({
      seed,
      actionCount: 600,
      userCount: 25,
      shopIds: [shopIds[0]!, 'gone', ...shopIds.slice(1)],
      keywords: ['k'],
    });
    const cut = cutByShare(log, 0.25);
    this.setting = new Setting(cut, generation);
    this.cases = [...nextCases(cut), ...newCases(cut)];
    this.#log = log;
    this.#testStart = cut.testStart;
    this.#generation = generation;
    this.#metric = metric;
  }

  written(name: BaselineName, asked: EvaluationCase): number[] {
    const strengths = new Float64Array(SHOP_COUNT);
    BASELINES[name](this.setting, OPTIONS).write(asked, strengths);
    return [...strengths];
  }

  /** What the baseline is defined as. */
  defined(name: BaselineName, asked: EvaluationCase): number[] {
    const { user, history } = asked;
    const own = new Set(this.#wantedIn([...history]));
    switch (name) {
      case 'popularity':
        return this.#perShop((shop) => this.#popularityOf(shop));
      case 'nearest':
        return this.#perShop((shop) => -this.#metersTo(asked, shop));
      case 'popularity-distance':
        return this.#perShop((shop) => this.#popularityOf(shop) / (1 + this.#metersTo(asked, shop) / 1000));
      case 'last-action': {
        const last = this.#lastKnown(asked);
        const row = (shop: number): Float32Array => this.#generation.shopRow(shop);
        return this.#perShop((shop) =>
          last === undefined ? 0 : similarityOf(this.#metric, row(last), row(shop)),
        );
      }
      case 'own-frequency':
        return this.#perShop((shop) => this.#wantedIn([...history]).filter((each) => each === shop).length);
      case 'item-knn':
        return this.#neighbourSums(own, this.#userBaskets());
      case 'session-co-occurrence':
        return this.#neighbourSums(
          new Set(this.#wantedIn(this.#sessions([...history]).at(-1) ?? [])),
          this.#trainingRowsByUser().flatMap((rows) =>
            this.#sessions(rows).map((session) => new Set(this.#wantedIn(session))),
          ),
        );
      case 'user-knn': {
        const similarities = this.#userBaskets().map((basket, other) =>
          other === user || basket.size === 0 || own.size === 0
            ? 0
            : shared(basket, own) / Math.sqrt(basket.size * own.size),
        );
        return this.#perShop((shop) =>
          this.#userBaskets().reduce(
            (sum, basket, other) => sum + (basket.has(shop) ? similarities[other]! : 0),
            0,
          ),
        );
      }
    }
  }

  #perShop(valueOf: (shop: number) => number): number[] {
    return Array.from({ length: SHOP_COUNT }, (_, shop) => valueOf(shop));
  }

  #rows(): number[] {
    return Array.from({ length: this.#log.count }, (_, row) => row);
  }

  #shopAt(row: number): number {
    const shopId = this.#log.shopIds[this.#log.targets[row]!];
    return shopId === undefined ? -1 : this.#generation.catalog.ids.ordinalOf(shopId);
  }

  #typeAt(row: number): string {
    return this.#log.types[this.#log.typeNumbers[row]!]!;
  }

  /** Shops of views and orders of a positive weight, and of dismissals that are taken back. */
  #wantedIn(rows: readonly number[]): number[] {
    return rows
      .filter((row) => {
        const sign = { view: 1, order: 1, dismiss: -1 }[this.#typeAt(row)] ?? 0;
        return sign * this.#log.weights[row]! > 0;
      })
      .map((row) => this.#shopAt(row))
      .filter((shop) => shop !== -1);
  }

  #popularityOf(shop: number): number {
    return this.#wantedIn(this.#rows().slice(0, this.#testStart)).filter((each) => each === shop).length;
  }

  #lastKnown({ history }: EvaluationCase): number | undefined {
    return [...history].map((row) => this.#shopAt(row)).findLast((shop) => shop !== -1);
  }

  #metersTo(asked: EvaluationCase, shop: number): number {
    const place = (ordinal: number) => this.#generation.catalog.record(ordinal);
    const last = this.#lastKnown(asked);
    const from = last === undefined ? this.#center() : place(last);
    const to = place(shop);
    return geodesic.Geodesic.WGS84.Inverse(from.lat, from.lon, to.lat, to.lon).s12!;
  }

  /** The shop nearest to the medians. */
  #center() {
    const places = this.#perShopRecord();
    const middle = (values: number[]): number => values.toSorted((a, b) => a - b)[(SHOP_COUNT - 1) >> 1]!;
    const lon = middle(places.map((place) => place.lon));
    const lat = middle(places.map((place) => place.lat));
    const meters = places.map(
      (place) => geodesic.Geodesic.WGS84.Inverse(lat, lon, place.lat, place.lon).s12!,
    );
    return places[meters.indexOf(Math.min(...meters))]!;
  }

  #perShopRecord() {
    return Array.from({ length: SHOP_COUNT }, (_, shop) => this.#generation.catalog.record(shop));
  }

  #trainingRowsByUser(): number[][] {
    const training = this.#rows().slice(0, this.#testStart);
    return this.#log.userIds.map((_, user) =>
      training.filter((row) => this.#log.users[row] === user && this.#typeAt(row) !== 'impression'),
    );
  }

  #userBaskets(): Set<number>[] {
    return this.#trainingRowsByUser().map((rows) => new Set(this.#wantedIn(rows)));
  }

  #sessions(rows: readonly number[]): number[][] {
    const sessions: number[][] = [];
    rows.forEach((row, i) => {
      const isNew = i === 0 || this.#log.atMs[row]! - this.#log.atMs[rows[i - 1]!]! > GAP_MS;
      if (isNew) sessions.push([]);
      sessions.at(-1)!.push(row);
    });
    return sessions;
  }

  #neighbourSums(own: ReadonlySet<number>, baskets: readonly ReadonlySet<number>[]): number[] {
    const holding = (shop: number) => new Set(baskets.flatMap((basket, n) => (basket.has(shop) ? [n] : [])));
    const of = this.#perShop((shop) => shop).map(holding);
    return this.#perShop((shop) => {
      const similar = [...own]
        .filter((each) => each !== shop && of[each]!.size * of[shop]!.size > 0)
        .map((each) => shared(of[each]!, of[shop]!) / Math.sqrt(of[each]!.size * of[shop]!.size));
      return similar.reduce((sum, similarity) => sum + similarity, 0);
    });
  }
}

function shared(a: ReadonlySet<number>, b: ReadonlySet<number>): number {
  return [...a].filter((each) => b.has(each)).length;
}

/** The largest difference between what a baseline writes and what it is defined as, over some cases. */
function largestError(name: BaselineName, metric: Metric = 'cosine'): number {
  const path = built.get(metric)!.store.pathOf(metric);
  return withReplayedSnapshot(path, metric, 'all', ({ generation }) => {
    const scan = new Scan(1, generation, metric);
    const some = scan.cases.filter((_, at) => at % 7 === 0);
    expect(some.length).toBeGreaterThan(10);
    const asked = [...some, { ...some[0]!, history: new Uint32Array(0) }]; // and one of whom nothing is known
    const errors = asked.map((each) => {
      const defined = scan.defined(name, each);
      return Math.max(...scan.written(name, each).map((value, shop) => Math.abs(value - defined[shop]!)));
    });
    return Math.max(...errors);
  });
}

describe('baselines write what they are defined as', () => {
  test.each(['popularity', 'own-frequency'] as const)('%s, exactly', (name) => {
    expect(largestError(name)).toBe(0);
  });

  test.each(['item-knn', 'user-knn', 'session-co-occurrence', 'popularity-distance'] as const)(
    '%s',
    (name) => {
      expect(largestError(name)).toBeLessThan(1e-5);
    },
  );

  test('nearest, to a decimeter', () => {
    expect(largestError('nearest')).toBeLessThan(0.1);
  });

  test.each(['cosine', 'innerProduct', 'l2'] as const)('last-action by %s, exactly', (metric) => {
    expect(largestError('last-action', metric)).toBe(0);
  });
});

test('what happens after the cut changes nothing that a baseline says of a case at the cut', () => {
  const path = built.get('cosine')!.store.pathOf('cosine');
  withReplayedSnapshot(path, 'cosine', 'all', ({ generation }) => {
    const shopIds = Array.from({ length: SHOP_COUNT }, (_, n) => generation.catalog.ids.idOf(n));
    const drawn = { actionCount: 300, userCount: 15, shopIds, keywords: ['k'] };
    const [first, second] = [1, 2].map((seed) => randomLog({ seed, ...drawn }));
    const training = slice(first!, 0, 200);
    const later = slice(first!, 200, 300);
    // The same moments, other users and shops.
    const otherwise = { ...slice(second!, 200, 300), atMs: later.atMs };
    const settings = [later, otherwise].map((test) => new Setting(cutBetween(training, test), generation));
    const cases = newCases(settings[0]!.cut);
    expect(cases.length).toBeGreaterThan(5);
    for (const name of BASELINE_NAMES) {
      const [told, toldOtherwise] = settings.map((setting) => {
        const baseline = BASELINES[name](setting, OPTIONS);
        return cases.map((asked) => {
          const strengths = new Float64Array(SHOP_COUNT);
          baseline.write(asked, strengths);
          return strengths;
        });
      });
      expect(told, name).toEqual(toldOtherwise);
    }
  });
});
