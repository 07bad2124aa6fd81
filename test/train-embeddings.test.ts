/** What is learned from the actions of a town with known tastes, and that it is learned the same way again. */
import { beforeAll, expect, test } from 'vitest';
import type { Shop } from '../src/domain/shop.ts';
import { CUISINES } from '../src/synthetic/cuisines.ts';
import { ActionLogBuilder, slice } from '../src/training/action-log.ts';
import { trainEmbeddings, type TrainedEmbeddings } from '../src/training/train-embeddings.ts';
import type { TrainingProgress } from '../src/training/train-in-threads.ts';
import { trainingTown } from './training-town.ts';

const { town, shops, log } = trainingTown({ seed: 7, shopCount: 1_000, userCount: 500, actionCount: 30_000 });
const ONE_THREAD = { threads: 1, dimensions: 32 };
const NEAREST = 10;

let trained: TrainedEmbeddings;
let reports: TrainingProgress[];

beforeAll(async () => {
  reports = [];
  trained = await trainEmbeddings(log, shops, ONE_THREAD, (progress) => reports.push(progress));
});

function row(vectors: Float32Array, at: number): Float32Array {
  return vectors.subarray(at * trained.dimensions, (at + 1) * trained.dimensions);
}

function cosine(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

/** The share of a category among the shops whose embeddings are nearest to `query`. */
function shareAmongNearest(query: Float32Array, category: string, except?: number): number {
  const nearest = shops
    .map((shop, at) => ({ shop, at, similarity: cosine(query, row(trained.shopVectors, at)) }))
    .filter(({ at }) => at !== except)
    .sort((a, b) => b.similarity - a.similarity)
    .slice(0, NEAREST);
  return nearest.filter(({ shop }) => shop.category === category).length / NEAREST;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function ofCategory(category: string): number {
  return shops.filter((shop) => shop.category === category).length / shops.length;
}

const SAMPLE = shops.map((_, at) => at).filter((at) => at % 5 === 0);

test('shops of one cuisine are neighbours: more than 95 % of the nearest ten, where 4 % would be by chance', () => {
  const shares = SAMPLE.map((at) =>
    shareAmongNearest(row(trained.shopVectors, at), shops[at]!.category!, at),
  );
  expect(mean(SAMPLE.map((at) => ofCategory(shops[at]!.category!)))).toBeLessThan(0.05);
  expect(mean(shares)).toBeGreaterThan(0.95);
});

test('so are they and the keywords of their cuisine', () => {
  const shares = trained.keywords.map((keyword, i) => {
    const { cuisine } = town.keywords.find((known) => known.keyword === keyword)!;
    return shareAmongNearest(row(trained.keywordVectors, i), CUISINES[cuisine]!.category);
  });
  expect(mean(shares)).toBeGreaterThan(0.95);
});

test('shops of the same dish are nearer than others of the cuisine', () => {
  const inCuisine = SAMPLE.flatMap((a) =>
    SAMPLE.filter((b) => b !== a && shops[a]!.category === shops[b]!.category).map((b) => ({
      isSame: shops[a]!.attributes['signatureDish'] === shops[b]!.attributes['signatureDish'],
      similarity: cosine(row(trained.shopVectors, a), row(trained.shopVectors, b)),
    })),
  );
  const similarity = (isSame: boolean): number =>
    mean(inCuisine.filter((pair) => pair.isSame === isSame).map((pair) => pair.similarity));
  expect(similarity(true)).toBeGreaterThan(similarity(false));
});

test('every embedding is of unit length, shops without actions among them', () => {
  expect(trained.report.trainedShopCount).toBeLessThan(shops.length);
  for (const vectors of [trained.shopVectors, trained.keywordVectors]) {
    for (let at = 0; at < vectors.length; at += trained.dimensions) {
      expect(Math.hypot(...vectors.subarray(at, at + trained.dimensions))).toBeCloseTo(1, 6);
    }
  }
  expect(trained.shopVectors.length).toBe(shops.length * trained.dimensions);
  expect(trained.keywordVectors.length).toBe(trained.keywords.length * trained.dimensions);
});

test('keywords come with how often they were searched, the most searched first', () => {
  const counted = new Map<string, number>();
  for (const target of log.targets) {
    const keyword = log.keywords[target - log.shopIds.length];
    if (keyword !== undefined) counted.set(keyword, (counted.get(keyword) ?? 0) + 1);
  }
  expect(trained.keywordCounts).toEqual(trained.keywords.map((keyword) => counted.get(keyword)));
  expect(trained.keywordCounts).toEqual(trained.keywordCounts.toSorted((a, b) => b - a));
});

test('the loss falls from epoch to epoch, and begins at what knows nothing', async () => {
  const { losses } = trained.report;
  losses.slice(1).forEach((loss, i) => expect(loss).toBeLessThan(losses[i]!));
  const first = await trainEmbeddings(log, shops, { ...ONE_THREAD, epochs: 1, learningRate: 1e-6 });
  expect(first.report.losses[0]).toBeCloseTo(6 * Math.LN2, 1);
});

test('progress ends with everything done and counts what the report counts', () => {
  const last = reports.at(-1)!;
  expect(last.done).toBe(last.total);
  expect(last.pairCount).toBe(trained.report.pairCount);
});

test('one thread and one seed give the same bits, another seed gives others', async () => {
  const again = await trainEmbeddings(log, shops, ONE_THREAD);
  expect(again).toEqual(trained);
  const other = await trainEmbeddings(log, shops, { ...ONE_THREAD, seed: 2 });
  expect(other.shopVectors).not.toEqual(trained.shopVectors);
});

test('two threads learn as well', async () => {
  const { report, shopVectors } = await trainEmbeddings(log, shops, { ...ONE_THREAD, threads: 2 });
  expect(report.pairCount).toBe(trained.report.pairCount);
  expect(report.losses.at(-1)).toBeCloseTo(trained.report.losses.at(-1)!, 1);
  expect(shopVectors.every(Number.isFinite)).toBe(true);
});

test('a short log is gone through more often, unless the epochs are said', async () => {
  const short = slice(log, 0, 2_000);
  const { report } = await trainEmbeddings(short, shops, ONE_THREAD);
  const rowCount = report.trainedShopCount + report.keywordCount;
  expect(report.settings.epochs).toBe(Math.ceil((100 * rowCount) / report.sessionActionCount));
  expect(report.losses).toHaveLength(report.settings.epochs);
  expect(report.losses.at(-1)).toBeLessThan(1);
  expect(trained.report.settings.epochs).toBe(5);
  const once = await trainEmbeddings(short, shops, { ...ONE_THREAD, epochs: 1 });
  expect(once.report.losses).toHaveLength(1);
});

test('shops that are gone are learned with, counted and not written', async () => {
  const kept = shops.slice(0, 600);
  const { report, shopVectors } = await trainEmbeddings(log, kept, { ...ONE_THREAD, epochs: 1 });
  expect(shopVectors.length).toBe(600 * trained.dimensions);
  expect(report.unknownShopCount + report.trainedShopCount).toBe(trained.report.trainedShopCount);
  expect(report.unknownShopCount).toBeGreaterThan(300);
});

test('a shop whose company was always left out counts as not learned, and lies beside its neighbours', async () => {
  const [a, b, c, alone] = shops as [Shop, Shop, Shop, Shop];
  const builder = new ActionLogBuilder();
  const session = (userId: string, ...shopIds: readonly string[]): void =>
    shopIds.forEach((shopId, i) => builder.add({ userId, type: 'view', shopId, atMs: 1e12 + i }));
  for (let user = 0; user < 300; user++) session(`u${user}`, 'everywhere', [a, b, c][user % 3]!.shopId);
  for (let user = 0; user < 10; user++) session(`v${user}`, a.shopId, b.shopId, c.shopId);
  session('w', 'everywhere', alone.shopId);
  const options = { ...ONE_THREAD, countMin: 1, epochs: 5, subsampling: 1e-3 };
  const beside = [a, b, c, alone].map((shop) => ({ ...shop, category: 'one' }));
  const { report, shopVectors } = await trainEmbeddings(builder.finish(), beside, options);
  expect(report).toMatchObject({ trainedShopCount: 3, unknownShopCount: 1, unknownShopActionCount: 301 });
  const similarities = [0, 1, 2].map((at) => cosine(row(shopVectors, 3), row(shopVectors, at)));
  expect(Math.min(...similarities)).toBeGreaterThan(0);
  await expect(trainEmbeddings(log, shops, { ...ONE_THREAD, epochs: 1, subsampling: 1e-12 })).rejects.toThrow(
    'subsampling must be more, or 0 for none: with 1e-12 no shop had a pair left',
  );
});

test('what cannot be learned from is refused', async () => {
  const builder = new ActionLogBuilder();
  builder.add({ userId: 'u', type: 'view', shopId: 's0', atMs: 1e12 });
  await expect(trainEmbeddings(builder.finish(), shops, ONE_THREAD)).rejects.toMatchObject({
    code: 'input_invalid',
    message: expect.stringContaining('of 1 actions on 1 shops and 0 keywords 0 sessions can be learned from'),
  });
  await expect(trainEmbeddings(log, [], ONE_THREAD)).rejects.toMatchObject({ code: 'input_invalid' });
});

test.each([
  [{ dimensions: 50 }, 'dimensions must be a multiple of 4 within 32..256, got 50'],
  [{ dimensions: 512 }, 'dimensions must be a whole number 32..256, got 512'],
  [{ negatives: 2, nearbyNegatives: 3 }, 'nearbyNegatives must be at most as many as negatives'],
  [{ sessionGapMinutes: 0 }, 'sessionGapMinutes must be a number 1..52560000, got 0'],
])('%j is out of bounds', async (options, message) => {
  await expect(trainEmbeddings(log, shops, options)).rejects.toThrow(message);
});
