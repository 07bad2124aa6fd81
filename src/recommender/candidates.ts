/**
 * Step 2: the shops that deliver to the location, lie within the caller's area, pass the filter and are open, written
 * where the kernel reads them.
 */
import { check } from '../base/errors.ts';
import type { OpenMoment, OpenShops } from '../catalog/open-shops.ts';
import { IMPRESSION } from '../domain/impression.ts';
import type { Location } from '../domain/location.ts';
import { readPolygons } from '../geo/geojson.ts';
import { keepInPolygons, keepNear } from '../geo/keep-within.ts';
import type { Lane } from '../kernel/lane.ts';
import type { Generation } from '../snapshot/generation.ts';
import { weightOf } from './action-weights.ts';
import { takingPart } from './query-vectors.ts';
import type { RecommendJob } from './recommend-job.ts';
import { WITHIN_POSITION_COUNT_MAX } from './request-bounds.ts';
import type { CheckedRecommendRequest, Within } from './request.ts';

const MINUTE_MS = 60_000;

/** Writes the candidates of a request within `radiusMeters` into the lane, ordinals ascending; returns how many. */
export function findCandidates(
  generation: Generation,
  lane: Lane,
  job: RecommendJob,
  radiusMeters: number | undefined,
  openShops: OpenShops,
): number {
  const { request } = job;
  const ordinals = lane.begin(generation.header.shopCount);
  let count = deliveringTo(generation, request.location, radiusMeters, ordinals);
  if (request.within !== undefined) count = keepWithin(generation, request.within, ordinals, count);
  if (request.filter !== undefined) {
    const viewed = (): number[] => viewedOrdinals(generation, job);
    count = generation.catalog.compileFilter(request.filter, viewed)(ordinals, count);
  }
  if (request.openOnly !== false) count = openShops.keep(request.openOnly === true, ordinals, count);
  count = leaveOut(excludedOrdinals(generation, job), ordinals, count);
  lane.setCandidateCount(count);
  return count;
}

/**
 * The moment a request asks about. Statuses hold now; a request for another moment is told those set by then, but for
 * the next page of an answer, which shows nothing that has closed since.
 */
export function openMoment({ at, openFor }: CheckedRecommendRequest, nowMs: number): OpenMoment {
  const untilMs = nowMs + openFor * MINUTE_MS;
  return { atMs: nowMs, untilMs, statusSinceMsMax: at ? nowMs : Infinity };
}

/** Writes the shops that reach a location; returns how many. */
export function findReaching(
  generation: Generation,
  lane: Lane,
  location: Location,
  radiusMeters: number | undefined,
): number {
  const count = deliveringTo(generation, location, radiusMeters, lane.begin(generation.header.shopCount));
  lane.setCandidateCount(count);
  return count;
}

/** By their own radius or by a zone of theirs. */
function deliveringTo(
  { reachTree, zones }: Generation,
  location: Location,
  radiusMeters: number | undefined,
  ordinals: Uint32Array,
): number {
  return zones.add(location, radiusMeters, ordinals, reachTree.find(location, radiusMeters, ordinals));
}

/** Whether a shop lies in the caller's area. */
export function isWithin(generation: Generation, within: Within, ordinal: number): boolean {
  return keepWithin(generation, within, Uint32Array.of(ordinal), 1) === 1;
}

function keepWithin(generation: Generation, within: Within, ordinals: Uint32Array, count: number): number {
  if (!('polygon' in within)) {
    const { location, radiusMeters } = within;
    return keepNear(location, radiusMeters, generation.float64('positions'), ordinals, count);
  }
  const polygons = readPolygons(within.polygon, WITHIN_POSITION_COUNT_MAX, () => {});
  check(polygons !== undefined, 'the request was checked');
  return keepInPolygons(polygons, generation.float64('coordinates'), ordinals, count);
}

/** Writes the shops of the given ids, each once; ids the snapshot does not know are left out. Returns how many. */
export function findNamed(generation: Generation, lane: Lane, shopIds: readonly string[]): number {
  const known = new Set(shopIds.map((shopId) => generation.catalog.ids.ordinalOf(shopId)));
  known.delete(-1);
  const ordinals = Uint32Array.from(known).sort();
  lane.begin(generation.header.shopCount).set(ordinals);
  lane.setCandidateCount(ordinals.length);
  return ordinals.length;
}

/** The shops of the actions that take part and do not push down, each once, if the snapshot knows them. */
export function viewedOrdinals(generation: Generation, { actions, request }: RecommendJob): number[] {
  const { typeWeights } = request.fusion;
  const viewed = takingPart(actions, typeWeights).filter((action) => weightOf(action, typeWeights) > 0);
  const known = new Set(viewed.map(({ shopId }) => ordinalOf(generation, shopId)));
  known.delete(-1);
  return [...known];
}

/** The shops that a request leaves out by name or as seen; -1 among them stands for those the snapshot does not know. */
function excludedOrdinals(generation: Generation, job: RecommendJob): ReadonlySet<number> {
  return new Set([...namedOrdinals(generation, job), ...seenOrdinals(generation, job)]);
}

export function namedOrdinals(generation: Generation, { request }: RecommendJob): number[] {
  return request.excludeShopIds.map((shopId) => ordinalOf(generation, shopId));
}

export function seenOrdinals(generation: Generation, job: RecommendJob): ReadonlySet<number> {
  return new Set(seenShopIds(job).map((shopId) => ordinalOf(generation, shopId)));
}

/** The shops of the user's actions, or of those types and of that age which the request names. */
function seenShopIds({ request: { excludeSeen }, actions, impressions, nowMs }: RecommendJob): string[] {
  if (excludeSeen === false) return [];
  const { types, maxAgeMinutes = Infinity } = excludeSeen === true ? {} : excludeSeen;
  const isMeant = (atMs: number): boolean => nowMs - atMs <= maxAgeMinutes * MINUTE_MS;
  const acted = actions.filter(({ type, atMs }) => (types?.includes(type) ?? true) && isMeant(atMs));
  const seen = types?.includes(IMPRESSION) ? impressions.filter(({ atMs }) => isMeant(atMs)) : [];
  return [...acted.flatMap(({ shopId }) => shopId ?? []), ...seen.flatMap(({ shopIds }) => shopIds)];
}

function ordinalOf(generation: Generation, shopId: string | undefined): number {
  return shopId === undefined ? -1 : generation.catalog.ids.ordinalOf(shopId);
}

function leaveOut(excluded: ReadonlySet<number>, ordinals: Uint32Array, count: number): number {
  if (excluded.size === 0) return count;
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const ordinal = ordinals[i]!;
    if (!excluded.has(ordinal)) ordinals[kept++] = ordinal;
  }
  return kept;
}
