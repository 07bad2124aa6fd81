/** Which shops are open at a moment: by their live status if they have one, else by their hours. */
import { CLOSED, OPEN, UNASKED, UNKNOWN, type OpeningHours } from './opening-hours.ts';

/**
 * Live statuses by ordinal, shared between threads. Until when a status holds, in milliseconds since 1970: above 0 for an
 * open shop, below 0 for a closed one, 0 without a status, infinite until it is changed; and since when it does.
 */
export interface StatusColumns {
  readonly until: Float64Array;
  readonly sinceMs: Float64Array;
}

/** The moment that is asked about: from `atMs` on without a gap to `untilMs`. */
export interface OpenMoment {
  readonly atMs: number;
  readonly untilMs: number;
  /** Statuses set later did not hold yet: the moment itself in a replay, Infinity for now. */
  readonly statusSinceMsMax: number;
}

export type Openness = 'open' | 'closed' | 'unknown';

const OPENNESS: Readonly<Record<number, Openness>> = {
  [CLOSED]: 'closed',
  [OPEN]: 'open',
  [UNKNOWN]: 'unknown',
};

/** How far ahead a change is looked for. */
const CHANGE_MS_MAX = 14 * 24 * 60 * 60 * 1000;

/** Shops of one catalog, with what is said of them live. */
export class OpenShops {
  readonly #hours: OpeningHours;
  readonly #statuses: StatusColumns | null;
  readonly #moment: OpenMoment;

  constructor(hours: OpeningHours, statuses: StatusColumns | null, moment: OpenMoment) {
    this.#hours = hours;
    this.#statuses = statuses;
    this.#moment = moment;
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
    const { shopTimetables, answers } = this.#hours;
    const until = this.#statuses?.until;
    const passes = Uint8Array.of(0, 1, Number(unknownPasses));
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const ordinal = ordinals[i]!;
      // Two look-ups for a shop whose timetable another one has asked for, without a call: 8 ns with one, 6 without (bench/hours).
      let code = answers[shopTimetables[ordinal]!]!;
      if (code === UNASKED || (until !== undefined && until[ordinal] !== 0)) code = this.#codeOf(ordinal);
      ordinals[kept] = ordinal;
      kept += passes[code]!;
    }
    return kept;
  }

  /** Whether a shop is open at the beginning of the moment, however long it stays so. */
  isOpenAtFirst(ordinal: number): boolean {
    const { atMs } = this.#moment;
    const status = this.#statusOf(ordinal);
    if (status !== 0) return status > 0;
    return this.#hours.throughout(this.#hours.shopTimetables[ordinal]!, atMs, atMs) !== CLOSED;
  }

  /** When a closed shop next opens, or an open one next closes; undefined if nobody knows or not within two weeks. */
  changeAfter(ordinal: number): number | undefined {
    const { atMs } = this.#moment;
    const timetable = this.#hours.shopTimetables[ordinal]!;
    const status = this.#statusOf(ordinal);
    const sinceMs = status === 0 ? atMs : Math.abs(status);
    if (sinceMs === Infinity) return undefined;
    const isOpen = this.isOpenAtFirst(ordinal);
    const code = this.#hours.throughout(timetable, sinceMs, sinceMs);
    if (code === UNKNOWN) return status === 0 ? undefined : sinceMs;
    // When a status ends the hours count again, and may say the same.
    if ((code === OPEN) !== isOpen) return sinceMs;
    return this.#hours.changeAfter(timetable, sinceMs, sinceMs + CHANGE_MS_MAX);
  }

  /** The status that holds at the beginning of the moment as `StatusColumns` has it; 0 if none does. */
  #statusOf(ordinal: number): number {
    const status = this.#statuses?.until[ordinal] ?? 0;
    const { atMs, statusSinceMsMax } = this.#moment;
    const holds = Math.abs(status) > atMs && this.#statuses!.sinceMs[ordinal]! <= statusSinceMsMax;
    return status !== 0 && holds ? status : 0;
  }

  /** The hours answer one moment at a time, and another request may have asked since: a divided ranking is awaited. */
  #ask(): void {
    this.#hours.ask(this.#moment.atMs, this.#moment.untilMs);
  }

  #codeOf(ordinal: number): number {
    const hours = this.#hours;
    const timetable = hours.shopTimetables[ordinal]!;
    const status = this.#statusOf(ordinal);
    if (status === 0) return hours.answer(timetable);
    const { untilMs } = this.#moment;
    if (status < 0) return CLOSED;
    return status >= untilMs ? OPEN : hours.throughout(timetable, status, untilMs);
  }
}
