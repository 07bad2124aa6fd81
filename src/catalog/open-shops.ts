/**
 * Which shops are open at a moment, for a location: by their live status if they have one, else by the hours of any way in
 * which they reach it, as domain/zone.ts defines it.
 */
import { CLOSED, OPEN, UNASKED, UNKNOWN, UNKNOWN_TIMETABLE, type OpeningHours } from './opening-hours.ts';
import { statusSinceMs, statusUntil, type StatusPages } from './status-pages.ts';

/** The moment that is asked about: from `atMs` on without a gap to `untilMs`. */
export interface OpenMoment {
  readonly atMs: number;
  readonly untilMs: number;
  /** Statuses set later did not hold yet: the moment itself in a replay, Infinity for now. */
  readonly statusSinceMsMax: number;
}

/** In which ways shops reach a location, where these have hours of their own. */
export interface Ways {
  /** The timetable of each shop; `timetableCount` of those that may go by several. */
  readonly shopTimetables: Uint32Array;
  /** The timetables by which a shop may go, wherever the location is. */
  readonly possible: (ordinal: number) => readonly number[];
  /** The timetable of each way in which a shop reaches the location. */
  readonly reaching: (ordinal: number) => readonly number[];
}

export type Openness = 'open' | 'closed' | 'unknown';

const OPENNESS: Readonly<Record<number, Openness>> = {
  [CLOSED]: 'closed',
  [OPEN]: 'open',
  [UNKNOWN]: 'unknown',
};

/** How far ahead a change is looked for. */
const CHANGE_MS_MAX = 14 * 24 * 60 * 60 * 1000;

/** By code, whether a shop passes; unless unknown hours do, and if they do. */
const PASSES = [Uint8Array.of(0, 1, 0), Uint8Array.of(0, 1, 1)] as const;

/** Shops of one catalog, with what is said of them live. */
export class OpenShops {
  readonly #hours: OpeningHours;
  readonly #statuses: StatusPages | null;
  readonly #moment: OpenMoment;
  readonly #ways: Ways | null;

  /** Without `ways` a shop goes by its own hours, however it reaches a location. */
  constructor(
    hours: OpeningHours,
    statuses: StatusPages | null,
    moment: OpenMoment,
    ways: Ways | null = null,
  ) {
    this.#hours = hours;
    this.#statuses = statuses;
    this.#moment = moment;
    this.#ways = ways;
  }

  opennessOf(ordinal: number): Openness {
    this.#ask();
    return OPENNESS[this.#codeOf(ordinal)]!;
  }

  /**
   * Moves the ordinals of open shops to the front of the first `count`, in their order, and returns how many there are.
   * Shops of unknown hours are among them if `unknownPasses`.
   */
  keep(unknownPasses: boolean, ordinals: Uint32Array, count: number): number {
    this.#ask();
    const { answers } = this.#hours;
    const { shopTimetables } = this.#ways ?? this.#hours;
    const statuses = this.#statuses;
    const passes = PASSES[Number(unknownPasses) as 0 | 1];
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const ordinal = ordinals[i]!;
      // Two look-ups for a shop whose timetable another one has asked for, without a call: 8 ns with one, 6 without (bench/hours).
      let code = answers[shopTimetables[ordinal]!]!;
      if (code === UNASKED || (statuses !== null && statusUntil(statuses, ordinal) !== 0))
        code = this.#codeOf(ordinal);
      ordinals[kept] = ordinal;
      kept += passes[code]!;
    }
    return kept;
  }

