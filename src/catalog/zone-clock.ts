/**
 * The clock on the wall of a time zone: how far it is ahead of UTC, and from when to when. The system's zone data says
 * so, through Temporal; a stretch between two changes is kept, so that most questions are two comparisons.
 */
export class ZoneClock {
  readonly timeZone: string;
  /** The stretch of the last question: milliseconds since 1970, `toMs` not included. */
  fromMs = 0;
  toMs = 0;
  /** What the clock shows in that stretch, less the time. */
  offsetMs = 0;

  /** Throws RangeError for a zone that the system does not know. */
  constructor(timeZone: string) {
    this.timeZone = timeZone;
    this.seek(0);
  }

  /** Makes the stretch that of `atMs`. */
  seek(atMs: number): void {
    if (atMs >= this.fromMs && atMs < this.toMs) return;
    const at = Temporal.Instant.fromEpochMilliseconds(Math.floor(atMs)).toZonedDateTimeISO(this.timeZone);
    const next = at.getTimeZoneTransition('next');
    // The transition before an instant that is one itself would be an earlier one.
    const previous = at.add({ nanoseconds: 1 }).getTimeZoneTransition('previous');
    this.offsetMs = at.offsetNanoseconds / 1e6;
    this.fromMs = previous?.epochMilliseconds ?? -Infinity;
    this.toMs = next?.epochMilliseconds ?? Infinity;
  }
}

/** The name of a zone, or an offset such as +09:00, as the system spells it; undefined if it knows none of that name. */
export function knownTimeZone(name: string): string | undefined {
  try {
    // `toZonedDateTimeISO` would take the zone out of an instant: UTC out of 2026-11-22T12:00Z.
    return new Temporal.ZonedDateTime(0n, name).timeZoneId;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
