/**
 * Which hours zones go by, read in place: u32 [Z], 0 where those of the zone's shop count, else 1 + a timetable of the
 * section `hours`.
 */
import { invalidSection } from '../base/invalid-section.ts';
import type { OpeningHours } from './opening-hours.ts';

export class ZoneHours {
  /** As `OpeningHours.shopTimetables`, but `timetableCount` of shops with a zone that has hours of its own. */
  readonly shopTimetables: Uint32Array;
  readonly #hours: OpeningHours;
  readonly #shops: Uint32Array;
  readonly #own: Uint32Array;

  private constructor(hours: OpeningHours, shops: Uint32Array, own: Uint32Array) {
    this.#hours = hours;
    this.#shops = shops;
    this.#own = own;
    this.shopTimetables = hours.shopTimetables.slice();
    for (let zone = 0; zone < own.length; zone++)
      if (own[zone] !== 0) this.shopTimetables[shops[zone]!] = hours.timetableCount;
  }

  /** `shops` is the shop of each zone. Null if no zone has hours of its own. Takes as long as there are zones and shops. */
  static over(own: Uint32Array, shops: Uint32Array, hours: OpeningHours): ZoneHours | null {
    for (let zone = 0; zone < own.length; zone++)
      if (own[zone] !== 0) return new ZoneHours(hours, shops, own);
    return null;
  }

  timetableOf(zone: number): number {
    const own = this.#own[zone]!;
    return own === 0 ? this.#hours.shopTimetables[this.#shops[zone]!]! : own - 1;
  }
}

/** Throws `snapshot_invalid` unless every zone goes by a timetable that is there. */
export function verifyZoneHours(own: Uint32Array, { timetableCount }: OpeningHours): void {
  const zone = own.findIndex((timetable) => timetable > timetableCount);
  if (zone === -1) return;
  throw invalidSection('zoneHours', `zone ${zone} has ${own[zone]}, expected 0..${timetableCount}`);
}
