/**
 * When every shop is open, read in place. Shops of the same hours in the same time zone share a timetable; number 0
 * stands for hours that nobody knows. All little-endian:
 *
 *     u32 [8]          shops S · timetables T · zones Z · rules R · selectors L · holidays H · week minutes W · rule minutes M
 *     u32 [S]          timetable of each shop
 *     u32 [T + 1][3]   timetable: zone · first week minute · first rule, none if all its rules are for weekdays; then the ends
 *     u32 [R + 1][3]   rule: effect · first rule minute · first selector; then the ends
 *     i32 [L][4]       selector: first day · last day · first of year | last << 16 · weekdays | nth << 8 | holiday << 24
 *     u32 [Z + 1]      first holiday of each zone; then their number
 *     i32 [H]          holidays of a zone as day numbers, ascending
 *     u16 [W]          open minutes of the week from Monday 0:00, from and to in turn; what the weekday rules say
 *     u16 [M]          minutes of a rule, from and to in turn; zeros up to a multiple of 4 bytes
 *     text table       names of the zones
 *
 * A shop is open at an instant if the clock on its wall then shows an open minute. So hours within an hour that the clock
 * repeats count twice, and within one that it skips not at all.
 */
import { alignUp } from '../base/aligned-bytes.ts';
import { check, type EngineError } from '../base/errors.ts';
import { invalidSection } from '../base/invalid-section.ts';
import { TextTable } from '../base/text-table.ts';
import { shown } from '../base/validate.ts';
import { weekdayOf } from './calendar-day.ts';
import {
  DAY_MINUTES,
  isSpecial,
  openOn,
  WEEK_MINUTES,
  type DaySelector,
  type Holidays,
  type HoursRule,
} from './hours-rules.ts';
import { knownTimeZone, ZoneClock } from './zone-clock.ts';

const SECTION = 'hours';
export const UNKNOWN_TIMETABLE = 0;
export const HOURS_COUNTS = 8;
export const RULE_EFFECTS = ['override', 'add', 'closed'] as const;
/** What a shop is at a moment, as codes in columns; UNASKED is none of them. */
export const [CLOSED, OPEN, UNKNOWN, UNASKED] = [0, 1, 2, 3];

const MINUTE_MS = 60_000;
const DAY_MS = DAY_MINUTES * MINUTE_MS;

interface Arrays {
  readonly shopTimetables: Uint32Array;
  readonly timetables: Uint32Array;
  readonly rules: Uint32Array;
  readonly selectors: Int32Array;
  readonly firstHolidays: Uint32Array;
  readonly holidays: Int32Array;
  readonly weekMinutes: Uint16Array;
  readonly ruleMinutes: Uint16Array;
}

export class OpeningHours {
  /** The timetable of each shop. */
  readonly shopTimetables: Uint32Array;
  readonly timetableCount: number;
  readonly #arrays: Arrays;
  readonly #zones: TextTable;
  readonly #clocks: (ZoneClock | undefined)[];
  readonly #holidays: (Holidays | undefined)[];
  readonly #rules: (readonly HoursRule[] | undefined)[];
  // The stretch around the last question about each timetable in which it stays what it is: most questions are about now.
  readonly #fromMs: Float64Array;
  readonly #toMs: Float64Array;
  readonly #isOpen: Uint8Array;
  /**
   * What each timetable is throughout the stretch of the last `ask`, or UNASKED; always so behind the last timetable, for
   * shops that go by several (see catalog/zone-hours.ts).
   */
  readonly answers: Uint8Array;
  #askedFromMs = Number.NaN;
  #askedToMs = Number.NaN;

  private constructor(arrays: Arrays, zones: TextTable) {
    this.shopTimetables = arrays.shopTimetables;
    this.timetableCount = arrays.timetables.length / 3 - 1;
    this.#arrays = arrays;
    this.#zones = zones;
    this.#clocks = Array.from({ length: zones.count });
    this.#holidays = Array.from({ length: zones.count });
    this.#rules = Array.from({ length: this.timetableCount });
    this.#fromMs = new Float64Array(this.timetableCount);
    this.#toMs = new Float64Array(this.timetableCount);
    this.#isOpen = new Uint8Array(this.timetableCount);
    this.answers = new Uint8Array(this.timetableCount + 1).fill(UNASKED);
  }

