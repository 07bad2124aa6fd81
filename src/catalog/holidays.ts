/** Public holidays as they are given to a build: `{ "Asia/Seoul": ["2026-01-01", …], … }`, by time zone. */
import { z } from 'zod';
import { RequestError } from '../base/errors.ts';
import { validate } from '../base/validate.ts';
import { dayNumberOf } from './calendar-day.ts';
import type { HolidaysByZone } from './opening-hours-builder.ts';
import { knownTimeZone } from './zone-clock.ts';

const HolidaysSchema = z.strictObject({
  holidays: z.record(
    z.string(),
    z.array(z.iso.date({ error: 'must be a date such as "2026-12-25"' }), {
      error: 'must be an array of dates',
    }),
    { error: 'must be an object of dates by time zone, such as { "Asia/Seoul": ["2026-12-25"] }' },
  ),
});

/** Throws `RequestError` naming what does not hold. */
export function holidaysByZone(json: unknown): HolidaysByZone {
  const { holidays } = validate(HolidaysSchema, { holidays: json });
  return new Map(
    Object.entries(holidays).map(([name, dates]) => {
      const timeZone = knownTimeZone(name);
      if (timeZone !== undefined) return [timeZone, [...new Set(dates)].sort().map(dayOf)];
      throw new RequestError(
        `holidays.${name}`,
        'must be under the IANA name of a time zone, such as Asia/Seoul',
      );
    }),
  );
}

function dayOf(date: string): number {
  const [year, month, day] = date.split('-').map(Number);
  return dayNumberOf(year!, month!, day!);
}
