/** What callers of a route write and get, as types alone: its handler answers by them, the client is made of them. */
import type { z } from 'zod';

type NamesIn<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | NamesIn<Rest>
  : never;
type PathOf<Place extends string> = [NamesIn<Place>] extends [never]
  ? unknown
  : { readonly [Name in NamesIn<Place>]: string };

/**
 * A route such as `GET /v1/shops/{shopId}`, with the schema of its answer and that of its query or body, if it has one.
 * No value has this type.
 */
export interface Route<
  Place extends string = string,
  Answer extends z.ZodType = z.ZodType,
  Said extends z.ZodType = z.ZodType,
> {
  readonly place: Place;
  /** As callers write it, in one object: the parameters of the path, and those of the query or the fields of the body. */
  readonly request: PathOf<Place> & z.input<Said>;
  /** As the route documents it. */
  readonly answer: z.output<Answer>;
}