  /** Reads a section in place. Throws `snapshot_invalid` if its parts cannot be there. */
  static over(bytes: Uint8Array): OpeningHours {
    check(bytes.byteOffset % 4 === 0, `section ${SECTION} is not aligned`);
    if (bytes.length < HOURS_COUNTS * 4) throw invalid(`has ${bytes.length} bytes, expected at least 32`);
    const counts = new Uint32Array(bytes.buffer, bytes.byteOffset, HOURS_COUNTS);
    const [S = 0, T = 0, Z = 0, R = 0, L = 0, H = 0, W = 0, M = 0] = counts;
    if (T === 0) throw invalid('has no timetable, expected at least the one of unknown hours');
    const words = HOURS_COUNTS + S + 3 * (T + 1) + 3 * (R + 1) + 4 * L + Z + 1 + H;
    const zonesAt = alignUp(words * 4 + (W + M) * 2, 4);
    if (bytes.length < zonesAt)
      throw invalid(`has ${bytes.length} bytes, its counts promise over ${zonesAt}`);
    let at = bytes.byteOffset + HOURS_COUNTS * 4;
    const take = (byteCount: number) => (at += byteCount) - byteCount;
    const arrays: Arrays = {
      shopTimetables: new Uint32Array(bytes.buffer, take(S * 4), S),
      timetables: new Uint32Array(bytes.buffer, take((T + 1) * 12), (T + 1) * 3),
      rules: new Uint32Array(bytes.buffer, take((R + 1) * 12), (R + 1) * 3),
      selectors: new Int32Array(bytes.buffer, take(L * 16), L * 4),
      firstHolidays: new Uint32Array(bytes.buffer, take((Z + 1) * 4), Z + 1),
      holidays: new Int32Array(bytes.buffer, take(H * 4), H),
      weekMinutes: new Uint16Array(bytes.buffer, take(W * 2), W),
      ruleMinutes: new Uint16Array(bytes.buffer, take(M * 2), M),
    };
    const zones = TextTable.over(bytes.subarray(zonesAt), SECTION);
    if (zones.count !== Z) throw invalid(`names ${zones.count} time zones, its counts promise ${Z}`);
    return new OpeningHours(arrays, zones);
  }

  /** The hours of shops that nobody knows. */
  static unknown(shopCount: number): OpeningHours {
    const bytes = new Uint8Array((HOURS_COUNTS + shopCount + 3 * 2 + 3 + 1 + 2) * 4);
    new Uint32Array(bytes.buffer).set([shopCount, 1]);
    return OpeningHours.over(bytes);
  }

