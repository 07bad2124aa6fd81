/** `GET /v1/users/{userId}/stream`: the recommendation for a user at a location, again whenever it has changed. */
import { z } from 'zod';
import { UserIdSchema } from '../domain/action.ts';
import { LocationSchema } from '../domain/location-schema.ts';
import { RecommendRequestSchema } from '../recommender/request.ts';
import { EVENT_STREAM_TYPE } from './event-stream.ts';
import type { LiveRecommendations } from './live-recommendations.ts';
import { responses, type Operation } from './operation.ts';
import type { RecommendationSchema } from './recommendations.ts';
import type { Route } from './route.ts';
import { booleanText, numberText, pathOf, queryOf } from './parameters.ts';

const PathSchema = z.strictObject({ userId: UserIdSchema.meta({ example: 'example' }) });

const { limit, radiusMeters, openFor, openOnly, excludeSeen, explain } = RecommendRequestSchema.shape;
/** What can be said in a few characters; everything else belongs into a body. */
const QuerySchema = z.strictObject({
  lon: numberText(LocationSchema.shape.lon).meta({ example: 126.9784 }),
  lat: numberText(LocationSchema.shape.lat).meta({ example: 37.5667 }),
  limit: numberText(limit).meta({ example: 3 }),
  radiusMeters: numberText(radiusMeters).meta({ example: 3000 }),
  openFor: numberText(openFor).meta({ example: 30 }),
  openOnly: booleanText(openOnly).meta({ example: 'known' }),
  excludeSeen: booleanText(excludeSeen).meta({ example: false }),
  explain: booleanText(explain).meta({ example: true }),
});

export type StreamRecommendations = Route<
  'GET /v1/users/{userId}/stream',
  typeof RecommendationSchema,
  typeof QuerySchema
>;

export function streamRecommendations(live: LiveRecommendations): Operation {
  return {
    document: {
      operationId: 'streamRecommendations',
      summary: 'The recommendation for a user, again whenever it changes, as server-sent events',
      description:
        'At once, and again after the user acted or was erased, a shop changed its status or another version answers ' +
        '— at most every 500 ms, and only if shops, scores or openness are others. Time that passes sends nothing: ' +
        'opening hours and the age of actions count when something else changes. What the query cannot say is for ' +
        '`POST /v1/recommendations`.',
      request: { params: PathSchema, query: QuerySchema },
      responses: responses(
        200,
        'Events, until one side closes.',
        z.string().meta({
          description:
            '`event: recommendation` with a `Recommendation` as `data`, or `event: error` with an `Error`, after ' +
            'which the stream goes on; `id` counts them. A comment every 15 s keeps proxies from closing.',
        }),
        [400, 422, 429, 503],
        EVENT_STREAM_TYPE,
      ),
    },
    handle: (context) => {
      const { userId } = pathOf(context, PathSchema);
      const { lon, lat, ...query } = queryOf(context, QuerySchema);
      return live.watch({ userId, location: { lon, lat }, ...query }, context.env);
    },
  };
}
