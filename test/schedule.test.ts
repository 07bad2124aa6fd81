/** Moments of cron expressions across changes of the clock, and what is done at them. */
import { expect, test } from 'vitest';
import { runOnSchedule, Schedule, type Attempt } from '../src/pipeline/schedule.ts';

const HOUR_MS = 3_600_000;

/** The next moments after `from`, on the clock of the zone. */
function moments(expression: string, timeZone: string, from: string, count: number): string[] {
  const schedule = new Schedule(expression, timeZone);
  let ms = Date.parse(from);
  return Array.from({ length: count }, () => {
    ms = schedule.next(ms);
    return Temporal.Instant.fromEpochMilliseconds(ms)
      .toZonedDateTimeISO(timeZone)
      .toString({ timeZoneName: 'never' });
  });
}

test('a time of day stays where it is when the clock changes', () => {
  expect(moments('0 4 * * *', 'Europe/Berlin', '2026-03-27T12:00:00Z', 3)).toEqual([
    '2026-03-28T04:00:00+01:00',
    '2026-03-29T04:00:00+02:00',
    '2026-03-30T04:00:00+02:00',
  ]);
  expect(moments('0 4 * * *', 'Asia/Seoul', '2026-11-22T00:00:00Z', 1)).toEqual([
    '2026-11-23T04:00:00+09:00',
  ]);
});

test('one that is left out in spring comes when the gap is over, one that is there twice in autumn comes once', () => {
  expect(moments('30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z', 2)).toEqual([
    '2026-03-29T03:00:00+02:00',
    '2026-03-30T02:30:00+02:00',
  ]);
  expect(moments('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 2)).toEqual([
    '2026-10-25T02:30:00+02:00',
    '2026-10-26T02:30:00+01:00',
  ]);
});

test('every hour is every hour', () => {
  expect(moments('0 * * * *', 'Europe/Berlin', '2026-10-24T23:00:00Z', 3)).toEqual([
    '2026-10-25T02:00:00+02:00',
    '2026-10-25T02:00:00+01:00',
    '2026-10-25T03:00:00+01:00',
  ]);
});

test('what cannot be read, or never comes, is refused', () => {
  for (const wrong of ['4', '0 25 * * *', '* * * * * *', 'nightly', ''])
    expect(() => new Schedule(wrong, 'UTC'), wrong).toThrow(
      /^every must be a cron expression of five fields/,
    );
  expect(() => new Schedule('0 0 30 2 *', 'UTC').next(0)).toThrow('every must come again');
  expect(() => new Schedule('0 4 * * *', 'Mars/Base')).toThrow('timeZone must be an IANA name');
});

/** Runs an hourly schedule on a clock that only sleeping and attempts move; `attempt` says what an attempt took and became. */
async function attempts(
  until: number,
  attempt: (scheduledHour: number) => { readonly hours: number; readonly became: Attempt },
): Promise<string[]> {
  let nowMs = 0;
  const seen: string[] = [];
  const clock = {
    nowMs: () => nowMs,
    sleep: async (ms: number) => {
      nowMs += ms;
    },
    isStopped: () => nowMs >= until * HOUR_MS,
  };
  await runOnSchedule(new Schedule('0 * * * *', 'UTC'), clock, async (scheduledMs) => {
    const { hours, became } = attempt(scheduledMs / HOUR_MS);
    seen.push(`${scheduledMs / HOUR_MS} at ${(nowMs / HOUR_MS).toFixed(2)}`);
    nowMs += hours * HOUR_MS;
    return became;
  });
  return seen;
}

test('an attempt is made at each moment, and none for those that pass meanwhile', async () => {
  expect(await attempts(5.5, (hour) => ({ hours: hour === 2 ? 1.5 : 0.1, became: 'over' }))).toEqual([
    '1 at 1.00',
    '2 at 2.00',
    '4 at 4.00',
    '5 at 5.00',
  ]);
});

test('what another one is at is looked at again, until it is over or the next moment has come', async () => {
  const outcomes: Attempt[] = ['busy', 'busy', 'over'];
  const seen = await attempts(1.5, () => ({ hours: 0.1, became: outcomes.shift()! }));
  expect(seen).toEqual(['1 at 1.00', '1 at 1.11', '1 at 1.22']);
  const stuck = await attempts(2.05, () => ({ hours: 0.4, became: 'busy' }));
  expect(stuck).toEqual(['1 at 1.00', '1 at 1.41', '1 at 1.82']);
});
