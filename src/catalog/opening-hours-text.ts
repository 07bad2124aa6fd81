/**
 * Reads OpenStreetMap `opening_hours` (https://wiki.openstreetmap.org/wiki/Key:opening_hours/specification, 0.7.2): the
 * part of it that says when a shop is open.
 *
 *   rules      `;` overrides, `,` adds; behind `||` only what opens nothing, such as `|| "on appointment"`: it is left out
 *   dates      `Jun-Aug`, `Dec 24-26`, `Dec 24,31`, `2026 Mar 28-Apr 16`, `2026-2027`, `2026+`
 *   weekdays   `Mo-Fr`, `Sa,Su`, `Fr[1]`, `Su[-1]`, `PH`, `PH Mo-Fr`
 *   times      `11:00-15:00,17:00-22:00`; past midnight `22:00-02:00` or `18:00-26:00`; `24/7`; of `18:00-22:00+` what is sure
 *   modifiers  `open`, `off`, `closed`; comments say nothing here
 *
 * What is not in this list, such as sunsets, school holidays, Easter, weeks of the year and times without an end, makes
 * the whole text unreadable: a part of the hours would be a wrong answer. Letter case, long dashes, `9:00` and `Mon` are
 * read as meant.
 */
import { dayNumberOf, daysInMonth } from './calendar-day.ts';
import {
  DAY_MINUTES,
  EVERY_DAY,
  EVERY_WEEKDAY,
  WHOLE_DAY,
  type DaySelector,
  type HoursRule,
} from './hours-rules.ts';
import { joined } from './minute-spans.ts';

const WEEKDAYS = ['mo', 'tu', 'we', 'th', 'fr', 'sa', 'su'];
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
/** OpenStreetMap keeps 255. */
const CHARACTERS_MAX = 4_000;
/** As many as a text of that length can hold rules; dates times weekdays could be more. */
const SELECTORS_PER_RULE_MAX = 1_000;

const WEEKDAY =
  /(mo(?:n(?:day)?)?|tu(?:e(?:s(?:day)?)?)?|we(?:d(?:nesday)?)?|th(?:u(?:r(?:s(?:day)?)?)?)?|fr(?:i(?:day)?)?|sa(?:t(?:urday)?)?|su(?:n(?:day)?)?)(?![a-z])/y;
