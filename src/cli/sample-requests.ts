/** Requests made up from what a snapshot holds, for want of real ones. */
import { EngineError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import type { RecommendRequest } from '../recommender/request.ts';
import type { Generation } from '../snapshot/generation.ts';
import { withSnapshot } from '../snapshot/verify-snapshot.ts';

const ACTION_COUNT_MAX = 3;

/**
 * `count` requests that deliver to where some shop of the snapshot lies, after one to three searches of its keywords and
 * views of its shops, at any hour. The same seed makes the same requests.
 */
export function sampleRequests(
  path: string,
  version: string,
  count: number,
  seed: number,
): RecommendRequest[] {
  return withSnapshot(path, version, ({ generation }) => {
    const { shopCount, keywordCount } = generation.header;
    if (shopCount === 0) {
      throw new EngineError(
        'input_invalid',
        `version ${version} has no shops to make up requests from; name a file of requests with --requests`,
      );
    }
    const random = new Random(seed);
    return Array.from({ length: count }, () => ({
      location: placeOf(generation, random.below(shopCount)),
      actions: Array.from({ length: 1 + random.below(ACTION_COUNT_MAX) }, () =>
        keywordCount > 0 && random.below(2) === 0
          ? { type: 'search', keyword: generation.keywords().at(random.below(keywordCount)) }
          : { type: 'view', shopId: generation.catalog.ids.idOf(random.below(shopCount)) },
      ),
      openOnly: false,
    }));
  });
}

function placeOf(generation: Generation, ordinal: number): RecommendRequest['location'] {
  const { lon, lat } = generation.catalog.record(ordinal);
  return { lon, lat };
}
