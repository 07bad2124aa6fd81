import { expect, test } from 'vitest';
import { knownTimeZone, ZoneClock } from '../src/catalog/zone-clock.ts';
import { Schedule } from '../src/pipeline/schedule.ts';

const KNOWN: readonly (readonly [name: string, spelt: string])[] = [
  ['Asia/Seoul', 'Asia/Seoul'],
  ['asia/seoul', 'Asia/Seoul'],
  ['UTC', 'UTC'],
  ['Etc/GMT-9', 'Etc/GMT-9'],
  ['+09:00', '+09:00'],
  ['-0330', '-03:30'],
];
const UNKNOWN = [
  'Mars/Base',
  'KST',
  '',
  'Z',
  '+09:00:30',
  '2026-11-22T12:00:00Z',
  '2026-11-22T12:00:00+09:00',
  '2026-11-22T12:00:00[Asia/Seoul]',
  '20261122T120000Z',
  'T12:00Z',
  '12:00[Asia/Seoul]',
];

test('a time zone is one that other libraries know too', () => {
  const isKnownToIntl = (timeZone: string): boolean => {
    try {
      return new Intl.DateTimeFormat('en', { timeZone }) instanceof Intl.DateTimeFormat;
    } catch {
      return false;
    }
  };
  for (const [name, spelt] of KNOWN) {
    expect(knownTimeZone(name), name).toBe(spelt);
    expect(isKnownToIntl(name), name).toBe(true);
  }
  for (const name of UNKNOWN) {
    expect(knownTimeZone(name), name).toBeUndefined();
    expect(isKnownToIntl(name), name).toBe(false);
  }
});

test('an offset is a zone whose clock is never changed', () => {
  const atMs = Date.parse('2026-11-22T12:00:00Z');
  for (const [offset, minutes] of [['+09:00', 540] as const, ['-03:30', -210] as const]) {
    const clock = new ZoneClock(offset);
    clock.seek(atMs);
    expect(clock).toMatchObject({ offsetMs: minutes * 60_000, fromMs: -Infinity, toMs: Infinity });
    const next = new Schedule('0 4 * * *', offset).next(atMs);
    expect((next + minutes * 60_000) % 86_400_000, offset).toBe(4 * 3_600_000);
  }
});
