/**
 * When a synthetic shop is open: the same hours on a run of weekdays, as an OpenStreetMap text and as a test,
 * so that synthetic users order from open shops only.
 */

/** Weekdays count from 0 for Monday. */
const WEEKDAYS = ['Mo', 'Tu', 'We', 'Th', 'Fr', 'Sa', 'Su'] as const;

export interface WeekHours {
  /** First and last weekday on which the shop opens. */
  readonly days: readonly [first: number, last: number];
  /** Hours since midnight of the day on which the shop opens; `closes` is over 24 for a shop open past midnight. */
  readonly spans: readonly (readonly [opens: number, closes: number])[];
}

/** When shops of a kind are usually open. */
export type HoursKind = 'morning' | 'meals' | 'night';

const EVERY_DAY = [0, 6] as const;

/** What shops of a kind choose from; each is as likely. */
export const HOURS_BY_KIND: Readonly<Record<HoursKind, readonly WeekHours[]>> = {
  morning: [
    { days: EVERY_DAY, spans: [[7, 21]] },
    { days: EVERY_DAY, spans: [[8, 22]] },
    { days: [0, 5], spans: [[7.5, 20]] },
    { days: EVERY_DAY, spans: [[0, 24]] },
  ],
  meals: [
    { days: EVERY_DAY, spans: [[11, 22]] },
    { days: EVERY_DAY, spans: [[10, 23]] },
    { days: [0, 5], spans: [[11, 21]] },
    { days: [1, 6], spans: [[10.5, 21.5]] },
    {
      days: EVERY_DAY,
      spans: [
        [11, 15],
        [17, 22],
      ],
    },
  ],
  night: [
    { days: EVERY_DAY, spans: [[11, 26]] },
    { days: EVERY_DAY, spans: [[16, 27]] },
    { days: EVERY_DAY, spans: [[17, 25.5]] },
    { days: [1, 6], spans: [[12, 24]] },
  ],
};

/** The hours as OpenStreetMap writes them, such as `Mo-Sa 11:00-15:00,17:00-02:00`. */
export function openingHoursText(hours: WeekHours): string {
  const [first, last] = hours.days;
  const spans = hours.spans.map(([opens, closes]) => `${clock(opens)}-${clock(closes)}`);
  return `${WEEKDAYS[first]}-${WEEKDAYS[last]} ${spans.join(',')}`;
}

/** Whether the shop is open `hour` hours after midnight of `weekday`. */
export function isOpen(hours: WeekHours, weekday: number, hour: number): boolean {
  return covers(hours, weekday, hour) || covers(hours, (weekday + 6) % 7, hour + 24);
}

function covers(hours: WeekHours, weekday: number, hour: number): boolean {
  if (weekday < hours.days[0] || weekday > hours.days[1]) return false;
  return hours.spans.some(([opens, closes]) => hour >= opens && hour < closes);
}

/** 24:00 stays so, because `00:00-00:00` says nothing; later hours are of the next day. */
function clock(hour: number): string {
  const shown = hour > 24 ? hour - 24 : hour;
  return `${String(Math.floor(shown)).padStart(2, '0')}:${shown % 1 === 0.5 ? '30' : '00'}`;
}
