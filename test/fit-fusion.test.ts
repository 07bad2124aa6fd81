/** Weights fitted to choices that were drawn by known ones, through a real snapshot. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Random } from '../src/base/random.ts';
import { fitText } from '../src/cli/fit-text.ts';
import { FIT_DEFAULTS, fitFusion, type FitOptions, type FittedFusion } from '../src/evaluation/fit-fusion.ts';
import { withReplayedSnapshot } from '../src/evaluation/replayed-snapshot.ts';
import { cutAt } from '../src/evaluation/time-cut.ts';
import { buildSnapshot } from '../src/snapshot/build-snapshot.ts';
import { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import type { ActionLog } from '../src/training/action-log.ts';
import { Workspace } from './built-town.ts';
import { madeLog, MINUTE_MS, START_MS } from './made-log.ts';

const SHOP_COUNT = 300;
const USER_COUNT = 1_500;
/** Shops that a user has been to before the choice. */
const KNOWN_COUNT = 4;
/** The minute from which on each user chooses once. */
const CUT_MINUTE = 100_000;

interface PlainShop {
  readonly shopId: string;
  readonly quality: number;
  readonly charm: number;
}

const workspace = new Workspace();
afterAll(() => workspace.remove());
const random = new Random(11);
const shops = Array.from({ length: SHOP_COUNT }, (_, n): PlainShop => {
  return { shopId: `s${n}`, quality: random.unit(), charm: random.unit() };
});
const vectors = Float32Array.from({ length: SHOP_COUNT * 4 }, () => random.normal());
let snapshot: string;

beforeAll(async () => {
  mkdirSync(workspace.path('files'));
  const lines = shops.map(({ shopId, quality, charm }) => `${shopId},127,37.5,${quality},${charm}`);
  const inputs = { shops: workspace.path('files/shops.csv'), shopVectors: workspace.path('files/shops.f32') };
  writeFileSync(inputs.shops, ['shopId,lon,lat,quality,charm', ...lines].join('\n'));
  writeFileSync(inputs.shopVectors, vectors);
  const store = SnapshotStore.open(workspace.path('store'), { create: true });
  ({ path: snapshot } = await buildSnapshot({ ...inputs, version: 'v', metric: 'cosine' }, store));
});

/** Each user goes to a few shops, and then chooses as the logit of `utilityOf` says. */
function choices(seed: number, utilityOf: (shop: PlainShop, isKnown: boolean) => number): ActionLog {
  const drawn = new Random(seed);
  return madeLog(
    Array.from({ length: USER_COUNT }, (_, user) => {
      const known = drawn.shuffle([...shops]).slice(0, KNOWN_COUNT);
      // Gumbel noise makes the largest utility a draw from the logit.
      const noisy = shops.map(
        (shop) => utilityOf(shop, known.includes(shop)) - Math.log(-Math.log(1 - drawn.unit())),
      );
      const chosen = shops[noisy.indexOf(Math.max(...noisy))]!;
      return [...known, chosen].map(({ shopId }, n) => {
        const minute = n === KNOWN_COUNT ? CUT_MINUTE + user : user * KNOWN_COUNT + n;
        return { userId: `u${user}`, shopId, minute };
      });
    }).flat(),
  );
}

function fitted(log: ActionLog, options: Partial<FitOptions>): FittedFusion {
  return withReplayedSnapshot(snapshot, 'v', 'all', (line) =>
    fitFusion(cutAt(log, START_MS + CUT_MINUTE * MINUTE_MS), line, {
      ...FIT_DEFAULTS,
      protocol: 'next',
      halfLivesMinutes: [60],
      ridge: 0.001,
      signals: ['quality', 'charm', 'known'],
      ...options,
    }),
  );
}

/** How many standard errors a weight is away from another one. */
function errorsFrom(truth: number, { weights }: FittedFusion, name: string): number {
  const { weight, standardError } = weights.find((one) => one.name === name)!;
  return Math.abs(weight - truth) / standardError;
}

/** The first round alone: a choice among the one best shop is none. */
const FIRST_ROUND = { poolSize: 1 };

