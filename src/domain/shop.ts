/** A shop as its owner describes it, before it has an ordinal. */

/** A value of an attribute: what a JSON document can hold. */
export type AttributeValue =
  | string
  | number
  | boolean
  | null
  | readonly AttributeValue[]
  | { readonly [key: string]: AttributeValue };

/** One shop of a catalog. Undefined means that the owner did not say. */
export interface Shop {
  readonly shopId: string;
  /** Degrees, WGS84. */
  readonly lon: number;
  readonly lat: number;
  readonly name?: string;
  /** How far it delivers. With neither radius nor zones the request's radius alone decides. */
  readonly deliveryRadiusMeters?: number;
  /** An OpenStreetMap `opening_hours` text. */
  readonly openingHours?: string;
  /** IANA name of the time zone of `openingHours`. */
  readonly timeZone?: string;
  readonly category?: string;
  readonly price?: number;
  readonly rating?: number;
  /** Any number that grows with how much the shop is wanted, such as orders a month. Default 0. */
  readonly popularity?: number;
  /** Every other column of the input. */
  readonly attributes: { readonly [name: string]: AttributeValue };
}
