/** Reads the ids of answers that callers bring back, and finds the version that each rests on. */
import { RequestError } from '../base/errors.ts';
import { decodeAnswerId, hashOfRequest, hashOfVersion, type ShownAnswer } from '../recommender/answer-id.ts';
import type { CheckedRecommendRequest } from '../recommender/request.ts';
import type { Generations, Loaded } from './generations.ts';

/** The answer whose next page a request asks for. Throws `RequestError` unless it is one to the same request. */
export function continuedAnswer(request: CheckedRecommendRequest, answerId: string): ShownAnswer {
  const answer = readAnswerId(answerId, 'after');
  if (answer.requestHash === hashOfRequest(request)) return answer;
  throw new RequestError(
    'after',
    'is the answerId of another request; send it with the request that it answers',
  );
}

/** The version that an answer rests on, which must be `version` if that is given. Throws `RequestError`. */
export function versionOf(
  generations: Generations,
  { versionHash, earlier, shown }: ShownAnswer,
  field: string,
  version?: string | null,
): Loaded {
  const loaded = generations.loaded.find((held) => hashOfVersion(held.generation.version) === versionHash);
  if (loaded === undefined)
    throw new RequestError(
      field,
      'rests on a version that this engine no longer holds; ask for an answer anew',
    );
  const { version: found, header } = loaded.generation;
  if (version !== undefined && version !== null && version !== found)
    throw new RequestError(field, `rests on version ${found}, the request asks for ${version}`);
  if (Math.max(-1, ...earlier.slice(-1), ...shown.slice(-1)) >= header.shopCount) throw unread(field);
  return loaded;
}

/** The ids of the shops that an answer showed. Throws `RequestError`. */
export function shownShopIds(generations: Generations, answerId: string, field: string): string[] {
  const answer = readAnswerId(answerId, field);
  const { ids } = versionOf(generations, answer, field).generation.catalog;
  return answer.shown.map((ordinal) => ids.idOf(ordinal));
}

function readAnswerId(answerId: string, field: string): ShownAnswer {
  const answer = decodeAnswerId(answerId);
  if (answer === undefined) throw unread(field);
  return answer;
}

function unread(field: string): RequestError {
  return new RequestError(field, 'must be the answerId of an answer, letter by letter as it was');
}
