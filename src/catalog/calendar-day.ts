/**
 * Days of the Gregorian calendar as numbers: 0 is 1970-01-01, each day one more. Weekdays count from 0 for Monday.
 * The arithmetic of years that begin in March is Howard Hinnant's (https://howardhinnant.github.io/date_algorithms.html).
 */

/** A day as a calendar shows it; `month` and `day` from 1. */
export interface CalendarDay {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

const DAYS_PER_ERA = 146_097;
const YEARS_PER_ERA = 400;
/** From 0000-03-01 to 1970-01-01. */
const DAYS_BEFORE_1970 = 719_468;
/** 1970-01-01 was a Thursday. */
const WEEKDAY_OF_DAY_0 = 3;

export function dayNumberOf(year: number, month: number, day: number): number {
  const marchYear = month > 2 ? year : year - 1;
  const era = Math.floor(marchYear / YEARS_PER_ERA);
  const yearOfEra = marchYear - era * YEARS_PER_ERA;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * DAYS_PER_ERA + dayOfEra - DAYS_BEFORE_1970;
}

export function calendarDayOf(dayNumber: number): CalendarDay {
  const days = dayNumber + DAYS_BEFORE_1970;
  const era = Math.floor(days / DAYS_PER_ERA);
  const dayOfEra = days - era * DAYS_PER_ERA;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  return { year: yearOfEra + era * YEARS_PER_ERA + (month <= 2 ? 1 : 0), month, day };
}

export function weekdayOf(dayNumber: number): number {
  return (((dayNumber + WEEKDAY_OF_DAY_0) % 7) + 7) % 7;
}

export function daysInMonth(year: number, month: number): number {
  return dayNumberOf(month === 12 ? year + 1 : year, (month % 12) + 1, 1) - dayNumberOf(year, month, 1);
}
