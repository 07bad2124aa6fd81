/** Opening hours against a slow reading of the same week, minute by minute, and against what the specification says. */
import { describe, expect, test } from 'vitest';
import { Random } from '../src/base/random.ts';
import { calendarDayOf, dayNumberOf, daysInMonth, weekdayOf } from '../src/catalog/calendar-day.ts';
import { holidaysByZone } from '../src/catalog/holidays.ts';
import { OpenShops } from '../src/catalog/open-shops.ts';
import {
  emptyPages,
  statusSinceMs,
  statusUntil,
  withStatuses,
  type StatusPages,
} from '../src/catalog/status-pages.ts';
import type { ShopStatus } from '../src/domain/shop-status.ts';
import { CLOSED, OPEN, OpeningHours, UNKNOWN } from '../src/catalog/opening-hours.ts';
import {
  OpeningHoursBuilder,
  type HolidaysByZone,
  type StatedHours,
} from '../src/catalog/opening-hours-builder.ts';
import { readOpeningHours } from '../src/catalog/opening-hours-text.ts';
import { weekTableText } from '../src/domain/week-table.ts';
import { SlowClock, type SlowWeek } from './slow-hours.ts';

const MINUTE_MS = 60_000;
const WEEKDAYS = ['Mo', 'Tu', 'We', 'Th', 'Fr', 'Sa', 'Su'];
const NO_STATUS: ShopStatus = { shopId: '', open: true, untilMs: 0, sinceMs: 0 };
const HOLIDAYS = holidaysByZone({ UTC: ['2026-12-25', '2026-01-01'] });

interface Stated {
  readonly text?: string;
  readonly timeZone?: string;
}

function stated(text?: string, timeZone?: string, shopId = 's1'): StatedHours {
  return {
    shopId,
    ...(text !== undefined && { openingHours: text }),
    ...(timeZone !== undefined && { timeZone }),
  };
}

function hoursOf(shops: readonly Stated[], holidays: HolidaysByZone = HOLIDAYS): OpeningHours {
  const builder = new OpeningHoursBuilder('UTC', holidays);
  for (const { text, timeZone } of shops) builder.add(stated(text, timeZone));
  const hours = OpeningHours.over(builder.encode(Uint32Array.from(shops, (_, i) => i)));
  hours.verify();
  return hours;
}

/** The open stretches of a UTC day, such as `10:00-12:00 22:00-24:00`, found by asking for every minute. */
function openOn(hours: OpeningHours, date: string, timetable = 1): string {
  const midnight = Date.parse(`${date}T00:00Z`);
  const stretches: string[] = [];
  let from = -1;
  for (let minute = 0; minute <= 1440; minute++) {
    const at = midnight + minute * MINUTE_MS;
    const isOpen = minute < 1440 && hours.throughout(timetable, at, at) === OPEN;
    if (isOpen && from === -1) from = minute;
    if (isOpen || from === -1) continue;
    stretches.push(`${clock(from)}-${clock(minute)}`);
    from = -1;
  }
  return stretches.join(' ');
}