test('with 15 of 296 unknown shops drawn, the weights are those by which choices were made', () => {
  const truth = { quality: 3, charm: -2, known: 2.5 };
  const log = choices(21, ({ quality, charm }, isKnown) => 3 * quality - 2 * charm + (isKnown ? 2.5 : 0));
  const fit = fitted(log, { ...FIRST_ROUND, othersMax: 15 });
  // Without offsets a known shop would seem to be worth ln(296 / 15), which is 3, less.
  for (const [name, weight] of Object.entries(truth))
    expect(errorsFrom(weight, fit, name), name).toBeLessThan(3.5);
  expect(errorsFrom(0, fit, 'actions: view')).toBeLessThan(3.5);
});

test('where the best shops are chosen among by other weights than the rest, those of the best are found', () => {
  // Charm counts for as much among good shops as it counts against the others, of which as many are chosen.
  const log = choices(22, ({ quality, charm }) => 4 * quality + (quality > 0.8 ? 3 * charm : 3 - 3 * charm));
  const among = { signals: ['quality', 'charm'], othersMax: SHOP_COUNT };
  const first = fitted(log, { ...among, ...FIRST_ROUND });
  expect(errorsFrom(3, first, 'charm')).toBeGreaterThan(10);
  const second = fitted(log, { ...among, poolSize: 40 });
  expect(errorsFrom(3, second, 'charm')).toBeLessThan(3.5);
  expect(errorsFrom(4, second, 'quality')).toBeLessThan(3.5);
});

/**
 * Everybody ordered somewhere 20 days ago; `freshUsers` of them again one day or another before they choose, `freshMinutes`
 * old. These never choose what is like that order, all others whatever there is.
 */
function afterOrders(seed: number, freshUsers: number, freshMinutes: number): ActionLog {
  const drawn = new Random(seed);
  return madeLog(
    Array.from({ length: USER_COUNT }, (_, user) => {
      const userId = `u${user}`;
      const minute = CUT_MINUTE + user * 10;
      const [ordered, chosen, unlike] = [drawn.below(SHOP_COUNT), drawn.below(SHOP_COUNT), drawn.below(30)];
      const fresh = { userId, shopId: `s${ordered}`, type: 'order', minute: minute - freshMinutes };
      return [
        { userId, shopId: `s${ordered}`, type: 'order', minute: minute - 20 * 24 * 60 },
        ...(user < freshUsers ? [fresh] : []),
        { userId, shopId: `s${user < freshUsers ? leastLike(ordered)[unlike]! : chosen}`, minute },
      ];
    }).flat(),
  );
}

/** Shops from the one that is least like it on. */
function leastLike(shop: number): number[] {
  const row = (n: number): Float32Array => vectors.subarray(4 * n, 4 * n + 4);
  const dot = (a: Float32Array, b: Float32Array): number =>
    a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  const cosine = (n: number): number => dot(row(shop), row(n)) / Math.sqrt(dot(row(n), row(n)));
  return [...shops.keys()].toSorted((a, b) => cosine(a) - cosine(b));
}

test('a weight that a few cases know from afar is not one for actions that have just happened', () => {
  const weightOf = (freshUsers: number, freshMinutes: number): number => {
    const log = afterOrders(31, freshUsers, freshMinutes);
    const options = { ...FIRST_ROUND, othersMax: SHOP_COUNT, signals: ['quality'], ridge: 1 };
    return fitted(log, options).weights.find(({ name }) => name === 'actions: order')!.weight;
  };
  const known = weightOf(400, 1);
  expect(known).toBeLessThan(-6); // as 400 cases say
  // Four half-lives old: left to the spread of these cases alone, 15 of 1,500 say -153 of an order of this moment.
  expect(weightOf(15, 240)).toBeGreaterThan(known);
  expect(weightOf(15, 240)).toBeLessThan(0);
});

test('weights of the first round are not said to be those of the best', () => {
  const log = choices(23, ({ quality }) => quality);
  const first = fitted(log, FIRST_ROUND);
  expect(first).toMatchObject({ isAmongBest: false, withoutChosenCount: 0 });
  expect(fitText(first, 1)).toMatch(
    /^1500 of 1500 cases had their shop among the candidates$\nnone was a choice among the best/m,
  );
  const second = fitted(log, {});
  expect(second.isAmongBest).toBe(true);
  expect(second.withoutChosenCount).toBeGreaterThan(0);
  expect(fitText(second, 1)).toMatch(
    /^\d+ of 1500 cases had their shop among the best 100 by the first round$/m,
  );
});
