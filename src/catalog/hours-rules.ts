/**
 * Opening hours as rules, and what they mean for a day. Rules apply in their order:
 *
 *   override  an open rule takes the place of all rules before it on the days that it selects
 *   add       an open rule adds its spans to them
 *   closed    a rule of a whole day closes it; one with times cuts these times out
 *
 * A span belongs to the day on which it begins and may end on the next one: a rule for the next day that closes it
 * or gives it other hours does not end it, one that cuts out times does.
 */
import { calendarDayOf, daysInMonth, weekdayOf } from './calendar-day.ts';
import { between, joined, shifted, without, type MinuteSpans } from './minute-spans.ts';

export const DAY_MINUTES = 1440;
export const WEEK_MINUTES = 7 * DAY_MINUTES;
export const WHOLE_DAY: MinuteSpans = [0, DAY_MINUTES];
export const EVERY_WEEKDAY = 0b1111111;
/** Day numbers within which all days lie that a clock can show. */
const [DAY_MIN, DAY_MAX] = [-100_000_000, 100_000_000];

/** Days; all conditions must hold. */
export interface DaySelector {
  /** Day numbers, both included. */
  readonly firstDay: number;
  readonly lastDay: number;
  /** month × 32 + day, both included; the first may be the later one: `Nov-Feb`. */
  readonly firstOfYear: number;
  readonly lastOfYear: number;
  /** Bit 0 is Monday. */
  readonly weekdays: number;
  /** Bits 0 to 4: the first to fifth such weekday of its month; bits 5 to 9: the last to fifth last. 0: any. */
  readonly nth: number;
  readonly holiday: boolean;
}

export const EVERY_DAY: DaySelector = Object.freeze({
  firstDay: DAY_MIN,
  lastDay: DAY_MAX,
  firstOfYear: 0,
  lastOfYear: 13 * 32,
  weekdays: EVERY_WEEKDAY,
  nth: 0,
  holiday: false,
});

export interface HoursRule {
  readonly effect: 'override' | 'add' | 'closed';
  /** The days of any of them. */
  readonly selectors: readonly DaySelector[];
  /** Minutes since midnight of the selected day, 0 to 2880. */
  readonly spans: MinuteSpans;
}

/** Days that are public holidays. */
export type Holidays = ReadonlySet<number>;

/** What a day has of its own: when it is open, also into the next day, and which times were cut out of it. */
interface Sessions {
  readonly open: MinuteSpans;
  readonly cut: MinuteSpans;
}

/** Whether all that a selector asks of a day is its weekday. */
export function isWeekly(selector: DaySelector): boolean {
  const { firstDay, lastDay, firstOfYear, lastOfYear, nth, holiday } = selector;
  return (
    firstDay === EVERY_DAY.firstDay &&
    lastDay === EVERY_DAY.lastDay &&
    firstOfYear === EVERY_DAY.firstOfYear &&
    lastOfYear === EVERY_DAY.lastOfYear &&
    nth === 0 &&
    !holiday
  );
}

function selects(selector: DaySelector, dayNumber: number, holidays: Holidays): boolean {
  if (dayNumber < selector.firstDay || dayNumber > selector.lastDay) return false;
  if (((selector.weekdays >> weekdayOf(dayNumber)) & 1) === 0) return false;
  if (selector.holiday && !holidays.has(dayNumber)) return false;
  const { year, month, day } = calendarDayOf(dayNumber);
  if (!isWithinYear(selector, month * 32 + day)) return false;
  if (selector.nth === 0) return true;
  const nth = Math.floor((day - 1) / 7);
  const nthLast = Math.floor((daysInMonth(year, month) - day) / 7);
  return ((selector.nth >> nth) & 1) === 1 || ((selector.nth >> (5 + nthLast)) & 1) === 1;
}

function isWithinYear({ firstOfYear, lastOfYear }: DaySelector, dayOfYear: number): boolean {
  return firstOfYear <= lastOfYear
    ? dayOfYear >= firstOfYear && dayOfYear <= lastOfYear
    : dayOfYear >= firstOfYear || dayOfYear <= lastOfYear;
}

/** Whether a rule for special days, not for weekdays, selects this one. */
export function isSpecial(rules: readonly HoursRule[], dayNumber: number, holidays: Holidays): boolean {
  return rules.some(({ selectors }) =>
    selectors.some((selector) => !isWeekly(selector) && selects(selector, dayNumber, holidays)),
  );
}

/** The open minutes of a day, 0 to 1440: its own and what the day before leaves it. */
export function openOn(rules: readonly HoursRule[], dayNumber: number, holidays: Holidays): number[] {
  const sessions = (day: number) =>
    sessionsOf(rules.filter((rule) => rule.selectors.some((selector) => selects(selector, day, holidays))));
  return openMinutes(sessions(dayNumber - 1), sessions(dayNumber));
}

/** The open minutes of a week from Monday 0:00, 0 to 10080, without the rules for special days. */
export function openInWeek(rules: readonly HoursRule[]): number[] {
  const weekly = rules.map((rule) => ({ ...rule, selectors: rule.selectors.filter(isWeekly) }));
  const days = Array.from({ length: 7 }, (_, weekday) =>
    sessionsOf(
      weekly.filter(({ selectors }) => selectors.some(({ weekdays }) => ((weekdays >> weekday) & 1) === 1)),
    ),
  );
  return joined(
    days.flatMap((sessions, weekday) =>
      shifted(openMinutes(days[(weekday + 6) % 7]!, sessions), weekday * DAY_MINUTES),
    ),
  );
}

function sessionsOf(rules: readonly HoursRule[]): Sessions {
  let open: MinuteSpans = [];
  let cut: MinuteSpans = [];
  for (const { effect, spans } of rules) {
    if (effect === 'closed') {
      const isWholeDay = spans[0] === WHOLE_DAY[0] && spans[1] === WHOLE_DAY[1];
      open = isWholeDay ? [] : without(open, spans);
      if (!isWholeDay) cut = joined([...cut, ...spans]);
    } else {
      open = effect === 'override' ? spans : joined([...open, ...spans]);
      cut = effect === 'override' ? [] : without(cut, spans);
    }
  }
  return { open, cut };
}

function openMinutes(before: Sessions, own: Sessions): number[] {
  const left = without(between(shifted(before.open, -DAY_MINUTES), 0, DAY_MINUTES), own.cut);
  return joined([...between(own.open, 0, DAY_MINUTES), ...left]);
}