  /** Whether a shop that goes by a timetable would be kept. */
  keeps(unknownPasses: boolean, ordinal: number, timetable: number): boolean {
    this.#ask();
    return PASSES[Number(unknownPasses) as 0 | 1][this.#codeBy(ordinal, timetable)] === 1;
  }

  /** Whether a shop is open at the beginning of the moment, however long it stays so. */
  isOpenAtFirst(ordinal: number): boolean {
    const { atMs } = this.#moment;
    const status = this.#statusOf(ordinal);
    if (status !== 0) return status > 0;
    return this.#timetablesOf(ordinal).some((one) => this.#hours.throughout(one, atMs, atMs) !== CLOSED);
  }

  /** When a closed shop next opens, or an open one next closes; undefined if nobody knows or not within two weeks. */
  changeAfter(ordinal: number): number | undefined {
    const status = this.#statusOf(ordinal);
    const sinceMs = status === 0 ? this.#moment.atMs : Math.abs(status);
    if (sinceMs === Infinity) return undefined;
    const isOpen = this.isOpenAtFirst(ordinal);
    const changes = this.#timetablesOf(ordinal).flatMap((timetable) => {
      const code = this.#hours.throughout(timetable, sinceMs, sinceMs);
      if (code === UNKNOWN) return status === 0 ? [] : sinceMs;
      // When a status ends the hours count again, and may say the same.
      if ((code === OPEN) !== isOpen) return sinceMs;
      return this.#hours.changeAfter(timetable, sinceMs, sinceMs + CHANGE_MS_MAX) ?? [];
    });
    if (changes.length === 0) return undefined;
    return isOpen ? Math.max(...changes) : Math.min(...changes);
  }

  /** A timetable of a shop, all of which go by the clock on its wall; that of unknown hours if it has no other. */
  clockTimetableOf(ordinal: number): number {
    const timetables = [this.#hours.shopTimetables[ordinal]!, ...(this.#ways?.possible(ordinal) ?? [])];
    return timetables.find((timetable) => timetable !== UNKNOWN_TIMETABLE) ?? UNKNOWN_TIMETABLE;
  }

  /** The timetables of all ways to the location; of a shop that has none there, its own. */
  #timetablesOf(ordinal: number): readonly number[] {
    const own = this.#hours.shopTimetables[ordinal]!;
    if (this.#ways === null) return [own];
    const timetable = this.#ways.shopTimetables[ordinal]!;
    if (timetable !== this.#hours.timetableCount) return [timetable];
    const found = this.#ways.reaching(ordinal);
    return found.length === 0 ? [own] : found;
  }

  /** The status that holds at the beginning of the moment, as `statusUntil` has it; 0 if none does. */
  #statusOf(ordinal: number): number {
    if (this.#statuses === null) return 0;
    const status = statusUntil(this.#statuses, ordinal);
    const { atMs, statusSinceMsMax } = this.#moment;
    const holds = Math.abs(status) > atMs && statusSinceMs(this.#statuses, ordinal) <= statusSinceMsMax;
    return status !== 0 && holds ? status : 0;
  }

  /** The hours answer one moment at a time, and another request may have asked since: a divided ranking is awaited. */
  #ask(): void {
    this.#hours.ask(this.#moment.atMs, this.#moment.untilMs);
  }

  /** What a shop that reaches the location is in the best of its ways. */
  #codeOf(ordinal: number): number {
    const hours = this.#hours;
    const { shopTimetables } = this.#ways ?? hours;
    const timetable = shopTimetables[ordinal]!;
    if (timetable !== hours.timetableCount) return this.#codeBy(ordinal, timetable);
    const codesOf = (timetables: readonly number[]) => timetables.map((one) => this.#codeBy(ordinal, one));
    // Mostly it is the same whichever of its ways leads here: that need not be found out.
    const possible = codesOf(this.#ways!.possible(ordinal));
    const [code] = possible;
    if (code !== undefined && possible.every((other) => other === code)) return code;
    const reaching = codesOf(this.#ways!.reaching(ordinal));
    return reaching.includes(OPEN) ? OPEN : reaching.includes(UNKNOWN) ? UNKNOWN : CLOSED;
  }

  /** What a shop is by its live status, else by a timetable. */
  #codeBy(ordinal: number, timetable: number): number {
    const hours = this.#hours;
    const status = this.#statusOf(ordinal);
    if (status === 0) return hours.answer(timetable);
    const { untilMs } = this.#moment;
    if (status < 0) return CLOSED;
    return status >= untilMs ? OPEN : hours.throughout(timetable, status, untilMs);
  }
}
