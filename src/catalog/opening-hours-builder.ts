/**
 * Collects the hours of shops and of their zones in the order of the input and writes them as the section of
 * `OpeningHours`. A text that cannot be read makes hours that nobody knows; what was not read is counted and shown, never
 * dropped silently.
 */
import { alignUp } from '../base/aligned-bytes.ts';
import { encodeTextTable } from '../base/text-table-builder.ts';
import type { Shop } from '../domain/shop.ts';
import { isWeekly, openInWeek, type HoursRule } from './hours-rules.ts';
import { encodeSelector, HOURS_COUNTS, RULE_EFFECTS, UNKNOWN_TIMETABLE } from './opening-hours.ts';
import { readOpeningHours } from './opening-hours-text.ts';

/** Texts that a summary shows. */
const EXAMPLES_MAX = 5;
/** Shops that it names for each. */
const EXAMPLE_SHOPS_MAX = 3;

/** Public holidays by the name of a time zone, as day numbers. */
export type HolidaysByZone = ReadonlyMap<string, readonly number[]>;

/** What a build understood of the hours of its shops and zones. */
export interface HoursSummary {
  readonly knownCount: number;
  /** Shops without a text about hours. */
  readonly unstatedCount: number;
  /** Shops whose text cannot be read: their hours are unknown. */
  readonly unreadableCount: number;
  /** Zones with a text about hours of their own. */
  readonly zoneStatedCount: number;
  /** Zones whose text cannot be read. */
  readonly zoneUnreadableCount: number;
  /** The most frequent of the texts that cannot be read, why, and the first shops that have it, themselves or in a zone. */
  readonly unreadable: readonly {
    readonly text: string;
    readonly fault: string;
    readonly count: number;
    readonly shopIds: readonly string[];
  }[];
  /** Shops with hours, of their own or of a zone, and no time zone of their own. */
  readonly timeZoneAssumedCount: number;
  /** Shops with rules for public holidays in a time zone that no holidays were given for: those rules never apply. */
  readonly holidaysMissingCount: number;
}

interface Unreadable {
  readonly text: string;
  readonly fault: string;
  count: number;
  readonly shopIds: string[];
}

/** What a shop says of its hours. */
export type StatedHours = Pick<Shop, 'shopId' | 'openingHours' | 'timeZone'>;

export class OpeningHoursBuilder {
  readonly #timeZone: string;
  readonly #holidays: HolidaysByZone;
  readonly #shopTimetables: number[] = [];
  readonly #numberOfText = new Map<string, number>();
  readonly #numberOfContent = new Map<string, number>();
  readonly #zones: string[] = [];
  readonly #unreadable = new Map<string, Unreadable>();
  readonly #withoutHolidays = new Set<number>();
  #timeZoneAssumedCount = 0;
  #holidaysMissingCount = 0;
  #unstatedCount = 0;
  #unreadableCount = 0;
  #zoneStatedCount = 0;
  #zoneUnreadableCount = 0;
  // As the section has them; timetable 0 is that of unknown hours.
  readonly #timetables = [0, 0, 0];
  readonly #rules: number[] = [];
  readonly #selectors: number[] = [];
  readonly #weekMinutes: number[] = [];
  readonly #ruleMinutes: number[] = [];

  /** `timeZone` is that of shops without one of their own; every name must be one that `knownTimeZone` returned. */
  constructor(timeZone: string, holidays: HolidaysByZone) {
    this.#timeZone = timeZone;
    this.#holidays = holidays;
  }

