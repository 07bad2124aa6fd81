/**
 * When a shop is wanted, compared to all shops: for each hour of the day, of workdays and of weekends, ln of how many times as
 * often as usual, in bytes of 1/32.
 *
 *     zone  u8 [64]      IANA name of the time zone of the hours, zero padded; zeros, and no fits, where nothing was counted
 *     fits  i8 [48][S]   24 hours of Monday to Friday, then 24 of Saturday and Sunday; −128 where nothing is known
 */
import { invalidSection } from '../base/invalid-section.ts';
import { knownTimeZone, ZoneClock } from './zone-clock.ts';

const SECTION = 'hourFits';
const ZONE_BYTES = 64;
const HOURS = 24;
export const HOUR_BIN_COUNT = 2 * HOURS;
const UNITS = 32;
const UNKNOWN = -128;
/** What each byte says, from the least on. */
const FITS = Float64Array.from({ length: 256 }, (_, at) => (at === 0 ? Number.NaN : (at + UNKNOWN) / UNITS));
const HOUR_MS = 3_600_000;
const DAY_MS = HOURS * HOUR_MS;

/** The bin of a moment by the clock of `clock`. */
export function hourBinOf(clock: ZoneClock, atMs: number): number {
  clock.seek(atMs);
  const localMs = atMs + clock.offsetMs;
  const day = Math.floor(localMs / DAY_MS);
  const hour = Math.floor((localMs - day * DAY_MS) / HOUR_MS);
  const weekday = (((day + 3) % 7) + 7) % 7; // 1970-01-01 was a Thursday; 0 is Monday
  return (weekday >= 5 ? HOURS : 0) + hour;
}

/** A byte of the section: `fit` is ln of how many times as often as usual, NaN if that is not known. */
export function hourFitByte(fit: number): number {
  return Number.isNaN(fit) ? UNKNOWN : Math.max(-127, Math.min(127, Math.round(fit * UNITS)));
}

/** The section. `order[ordinal]` is a row of `fits`, 48 bytes each. */
export function encodeHourFits(timeZone: string, fits: Int8Array, order: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(ZONE_BYTES + order.length * HOUR_BIN_COUNT);
  bytes.set(new TextEncoder().encode(timeZone).subarray(0, ZONE_BYTES));
  const into = new Int8Array(bytes.buffer, ZONE_BYTES);
  order.forEach((row, ordinal) => {
    for (let bin = 0; bin < HOUR_BIN_COUNT; bin++)
      into[bin * order.length + ordinal] = fits[row * HOUR_BIN_COUNT + bin]!;
  });
  return bytes;
}

/** The section of a snapshot that nothing was counted for. */
export function noHourFits(): Uint8Array {
  return new Uint8Array(ZONE_BYTES);
}

export class HourFits {
  /** 0 where nothing was counted. */
  readonly shopCount: number;
  readonly #zone: string;
  readonly #fits: Int8Array;
  #clock: ZoneClock | null | undefined;

  /** Reads a section in place. Throws `snapshot_invalid` if its size is not that of whole shops. */
  constructor(bytes: Uint8Array) {
    const fitBytes = bytes.length - ZONE_BYTES;
    if (fitBytes < 0 || fitBytes % HOUR_BIN_COUNT !== 0)
      throw invalidSection(
        SECTION,
        `has ${bytes.length} bytes, expected ${ZONE_BYTES} and ${HOUR_BIN_COUNT} for each shop`,
      );
    this.shopCount = fitBytes / HOUR_BIN_COUNT;
    const name = bytes.slice(0, ZONE_BYTES);
    this.#zone = new TextDecoder().decode(name).replace(/\0+$/, '');
    this.#fits = new Int8Array(bytes.buffer, bytes.byteOffset + ZONE_BYTES, fitBytes);
  }

  /** The bin of a moment; -1 where nothing was counted. */
  binAt(atMs: number): number {
    this.#clock ??= this.#zone === '' ? null : new ZoneClock(this.#zone);
    return this.#clock === null ? -1 : hourBinOf(this.#clock, atMs);
  }

  /** ln of how many times as often as usual the shop is wanted in the hours of `bin`; NaN if that is not known. */
  fitOf(ordinal: number, bin: number): number {
    return bin === -1 ? Number.NaN : FITS[this.#fits[bin * this.shopCount + ordinal]! - UNKNOWN]!;
  }

  /** Writes the fit of each of `ordinals` to the same place of `out`. */
  writeFits(bin: number, ordinals: Uint32Array, out: Float64Array): void {
    if (bin === -1) {
      out.fill(Number.NaN);
      return;
    }
    const fits = this.#fits.subarray(bin * this.shopCount, (bin + 1) * this.shopCount);
    for (let i = 0; i < ordinals.length; i++) {
      out[i] = FITS[fits[ordinals[i]!]! - UNKNOWN]!;
    }
  }

  /** Throws `snapshot_invalid` unless there are fits of `shopCount` shops and the zone is one. */
  verify(shopCount: number): void {
    if (this.#zone === '' && this.shopCount === 0) return;
    if (this.shopCount !== shopCount)
      throw invalidSection(SECTION, `holds ${this.shopCount} shops, the header says ${shopCount}`);
    if (knownTimeZone(this.#zone) === undefined)
      throw invalidSection(
        SECTION,
        `names the time zone ${JSON.stringify(this.#zone)}, which is not known here`,
      );
  }
}
