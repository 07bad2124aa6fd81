/** An `answerId` as an answer of a version would have it that showed the shops at given ordinals. */
import { encodeAnswerId, hashOfVersion } from '../src/recommender/answer-id.ts';

/** `shown` and `earlier`, what earlier pages showed, ascend. */
export function madeAnswerId(
  version: string,
  shown: readonly number[],
  earlier: readonly number[] = [],
): string {
  const facts = { requestHash: 7, atMs: Date.parse('2026-11-22T03:00:00Z'), step: 0, widenings: 0 };
  return encodeAnswerId({ ...facts, versionHash: hashOfVersion(version), earlier, shown });
}
