/**
 * A synthetic town: shops along streets, the keywords people search, users with known tastes and what they do,
 * and embeddings of shops and keywords that reflect those tastes. The same options give the same town.
 * For tests, benches and the demo; nothing in it is real.
 */
import { check } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import type { Action } from '../domain/action.ts';
import { locationFault, type Location } from '../domain/location.ts';
import type { Shop } from '../domain/shop.ts';
import { DeliveringShops } from './delivering-shops.ts';
import { Streets } from './streets.ts';
import { tasteSpace, writeEmbedding, type TasteSpace } from './taste-space.ts';
import { townActions } from './town-actions.ts';
import { townKeywords, type TownKeyword } from './town-keywords.ts';
import { describeShop, shopColumns, type ShopColumns } from './town-shops.ts';
import { TownUsers, type TownUser } from './town-users.ts';

const SHOP_COUNT_MAX = 4_000_000;

export interface TownOptions {
  /** Taken modulo 2^32. */
  readonly seed: number;
  /** 1 to 4,000,000; the town grows with it, its density stays. */
  readonly shopCount: number;
  /** Of the embeddings, 2 or more. Cuisines lie clearly apart from 16 on. Default 32. */
  readonly dimensions?: number;
  /** The middle of the town, anywhere on Earth. Default `TOWN_CENTER`. */
  readonly center?: Location;
  /** Default one for every ten shops. */
  readonly userCount?: number;
  /** Default twenty for every user. */
  readonly actionCount?: number;
}

/** Where a town lies unless told otherwise: over the middle of Seoul, though nothing in it is Seoul's. */
export const TOWN_CENTER: Location = Object.freeze({ lon: 126.9784, lat: 37.5667 });

export interface Town {
  readonly center: Location;
  readonly dimensions: number;
  readonly shopCount: number;
  readonly userCount: number;
  readonly actionCount: number;
  /** `shopCount` × `dimensions`, row i of shop i; each of unit length as far as float32 holds it. */
  readonly shopVectors: Float32Array;
  readonly keywords: readonly TownKeyword[];
  /** Number of keywords × `dimensions`, in the same space as the shops; of unit length too. */
  readonly keywordVectors: Float32Array;
  /** Shop `shopNumber`, 0 to `shopCount` - 1. */
  shop(shopNumber: number): Shop;
  /** All shops, made one by one. */
  shops(): Iterable<Shop>;
  /** User `userNumber`, 0 to `userCount` - 1. */
  user(userNumber: number): TownUser;
  users(): Iterable<TownUser>;
  /** What the users do, in the order of time, made one by one. */
  actions(): Iterable<Action>;
}

// How far embeddings lie from where cuisine and dish (together about 1) would put them: shops differ, keywords little.
const SHOP_NOISE = 0.55;
const KEYWORD_NOISE = 0.15;

/** Makes the town. A million shops of 32 dimensions take a few seconds and some 200 MB. */
export function syntheticTown(options: TownOptions): Town {
  const { shopCount, dimensions = 32, center = TOWN_CENTER } = options;
  const userCount = options.userCount ?? Math.ceil(shopCount / 10);
  const actionCount = options.actionCount ?? 20 * userCount;
  checkOptions(shopCount, dimensions, center);

  // Every part draws from a stream of its own, so that more users or dimensions leave shops and streets as they are.
  const seeds = new Random(options.seed);
  const streets = new Streets(shopCount, new Random(seeds.uint32()));
  const columns = shopColumns(shopCount, center, streets, new Random(seeds.uint32()));
  const shopSeed = seeds.uint32();
  const space = tasteSpace(dimensions, new Random(seeds.uint32()));
  const shopVectors = embedShops(space, columns, new Random(seeds.uint32()));
  const keywords = townKeywords(shopCount);
  const keywordVectors = embedKeywords(space, keywords, new Random(seeds.uint32()));
  const users = new TownUsers(userCount, center, streets, space, seeds.uint32());
  const actionSeed = seeds.uint32();

  const shop = (shopNumber: number): Shop => describeShop(columns, shopNumber, streets, shopSeed);
  const user = (userNumber: number): TownUser => users.user(userNumber);
  const actions = (): Iterable<Action> => {
    const delivering = new DeliveringShops(columns);
    return townActions({ shops: columns, delivering, keywords, users, seed: actionSeed }, actionCount);
  };
  return {
    center,
    dimensions,
    shopCount,
    userCount,
    actionCount,
    shopVectors,
    keywords,
    keywordVectors,
    shop,
    shops: () => numbered(shopCount, shop),
    user,
    users: () => numbered(userCount, user),
    actions,
  };
}

function checkOptions(shopCount: number, dimensions: number, center: Location): void {
  const isCount = Number.isInteger(shopCount) && shopCount >= 1 && shopCount <= SHOP_COUNT_MAX;
  check(isCount, `shopCount must be a whole number 1..${SHOP_COUNT_MAX}, got ${shopCount}`);
  check(Number.isInteger(dimensions) && dimensions >= 2, `dimensions must be 2 or more, got ${dimensions}`);
  const fault = locationFault(center.lon, center.lat);
  check(fault === undefined, `center: ${fault}`);
}

function embedShops(space: TasteSpace, shops: ShopColumns, random: Random): Float32Array {
  const vectors = new Float32Array(shops.count * space.dimensions);
  for (let shopNumber = 0; shopNumber < shops.count; shopNumber++) {
    const out = vectorAt(vectors, shopNumber, space.dimensions);
    writeEmbedding(space, shops.cuisine[shopNumber]!, shops.dish[shopNumber]!, SHOP_NOISE, random, out);
  }
  return vectors;
}

function embedKeywords(space: TasteSpace, keywords: readonly TownKeyword[], random: Random): Float32Array {
  const vectors = new Float32Array(keywords.length * space.dimensions);
  keywords.forEach(({ cuisine, dish }, keywordNumber) => {
    writeEmbedding(
      space,
      cuisine,
      dish,
      KEYWORD_NOISE,
      random,
      vectorAt(vectors, keywordNumber, space.dimensions),
    );
  });
  return vectors;
}

/** Vector `row` of a table of vectors, not copied. */
function vectorAt(vectors: Float32Array, row: number, dimensions: number): Float32Array {
  return vectors.subarray(row * dimensions, (row + 1) * dimensions);
}

function* numbered<T>(count: number, make: (number: number) => T): Generator<T> {
  for (let number = 0; number < count; number++) yield make(number);
}
