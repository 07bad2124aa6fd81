/**
 * The shops of a town: what is needed of all of them at once as columns, everything else drawn when a shop is asked for.
 * So a town of a million shops takes some 40 bytes a shop beside its embeddings.
 */
import { check } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import type { Location } from '../domain/location.ts';
import type { AttributeValue, Shop } from '../domain/shop.ts';
import { CUISINES, type Cuisine } from './cuisines.ts';
import type { Streets } from './streets.ts';
import { locationOnPlane } from './town-plane.ts';
import { HOURS_BY_KIND, openingHoursText, type WeekHours } from './week-hours.ts';
import { WeightedPick } from './weighted-pick.ts';

/** `chain` of a shop that belongs to none. */
const NO_CHAIN = -1;

export const DELIVERY_RADIUS_METERS_MAX = 6000;
const CHAIN_SHARE = 0.25;
/** Chains have riders of their own: farther, and better known. */
const CHAIN_REACH = 1.2;
const CHAIN_FAME = 1.5;
/** So many shops share the door of an earlier one, as kitchens that only deliver do. */
const SHARED_DOOR_SHARE = 0.04;
const SETBACK_METERS_MAX = 15;
/** Orders a month follow a Pareto law: a few shops have most of them. */
const ORDERS_MIN = 40;
const ORDERS_MAX = 100_000;
const ORDERS_TAIL = 1.2;

/** Columns by shop number, 0 to `count` - 1. */
export interface ShopColumns {
  readonly count: number;
  /** Degrees. */
  readonly lon: Float64Array;
  readonly lat: Float64Array;
  /** Meters from the town's center. */
  readonly east: Float32Array;
  readonly north: Float32Array;
  readonly neighbourhood: Uint16Array;
  /** Place in `CUISINES`, and in its `dishes`, its `chains` and the hours of its kind. */
  readonly cuisine: Uint8Array;
  readonly dish: Uint8Array;
  readonly chain: Int8Array;
  readonly hours: Uint8Array;
  readonly deliveryRadiusMeters: Uint16Array;
  readonly popularity: Uint32Array;
}

export function shopColumns(count: number, center: Location, streets: Streets, random: Random): ShopColumns {
  const columns: ShopColumns = {
    count,
    lon: new Float64Array(count),
    lat: new Float64Array(count),
    east: new Float32Array(count),
    north: new Float32Array(count),
    neighbourhood: new Uint16Array(count),
    cuisine: new Uint8Array(count),
    dish: new Uint8Array(count),
    chain: new Int8Array(count),
    hours: new Uint8Array(count),
    deliveryRadiusMeters: new Uint16Array(count),
    popularity: new Uint32Array(count),
  };
  const cuisinePick = new WeightedPick(CUISINES.map(({ share }) => share));
  for (let shopNumber = 0; shopNumber < count; shopNumber++) {
    placeShop(columns, shopNumber, center, streets, random);
    foundShop(columns, shopNumber, cuisinePick.draw(random), random);
  }
  return columns;
}

export function shopIdOf(shopNumber: number): string {
  return `s${shopNumber}`;
}

export function hoursOf(columns: ShopColumns, shopNumber: number): WeekHours {
  const kind = CUISINES[columns.cuisine[shopNumber]!]!.hours;
  return HOURS_BY_KIND[kind][columns.hours[shopNumber]!]!;
}

/** The whole shop. The same `seed` and number give the same shop, in whatever order shops are asked for. */
export function describeShop(columns: ShopColumns, shopNumber: number, streets: Streets, seed: number): Shop {
  check(shopNumber >= 0 && shopNumber < columns.count, `shop ${shopNumber} of a town of ${columns.count}`);
  const random = new Random(seed + shopNumber);
  const cuisine = CUISINES[columns.cuisine[shopNumber]!]!;
  const chain = cuisine.chains[columns.chain[shopNumber]!];
  const neighbourhood = streets.neighbourhoodNames[columns.neighbourhood[shopNumber]!]!;
  return {
    shopId: shopIdOf(shopNumber),
    lon: columns.lon[shopNumber]!,
    lat: columns.lat[shopNumber]!,
    name: chain === undefined ? ownName(cuisine, neighbourhood, random) : `${chain} ${neighbourhood}점`,
    deliveryRadiusMeters: columns.deliveryRadiusMeters[shopNumber]!,
    openingHours: openingHoursText(hoursOf(columns, shopNumber)),
    category: cuisine.category,
    price: priceWon(cuisine, random),
    rating: rating(random),
    popularity: columns.popularity[shopNumber]!,
    attributes: attributes(cuisine, columns.dish[shopNumber]!, chain, random),
  };
}

