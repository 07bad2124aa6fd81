/** Reads an instant as files, options and requests have it. */

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;

/** Milliseconds since 1970 of ISO 8601 text with an offset or `Z`, or NaN: also of a day that does not exist. */
export function instantMs(text: string): number {
  if (!INSTANT.test(text)) return Number.NaN;
  try {
    // `Date.parse` would take the 30th of February for the 2nd of March.
    return Temporal.Instant.from(text).epochMilliseconds;
  } catch {
    return Number.NaN;
  }
}