function clock(minute: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

/** 2026-11-23 is a Monday, 2026-12-25 a Friday and a holiday. */
const CASES: readonly (readonly [text: string, openByDate: Readonly<Record<string, string>>])[] = [
  ['24/7', { '2026-11-23': '00:00-24:00' }],
  ['off', { '2026-11-23': '' }],
  ['24/7 closed', { '2026-11-23': '' }],
  ['24/7; We off', { '2026-11-24': '00:00-24:00', '2026-11-25': '' }],
  ['10:00-12:00', { '2026-11-23': '10:00-12:00', '2026-11-29': '10:00-12:00' }],
  ['Mo-Fr 08:00-12:00,13:00-17:30', { '2026-11-27': '08:00-12:00 13:00-17:30', '2026-11-28': '' }],
  ['Mo-Fr 08:00-17:30; Sa 08:00-12:00', { '2026-11-27': '08:00-17:30', '2026-11-28': '08:00-12:00' }],
  ['Mo-Fr 08:00-17:30, Sa 08:00-12:00', { '2026-11-27': '08:00-17:30', '2026-11-28': '08:00-12:00' }],
  // A rule behind `;` replaces the day, one behind `,` adds to it.
  ['Mo-Su 10:00-12:00; Mo 14:00-16:00', { '2026-11-23': '14:00-16:00', '2026-11-24': '10:00-12:00' }],
  ['Mo-Su 10:00-12:00, Mo 14:00-16:00', { '2026-11-23': '10:00-12:00 14:00-16:00' }],
  ['Mo-Su 10:00-20:00; We 12:00-14:00 off', { '2026-11-25': '10:00-12:00 14:00-20:00' }],
  ['Mo-Sa 10:00-20:00; Tu off', { '2026-11-24': '', '2026-11-25': '10:00-20:00' }],
  ['Sa-Tu 10:00-11:00', { '2026-11-29': '10:00-11:00', '2026-11-24': '10:00-11:00', '2026-11-25': '' }],
  ['Fr-Su', { '2026-11-27': '00:00-24:00', '2026-11-26': '' }],
  // Past midnight, in either spelling, over the end of the week, and before a day that is closed.
  ['Mo 22:00-02:00', { '2026-11-23': '22:00-24:00', '2026-11-24': '00:00-02:00', '2026-11-25': '' }],
  ['Mo 18:00-26:00', { '2026-11-23': '18:00-24:00', '2026-11-24': '00:00-02:00' }],
  ['Su 18:00-03:00', { '2026-11-29': '18:00-24:00', '2026-11-30': '00:00-03:00' }],
  ['Mo 10:00-48:00', { '2026-11-23': '10:00-24:00', '2026-11-24': '00:00-24:00', '2026-11-25': '' }],
  ['Mo 10:00-10:00', { '2026-11-23': '10:00-24:00', '2026-11-24': '00:00-10:00' }],
  ['Mo-Su 18:00-02:00; Tu off', { '2026-11-24': '00:00-02:00', '2026-11-25': '18:00-24:00' }],
  ['Mo-Su 18:00-02:00; Tu 00:00-01:00 off', { '2026-11-24': '01:00-02:00 18:00-24:00' }],
  ['Mo-Su 18:00-02:00; Dec 25 off', { '2026-12-25': '00:00-02:00', '2026-12-26': '18:00-24:00' }],
  // Dates.
  ['Mo-Su 10:00-20:00; Dec 24-26 off', { '2026-12-23': '10:00-20:00', '2026-12-24': '', '2027-12-26': '' }],
  ['10:00-20:00; Dec 24,31 10:00-14:00', { '2026-12-31': '10:00-14:00', '2026-12-30': '10:00-20:00' }],
  ['Jun-Aug Mo-Fr 09:00-21:00', { '2026-08-31': '09:00-21:00', '2026-09-01': '', '2026-08-30': '' }],
  ['Nov-Feb 09:00-10:00', { '2026-12-01': '09:00-10:00', '2027-02-28': '09:00-10:00', '2027-03-01': '' }],
  ['Dec 20-Jan 5 off; 09:00-10:00', { '2026-12-25': '09:00-10:00' }],
  ['09:00-10:00; Dec 20-Jan 5 off', { '2026-12-20': '', '2027-01-05': '', '2027-01-06': '09:00-10:00' }],
  ['09:00-10:00; Feb 29 off', { '2028-02-29': '', '2027-02-28': '09:00-10:00', '2028-03-01': '09:00-10:00' }],
  ['2026 Dec 31 10:00-16:00', { '2026-12-31': '10:00-16:00', '2027-12-31': '' }],
  ['2026 Dec 28-Jan 2 10:00-16:00', { '2027-01-02': '10:00-16:00', '2026-01-01': '', '2027-12-31': '' }],
  ['2026 Dec 28-2027 Jan 2 10:00-16:00', { '2027-01-02': '10:00-16:00', '2027-01-03': '' }],
  ['2026-2027 Jun 08:00-09:00', { '2027-06-30': '08:00-09:00', '2028-06-01': '' }],
  ['2027+ 08:00-09:00', { '2026-12-31': '', '2031-06-01': '08:00-09:00' }],
  ['2026,2028 08:00-09:00', { '2026-12-31': '08:00-09:00', '2027-06-01': '', '2028-06-01': '08:00-09:00' }],
  ['2026 Feb 08:00-09:00', { '2026-02-28': '08:00-09:00', '2026-03-01': '' }],
  // Weekdays of a month.
  ['Fr[1] 10:00-12:00', { '2026-12-04': '10:00-12:00', '2026-12-11': '' }],
  ['Fr[-1] 10:00-12:00', { '2026-12-25': '10:00-12:00', '2026-12-18': '' }],
  ['Mo-Su 10:00-12:00; Su[2,4] off', { '2026-12-13': '', '2026-12-27': '', '2026-12-20': '10:00-12:00' }],
  ['Mo[1-2] 10:00-12:00', { '2026-12-14': '10:00-12:00', '2026-12-21': '' }],
  ['Aug Su[-1] 10:00-12:00', { '2026-08-30': '10:00-12:00', '2026-08-23': '', '2026-09-27': '' }],
  // Holidays.
  [
    'Mo-Su 10:00-12:00; PH off',
    { '2026-12-25': '', '2026-12-24': '10:00-12:00', '2027-12-25': '10:00-12:00' },
  ],
  ['Mo-Th,PH 10:00-12:00', { '2026-12-25': '10:00-12:00', '2026-12-18': '' }],
  ['09:00-10:00; PH Mo-Th off', { '2026-12-25': '09:00-10:00', '2026-01-01': '' }],
  // What people write.
  ['mo-fr 9:00–17:00', { '2026-11-27': '09:00-17:00', '2026-11-28': '' }],
  ['Mon - Fri 09:00 - 17:00 ; ', { '2026-11-27': '09:00-17:00' }],
  ['Mo-Fr: 09:00-17:00', { '2026-11-27': '09:00-17:00' }],
  ['Mo-Fr 09:00-17:00 open "kitchen till 16"', { '2026-11-27': '09:00-17:00' }],
  ['Mo-Fr 09:00-17:00 "kitchen; till 16"', { '2026-11-27': '09:00-17:00' }],
  ['Mo-Fr 09:00-17:00 || "on appointment"', { '2026-11-27': '09:00-17:00', '2026-11-28': '' }],
  ['Mo-Fr 09:00-17:00 || Sa unknown "ask"; PH off', { '2026-11-27': '09:00-17:00', '2026-12-25': '' }],
  ['17:00-22:00+', { '2026-11-23': '17:00-22:00' }],
];

test.each(CASES)('%s', (text, openByDate) => {
  const hours = hoursOf([{ text }]);
  for (const [date, open] of Object.entries(openByDate)) expect(openOn(hours, date), date).toBe(open);
});

test.each([
  '',
  ' ; ',
  'sunrise-sunset',
  'Mo-Fr 10:00-sunset',
  'SH off',
  'easter off',
  'week 1-10 Mo 10:00-12:00',
  '17:00+',
  'Mo-Fr, 10:00-18:00',
  'Mo-Fr 10:00-18:00 Sa 10:00-12:00',
  'Mo-Fr "by appointment"',
  '"call us"',
  'Mo-Fr 10:00-12:00 || Sa 10:00-12:00',
  'Mo-Fr 10:00-12:00 unknown',
  'Mo-Fr 25:00-26:00',
  'Mo-Fr 10:60-12:00',
  'Mo-Fr 10:00-49:00',
  'Mo-Fr 10-12',
  'Feb 30 off',
  'Dec 0 off',
  '2027 Dec 5-2026 Dec 1 off',
  'Fr[0] 10:00-12:00',
  'Fr[2-1] 10:00-12:00',
  'Mo-Fr[1] 10:00-12:00',
  'Sa[1] +1 day 10:00-12:00',
  'Mo-Fr 10:00-12:00/30',
  '매일 10:00-22:00',
  'Mo-Fr 10:00-12:00,',
  'Mo 10:00-12:00; '.repeat(300),
])('%s cannot be read, so nobody knows these hours', (text) => {
  expect(readOpeningHours(text)).toMatchObject({ fault: /\S/ });
  expect(hoursOf([{ text }]).shopTimetables[0]).toBe(0);
});

/** Up to three spans a day, some past midnight, at odd minutes; many around the hours at which clocks change. */
function randomWeek(random: Random): SlowWeek {
  return WEEKDAYS.map(() =>
    Array.from({ length: random.below(4) }, (): [number, number] => {
      const from = random.unit() < 0.5 ? random.below(240) : random.below(1440);
      return [from, from + 1 + random.below(Math.min(1440, 2880 - from - 1))];
    }),
  );
}

function textOf(week: SlowWeek): string {
  const days = week.map((spans, weekday) =>
    spans.length === 0
      ? `${WEEKDAYS[weekday]} off`
      : `${WEEKDAYS[weekday]} ${spans.map(([from, to]) => `${clock(from)}-${clock(to)}`).join(',')}`,
  );
  return days.join('; ');
}

/** Days on which the clock of a zone repeats an hour, skips one, or does neither. */
const CHANGES: readonly (readonly [timeZone: string, day: string])[] = [
  ['Europe/Berlin', '2026-03-29'],
  ['Europe/Berlin', '2026-10-25'],
  ['America/New_York', '2026-03-08'],
  ['America/New_York', '2026-11-01'],
  ['Australia/Lord_Howe', '2026-04-05'], // half an hour
  ['Australia/Lord_Howe', '2026-10-04'],
  ['Africa/Cairo', '2026-04-24'], // skips midnight
  ['Asia/Kathmandu', '2026-11-22'],
  ['Pacific/Apia', '2011-12-30'], // a day that never was
  ['Asia/Seoul', '2026-11-22'],
];

describe('every minute of two days around a change of the clock, as the slow clock has it', () => {
  test.each(CHANGES)('%s %s', (timeZone, day) => {
    const slow = new SlowClock(timeZone);
    const middle = Date.parse(`${day}T00:00Z`);
    for (let seed = 1; seed <= 4; seed++) {
      const random = new Random(seed);
      const week = randomWeek(random);
      const hours = hoursOf([{ text: textOf(week), timeZone }]);
      for (let minute = -1440; minute < 1440; minute++) {
        const at = middle + minute * MINUTE_MS;
        const expected = slow.isOpen(week, at) ? OPEN : CLOSED;
        expect(hours.throughout(1, at, at), `seed ${seed}, ${textOf(week)}, minute ${minute}`).toBe(expected);
      }
      for (let n = 0; n < 40; n++) {
        const at = middle + (random.below(2880) - 1440) * MINUTE_MS;
        const openFor = random.below(600);
        expect(
          hours.throughout(1, at, at + openFor * MINUTE_MS),
          `seed ${seed}, ${textOf(week)}, from ${new Date(at).toISOString()} for ${openFor}`,
        ).toBe(slow.isOpenThroughout(week, at, openFor) ? OPEN : CLOSED);
      }
    }
  });
});

test('a shop closes at its closing time, and is open for exactly the minutes until then', () => {
  const hours = hoursOf([{ text: 'Mo-Su 10:00-22:00', timeZone: 'Asia/Seoul' }]);
  const closing = Date.parse('2026-11-22T22:00+09:00');
  expect(hours.throughout(1, closing - 40 * MINUTE_MS, closing)).toBe(OPEN);
  expect(hours.throughout(1, closing - 39 * MINUTE_MS, closing + MINUTE_MS)).toBe(CLOSED);
  expect(hours.throughout(1, closing - 1, closing - 1)).toBe(OPEN);
  expect(hours.throughout(1, closing, closing)).toBe(CLOSED);
});

test('spans that touch are no gap, over midnight and over the end of the week', () => {
  const hours = hoursOf([{ text: 'Mo-Su 00:00-24:00' }, { text: 'Su 20:00-24:00; Mo 00:00-04:00' }]);
  const sunday = Date.parse('2026-11-29T23:00Z');
  expect(hours.throughout(1, sunday, sunday + 1440 * MINUTE_MS)).toBe(OPEN);
  expect(hours.throughout(2, sunday, sunday + 300 * MINUTE_MS)).toBe(OPEN);
  expect(hours.throughout(2, sunday, sunday + 301 * MINUTE_MS)).toBe(CLOSED);
});

test('the next change is told', () => {
  const hours = hoursOf([{ text: 'Mo-Fr 10:00-22:00; Dec 25 off' }, { text: '24/7' }, {}]);
  const at = (text: string) => Date.parse(`${text}Z`);
  const end = at('2027-12-31T00:00');
  expect(hours.changeAfter(1, at('2026-12-24T12:00'), end)).toBe(at('2026-12-24T22:00'));
  expect(hours.changeAfter(1, at('2026-12-24T23:00'), end)).toBe(at('2026-12-28T10:00'));
  expect(hours.changeAfter(1, at('2026-12-24T23:00'), at('2026-12-28T09:00'))).toBe(undefined);
  expect(hours.changeAfter(2, at('2026-12-24T12:00'), end)).toBe(undefined);
  expect(hours.changeAfter(0, at('2026-12-24T12:00'), end)).toBe(undefined);
});

test('texts that mean the same share a timetable, in each zone; unread ones are counted and shown', () => {
  const builder = new OpeningHoursBuilder('UTC', HOLIDAYS);
  builder.add(stated('10:00-22:00'));
  builder.add(stated('Mo-Su 10:00-22:00', 'UTC'));
  builder.add(stated('Mo-Su 10:00-22:00', 'Asia/Seoul'));
  builder.add(stated('sunrise-sunset', undefined, 's4'));
  builder.add(stated('sunrise-sunset', 'Asia/Seoul', 's5'));
  builder.add(stated('10-22', undefined, 's6'));
  builder.add(stated(undefined, 'Asia/Seoul'));
  builder.add(stated('Mo-Fr 10:00-22:00; PH off', 'Asia/Seoul'));
  const hours = OpeningHours.over(builder.encode(Uint32Array.from([7, 6, 5, 4, 3, 2, 1, 0])));
  hours.verify();
  expect(Array.from({ length: 8 }, (_, i) => hours.shopTimetables[i])).toEqual([3, 0, 0, 0, 0, 2, 1, 1]);
  expect(hours.timetableCount).toBe(4);
  expect(builder.summary()).toEqual({
    knownCount: 4,
    unstatedCount: 1,
    unreadableCount: 3,
    zoneStatedCount: 0,
    zoneUnreadableCount: 0,
    unreadable: [
      {
        text: 'sunrise-sunset',
        fault: expect.stringContaining('sunrise'),
        count: 2,
        shopIds: ['s4', 's5'],
      },
      { text: '10-22', fault: expect.stringContaining('10-22'), count: 1, shopIds: ['s6'] },
    ],
    timeZoneAssumedCount: 1,
    holidaysMissingCount: 1,
  });
});

test('zones share the timetables of shops, in the time zone of theirs, and are counted with them', () => {
  const builder = new OpeningHoursBuilder('UTC', HOLIDAYS);
  const zones = [undefined, 'Mo-Su 10:00-22:00', '10-22', '10-22', 'PH off'];
  expect(builder.add(stated('10:00-22:00', 'Asia/Seoul', 's1'), zones)).toEqual([0, 2, 1, 1, 3]);
  expect(builder.add(stated(undefined, undefined, 's2'), ['10:00-22:00', undefined])).toEqual([4, 0]);
  for (const shopId of ['s3', 's4', 's5']) builder.add(stated('10-22', undefined, shopId));
  const hours = OpeningHours.over(builder.encode(Uint32Array.from([0, 1, 2, 3, 4])));
  expect([...hours.shopTimetables]).toEqual([1, 0, 0, 0, 0]);
  expect(builder.summary()).toEqual({
    knownCount: 1,
    unstatedCount: 1,
    unreadableCount: 3,
    zoneStatedCount: 5,
    zoneUnreadableCount: 2,
    unreadable: [{ text: '10-22', fault: expect.any(String), count: 5, shopIds: ['s1', 's3', 's4'] }],
    timeZoneAssumedCount: 1,
    holidaysMissingCount: 1,
  });
});

test('a status wins over hours for as long as it holds, then the hours count', () => {
  const hours = hoursOf([{ text: '10:00-12:00' }, {}]);
  const at = (time: string) => Date.parse(`2026-11-22T${time}Z`);
  let pages: StatusPages = emptyPages(2);
  /** Both shops say the same since 9:00. */
  const say = (open: boolean, untilMs = Infinity) => {
    const status = { shopId: 's1', open, untilMs, sinceMs: at('09:00') };
    pages = withStatuses(pages, [
      [0, status],
      [1, status],
    ]);
  };
  const openness = (fromMs: number, openFor = 0, statusSinceMsMax = Infinity) => {
    const moment = { atMs: fromMs, untilMs: fromMs + openFor * MINUTE_MS, statusSinceMsMax };
    const shops = new OpenShops(hours, pages, moment);
    return [shops.opennessOf(0), shops.opennessOf(1)];
  };
  expect(openness(at('11:00'))).toEqual(['open', 'unknown']);
  say(false);
  expect(openness(at('11:00'))).toEqual(['closed', 'closed']);
  expect(openness(at('08:00'), 0, at('08:00')), 'before it was set').toEqual(['closed', 'unknown']);
  say(false, at('11:00'));
  expect(openness(at('10:59'))).toEqual(['closed', 'closed']);
  expect(openness(at('11:00'))).toEqual(['open', 'unknown']);
  say(true);
  expect(openness(at('23:00'), 1440)).toEqual(['open', 'open']);
  say(true, at('11:00'));
  expect(openness(at('09:30'), 60)).toEqual(['open', 'open']);
  expect(openness(at('09:30'), 150), 'open by status until 11:00, by hours until 12:00').toEqual([
    'open',
    'unknown',
  ]);
  expect(openness(at('09:30'), 151)).toEqual(['closed', 'unknown']);
  expect(
    new OpenShops(OpeningHours.unknown(1), null, { atMs: 0, untilMs: 0, statusSinceMsMax: 0 }).opennessOf(0),
  ).toBe('unknown');
});

test('statuses of many shops are those of a model, and what was given before a change stays', () => {
  const random = new Random(5);
  const shopCount = 50_000;
  const model = new Map<number, ShopStatus>();
  let pages = emptyPages(shopCount);
  const said = (of: StatusPages) =>
    Array.from(model.keys(), (ordinal) => [statusUntil(of, ordinal), statusSinceMs(of, ordinal)]);
  for (let change = 1; change <= 60; change++) {
    const before = pages;
    const saidBefore = said(before);
    const changes = Array.from({ length: 1 + random.below(3) }, () => {
      const ordinal = random.pick([0, 1, 16_383, 16_384, shopCount - 1, random.below(shopCount)]);
      const open = random.unit() < 0.5;
      const status = { shopId: '', open, untilMs: random.pick([change, Infinity]), sinceMs: change };
      return [ordinal, random.unit() < 0.3 ? undefined : status] as const;
    });
    pages = withStatuses(pages, changes);
    expect(said(before), `change ${change}`).toEqual(saidBefore);
    for (const [ordinal, status] of changes) model.set(ordinal, status ?? NO_STATUS);
    expect(said(pages), `change ${change}`).toEqual(
      Array.from(model.values(), ({ open, untilMs, sinceMs }) => [open ? untilMs : -untilMs, sinceMs]),
    );
    expect(pages.filter((page, i) => page !== before[i]).length).toBeLessThanOrEqual(changes.length);
  }
});

test('closed shops are left out in order, and unknown ones if asked', () => {
  const hours = hoursOf([{ text: '24/7' }, {}, { text: 'off' }, { text: '24/7' }]);
  const kept = (unknownPasses: boolean) => {
    const ordinals = Uint32Array.from([0, 1, 2, 3]);
    const shops = new OpenShops(hours, null, { atMs: 0, untilMs: 0, statusSinceMsMax: 0 });
    return [...ordinals.subarray(0, shops.keep(unknownPasses, ordinals, 4))];
  };
  expect(kept(true)).toEqual([0, 1, 3]);
  expect(kept(false)).toEqual([0, 3]);
  expect(hours.throughout(0, 0, 0)).toBe(UNKNOWN);
});

test('a weekly table is another way to write the text', () => {
  expect(weekTableText({ Mo: ['11:00-15:00', '17:00-02:00'], Tu: [], Su: ['10:00-12:00'] })).toBe(
    'Mo 11:00-15:00,17:00-02:00; Su 10:00-12:00',
  );
  expect(weekTableText({})).toBe('off');
  for (const wrong of [[], null, 'Mo', { mo: [] }, { Mo: '11:00-12:00' }, { Mo: ['11-12'] }, { Mo: [11] }])
    expect(weekTableText(wrong)).toBe(undefined);
});

test('holidays are dates by time zone', () => {
  expect(holidaysByZone({ 'asia/seoul': ['2026-01-02', '2026-01-01', '2026-01-02'] })).toEqual(
    new Map([['Asia/Seoul', [dayNumberOf(2026, 1, 1), dayNumberOf(2026, 1, 2)]]]),
  );
  expect(() => holidaysByZone({ Korea: ['2026-01-01'] })).toThrow(
    'holidays.Korea must be under the IANA name',
  );
  expect(() => holidaysByZone({ UTC: ['2026-02-30'] })).toThrow('holidays.UTC[0] must be a date');
  expect(() => holidaysByZone([])).toThrow('must be an object of dates by time zone');
});

test('days are those of the calendar', () => {
  for (let day = -200_000; day < 200_000; day += 37) {
    const date = new Date(day * 86_400_000);
    const found = calendarDayOf(day);
    expect([found.year, found.month, found.day]).toEqual([
      date.getUTCFullYear(),
      date.getUTCMonth() + 1,
      date.getUTCDate(),
    ]);
    expect(dayNumberOf(found.year, found.month, found.day)).toBe(day);
    expect(weekdayOf(day)).toBe((date.getUTCDay() + 6) % 7);
  }
  expect([1, 2, 12].map((month) => daysInMonth(2028, month))).toEqual([31, 29, 31]);
});

test('a section that does not hold is refused, whatever word of it is changed', () => {
  const builder = new OpeningHoursBuilder('UTC', HOLIDAYS);
  builder.add(stated('Mo-Fr 10:00-22:00; Dec 25 off; PH off', 'UTC'));
  builder.add(stated('Mo-Fr 10:00-22:00', 'Asia/Seoul'));
  const good = builder.encode(Uint32Array.from([0, 1]));
  const words = good.length >> 2;
  const faults = Array.from({ length: words }, (_, word) => {
    const bytes = good.slice();
    new DataView(bytes.buffer).setUint32(word * 4, 0x7fff_ffff, true);
    return faultOf(bytes);
  });
  expect(faults.filter((fault) => fault === undefined).length, 'other dates, counts of nothing').toBeLessThan(
    words / 2,
  );
  for (const fault of faults) expect([undefined, 'snapshot_invalid']).toContain(fault);
  expect(() => OpeningHours.over(good.subarray(0, 16))).toThrow('section hours');
  expect(() => OpeningHours.over(good.subarray(0, good.length - 40))).toThrow('section hours');
});

/** The code of what is wrong with a section. What is found good must answer. */
function faultOf(bytes: Uint8Array): string | undefined {
  try {
    const hours = OpeningHours.over(bytes);
    hours.verify();
    for (const timetable of [0, 1, 2]) hours.throughout(timetable, 1e12, 1e12 + 1e9);
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}
