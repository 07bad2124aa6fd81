/**
 * What an answer showed, as a text that its caller keeps: impressions are recorded by it, and the next page continues it.
 * Nothing is kept here, so it outlives a restart and any number of answers; it is worth something as long as the
 * version that it rests on is loaded. The text is base64url of
 *
 *     u8 format │ u32 hash of the version │ u32 hash of the request │ u48 moment │ u48 moment of the newest action
 *     u48 moment of the newest impression │ u8 step │ u8 widenings
 *     ordinals of earlier pages │ ordinals of this page │ u32 hash of all in front of it
 *
 * with moments in milliseconds since 1970, those of the newest no earlier than that of the answer, and ordinals as their
 * number and then each one's distance to the one before, ascending, 7 bits a byte.
 */
import { fnv1a, fnv1aOfText } from '../base/fnv1a.ts';
import type { RankedBy } from './recommendation.ts';
import { FALLBACK_STEPS, WIDENINGS_MAX } from './request-bounds.ts';
import type { CheckedRecommendRequest } from './request.ts';

const FORMAT = 1;
/** Until the year 10889: every moment that an action or a request can name, and each of them is a date. */
const MOMENT_BYTES = 6;
const HEAD_BYTES = 29;
const HASH_BYTES = 4;
const NUMBER_MAX = 2 ** 32 - 1;

export interface ShownAnswer {
  /** `hashOfVersion` of the version it rests on. */
  readonly versionHash: number;
  /** `hashOfRequest` of what was asked. */
  readonly requestHash: number;
  /** The moment that it answers for. */
  readonly atMs: number;
  /** Up to when actions and impressions counted for it: `atMs`, or the newest of them if that is dated ahead. */
  readonly actionsUntilMs: number;
  readonly impressionsUntilMs: number;
  /** The step of the fallback chain that answered, and how often the radius was widened. */
  readonly step: RankedBy;
  readonly widenings: number;
  /** Ordinals, ascending: what earlier pages showed, and what this one shows. */
  readonly earlier: readonly number[];
  readonly shown: readonly number[];
}

export function hashOfVersion(version: string): number {
  return fnv1aOfText(version);
}

/**
 * Tells a request from others by who asks, where and among what, which all pages have in common. Not by all of it: every
 * answer pays for this.
 */
export function hashOfRequest(request: CheckedRecommendRequest): number {
  const { userId, location, radiusMeters, within, filter, openOnly, actions, vectors, excludeShopIds } =
    request;
  const counts = [actions?.length, vectors.length, excludeShopIds.length];
  return fnv1aOfText(
    JSON.stringify([userId, location.lon, location.lat, radiusMeters, within, filter, openOnly, ...counts]),
  );
}

export function encodeAnswerId(answer: ShownAnswer): string {
  const { versionHash, requestHash, atMs, actionsUntilMs, impressionsUntilMs } = answer;
  const { step, widenings, earlier, shown } = answer;
  // Five bytes hold any distance, and either number of them.
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + (earlier.length + shown.length + 2) * 5 + HASH_BYTES);
  bytes.writeUInt8(FORMAT, 0);
  bytes.writeUInt32LE(versionHash, 1);
  bytes.writeUInt32LE(requestHash, 5);
  bytes.writeUIntLE(atMs, 9, MOMENT_BYTES);
  bytes.writeUIntLE(actionsUntilMs, 15, MOMENT_BYTES);
  bytes.writeUIntLE(impressionsUntilMs, 21, MOMENT_BYTES);
  bytes.writeUInt8(FALLBACK_STEPS.indexOf(step), 27);
  bytes.writeUInt8(widenings, 28);
  const end = writeOrdinals(bytes, writeOrdinals(bytes, HEAD_BYTES, earlier), shown);
  bytes.writeUInt32LE(fnv1a(bytes.subarray(0, end)), end);
  return bytes.toString('base64url', 0, end + HASH_BYTES);
}

/** Undefined if `answerId` is none: cut short, or made up. Whoever makes one up well names shops that are not there. */
export function decodeAnswerId(answerId: string): ShownAnswer | undefined {
  const bytes = Buffer.from(answerId, 'base64url');
  const end = bytes.length - HASH_BYTES;
  if (end < HEAD_BYTES || bytes.readUInt8(0) !== FORMAT) return undefined;
  if (bytes.readUInt32LE(end) !== fnv1a(bytes.subarray(0, end))) return undefined;
  const numbers = numbersIn(bytes.subarray(HEAD_BYTES, end));
  if (numbers === undefined) return undefined;
  const earlierEnd = 1 + (numbers[0] ?? 0);
  if (numbers.length !== earlierEnd + 1 + (numbers[earlierEnd] ?? 0)) return undefined;
  const step = FALLBACK_STEPS[bytes.readUInt8(27)];
  const widenings = bytes.readUInt8(28);
  if (step === undefined || step === 'wider' || widenings > WIDENINGS_MAX) return undefined;
  return {
    versionHash: bytes.readUInt32LE(1),
    requestHash: bytes.readUInt32LE(5),
    atMs: bytes.readUIntLE(9, MOMENT_BYTES),
    actionsUntilMs: bytes.readUIntLE(15, MOMENT_BYTES),
    impressionsUntilMs: bytes.readUIntLE(21, MOMENT_BYTES),
    step,
    widenings,
    earlier: summed(numbers.slice(1, earlierEnd)),
    shown: summed(numbers.slice(earlierEnd + 1)),
  };
}

/** Writes ascending ordinals from `at` on; returns where they end. */
function writeOrdinals(bytes: Buffer, at: number, ordinals: readonly number[]): number {
  let end = writeNumber(bytes, at, ordinals.length);
  let before = 0;
  for (const ordinal of ordinals) {
    end = writeNumber(bytes, end, ordinal - before);
    before = ordinal;
  }
  return end;
}

function writeNumber(bytes: Buffer, at: number, value: number): number {
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes[at++] = (rest & 127) | 128;
  bytes[at++] = rest;
  return at;
}

/** The numbers of `writeNumber`, one after the other; undefined if one is too large or does not end. */
function numbersIn(bytes: Uint8Array): number[] | undefined {
  const numbers: number[] = [];
  let [value, factor] = [0, 1];
  for (const byte of bytes) {
    value += (byte & 127) * factor;
    if (value > NUMBER_MAX || factor > NUMBER_MAX) return undefined;
    factor *= 128;
    if (byte >= 128) continue;
    numbers.push(value);
    [value, factor] = [0, 1];
  }
  return factor === 1 ? numbers : undefined;
}

function summed(distances: readonly number[]): number[] {
  let sum = 0;
  return distances.map((distance) => (sum += distance));
}
