/** In which ways shops reach a location, each with hours and perhaps a fee of its own: what domain/zone.ts defines. */
import type { OpenShops, Ways } from '../catalog/open-shops.ts';
import type { Location } from '../domain/location.ts';
import type { Generation } from '../snapshot/generation.ts';
import type { CheckedRecommendRequest } from './request.ts';

/** The ways to a location; null if no zone has hours of its own, so that a shop goes by one timetable in all its ways. */
export function waysTo({ zoneHours, zones, reachTree, hours }: Generation, location: Location): Ways | null {
  if (zoneHours === null) return null;
  const isReached = reachTree.reachingTo(location);
  const timetables = (ordinal: number, zoneNumbers: readonly number[], hasRadius: boolean): number[] => {
    const found = zoneNumbers.map((zone) => zoneHours.timetableOf(zone));
    if (hasRadius) found.push(hours.shopTimetables[ordinal]!);
    return found;
  };
  return {
    shopTimetables: zoneHours.shopTimetables,
    possible: (ordinal) => timetables(ordinal, zones.numbersOf(ordinal), reachTree.hasRadius(ordinal)),
    reaching: (ordinal) => timetables(ordinal, zones.holding(ordinal, location), isReached(ordinal)),
  };
}

/** Tells of any candidate the least fee that a zone states which holds the location and counts; undefined if none does. */
export function leastFees(
  { zoneHours, zones }: Generation,
  { location, openOnly }: Pick<CheckedRecommendRequest, 'location' | 'openOnly'>,
  openShops: OpenShops,
): (ordinal: number) => number | undefined {
  const counts = (ordinal: number, zone: number): boolean =>
    zoneHours === null ||
    openOnly === false ||
    openShops.keeps(openOnly === true, ordinal, zoneHours.timetableOf(zone));
  return (ordinal) => {
    let least: number | undefined;
    for (const zone of zones.holding(ordinal, location)) {
      const fee = zones.feeOf(zone);
      if (fee === undefined || (least !== undefined && fee >= least)) continue;
      if (counts(ordinal, zone)) least = fee;
    }
    return least;
  };
}