  /** Begins questions to `answer` about the stretch from `fromMs` to `toMs`, milliseconds since 1970. */
  ask(fromMs: number, toMs: number): void {
    if (fromMs === this.#askedFromMs && toMs === this.#askedToMs) return;
    this.#askedFromMs = fromMs;
    this.#askedToMs = toMs;
    this.answers.fill(UNASKED);
  }

  /** OPEN if a timetable is open in all of the asked stretch, CLOSED, or UNKNOWN. */
  answer(timetable: number): number {
    const known = this.answers[timetable]!;
    if (known !== UNASKED) return known;
    return (this.answers[timetable] = this.throughout(timetable, this.#askedFromMs, this.#askedToMs));
  }

  /** OPEN if a timetable is open at `fromMs` and without a gap until `toMs`, CLOSED, or UNKNOWN. */
  throughout(timetable: number, fromMs: number, toMs: number): number {
    if (timetable === UNKNOWN_TIMETABLE) return UNKNOWN;
    let atMs = fromMs;
    do {
      this.#look(timetable, atMs);
      if (this.#isOpen[timetable] === CLOSED) return CLOSED;
      atMs = this.#toMs[timetable]!;
    } while (atMs < toMs);
    return OPEN;
  }

  /** When a timetable next opens or closes after `atMs`; undefined if not before `endMs`, or nobody knows. */
  changeAfter(timetable: number, atMs: number, endMs: number): number | undefined {
    if (timetable === UNKNOWN_TIMETABLE) return undefined;
    this.#look(timetable, atMs);
    const now = this.#isOpen[timetable];
    for (let changeMs = this.#toMs[timetable]!; changeMs < endMs; changeMs = this.#toMs[timetable]!) {
      this.#look(timetable, changeMs);
      if (this.#isOpen[timetable] !== now) return changeMs;
    }
    return undefined;
  }

  /** What the clock on a timetable's wall shows at `atMs`, such as `2026-11-22T17:00`; of unknown hours in UTC. */
  localTime(timetable: number, atMs: number): string {
    const clock =
      timetable === UNKNOWN_TIMETABLE ? undefined : this.#clockOf(this.#arrays.timetables[timetable * 3]!);
    clock?.seek(atMs);
    const local = Temporal.Instant.fromEpochMilliseconds(Math.floor(atMs + (clock?.offsetMs ?? 0)));
    return local.toZonedDateTimeISO('UTC').toPlainDateTime().toString({ smallestUnit: 'minute' });
  }

  /** Throws `snapshot_invalid` unless every timetable holds and every shop has one. */
  verify(): void {
    const {
      shopTimetables,
      timetables,
      rules,
      selectors,
      firstHolidays,
      holidays,
      weekMinutes,
      ruleMinutes,
    } = this.#arrays;
    const count = this.timetableCount;
    const lost = shopTimetables.findIndex((timetable) => timetable >= count);
    if (lost !== -1) throw invalid(`shop ${lost} has timetable ${shopTimetables[lost]}, there are ${count}`);
    this.#zones.verify();
    for (let zone = 0; zone < this.#zones.count; zone++) {
      const name = this.#zones.at(zone);
      if (knownTimeZone(name) === undefined) throw invalid(`zone ${shown(name)} is not known to this system`);
    }
    verifyStarts('minutes of timetable', column(timetables, 1), weekMinutes.length);
    verifyStarts('rules of timetable', column(timetables, 2), rules.length / 3 - 1);
    verifyStarts('minutes of rule', column(rules, 1), ruleMinutes.length);
    verifyStarts('selectors of rule', column(rules, 2), selectors.length / 4);
    verifyStarts('holidays of zone', firstHolidays, holidays.length);
    for (let timetable = 0; timetable < count; timetable++) {
      const [zone, first] = timetables.subarray(timetable * 3);
      if (timetable !== UNKNOWN_TIMETABLE && zone! >= this.#zones.count)
        throw invalid(`timetable ${timetable} has zone ${zone}, there are ${this.#zones.count}`);
      verifyMinutes(weekMinutes.subarray(first, timetables[timetable * 3 + 4]), WEEK_MINUTES);
    }
    for (let rule = 0; rule < rules.length / 3 - 1; rule++) {
      const [effect, first] = rules.subarray(rule * 3);
      if (effect! >= RULE_EFFECTS.length) throw invalid(`rule ${rule} has effect ${effect}`);
      verifyMinutes(ruleMinutes.subarray(first, rules[rule * 3 + 4]), 2 * DAY_MINUTES);
    }
  }

  /** Finds what a timetable is at `atMs` and how long it certainly stays so, which may be longer. */
  #look(timetable: number, atMs: number): void {
    if (atMs >= this.#fromMs[timetable]! && atMs < this.#toMs[timetable]!) return;
    const zone = this.#arrays.timetables[timetable * 3]!;
    const clock = this.#clockOf(zone);
    clock.seek(atMs);
    const localMs = atMs + clock.offsetMs;
    const day = Math.floor(localMs / DAY_MS);
    const rules = (this.#rules[timetable] ??= this.#rulesOf(timetable));
    const holidays = (this.#holidays[zone] ??= this.#holidaysOf(zone));
    const isOrdinary = !isSpecial(rules, day, holidays) && !isSpecial(rules, day - 1, holidays);
    const firstDay = isOrdinary ? day - weekdayOf(day) : day;
    const minutes = isOrdinary ? this.#weekOf(timetable) : openOn(rules, day, holidays);
    const minute = (localMs - firstDay * DAY_MS) / MINUTE_MS;
    const next = firstAbove(minutes, minute);
    // With rules for special days, tomorrow may be one.
    const [startMinute, endMinute] =
      rules.length === 0
        ? [0, WEEK_MINUTES]
        : [(day - firstDay) * DAY_MINUTES, (day - firstDay + 1) * DAY_MINUTES];
    const fromMinute = Math.max(startMinute, minutes[next - 1] ?? 0);
    const toMinute = Math.min(endMinute, minutes[next] ?? endMinute);
    const originMs = firstDay * DAY_MS - clock.offsetMs;
    this.#isOpen[timetable] = next % 2 === 1 ? OPEN : CLOSED;
    this.#fromMs[timetable] = Math.max(clock.fromMs, originMs + fromMinute * MINUTE_MS);
    this.#toMs[timetable] = Math.min(clock.toMs, originMs + toMinute * MINUTE_MS);
  }

  #clockOf(zone: number): ZoneClock {
    return (this.#clocks[zone] ??= new ZoneClock(this.#zones.at(zone)));
  }

  #weekOf(timetable: number): Uint16Array {
    const { timetables, weekMinutes } = this.#arrays;
    return weekMinutes.subarray(timetables[timetable * 3 + 1], timetables[timetable * 3 + 4]);
  }

  #rulesOf(timetable: number): HoursRule[] {
    const { timetables, rules, selectors, ruleMinutes } = this.#arrays;
    const found: HoursRule[] = [];
    for (let rule = timetables[timetable * 3 + 2]!; rule < timetables[timetable * 3 + 5]!; rule++) {
      const [effect, firstMinute, firstSelector, , endMinute, endSelector] = rules.subarray(
        rule * 3,
        rule * 3 + 6,
      );
      found.push({
        effect: RULE_EFFECTS[effect!]!,
        selectors: Array.from({ length: endSelector! - firstSelector! }, (_, i) =>
          decodeSelector(selectors.subarray((firstSelector! + i) * 4)),
        ),
        spans: Array.from(ruleMinutes.subarray(firstMinute, endMinute)),
      });
    }
    return found;
  }

  #holidaysOf(zone: number): Holidays {
    const { firstHolidays, holidays } = this.#arrays;
    return new Set(holidays.subarray(firstHolidays[zone], firstHolidays[zone + 1]));
  }
}

/** The four words of a selector. */
export function encodeSelector(selector: DaySelector): number[] {
  const { firstDay, lastDay, firstOfYear, lastOfYear, weekdays, nth, holiday } = selector;
  return [
    firstDay,
    lastDay,
    firstOfYear | (lastOfYear << 16),
    weekdays | (nth << 8) | (Number(holiday) << 24),
  ];
}

function decodeSelector([firstDay, lastDay, ofYear, days]: Int32Array): DaySelector {
  return {
    firstDay: firstDay!,
    lastDay: lastDay!,
    firstOfYear: ofYear! & 0xffff,
    lastOfYear: ofYear! >>> 16,
    weekdays: days! & 0xff,
    nth: (days! >> 8) & 0xffff,
    holiday: days! >> 24 === 1,
  };
}

/** The first place in ascending `minutes` that holds more than `minute`. */
function firstAbove(minutes: ArrayLike<number>, minute: number): number {
  let [low, high] = [0, minutes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (minutes[middle]! > minute) high = middle;
    else low = middle + 1;
  }
  return low;
}

function column(table: Uint32Array, field: number): Uint32Array {
  return table.filter((_, at) => at % 3 === field);
}

function verifyStarts(what: string, starts: Uint32Array, end: number): void {
  const descent = starts.findIndex((start, i) => start < (starts[i - 1] ?? 0));
  if (descent !== -1)
    throw invalid(`the ${what} ${descent} begin at ${starts[descent]}, before those in front`);
  if (starts[0] !== 0 || starts.at(-1) !== end)
    throw invalid(`the ${what}s lie in ${starts[0]}..${starts.at(-1)}, expected 0..${end}`);
}

function verifyMinutes(minutes: Uint16Array, end: number): void {
  const isAscending = minutes.every((minute, i) => i === 0 || minute > minutes[i - 1]!);
  if (minutes.length % 2 === 0 && isAscending && (minutes.at(-1) ?? 0) <= end) return;
  throw invalid(`open minutes must ascend in pairs up to ${end}, found ${minutes.join(' ')}`);
}

function invalid(finding: string): EngineError {
  return invalidSection(SECTION, finding);
}
