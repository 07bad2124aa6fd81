/**
 * Step 2: the shops that deliver to the location, lie within the caller's area, pass the filter and are open, written
 * where the kernel reads them.
 */
import { check } from '../base/errors.ts';
import type { OpenMoment, OpenShops } from '../catalog/open-shops.ts';
import type { Location } from '../domain/location.ts';
import { readPolygons } from '../geo/geojson.ts';
import { keepInPolygons, keepNear } from '../geo/keep-within.ts';
import type { Lane } from '../kernel/lane.ts';
import type { Generation } from '../snapshot/generation.ts';
import type { LineAction } from './line-action.ts';
import { ACTION_COUNT_MAX, WITHIN_POSITION_COUNT_MAX } from './request-bounds.ts';
import type { CheckedRecommendRequest, Within } from './request.ts';

const MINUTE_MS = 60_000;

/** Writes the candidates of a request into the lane, ordinals ascending; returns how many. */
export function findCandidates(
  generation: Generation,
  lane: Lane,
  request: CheckedRecommendRequest,
  actions: readonly LineAction[],
  openShops: OpenShops,
): number {
  const ordinals = lane.begin(generation.header.shopCount);
  let count = deliveringTo(generation, request.location, request.radiusMeters, ordinals);
  if (request.within !== undefined) count = keepWithin(generation, request.within, ordinals, count);
  if (request.filter !== undefined) {
    const viewed = (): number[] => viewedOrdinals(generation, actions);
    count = generation.catalog.compileFilter(request.filter, viewed)(ordinals, count);
  }
  if (request.openOnly !== false) count = openShops.keep(request.openOnly === true, ordinals, count);
  count = leaveOut(excludedOrdinals(generation, request, actions), ordinals, count);
  lane.setCandidateCount(count);
  return count;
}

/** The moment a request asks about. Statuses hold now; a request for another moment is told those set by then. */
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

/** The shops of the actions that take part, each once; shops that the snapshot does not know are left out. */
function viewedOrdinals(generation: Generation, actions: readonly LineAction[]): number[] {
  const newest = actions.slice(0, ACTION_COUNT_MAX).flatMap(({ shopId }) => shopId ?? []);
  const known = new Set(newest.map((shopId) => generation.catalog.ids.ordinalOf(shopId)));
  known.delete(-1);
  return [...known];
}

function excludedOrdinals(
  generation: Generation,
  request: CheckedRecommendRequest,
  actions: readonly LineAction[],
): ReadonlySet<number> {
  const seen = request.excludeSeen ? actions.flatMap((action) => action.shopId ?? []) : [];
  return new Set(
    [...request.excludeShopIds, ...seen].map((shopId) => generation.catalog.ids.ordinalOf(shopId)),
  );
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
