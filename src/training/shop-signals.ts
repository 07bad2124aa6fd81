/** Counts what users' actions say of shops beside embeddings: how much, when and after what they are wanted. */
import { EngineError } from '../base/errors.ts';
import { shown } from '../base/validate.ts';
import { HOUR_BIN_COUNT, hourBinOf, hourFitByte } from '../catalog/hour-fits.ts';
import { ZoneClock } from '../catalog/zone-clock.ts';
import type { CountedShops, ShopSignals } from '../snapshot/build-snapshot.ts';
import type { ActionLog } from './action-log.ts';
import { sharedUsers, transitions } from './neighbour-counts.ts';
import { visitsIn, type Visits } from './visits.ts';

export interface ShopSignalOptions {
  /** IANA name of the zone whose hours count. */
  readonly timeZone: string;
  /** Within a session one thing leads to the next. */
  readonly sessionGapMinutes: number;
  /** An action of so many days before the newest counts half in popularity; Infinity: all count alike. */
  readonly popularityHalfLifeDays: number;
  /** Milliseconds since 1970: what is later is dated ahead, and counts as new as the newest that is not. Default: nothing is. */
  readonly nowMs?: number | undefined;
}

/** What is taken where nothing is said. */
export const SIGNAL_DEFAULTS = Object.freeze({ sessionGapMinutes: 30, popularityHalfLifeDays: 60 });

const DAY_MS = 86_400_000;

/** Throws `input_invalid` if no action is about a shop of the build. */
export function countShopSignals(
  log: ActionLog,
  shops: CountedShops,
  { timeZone, sessionGapMinutes, popularityHalfLifeDays, nowMs = Infinity }: ShopSignalOptions,
): ShopSignals {
  const visits = visitsIn(log, shops);
  if (visits.count === 0)
    throw new EngineError(
      'input_invalid',
      `none of ${log.count} actions is about a shop of the shops' file; are their shopIds the same, as ${shown(log.shopIds[0])}?`,
    );
  const instant = (at: number): string => new Date(visits.atMs.at(at)!).toISOString();
  return {
    countedActions: { count: visits.count, from: instant(0), to: instant(-1) },
    popularity: popularity(visits, popularityHalfLifeDays * DAY_MS, nowMs),
    timeZone,
    hourFits: hourFits(visits, shops.categories, new ZoneClock(timeZone)),
    transitions: transitions(visits, sessionGapMinutes * 60_000),
    together: sharedUsers(visits),
  };
}

/** Σ weight · 2^(−age / half-life), ages counted from the newest action that is not dated ahead; the future counts as that. */
function popularity(
  { count, shopCount, rows, atMs, weights }: Visits,
  halfLifeMs: number,
  nowMs: number,
): Float64Array {
  const sums = new Float64Array(shopCount);
  const newestMs = atMs.findLast((at) => at <= nowMs) ?? nowMs;
  for (let at = 0; at < count; at++)
    sums[rows[at]!]! += weights[at]! * 2 ** (-Math.max(0, newestMs - atMs[at]!) / halfLifeMs);
  return sums;
}

/** Actions that a shop is believed to have had at the hours of its category, and a category at those of all. */
const ACTIONS_BEFORE = { shop: 5, category: 20 };

/**
 * ln(P(hour | shop) / P(hour)), each hour counted half and its neighbours a quarter; P(hour | shop) as if the shop had had 5 more
 * actions in the manner of its category, and that 20 in the manner of all (Dirichlet priors: Gelman et al., Bayesian
 * Data Analysis). Of shops without an action and a category nothing is known.
 */
function hourFits(
  { count, shopCount, rows, atMs }: Visits,
  categories: readonly (string | undefined)[],
  clock: ZoneClock,
): Int8Array {
  const numbers = new Map<string, number>();
  const categoryOf = Uint32Array.from({ length: shopCount }, (_, row) => {
    const category = categories[row] ?? '';
    if (!numbers.has(category)) numbers.set(category, numbers.size);
    return numbers.get(category)!;
  });
  const ofShop = new Float32Array(shopCount * HOUR_BIN_COUNT);
  const ofCategory = new Float64Array(numbers.size * HOUR_BIN_COUNT);
  const ofAll = new Float64Array(HOUR_BIN_COUNT);
  for (let at = 0; at < count; at++) {
    const bin = hourBinOf(clock, atMs[at]!);
    for (const [near, part] of spreadOf(bin)) {
      ofShop[rows[at]! * HOUR_BIN_COUNT + near]! += part;
      ofCategory[categoryOf[rows[at]!]! * HOUR_BIN_COUNT + near]! += part;
      ofAll[near]! += part;
    }
  }
  const usual = ofAll.map((sum) => (sum + 1 / HOUR_BIN_COUNT) / (count + 1));
  const categoryCount = numbers.size;
  const habits = new Float64Array(categoryCount * HOUR_BIN_COUNT);
  for (let category = 0; category < categoryCount; category++)
    mix(ofCategory, category, usual, 0, ACTIONS_BEFORE.category, habits);
  const fits = new Int8Array(shopCount * HOUR_BIN_COUNT);
  const mixed = new Float64Array(HOUR_BIN_COUNT);
  for (let row = 0; row < shopCount; row++) {
    const known =
      isAnyIn(ofShop, row) || (categories[row] !== undefined && isAnyIn(ofCategory, categoryOf[row]!));
    if (known) mix(ofShop, row, habits, categoryOf[row]!, ACTIONS_BEFORE.shop, mixed, 0);
    for (let bin = 0; bin < HOUR_BIN_COUNT; bin++)
      fits[row * HOUR_BIN_COUNT + bin] = hourFitByte(
        known ? Math.log(mixed[bin]! / usual[bin]!) : Number.NaN,
      );
  }
  return fits;
}

/** The hours that an action counts for, and how much: none of the other half of the week. */
function spreadOf(bin: number): readonly (readonly [bin: number, part: number])[] {
  const hours = HOUR_BIN_COUNT / 2;
  const base = bin < hours ? 0 : hours;
  const hour = bin - base;
  return [
    [base + ((hour + hours - 1) % hours), 0.25],
    [bin, 0.5],
    [base + ((hour + 1) % hours), 0.25],
  ];
}

/** Row `row` of `counts` and `before` actions in the manner of row `manner` of `shares`, as shares of all of them. */
function mix(
  counts: Float32Array | Float64Array,
  row: number,
  shares: Float64Array,
  manner: number,
  before: number,
  into: Float64Array,
  intoRow = row,
): void {
  let total = 0;
  for (let bin = 0; bin < HOUR_BIN_COUNT; bin++) total += counts[row * HOUR_BIN_COUNT + bin]!;
  for (let bin = 0; bin < HOUR_BIN_COUNT; bin++)
    into[intoRow * HOUR_BIN_COUNT + bin] =
      (counts[row * HOUR_BIN_COUNT + bin]! + before * shares[manner * HOUR_BIN_COUNT + bin]!) /
      (total + before);
}

function isAnyIn(counts: Float32Array | Float64Array, row: number): boolean {
  for (let bin = 0; bin < HOUR_BIN_COUNT; bin++) if (counts[row * HOUR_BIN_COUNT + bin]! > 0) return true;
  return false;
}
