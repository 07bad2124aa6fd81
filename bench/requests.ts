/** Seeded requests to a bench town. */
import { Random } from '../src/base/random.ts';
import type { RequestAction } from '../src/domain/action.ts';
import type { Location } from '../src/domain/location.ts';
import type { Generation } from '../src/snapshot/generation.ts';
import { TOWN_CENTER } from '../src/synthetic/town.ts';
import type { Subject } from './timing.ts';

/** Different requests in turn, so that not one alone sits in the processor's cache. */
const LOCATION_COUNT = 16;
/** About two kilometers around the middle of the town. */
const SPREAD_DEGREES = 0.02;
const RADIUS_METERS_MAX = 100_000;

/** What a recommendation is asked about. */
export interface BenchRequest {
  readonly location: Location;
  readonly radiusMeters: number;
  readonly actions: RequestAction[];
  readonly limit: number;
  /** All of it said, so that a new default changes no figure unseen. */
  readonly fusion: { readonly k: number; readonly halfLifeMinutes: number; readonly depth: number };
  readonly at: string;
  /** Every shop, whatever its hours: the loops beside do not know them. */
  readonly openOnly: false;
}

/** What requests have in common. */
export interface RequestTerms {
  readonly candidateCount: number;
  readonly actionCount: number;
  /** Entries of each action's ranking that take part in the fusion. */
  readonly depth: number;
  readonly limit: number;
}

/** When every request is asked. */
const AT_MS = Date.parse('2026-11-22T12:00:00Z');
const MINUTES_BETWEEN_ACTIONS = 7;
const RANK_CONSTANT = 60;
const HALF_LIFE_MINUTES = 60;

export function benchLocations(seed: number): Location[] {
  const random = new Random(seed);
  const near = (middle: number): number => middle + random.between(-SPREAD_DEGREES, SPREAD_DEGREES);
  return Array.from({ length: LOCATION_COUNT }, () => ({
    lon: near(TOWN_CENTER.lon),
    lat: near(TOWN_CENTER.lat),
  }));
}

/** One request for each location, its radius holding about `candidateCount` shops; searches and views by turns. */
export function benchRequests(
  generation: Generation,
  seed: number,
  { candidateCount, actionCount, depth, limit }: RequestTerms,
): BenchRequest[] {
  const random = new Random(seed);
  return benchLocations(seed).map((location) => ({
    location,
    radiusMeters: radiusFor(generation, location, candidateCount),
    actions: Array.from({ length: actionCount }, (_, n) => actionAt(generation, random, n)),
    limit,
    fusion: { k: RANK_CONSTANT, halfLifeMinutes: HALF_LIFE_MINUTES, depth },
    at: new Date(AT_MS).toISOString(),
    openOnly: false,
  }));
}

/** A subject that does `work` with each input in turn. */
export function inTurn<T>(
  name: string,
  inputs: readonly T[],
  work: (input: T) => unknown,
  options: Pick<Subject, 'async'> = {},
): Subject {
  let next = 0;
  return { name, ...options, run: () => work(inputs[next++ % inputs.length]!) };
}

/** The `n`th newest action of a request. */
function actionAt({ encoder, header, catalog }: Generation, random: Random, n: number): RequestAction {
  const at = new Date(AT_MS - n * MINUTES_BETWEEN_ACTIONS * 60_000).toISOString();
  if (n % 2 === 0) return { type: 'search', keyword: random.pick(encoder.keywordsWithPrefix('', 1_000)), at };
  return { type: 'view', shopId: catalog.ids.idOf(random.below(header.shopCount)), at };
}

/** The least whole number of meters with at least `candidateCount` candidates. */
function radiusFor({ reachTree, header }: Generation, location: Location, candidateCount: number): number {
  const out = new Uint32Array(header.shopCount);
  let low = 1;
  let high = RADIUS_METERS_MAX;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (reachTree.find(location, middle, out) >= candidateCount) high = middle;
    else low = middle + 1;
  }
  return high;
}
