/** A synthetic town is what it says: repeatable, valid, clustered, and its embeddings and users follow tastes. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Location } from '../src/domain/location.ts';
import { locationFault } from '../src/domain/location.ts';
import { CUISINES } from '../src/synthetic/cuisines.ts';
import { syntheticTown, type Town, TOWN_CENTER } from '../src/synthetic/town.ts';

const SEEDS = [1, 2, 3];

test('the same options give the same town, to the last bit', () => {
  const options = { seed: 5, shopCount: 300, userCount: 20, actionCount: 200 };
  expect(townHash(syntheticTown(options))).toBe(townHash(syntheticTown(options)));
});

test('another seed gives another town', () => {
  const hashes = SEEDS.map((seed) => townHash(syntheticTown({ seed, shopCount: 200 })));
  expect(new Set(hashes).size).toBe(SEEDS.length);
});

test('more users, actions or dimensions leave the shops as they are', () => {
  const town = syntheticTown({ seed: 9, shopCount: 200 });
  const other = syntheticTown({ seed: 9, shopCount: 200, dimensions: 48, userCount: 7, actionCount: 3 });
  expect([...other.shops()]).toEqual([...town.shops()]);
});

test('a shop and a user are the same asked for alone and in turn', () => {
  const town = syntheticTown({ seed: 11, shopCount: 400 });
  expect(town.shop(399)).toEqual([...town.shops()].at(399));
  expect(town.user(39)).toEqual([...town.users()].at(39));
});

test.each([1, 200, 100_000])('a town of %i shops has as many valid ones, none twice', (shopCount) => {
  const town = syntheticTown({ seed: 4, shopCount, dimensions: 8, userCount: 1 });
  const ids = new Set<string>();
  const faults: string[] = [];
  for (const shop of town.shops()) {
    ids.add(shop.shopId);
    const fault = locationFault(shop.lon, shop.lat) ?? shopFault(shop);
    if (fault !== undefined) faults.push(`${shop.shopId}: ${fault}`);
  }
  expect(faults).toEqual([]);
  expect(ids.size).toBe(shopCount);
  expect(town.shopVectors.length).toBe(shopCount * 8);
});

test('embeddings have unit length', () => {
  const town = syntheticTown({ seed: 6, shopCount: 500, dimensions: 33 });
  const vectors = [...rows(town.shopVectors, 33), ...rows(town.keywordVectors, 33)];
  expect(vectors.length).toBe(500 + town.keywords.length);
  for (const vector of vectors) expect(dot(vector, vector)).toBeCloseTo(1, 6);
});

test('shops are clustered: half of them lie within 25 m of another, far more than scattered ones would', () => {
  for (const seed of SEEDS) {
    const shops = [...syntheticTown({ seed, shopCount: 1000 }).shops()];
    const nearest = shops.map((shop) => {
      return Math.min(...shops.filter((other) => other !== shop).map((other) => distanceMeters(shop, other)));
    });
    // 1000 shops scattered over their disc would have 65 m to the nearest on average: 1 / (2 √density), 60 a km².
    expect(median(nearest), `seed ${seed}`).toBeLessThan(25);
  }
});

test('a town a hundred times as large is wider, not denser', () => {
  const spread = (shopCount: number): number => {
    const shops = [...syntheticTown({ seed: 8, shopCount, dimensions: 2 }).shops()];
    return median(shops.map((shop) => distanceMeters(shop, TOWN_CENTER)));
  };
  const ratio = spread(50_000) / spread(500);
  expect(ratio).toBeGreaterThan(5);
  expect(ratio).toBeLessThan(20);
});

test.each<Location>([
  { lon: 180, lat: 10 },
  { lon: -179.999, lat: -45 },
  { lon: 30, lat: 90 },
  { lon: 0, lat: -90 },
])('a town at $lon, $lat lies around its center', (center) => {
  const town = syntheticTown({ seed: 3, shopCount: 2000, center });
  const shops = [...town.shops()];
  expect(shops.map(({ lon, lat }) => locationFault(lon, lat)).filter(Boolean)).toEqual([]);
  const home = syntheticTown({ seed: 3, shopCount: 2000 });
  const distances = shops.map((shop) => distanceMeters(shop, center));
  const homeDistances = [...home.shops()].map((shop) => distanceMeters(shop, TOWN_CENTER));
  const furthest = distances.map((meters, i) => Math.abs(meters - homeDistances[i]!));
  expect(Math.max(...furthest)).toBeLessThan(0.5); // coordinates are rounded to 11 cm at most
  expect(new Set(shops.map(({ lon }) => Math.sign(lon))).size).toBe(
    center.lat === -90 || center.lon !== 0 ? 2 : 1,
  );
});

test('popularity is long-tailed: the best tenth of the shops has most of the orders', () => {
  for (const seed of SEEDS) {
    const orders = [...syntheticTown({ seed, shopCount: 5000 }).shops()].map(({ popularity }) => popularity!);
    orders.sort((a, b) => b - a);
    expect(sum(orders.slice(0, 500)), `seed ${seed}`).toBeGreaterThan(0.4 * sum(orders));
  }
});

test('no keyword stands for two things, and all are in the form a search brings', () => {
  const { keywords } = syntheticTown({ seed: 1, shopCount: 200 });
  expect(new Set(keywords.map(({ keyword }) => keyword)).size).toBe(keywords.length);
  for (const { keyword, count } of keywords) {
    expect(keyword).toBe(keyword.normalize('NFC').toLowerCase().trim());
    expect(count).toBeGreaterThan(0);
  }
});

test('the ten shops nearest to a keyword are of its cuisine: nearly all on average, most for every keyword', () => {
  for (const seed of SEEDS) {
    const precisions = precisionAtTen(syntheticTown({ seed, shopCount: 2000 }));
    expect(precisions.length, `seed ${seed}`).toBeGreaterThan(200);
    expect(mean(precisions), `seed ${seed}`).toBeGreaterThan(0.97);
    expect(Math.min(...precisions), `seed ${seed}`).toBeGreaterThanOrEqual(0.6);
  }
});

test('a dish is nearer to the shops known for it than to other shops of its cuisine', () => {
  for (const seed of SEEDS) {
    const town = syntheticTown({ seed, shopCount: 2000 });
    const shops = [...town.shops()];
    const row = town.keywords.findIndex(({ keyword }) => keyword === '짜장면');
    const similarities = similaritiesTo(town, row);
    const ofCuisine = [...shops.keys()].filter((i) => shops[i]!.category === 'chinese');
    const known = ofCuisine.filter((i) => shops[i]!.attributes['signatureDish'] === '짜장면');
    const others = ofCuisine.filter((i) => !known.includes(i));
    expect(known.length, `seed ${seed}`).toBeGreaterThan(10);
    const gap = mean(known.map((i) => similarities[i]!)) - mean(others.map((i) => similarities[i]!));
    expect(gap, `seed ${seed}`).toBeGreaterThan(0.05);
  }
});

test('cuisines that taste alike are nearer than cuisines that do not', () => {
  for (const seed of SEEDS) {
    const town = syntheticTown({ seed, shopCount: 200 });
    const nearness = (one: string, other: string): number => {
      const [a, b] = [one, other].map((text) => town.keywords.findIndex(({ keyword }) => keyword === text));
      const vectors = rows(town.keywordVectors, town.dimensions);
      return dot(vectors[a!]!, vectors[b!]!);
    };
    const alike = [
      nearness('커피', '버블티'),
      nearness('라멘', '우동'),
      nearness('찌개', '국밥'),
      nearness('중식', '마라'),
    ];
    const unlike = [
      nearness('커피', '족발'),
      nearness('라멘', '피자'),
      nearness('찌개', '빵'),
      nearness('중식', '샐러드'),
    ];
    expect(mean(alike), `seed ${seed}`).toBeGreaterThan(mean(unlike) + 0.2);
  }
});

function shopFault(shop: ReturnType<Town['shop']>): string | undefined {
  const cuisine = CUISINES.find(({ category }) => category === shop.category);
  if (cuisine === undefined) return `category ${shop.category}`;
  const [low, high] = cuisine.priceWon;
  if (!(shop.price! >= low && shop.price! <= high)) return `price ${shop.price}`;
  if (!(shop.deliveryRadiusMeters! >= 800 && shop.deliveryRadiusMeters! <= 6000)) {
    return `deliveryRadiusMeters ${shop.deliveryRadiusMeters}`;
  }
  if (!(shop.rating! >= 2 && shop.rating! <= 5)) return `rating ${shop.rating}`;
  if (!(shop.popularity! > 0)) return `popularity ${shop.popularity}`;
  if (!/^\S.*\S$/.test(shop.name!)) return `name ${shop.name}`;
  const span = '\\d\\d:[03]0-\\d\\d:[03]0';
  if (!new RegExp(`^(Mo|Tu)-(Sa|Su) ${span}(,${span})?$`).test(shop.openingHours!))
    return `hours ${shop.openingHours}`;
  return undefined;
}

/** By keyword, how many of its ten nearest shops are of its category; keywords of fewer than ten shops are left out. */
function precisionAtTen(town: Town): number[] {
  const categories = [...town.shops()].map(({ category }) => category);
  return town.keywords.flatMap(({ category }, row) => {
    if (categories.filter((other) => other === category).length < 10) return [];
    const similarities = similaritiesTo(town, row);
    const nearest = [...categories.keys()].sort((a, b) => similarities[b]! - similarities[a]!).slice(0, 10);
    return [nearest.filter((shopNumber) => categories[shopNumber] === category).length / 10];
  });
}