const PH = /(ph)(?![a-z])/y;
const MONTH = /(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)(?![a-z])/y;
const DATE = /(?:(?:19|20|21)\d\d )?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)(?![a-z])/y;
const YEAR = /((?:19|20|21)\d\d)(?![\d:])/y;
const DAY = /(\d{1,2})(?!\d|:\d)/y;
const TIME = /(\d{1,2}:\d\d)(?!\d)/y;
const NTH = /\[ ?(-?[1-5](?: ?[,-] ?-?[1-5])*) ?\]/y;
const MODIFIER = /(open|off|closed)(?![a-z])/y;
const COMMENT = /("[^"]*")/y;
const FALLBACK = /((?:[^";|]|"[^"]*")*)/y;
const OPENS_NOTHING = /^("[^"]*"|.*\b(off|closed|unknown)( ?"[^"]*")?)$/;

type Days = Pick<DaySelector, 'firstDay' | 'lastDay' | 'firstOfYear' | 'lastOfYear'>;
type Weekdays = Pick<DaySelector, 'weekdays' | 'nth' | 'holiday'>;
type Years = readonly [first: number, last: number];

/** The rules of a text, or why it cannot be read. */
export type ReadHours = { readonly rules: readonly HoursRule[] } | { readonly fault: string };

export function readOpeningHours(text: string): ReadHours {
  if (text.length > CHARACTERS_MAX) return { fault: `has more than ${CHARACTERS_MAX} characters` };
  try {
    return { rules: new HoursReader(text).rules() };
  } catch (error) {
    if (error instanceof Unreadable) return { fault: error.message };
    throw error;
  }
}

class Unreadable extends Error {}

class HoursReader {
  readonly #text: string;
  #at = 0;
  /** Whether the last rule had neither times nor a modifier. */
  #isWholeDay = false;

  constructor(text: string) {
    this.#text = text
      .replaceAll(/[\u2010-\u2015\u2212]/g, '-')
      .replaceAll(/\s+/g, ' ')
      .trim()
      .toLowerCase();
  }

  rules(): HoursRule[] {
    const rules: HoursRule[] = [];
    let effect: 'override' | 'add' = 'override';
    for (this.#skip(';'); this.#at < this.#text.length; this.#skip(';')) {
      rules.push(this.#rule(effect));
      effect = 'override';
      while (this.#take('||')) this.#fallback();
      if (this.#at === this.#text.length || this.#take(';')) continue;
      // `Mo-Fr, 10:00-18:00` would be whole days and more hours, which nobody means.
      if (this.#isWholeDay || !this.#take(',')) throw this.#unreadable();
      if (this.#at === this.#text.length || this.#text[this.#at] === ';') throw this.#unreadable();
      effect = 'add';
    }
    if (rules.length === 0) throw new Unreadable('says nothing');
    return rules;
  }

  #rule(effect: 'override' | 'add'): HoursRule {
    this.#isWholeDay = false;
    if (this.#take('24/7')) {
      const closed = this.#isClosed(true);
      return { effect: closed ? 'closed' : effect, selectors: [EVERY_DAY], spans: WHOLE_DAY };
    }
    const start = this.#at;
    const dates = this.#dates();
    if (dates.length > 0) this.#take(':');
    const weekdays = this.#weekdays();
    if (weekdays.length > 0) this.#take(':');
    const times = this.#times();
    const modifierAt = this.#at;
    const closed = this.#isClosed(times.length > 0);
    if (this.#at === start || (modifierAt === start && this.#text[start] === '"')) throw this.#unreadable();
    this.#isWholeDay = times.length === 0 && this.#at === modifierAt;
    return {
      effect: closed ? 'closed' : effect,
      selectors: this.#selectors(dates, weekdays),
      spans: times.length > 0 ? joined(times) : WHOLE_DAY,
    };
  }

  /** What else may be so while the shop is not open. Only if that could open it would it matter. */
  #fallback(): void {
    const at = this.#at;
    if (OPENS_NOTHING.test(this.#match(FALLBACK)!.trim())) return;
    this.#at = at;
    throw this.#unreadable();
  }

  #selectors(dates: readonly Days[], weekdays: readonly Weekdays[]): DaySelector[] {
    const someDates: readonly Partial<Days>[] = dates.length > 0 ? dates : [{}];
    const someWeekdays: readonly Partial<Weekdays>[] = weekdays.length > 0 ? weekdays : [{}];
    if (someDates.length * someWeekdays.length > SELECTORS_PER_RULE_MAX) throw this.#unreadable();
    return someDates.flatMap((days) => someWeekdays.map((some) => ({ ...EVERY_DAY, ...days, ...some })));
  }

  /** Years, months and days of months; none if the rule names none. */
  #dates(): Days[] {
    let years = this.#years();
    if (!this.#sees(MONTH)) return years.map((range) => ({ ...daysOfYears(range), ...wholeYear() }));
    const dates = this.#monthDays(years);
    while (this.#takeComma(DATE)) {
      if (this.#sees(YEAR)) years = this.#years();
      dates.push(...this.#monthDays(years));
    }
    return dates;
  }

  /** `2026`, `2026-2028`, `2026+`, `2026,2028`; none if there is none. */
  #years(): Years[] {
    const years: Years[] = [];
    while (years.length === 0 ? this.#sees(YEAR) : this.#takeComma(YEAR)) {
      const first = this.#needed(YEAR);
      const last = this.#take('+') ? Infinity : this.#take('-') ? this.#needed(YEAR) : first;
      if (last < first) throw this.#unreadable();
      years.push([first, last]);
    }
    return years;
  }

  /** `Jun`, `Jun-Aug`, `Dec 24`, `Dec 24-26`, `Dec 24-Jan 2`, `Dec 24,25,31`; in `years` if there are any. */
  #monthDays(years: readonly Years[]): Days[] {
    const month = this.#month();
    const range = (day: number | undefined): Days[] => {
      const [lastYear, lastMonth, lastDay] = this.#take('-')
        ? this.#rangeEnd(month, day)
        : [undefined, month, day];
      return this.#yearly(years, [month, day ?? 1], [lastMonth, lastDay ?? 31], lastYear);
    };
    const firstDay = this.#number(DAY);
    const found = range(firstDay);
    while (firstDay !== undefined && this.#takeComma(DAY)) found.push(...range(this.#needed(DAY)));
    return found;
  }

  /** What stands behind the dash of a range that begins in `month`, with or without a day. */
  #rangeEnd(
    month: number,
    day: number | undefined,
  ): [year: number | undefined, month: number, day: number | undefined] {
    const year = this.#number(YEAR);
    if (year === undefined && day !== undefined && !this.#sees(MONTH))
      return [undefined, month, this.#needed(DAY)];
    const lastMonth = this.#month();
    return [year, lastMonth, day === undefined ? undefined : this.#needed(DAY)];
  }

  #yearly(
    years: readonly Years[],
    [month, day]: readonly [number, number],
    [lastMonth, lastDay]: readonly [number, number],
    lastYear: number | undefined,
  ): Days[] {
    for (const [m, d] of [
      [month, day],
      [lastMonth, lastDay],
    ] as const) {
      // 31 stands for the end of a month that was named without a day; 2024 has a 29 February.
      if (d < 1 || (d > daysInMonth(2024, m) && d !== 31)) throw this.#unreadable();
    }
    const ofYear = { firstOfYear: month * 32 + day, lastOfYear: lastMonth * 32 + lastDay };
    if (years.length === 0) {
      if (lastYear !== undefined) throw this.#unreadable();
      return [{ firstDay: EVERY_DAY.firstDay, lastDay: EVERY_DAY.lastDay, ...ofYear }];
    }
    return years.map((range) => {
      const [first, last] = range;
      if (first !== last) return { ...daysOfYears(range), ...ofYear };
      const isNextYear = ofYear.lastOfYear < ofYear.firstOfYear;
      const endYear = lastYear ?? (isNextYear ? first + 1 : first);
      const end = Math.min(lastDay, daysInMonth(endYear, lastMonth));
      const days = {
        firstDay: dayNumberOf(first, month, day),
        lastDay: dayNumberOf(endYear, lastMonth, end),
      };
      if (days.lastDay < days.firstDay) throw this.#unreadable();
      return { ...days, ...wholeYear() };
    });
  }

  #month(): number {
    const found = this.#match(MONTH);
    if (found === undefined) throw this.#unreadable();
    return MONTHS.indexOf(found) + 1;
  }

  /** `Mo-Fr,Su`, `Fr[1,-1]`, `PH`, `PH Mo-Fr`; none if the rule names none. */
  #weekdays(): Weekdays[] {
    const found: Weekdays[] = [];
    while (found.length === 0 ? this.#sees(WEEKDAY) || this.#sees(PH) : this.#takeComma(WEEKDAY, PH)) {
      const holiday = this.#match(PH) !== undefined;
      const any = holiday && !this.#sees(WEEKDAY);
      found.push({ ...(any ? { weekdays: EVERY_WEEKDAY, nth: 0 } : this.#weekdayRange()), holiday });
    }
    return found;
  }

  #weekdayRange(): Pick<Weekdays, 'weekdays' | 'nth'> {
    const first = this.#weekday();
    const last = this.#take('-') ? this.#weekday() : first;
    let weekdays = 1 << first;
    for (let weekday = first; weekday !== last;) weekdays |= 1 << (weekday = (weekday + 1) % 7);
    const list = this.#match(NTH);
    if (list === undefined) return { weekdays, nth: 0 };
    if (first !== last) throw this.#unreadable();
    return { weekdays, nth: this.#nth(list) };
  }

  #weekday(): number {
    const found = this.#match(WEEKDAY);
    if (found === undefined) throw this.#unreadable();
    return WEEKDAYS.indexOf(found.slice(0, 2));
  }

  /** `1,3`, `1-2`, `-1`. */
  #nth(list: string): number {
    let bits = 0;
    for (const entry of list.replaceAll(' ', '').split(',')) {
      const [, from, to = from] = /^(-?\d)(?:-(\d))?$/.exec(entry) ?? [];
      const [first, last] = [Number(from), Number(to)];
      if (!(first <= last) || (first < 0 && first !== last)) throw this.#unreadable();
      for (let n = first; n <= last; n++) bits |= n > 0 ? 1 << (n - 1) : 1 << (4 - n);
    }
    return bits;
  }

  /** Spans as they stand, from and to; none if the rule names none. */
  #times(): number[] {
    const spans: number[] = [];
    while (spans.length === 0 ? this.#sees(TIME) : this.#takeComma(TIME)) {
      const from = this.#minutes();
      if (from >= DAY_MINUTES || !this.#take('-')) throw this.#unreadable();
      const to = this.#minutes();
      this.#take('+');
      spans.push(from, to > from ? to : to + DAY_MINUTES);
    }
    return spans;
  }

  #minutes(): number {
    const [hours, minutes] = (this.#match(TIME) ?? '').split(':').map(Number);
    const found = hours! * 60 + minutes!;
    if (minutes! < 60 && found <= 2 * DAY_MINUTES) return found;
    throw this.#unreadable();
  }

  /** Whether the rule closes. A comment in the place of hours says that they are not known. */
  #isClosed(hasTimes: boolean): boolean {
    const modifier = this.#match(MODIFIER);
    if (modifier === undefined && !hasTimes && this.#sees(COMMENT)) throw this.#unreadable();
    this.#match(COMMENT);
    return modifier === 'off' || modifier === 'closed';
  }

  #number(pattern: RegExp): number | undefined {
    const found = this.#match(pattern);
    return found === undefined ? undefined : Number(found);
  }

  #needed(pattern: RegExp): number {
    const found = this.#number(pattern);
    if (found === undefined) throw this.#unreadable();
    return found;
  }

  #sees(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    return pattern.test(this.#text);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return undefined;
    this.#move(found[0].length);
    return found[1];
  }

  #take(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false;
    this.#move(word.length);
    return true;
  }

  /** Takes a comma if one of `patterns` stands behind it; any other comma belongs to what follows. */
  #takeComma(...patterns: readonly RegExp[]): boolean {
    const at = this.#at;
    if (this.#take(',') && patterns.some((pattern) => this.#sees(pattern))) return true;
    this.#at = at;
    return false;
  }

  #skip(word: string): void {
    while (this.#take(word));
  }

  #move(length: number): void {
    this.#at += length;
    if (this.#text[this.#at] === ' ') this.#at++;
  }

  #unreadable(): Unreadable {
    const rest = this.#text.slice(this.#at, this.#at + 30);
    return new Unreadable(rest === '' ? 'ends too early' : `cannot be read from ${JSON.stringify(rest)}`);
  }
}

function daysOfYears([first, last]: Years): Pick<Days, 'firstDay' | 'lastDay'> {
  return {
    firstDay: dayNumberOf(first, 1, 1),
    lastDay: last === Infinity ? EVERY_DAY.lastDay : dayNumberOf(last, 12, 31),
  };
}

function wholeYear(): Pick<Days, 'firstOfYear' | 'lastOfYear'> {
  return { firstOfYear: EVERY_DAY.firstOfYear, lastOfYear: EVERY_DAY.lastOfYear };
}
