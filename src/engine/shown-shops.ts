/**
 * The shops of impressions, by id: what is recorded of them must not hang on the version that numbered them. An answer's
 * id can be read for as long as this engine holds its version.
 */
import { RequestError } from '../base/errors.ts';
import { shown } from '../base/validate.ts';
import { IMPRESSION, type Action, type ActionInput } from '../domain/action.ts';
import { decodeAnswerId, hashOfVersion } from '../recommender/answer-id.ts';
import type { Generation } from '../snapshot/generation.ts';

/**
 * In one call: a usual page in each of 10,000 impressions, which takes twice as long as 10,000 views. Bounded because an
 * answer's id takes a fraction of the ids that it unfolds to.
 */
const SHOWN_COUNT_MAX = 200_000;

type FindAction = (id: string) => Action | undefined;

/**
 * The shop ids of each of `inputs` that is an impression, undefined for the others. `held` are the versions that can be
 * asked, `find` tells what is stored under an id. Throws `RequestError` for an `answerId` that is none, or whose version is
 * not held, unless it is the retry of a stored impression.
 */
export function shownShopIds(
  inputs: readonly ActionInput[],
  held: readonly Generation[],
  find: FindAction,
): (readonly string[] | undefined)[] {
  const heldByHash = new Map(held.map((generation) => [hashOfVersion(generation.version), generation]));
  let count = 0;
  return inputs.map(({ id, type, shopId, answerId }, i) => {
    if (type !== IMPRESSION) return undefined;
    if (answerId === undefined) return [shopId!];
    const field = `actions[${i}].answerId`;
    const answer = decodeAnswerId(answerId);
    if (answer === undefined) throw madeUp(field, answerId);
    count += answer.shown.length;
    if (count > SHOWN_COUNT_MAX) {
      const expected = `must not bring the shops shown in one call to more than ${SHOWN_COUNT_MAX}`;
      throw new RequestError(field, `${expected}, got ${count}; send fewer impressions at a time`);
    }
    const generation = heldByHash.get(answer.versionHash);
    const shopIds = generation === undefined ? storedShopIds(id, find) : idsOf(generation, answer.shown);
    if (shopIds !== undefined) return shopIds;
    throw generation === undefined ? notHeld(field, held) : madeUp(field, answerId);
  });
}

/** Undefined if one of `ordinals` is no shop's. */
function idsOf({ catalog, header }: Generation, ordinals: readonly number[]): string[] | undefined {
  if (!ordinals.every((ordinal) => ordinal < header.shopCount)) return undefined;
  return ordinals.map((ordinal) => catalog.ids.idOf(ordinal));
}

/** A retry is known by its id: what it showed cannot be looked up any more, and need not. */
function storedShopIds(id: string | undefined, find: FindAction): readonly string[] | undefined {
  return id === undefined ? undefined : find(id)?.shopIds;
}

function madeUp(field: string, answerId: string): RequestError {
  return new RequestError(
    field,
    `must be the answerId of an answer as it was, got ${shown(answerId)}, which is cut short, changed or made up`,
    'malformed',
  );
}

function notHeld(field: string, held: readonly Generation[]): RequestError {
  const versions = held.map(({ version }) => version).join(' and ') || 'none';
  return new RequestError(
    field,
    `rests on a version this engine no longer holds (it holds ${versions}); record it by shopId, one impression for each shop`,
  );
}
