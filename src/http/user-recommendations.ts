/** `GET /v1/users/{userId}/recommendations`: the shops chosen for a user ahead of time, where there is a place those that deliver. */
import { z } from 'zod';
import { RequestError } from '../base/errors.ts';
import { UserIdSchema } from '../domain/action.ts';
import { LocationSchema } from '../domain/location-schema.ts';
import type { Location } from '../domain/location.ts';
import type { Engine } from '../engine/engine.ts';
import { LimitSchema, OpenOnlySchema, RecommendRequestSchema } from '../recommender/request.ts';
import { answer, answerJson, responses, type Operation } from './operation.ts';
import { booleanText, numberText, pathOf, queryOf } from './parameters.ts';
import { RecommendationSchema } from './recommendations.ts';
import type { Route } from './route.ts';

const PathSchema = z.strictObject({ userId: UserIdSchema.meta({ example: 'example' }) });

const { radiusMeters, openFor, excludeSeen, explain } = RecommendRequestSchema.shape;
/** What is left out is as in `POST /v1/recommendations`, so nothing here has a default of its own. */
const QuerySchema = z.strictObject({
  lon: numberText(LocationSchema.shape.lon.optional()).meta({ example: 126.9784 }),
  lat: numberText(LocationSchema.shape.lat.optional()).meta({ example: 37.5667 }),
  limit: numberText(LimitSchema.optional()).meta({ example: 3 }),
  radiusMeters: numberText(radiusMeters).meta({ example: 3000 }),
  openFor: numberText(openFor.unwrap().optional()).meta({ example: 30 }),
  openOnly: booleanText(OpenOnlySchema.optional()).meta({ example: false }),
  excludeSeen: booleanText(excludeSeen.unwrap().optional()).meta({ example: false }),
  explain: booleanText(explain.unwrap().optional()).meta({ example: true }),
});

const { shopId, name, category, price, rating, attributes } =
  RecommendationSchema.shape.shops.unwrap().element.shape;
const UserListSchema = z
  .strictObject({
    userId: z.string(),
    version: z.string(),
    location: z
      .null()
      .meta({ description: 'none was given: nobody has looked whether these shops deliver, or are open' }),
    shops: z.array(z.strictObject({ shopId, name, category, price, rating, attributes })).readonly().meta({
      description: 'best first, as they were chosen; empty if the snapshot has no list for the user',
    }),
  })
  .meta({ id: 'UserList' });
const AnswerSchema = z.union([RecommendationSchema, UserListSchema]);

export type UserRecommendations = Route<
  'GET /v1/users/{userId}/recommendations',
  typeof AnswerSchema,
  typeof QuerySchema
>;

export function userRecommendations(engine: Engine): Operation<UserRecommendations> {
  return {
    document: {
      operationId: 'userRecommendations',
      summary: 'The shops chosen for a user ahead of time',
      description:
        'With `lon` and `lat` a `Recommendation`: the shops of the list that the snapshot holds for the user which deliver ' +
        'there and are open, in its order; popular ones if the user has no list or none of its shops can deliver (`basis` ' +
        'says which). What the user has just done does not count: that is for `POST /v1/recommendations`. Without a ' +
        'location a `UserList`: the list as it was made.',
      request: { params: PathSchema, query: QuerySchema },
      responses: responses(
        200,
        'A `Recommendation` with a location, a `UserList` without.',
        AnswerSchema,
        [400, 422, 429, 503],
      ),
    },
    handle: async (context) => {
      const { userId } = pathOf(context, PathSchema);
      const { lon, lat, limit, ...ofPlace } = queryOf(context, QuerySchema);
      const location = locationOf(lon, lat);
      if (location === undefined) {
        refuseAny(ofPlace);
        return answer<typeof UserListSchema>(engine.userList(userId, limit));
      }
      const fallback = { steps: ['list' as const, 'popular' as const] };
      const request = { userId, location, limit, ...ofPlace, fallback };
      return answerJson<typeof RecommendationSchema>(await engine.recommendJson(request));
    },
  };
}

/** Both halves of a location, or undefined without either. */
function locationOf(lon: number | undefined, lat: number | undefined): Location | undefined {
  if (lon !== undefined && lat !== undefined) return { lon, lat };
  if (lon === undefined && lat === undefined) return undefined;
  const [missing, there] = lon === undefined ? ['lon', 'lat'] : ['lat', 'lon'];
  throw new RequestError(
    missing,
    `must be given beside ${there}; leave out both for the whole list`,
    'malformed',
  );
}

/** What is asked of a place that nobody has named would silently not hold. */
function refuseAny(ofPlace: { readonly [name: string]: unknown }): void {
  const said = Object.keys(ofPlace).find((field) => ofPlace[field] !== undefined);
  if (said !== undefined) throw new RequestError(said, 'needs lon and lat: it is about a place', 'malformed');
}