function similaritiesTo(town: Town, keywordRow: number): number[] {
  const query = rows(town.keywordVectors, town.dimensions)[keywordRow]!;
  return rows(town.shopVectors, town.dimensions).map((vector) => dot(query, vector));
}

function rows(vectors: Float32Array, dimensions: number): Float32Array[] {
  return Array.from({ length: vectors.length / dimensions }, (_, row) => {
    return vectors.subarray(row * dimensions, (row + 1) * dimensions);
  });
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((total, part, i) => total + part * b[i]!, 0);
}

/** On the sphere, by the chord: good at poles, the date line and small distances. */
function distanceMeters(a: Location, b: Location): number {
  const [p, q] = [a, b].map(({ lon, lat }) => {
    const [l, f] = [(lon * Math.PI) / 180, (lat * Math.PI) / 180];
    return [Math.cos(f) * Math.cos(l), Math.cos(f) * Math.sin(l), Math.sin(f)];
  });
  const chord = Math.hypot(...p!.map((part, i) => part - q![i]!));
  return 2 * 6_371_008.8 * Math.asin(chord / 2);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function townHash(town: Town): string {
  const hash = createHash('sha256');
  hash.update(new Uint8Array(town.shopVectors.buffer)).update(new Uint8Array(town.keywordVectors.buffer));
  for (const part of [town.shops(), town.keywords, town.users(), town.actions()]) {
    for (const one of part) hash.update(JSON.stringify(one));
  }
  return hash.digest('hex');
}
