/** An `answerId` as an answer of a version would have it that showed the shops at given ordinals. */
import { fnv1a } from '../src/base/fnv1a.ts';
import { encodeAnswerId, hashOfVersion } from '../src/recommender/answer-id.ts';

/** `shown` and `earlier`, what earlier pages showed, ascend. */
export function madeAnswerId(
  version: string,
  shown: readonly number[],
  earlier: readonly number[] = [],
): string {
  const atMs = Date.parse('2026-11-22T03:00:00Z');
  return encodeAnswerId({
    versionHash: hashOfVersion(version),
    requestHash: 7,
    atMs,
    actionsUntilMs: atMs,
    impressionsUntilMs: atMs,
    step: 'actions',
    widenings: 0,
    earlier,
    shown,
  });
}

/** `answerId` with other bytes from `at` on, to its end where they are more than it has there, and a hash that fits. */
export function forgedAnswerId(answerId: string, at: number, bytes: readonly number[]): string {
  const body = Buffer.from(answerId, 'base64url').subarray(0, -4);
  const forged = Buffer.concat([
    body.subarray(0, at),
    Uint8Array.from(bytes),
    body.subarray(at + bytes.length),
  ]);
  const hash = Buffer.alloc(4);
  hash.writeUInt32LE(fnv1a(forged));
  return Buffer.concat([forged, hash]).toString('base64url');
}
