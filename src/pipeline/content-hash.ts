/** SHA-256 over what a step is made from: files by their bytes, settings by their JSON, a log of actions by its columns. */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import type { Location } from '../domain/location.ts';
import type { ActionLog } from '../training/action-log.ts';

const CHUNK_BYTES = 1 << 20;

/** Of the bytes of the file at `path`, in hex. */
export function hashOfFile(path: string): string {
  const hash = createHash('sha256');
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  const file = openSync(path, 'r');
  try {
    for (let count = readSync(file, chunk); count > 0; count = readSync(file, chunk))
      hash.update(chunk.subarray(0, count));
  } finally {
    closeSync(file);
  }
  return hash.digest('hex');
}

/** Of a JSON value, in hex; objects with the same fields in another order are the same. */
export function hashOfJson(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

/**
 * Of all that a log says, in hex: the same actions from other files, or in another format, are the same, those of one moment
 * in the same order.
 */
export function hashOfLog(log: ActionLog): string {
  const hash = createHash('sha256');
  for (const texts of [log.userIds, log.types, log.shopIds, log.keywords]) addTexts(hash, texts);
  for (const column of [log.users, log.typeNumbers, log.targets, log.atMs, log.weights])
    hash.update(new Uint8Array(column.buffer, column.byteOffset, column.byteLength));
  return hash.digest('hex');
}

/** Of who is where, in hex: the same users in the same order from another file, or in another format, are the same. */
export function hashOfLocations(locations: ReadonlyMap<string, Location>): string {
  const hash = createHash('sha256');
  addTexts(hash, [...locations.keys()]);
  const places = new Float64Array(2 * locations.size);
  let at = 0;
  for (const { lon, lat } of locations.values()) {
    places[at++] = lon;
    places[at++] = lat;
  }
  hash.update(new Uint8Array(places.buffer));
  return hash.digest('hex');
}

/** Each with its length in front, so that no two lists read alike. */
function addTexts(hash: Hash, texts: readonly string[]): void {
  hash.update(`${texts.length};`);
  for (const text of texts) hash.update(`${text.length}:${text}`);
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
