/** Opening hours by the plainest means, for tests: no rules, no columns, no Temporal; a minute is looked up in a table. */

const WEEKDAYS = ['Mo', 'Tu', 'We', 'Th', 'Fr', 'Sa', 'Su'];

/** For each weekday from Monday the spans that begin on it, minutes since its midnight; up to 2880. */
export type SlowWeek = readonly (readonly (readonly [from: number, to: number])[])[];

/** The week of a text such as `Mo-Sa 11:00-15:00,17:00-02:00`: one run of days, the same spans on each. */
export function slowWeek(text: string): SlowWeek {
  const [days, times] = text.split(' ') as [string, string];
  const [first, last] = days.split('-').map((day) => WEEKDAYS.indexOf(day)) as [number, number];
  const spans = times.split(',').map((span): [number, number] => {
    const [from, to] = span.split('-').map(minutesOf) as [number, number];
    return [from, to > from ? to : to + 1440];
  });
  return WEEKDAYS.map((_, weekday) => (weekday >= first && weekday <= last ? spans : []));
}

function minutesOf(time: string): number {
  const [hours, minutes] = time.split(':').map(Number) as [number, number];
  return hours * 60 + minutes;
}

/** Asks the clock on the wall of a zone by way of Intl. */
export class SlowClock {
  readonly #format: Intl.DateTimeFormat;

  constructor(timeZone: string) {
    const parts = { weekday: 'short', hour: '2-digit', minute: '2-digit' } as const;
    this.#format = new Intl.DateTimeFormat('en-GB', { timeZone, hourCycle: 'h23', ...parts });
  }

  isOpen(week: SlowWeek, atMs: number): boolean {
    const parts = this.#format.formatToParts(atMs);
    const part = (type: string) => parts.find((found) => found.type === type)!.value;
    const weekday = WEEKDAYS.indexOf(part('weekday').slice(0, 2));
    const minute = Number(part('hour')) * 60 + Number(part('minute'));
    const today = week[weekday]!.some(([from, to]) => minute >= from && minute < to);
    return (
      today || week[(weekday + 6) % 7]!.some(([from, to]) => minute + 1440 >= from && minute + 1440 < to)
    );
  }

  /** Every minute of the stretch, and its first moment. */
  isOpenThroughout(week: SlowWeek, atMs: number, openForMinutes: number): boolean {
    for (let minute = 0; minute === 0 || minute < openForMinutes; minute++) {
      if (!this.isOpen(week, atMs + minute * 60_000)) return false;
    }
    return true;
  }
}
