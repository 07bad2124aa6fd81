/**
 * Leaving closed shops out: candidates among 100,000 shops of T different timetables, half of them with rules for
 * holidays and dates; asked about a moment that moves on as the clock does, about any moment of a year, and with live
 * statuses of a tenth of the shops; against asking the clock of the zone for every shop. Checked to keep the same shops.
 */
import assert from 'node:assert/strict';
import { Random } from '../src/base/random.ts';
import { OpenShops } from '../src/catalog/open-shops.ts';
import { OPEN, OpeningHours } from '../src/catalog/opening-hours.ts';
import { OpeningHoursBuilder } from '../src/catalog/opening-hours-builder.ts';
import { emptyPages, withStatuses, type StatusPages } from '../src/catalog/status-pages.ts';
import type { Bench, ResultRow } from './result.ts';
import { timeInTurn } from './timing.ts';

const SEED = 7;
const SHOP_COUNT = 100_000;
const TIMETABLE_COUNTS = [14, 1_000];
const CANDIDATE_COUNTS = [200, 2_000, 20_000];
const ZONES = ['Asia/Seoul', 'Europe/Berlin', 'America/New_York'];
const NOON_MS = Date.parse('2026-11-23T03:00:00Z');
const OPEN_FOR_MS = 40 * 60_000;
const STEP_MS = 10;
const YEAR_MS = 365 * 24 * 60 * 60_000;

export const hoursBench: Bench = {
  name: 'hours',
  title: `closed shops left out of C candidates, ${SHOP_COUNT} shops of T timetables in ${ZONES.length} time zones`,
  seed: SEED,
  async run() {
    const rows: ResultRow[] = [];
    for (const T of TIMETABLE_COUNTS) {
      for (const C of CANDIDATE_COUNTS) rows.push(...(await measureKeep(T, C)));
    }
    return rows;
  },
};

async function measureKeep(T: number, C: number): Promise<ResultRow[]> {
  const random = new Random(SEED);
  const hours = townHours(random, T);
  const statuses = someStatuses(random);
  const candidates = Uint32Array.from({ length: C }, () => random.below(SHOP_COUNT)).sort();
  const out = new Uint32Array(C);
  const keep = (atMs: number, live: StatusPages | null = null): number => {
    out.set(candidates);
    const moment = { atMs, untilMs: atMs + OPEN_FOR_MS, statusSinceMsMax: Infinity };
    return new OpenShops(hours, live, moment).keep(true, out, C);
  };
  const oneByOne = (atMs: number): number => {
    let kept = 0;
    for (const ordinal of candidates) {
      const code = hours.throughout(hours.shopTimetables[ordinal]!, atMs, atMs + OPEN_FOR_MS);
      if (code === OPEN) out[kept++] = ordinal;
    }
    return kept;
  };
  const kept = keep(NOON_MS);
  const found = out.slice(0, kept);
  assert.deepEqual(found, out.slice(0, oneByOne(NOON_MS)), 'shops asked one by one are the same');
  let nowMs = NOON_MS;
  const subjects = [
    { name: 'the copy alone', run: () => out.set(candidates) },
    { name: 'a moment later each', run: () => keep((nowMs += STEP_MS)) },
    { name: 'with live statuses', run: () => keep((nowMs += STEP_MS), statuses) },
    { name: 'any moment of a year', run: () => keep(NOON_MS + random.below(YEAR_MS)) },
  ];
  const timings = await timeInTurn(subjects);
  return subjects.map(({ name }, i) => ({
    terms: { T: hours.timetableCount - 1, C },
    subject: name,
    timing: timings[i]!,
    facts: { openShare: kept / C },
  }));
}

function townHours(random: Random, timetableCount: number): OpeningHours {
  const builder = new OpeningHoursBuilder('UTC', new Map(ZONES.map((zone) => [zone, [20_812, 20_819]])));
  const texts = Array.from({ length: timetableCount }, (_, i) => ({
    openingHours: hoursText(random, i),
    timeZone: random.pick(ZONES),
  }));
  for (let shop = 0; shop < SHOP_COUNT; shop++) {
    builder.add({ shopId: `s${shop}`, ...random.pick(texts) });
  }
  return OpeningHours.over(builder.encode(Uint32Array.from({ length: SHOP_COUNT }, (_, i) => i)));
}

function hoursText(random: Random, i: number): string {
  const clock = (hour: number) => `${String(hour).padStart(2, '0')}:${random.pick(['00', '15', '30', '45'])}`;
  const week = `Mo-Fr ${clock(7 + random.below(5))}-${clock(20 + random.below(7))}; Sa ${clock(10)}-${clock(16)}`;
  return i % 2 === 0 ? week : `${week}; PH off; Dec 24-26 off`;
}

/** A tenth of the shops say something, half of them that they are open. */
function someStatuses(random: Random): StatusPages {
  const ordinals = Array.from({ length: SHOP_COUNT }, (_, ordinal) => ordinal);
  const said = ordinals.filter(() => random.unit() < 0.1);
  return withStatuses(
    emptyPages(SHOP_COUNT),
    said.map((ordinal) => {
      const open = random.unit() < 0.5;
      return [ordinal, { shopId: `s${ordinal}`, open, untilMs: Infinity, sinceMs: 0 }] as const;
    }),
  );
}
