/**
 * The answers that callers name by their ids: read, and held against the versions that this engine holds. What is recorded
 * of an answer are the ids of its shops, which must not hang on the version that numbered them.
 */
import { RequestError } from '../base/errors.ts';
import { shown } from '../base/validate.ts';
import type { ActionInput } from '../domain/action.ts';
import { IMPRESSION } from '../domain/impression.ts';
import { decodeAnswerId, hashOfRequest, hashOfVersion, type ShownAnswer } from '../recommender/answer-id.ts';
import type { CheckedRecommendRequest } from '../recommender/request.ts';
import type { Loaded } from './generations.ts';

/**
 * In one call: a usual page in each of 10,000 impressions, which takes twice as long as 10,000 views. Bounded because an
 * answer's id takes a fraction of the ids that it unfolds to.
 */
const SHOWN_COUNT_MAX = 200_000;

/** The answer whose next page a request asks for, if it asks for one. Throws `RequestError` unless it can be read. */
export function continuedAnswer({ after }: CheckedRecommendRequest): ShownAnswer | null {
  return after === undefined ? null : readAnswerId(after, 'after');
}

/** Throws `RequestError` unless an answer is one to this request. */
export function checkSameRequest(request: CheckedRecommendRequest, answer: ShownAnswer): void {
  if (answer.requestHash === hashOfRequest(request)) return;
  throw new RequestError(
    'after',
    'is the answerId of another request; send it with the request that it answers, or leave it out',
  );
}

/** The version among `held` that an answer rests on, `version` if that is given. Throws `RequestError`. */
export function versionOf(
  held: readonly Loaded[],
  answer: ShownAnswer,
  field: string,
  version?: string | null,
): Loaded {
  const loaded = heldVersion(held, answer, field);
  if (loaded === undefined) throw notHeld(held, field, 'ask for an answer anew');
  const { version: found } = loaded.generation;
  if (version === undefined || version === null || version === found) return loaded;
  throw new RequestError(field, `rests on version ${found}, the request asks for ${version}`);
}

/** The ids of the shops that an answer showed. Throws `RequestError`. */
export function shownShopIds(held: readonly Loaded[], answerId: string, field: string): string[] {
  const answer = readAnswerId(answerId, field);
  return shopIdsOf(versionOf(held, answer, field), answer);
}

/**
 * The shop ids of each of `inputs` that is an impression, undefined for the others. `storedShopIds` tells what is stored
 * under the id of an impression: a retry is known by it, and need not be looked up again. Throws `RequestError`.
 */
export function impressionShopIds(
  inputs: readonly ActionInput[],
  held: readonly Loaded[],
  storedShopIds: (id: string) => readonly string[] | undefined,
): (readonly string[] | undefined)[] {
  let count = 0;
  return inputs.map(({ id, type, shopId, answerId }, i) => {
    if (type !== IMPRESSION) return undefined;
    if (answerId === undefined) return [shopId!];
    const field = `actions[${i}].answerId`;
    const answer = readAnswerId(answerId, field);
    count += answer.shown.length;
    if (count > SHOWN_COUNT_MAX) {
      const expected = `must not bring the shops shown in one call to more than ${SHOWN_COUNT_MAX}`;
      throw new RequestError(field, `${expected}, got ${count}; send fewer impressions at a time`);
    }
    const loaded = heldVersion(held, answer, field);
    const shopIds = loaded === undefined ? id && storedShopIds(id) : shopIdsOf(loaded, answer);
    if (shopIds) return shopIds;
    throw notHeld(held, field, 'record it by shopId, one impression for each shop');
  });
}

function readAnswerId(answerId: string, field: string): ShownAnswer {
  const answer = decodeAnswerId(answerId);
  if (answer === undefined) throw madeUp(field, answerId);
  return answer;
}

/** Throws `RequestError` for an answer that names shops which its version has not. */
function heldVersion(
  held: readonly Loaded[],
  { versionHash, earlier, shown: ordinals }: ShownAnswer,
  field: string,
): Loaded | undefined {
  const loaded = held.find(({ generation }) => hashOfVersion(generation.version) === versionHash);
  const last = Math.max(-1, ...earlier.slice(-1), ...ordinals.slice(-1)); // they ascend
  if (loaded !== undefined && last >= loaded.generation.header.shopCount) throw madeUp(field, `shop ${last}`);
  return loaded;
}

function shopIdsOf({ generation }: Loaded, answer: ShownAnswer): string[] {
  return answer.shown.map((ordinal) => generation.catalog.ids.idOf(ordinal));
}

function madeUp(field: string, found: string): RequestError {
  return new RequestError(
    field,
    `must be the answerId of an answer as it was, got ${shown(found)}, which is cut short, changed or made up`,
    'malformed',
  );
}

function notHeld(held: readonly Loaded[], field: string, advice: string): RequestError {
  const versions = held.map(({ generation }) => generation.version).join(' and ') || 'none';
  return new RequestError(
    field,
    `rests on a version this engine no longer holds (it holds ${versions}); ${advice}`,
  );
}