  /**
   * Adds the next shop with what its zones say of hours of their own; undefined is what its owner did not say. Returns of
   * each zone what the section `zoneHours` holds.
   */
  add(shop: StatedHours, zoneTexts: readonly (string | undefined)[] = []): number[] {
    const own = this.#timetable(shop.openingHours, shop);
    this.#shopTimetables.push(own ?? UNKNOWN_TIMETABLE);
    const zones = zoneTexts.map((text) => this.#timetable(text, shop));
    const stated = [own, ...zones].filter((timetable) => timetable !== undefined);
    if (own === undefined) this.#unstatedCount++;
    if (own === UNKNOWN_TIMETABLE) this.#unreadableCount++;
    this.#zoneStatedCount += stated.length - Number(own !== undefined);
    this.#zoneUnreadableCount += zones.filter((timetable) => timetable === UNKNOWN_TIMETABLE).length;
    const isKnown = stated.some((timetable) => timetable !== UNKNOWN_TIMETABLE);
    if (isKnown && shop.timeZone === undefined) this.#timeZoneAssumedCount++;
    if (stated.some((timetable) => this.#withoutHolidays.has(timetable))) this.#holidaysMissingCount++;
    return zones.map((timetable) => (timetable === undefined ? 0 : 1 + timetable));
  }

  /** The number of the timetable of a text; `UNKNOWN_TIMETABLE` if it cannot be read, undefined if there is none. */
  #timetable(text: string | undefined, shop: StatedHours): number | undefined {
    if (text === undefined) return undefined;
    const timeZone = shop.timeZone ?? this.#timeZone;
    const key = `${timeZone}\n${text}`;
    let number = this.#numberOfText.get(key);
    if (number === undefined) this.#numberOfText.set(key, (number = this.#read(text, timeZone)));
    if (number === UNKNOWN_TIMETABLE) this.#countUnreadable(text, shop.shopId);
    return number;
  }

  #countUnreadable(text: string, shopId: string): void {
    const unreadable = this.#unreadable.get(text)!;
    unreadable.count++;
    const { shopIds } = unreadable;
    if (shopIds.length < EXAMPLE_SHOPS_MAX && !shopIds.includes(shopId)) shopIds.push(shopId);
  }

  /** The section, `order[ordinal]` being the place of the shop in the input. */
  encode(order: Uint32Array): Uint8Array {
    const firstHolidays = [0];
    const holidays = this.#zones.flatMap((zone) => {
      const days = this.#holidays.get(zone) ?? [];
      firstHolidays.push(firstHolidays.at(-1)! + days.length);
      return days;
    });
    const [ruleCount, selectorCount] = [this.#rules.length / 3, this.#selectors.length / 4];
    const [weekCount, minuteCount] = [this.#weekMinutes.length, this.#ruleMinutes.length];
    const counts = [order.length, this.#timetables.length / 3, this.#zones.length, ruleCount];
    counts.push(selectorCount, holidays.length, weekCount, minuteCount);
    const tables = [
      Uint32Array.from(order, (row) => this.#shopTimetables[row]!),
      Uint32Array.from([...this.#timetables, 0, weekCount, ruleCount]),
      Uint32Array.from([...this.#rules, 0, minuteCount, selectorCount]),
      Int32Array.from(this.#selectors),
      Uint32Array.from(firstHolidays),
      Int32Array.from(holidays),
      Uint16Array.from(this.#weekMinutes),
      Uint16Array.from(this.#ruleMinutes),
    ];
    const tableBytes = tables.reduce((bytes, table) => bytes + table.byteLength, HOURS_COUNTS * 4);
    const zones = encodeTextTable(this.#zones);
    const bytes = new Uint8Array(alignUp(tableBytes, 4) + zones.length);
    let at = 0;
    for (const table of [Uint32Array.from(counts), ...tables]) {
      bytes.set(new Uint8Array(table.buffer), at);
      at += table.byteLength;
    }
    bytes.set(zones, alignUp(at, 4));
    return bytes;
  }

  summary(): HoursSummary {
    return {
      knownCount: this.#shopTimetables.length - this.#unstatedCount - this.#unreadableCount,
      unstatedCount: this.#unstatedCount,
      unreadableCount: this.#unreadableCount,
      zoneStatedCount: this.#zoneStatedCount,
      zoneUnreadableCount: this.#zoneUnreadableCount,
      unreadable: [...this.#unreadable.values()].toSorted((a, b) => b.count - a.count).slice(0, EXAMPLES_MAX),
      timeZoneAssumedCount: this.#timeZoneAssumedCount,
      holidaysMissingCount: this.#holidaysMissingCount,
    };
  }

  #read(text: string, timeZone: string): number {
    const read = readOpeningHours(text);
    if ('fault' in read) {
      if (!this.#unreadable.has(text)) {
        const { fault } = read;
        this.#unreadable.set(text, { text, fault, count: 0, shopIds: [] });
      }
      return UNKNOWN_TIMETABLE;
    }
    const selectors = read.rules.flatMap((rule) => rule.selectors);
    const week = openInWeek(read.rules);
    // Whether texts mean the same shows once they are read: most shops have the hours of another.
    const rules = selectors.every(isWeekly) ? [] : read.rules;
    const content = JSON.stringify([timeZone, week, rules]);
    let number = this.#numberOfContent.get(content);
    if (number !== undefined) return number;
    number = this.#addTimetable(timeZone, week, rules);
    this.#numberOfContent.set(content, number);
    if (!this.#holidays.has(timeZone) && selectors.some(({ holiday }) => holiday))
      this.#withoutHolidays.add(number);
    return number;
  }

  #addTimetable(timeZone: string, week: readonly number[], rules: readonly HoursRule[]): number {
    let zone = this.#zones.indexOf(timeZone);
    if (zone === -1) zone = this.#zones.push(timeZone) - 1;
    const number = this.#timetables.length / 3;
    this.#timetables.push(zone, this.#weekMinutes.length, this.#rules.length / 3);
    this.#weekMinutes.push(...week);
    for (const { effect, selectors, spans } of rules) {
      this.#rules.push(RULE_EFFECTS.indexOf(effect), this.#ruleMinutes.length, this.#selectors.length / 4);
      this.#ruleMinutes.push(...spans);
      this.#selectors.push(...selectors.flatMap(encodeSelector));
    }
    return number;
  }
}
