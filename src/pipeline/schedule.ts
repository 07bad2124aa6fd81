/** Does something at the moments of a cron expression, once among all that share its records. */
import { Cron } from 'croner';
import { RequestError } from '../base/errors.ts';
import { shown } from '../base/validate.ts';
import { knownTimeZone } from '../catalog/zone-clock.ts';

/** What became of an attempt: done, here or elsewhere, or in the hands of another one, who may still die. */
export type Attempt = 'over' | 'busy';

export interface Clock {
  readonly nowMs: () => number;
  /** Resolves after so many milliseconds, or at once when there is nothing more to do. */
  readonly sleep: (ms: number) => Promise<void>;
  /** Whether there is nothing more to do. */
  readonly isStopped: () => boolean;
}

/** Timers do not know that a machine slept or its clock was set: it is asked so often. */
const SLEEP_MS_MAX = 60_000;
/** How long until another one's run is looked at again. */
const RETRY_MS = 30_000;

/** Moments by a cron expression of five fields (minute, hour, day, month, weekday) on the clock of a time zone. */
export class Schedule {
  readonly #cron: Cron;

  /** Throws `RequestError` for an expression that cannot be read and for a time zone that is not known. */
  constructor(expression: string, timeZone: string) {
    if (knownTimeZone(timeZone) === undefined)
      throw new RequestError('timeZone', `must be an IANA name such as Asia/Seoul, got ${shown(timeZone)}`);
    try {
      this.#cron = new Cron(expression, { mode: '5-part', timezone: timeZone });
    } catch (error) {
      const { message } = error as Error;
      throw new RequestError(
        'every',
        `must be a cron expression of five fields such as "0 4 * * *", got ${shown(expression)}: ${message}`,
      );
    }
  }

  /**
   * The first moment after `afterMs`, both in milliseconds since 1970. What lies in an hour that the clock leaves out in spring comes
   * when that hour is over; a time of day that comes twice in autumn counts the first time. Throws `RequestError` if
   * there is no moment.
   */
  next(afterMs: number): number {
    const found = this.#cron.nextRun(new Date(afterMs));
    if (found !== null) return found.getTime();
    throw new RequestError('every', `must come again, got ${shown(this.#cron.getPattern())}`);
  }
}

/**
 * At each moment of `schedule` attempts until it is over or the next moment has come. Moments that pass meanwhile are left out.
 * `attempt` does not throw.
 */
export async function runOnSchedule(
  schedule: Schedule,
  { nowMs, sleep, isStopped }: Clock,
  attempt: (scheduledMs: number) => Promise<Attempt>,
): Promise<void> {
  const until = async (momentMs: number): Promise<void> => {
    while (!isStopped() && nowMs() < momentMs) await sleep(Math.min(momentMs - nowMs(), SLEEP_MS_MAX));
  };
  for (;;) {
    const scheduledMs = schedule.next(nowMs());
    await until(scheduledMs);
    const nextMs = schedule.next(scheduledMs);
    while (!isStopped() && (await attempt(scheduledMs)) === 'busy' && nowMs() < nextMs)
      await until(Math.min(nowMs() + RETRY_MS, nextMs));
    if (isStopped()) return;
  }
}