function placeShop(
  columns: ShopColumns,
  shopNumber: number,
  center: Location,
  streets: Streets,
  random: Random,
): void {
  if (shopNumber > 0 && random.unit() < SHARED_DOOR_SHARE) {
    const earlier = random.below(shopNumber);
    for (const column of [columns.lon, columns.lat, columns.east, columns.north, columns.neighbourhood]) {
      column[shopNumber] = column[earlier]!;
    }
    return;
  }
  const place = streets.place(SETBACK_METERS_MAX, random);
  const { lon, lat } = locationOnPlane(center, place.east, place.north);
  columns.lon[shopNumber] = lon;
  columns.lat[shopNumber] = lat;
  columns.east[shopNumber] = place.east;
  columns.north[shopNumber] = place.north;
  columns.neighbourhood[shopNumber] = place.neighbourhood;
}

function foundShop(columns: ShopColumns, shopNumber: number, cuisineNumber: number, random: Random): void {
  const cuisine = CUISINES[cuisineNumber]!;
  const isChain = cuisine.chains.length > 0 && random.unit() < CHAIN_SHARE;
  columns.cuisine[shopNumber] = cuisineNumber;
  columns.dish[shopNumber] = random.below(cuisine.dishes.length);
  columns.chain[shopNumber] = isChain ? random.below(cuisine.chains.length) : NO_CHAIN;
  columns.hours[shopNumber] = random.below(HOURS_BY_KIND[cuisine.hours].length);
  const radiusMeters = random.between(...cuisine.radiusMeters) * (isChain ? CHAIN_REACH : 1);
  columns.deliveryRadiusMeters[shopNumber] = Math.min(
    DELIVERY_RADIUS_METERS_MAX,
    roundedTo(100, radiusMeters),
  );
  const orders = ORDERS_MIN * (1 - random.unit()) ** (-1 / ORDERS_TAIL) * (isChain ? CHAIN_FAME : 1);
  columns.popularity[shopNumber] = Math.min(ORDERS_MAX, Math.round(orders));
}

const KOREAN_FIRST_WORDS = (
  '행복한, 우리동네, 할머니, 소문난, 원조, 착한, 명가, 진짜, 골목, 사거리, 시장, 언덕위, 달빛, 햇살, 푸른, ' +
  '북촌, 남산, 한강, 서울, 청춘, 오늘의, 고향, 삼대, 은하, 별빛, 장인, 으뜸, 참좋은, 미소, 만복'
).split(', ');
const ENGLISH_FIRST_WORDS = (
  'Golden, Little, Blue, Seoul, Han River, Uncle Kim, Sunny, Corner, Red Door, Moonlight, ' +
  'Lucky, Green, Mama, Namsan, Urban, Old Town, Happy, Ninth Street, Big, Daily'
).split(', ');
const BRANCH_SHARE = 0.3;

/** Names repeat in a large town, as they do in life. */
function ownName(cuisine: Cuisine, neighbourhood: string, random: Random): string {
  const kind = random.below(cuisine.koreanNames.length + cuisine.englishNames.length);
  const korean = cuisine.koreanNames[kind];
  if (korean === undefined) {
    return `${random.pick(ENGLISH_FIRST_WORDS)} ${cuisine.englishNames[kind - cuisine.koreanNames.length]!}`;
  }
  const branch = random.unit() < BRANCH_SHARE ? ` ${neighbourhood}점` : '';
  return `${random.pick(KOREAN_FIRST_WORDS)} ${korean}${branch}`;
}

/** Cheap shops are more common than dear ones. */
function priceWon(cuisine: Cuisine, random: Random): number {
  const [low, high] = cuisine.priceWon;
  return roundedTo(500, low + (high - low) * random.unit() ** 1.5);
}

function rating(random: Random): number {
  const stars = Math.min(5, Math.max(2, 4.4 + 0.35 * random.normal()));
  return Math.round(stars * 10) / 10;
}

function attributes(
  cuisine: Cuisine,
  dish: number,
  chain: string | undefined,
  random: Random,
): Record<string, AttributeValue> {
  return {
    ...(chain === undefined ? {} : { chain }),
    signatureDish: cuisine.dishes[dish]![0],
    spicy: random.unit() < cuisine.spicyShare,
    vegetarian: random.unit() < cuisine.vegetarianShare,
  };
}

function roundedTo(step: number, value: number): number {
  return Math.round(value / step) * step;
}
