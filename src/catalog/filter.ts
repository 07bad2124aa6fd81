/**
 * A request's hard conditions on columns: what `filter` in a request may say. It is compiled in compile-filter.ts.
 *
 *     { "category": { "in": ["chinese"] }, "or": [{ "price": { "max": 15000 } }, { "not": { "chain": { "exists": true } } }] }
 */
import { z } from 'zod';
import { numberWithin } from '../base/bounds.ts';

/** Names in a filter that are no columns. No attribute may be called so. */
export const FILTER_WORDS: readonly string[] = ['and', 'or', 'not'];

/** Values in one `in`. */
const IN_COUNT_MAX = 1_000;
/** Columns named and filters nested in one filter. */
const CONDITION_COUNT_MAX = 100;
/** Filters within filters. */
const DEPTH_MAX = 8;
/** A thousand percent. Larger is mostly a percentage where a share belongs. */
const NEAR_SHARE_MAX = 10;

const ValueSchema = z.union([z.string(), z.number(), z.boolean()], {
  error: 'must be text, a number or a boolean',
});
const BoundSchema = z.number({ error: 'must be a number' });
const InSchema = z
  .array(ValueSchema, { error: 'must be an array of values' })
  .min(1, { error: `must hold 1..${IN_COUNT_MAX} values` })
  .max(IN_COUNT_MAX, { error: `must hold 1..${IN_COUNT_MAX} values` });
const WORDS = 'eq, in, min, max, prefix, exists, contains and nearViewed';
const ConditionsSchema = z
  .strictObject(
    {
      eq: ValueSchema.optional(),
      in: InSchema.optional(),
      min: BoundSchema.optional(),
      max: BoundSchema.optional(),
      prefix: z.string({ error: 'must be text' }).optional(),
      exists: z.boolean({ error: 'must be true or false' }).optional(),
      contains: z.union([z.string(), z.number()], { error: 'must be text or a number' }).optional(),
      nearViewed: numberWithin(0, NEAR_SHARE_MAX).optional(),
    },
    { error: `must be a value or an object of conditions: ${WORDS}` },
  )
  .refine((conditions) => Object.values(conditions).some((condition) => condition !== undefined), {
    error: `must have at least one of ${WORDS}`,
  });

export type FilterValue = z.output<typeof ValueSchema>;
/** Conditions on one column; all must hold. */
export type Conditions = z.output<typeof ConditionsSchema>;

/** A filter as callers write it. `and` and `or` hold filters, `not` holds one; every other name is a column. */
export interface FilterInput {
  readonly and?: readonly FilterInput[] | undefined;
  readonly or?: readonly FilterInput[] | undefined;
  readonly not?: FilterInput | undefined;
  /** A bare value is short for `{ eq: value }`. */
  readonly [column: string]: FilterValue | Conditions | FilterInput | readonly FilterInput[] | undefined;
}

/** A checked filter: bare values are spelled out. */
export interface Filter {
  readonly and?: readonly Filter[] | undefined;
  readonly or?: readonly Filter[] | undefined;
  readonly not?: Filter | undefined;
  readonly [column: string]: Conditions | Filter | readonly Filter[] | undefined;
}

const NestedFilterSchema: z.ZodType<Filter> = z.lazy(() => z.preprocess(spelledOut, BodySchema));
const FiltersSchema = z
  .array(NestedFilterSchema, { error: 'must be an array of filters' })
  .min(1, { error: 'must hold at least one filter' });
const BodySchema = z
  .object(
    { and: FiltersSchema.optional(), or: FiltersSchema.optional(), not: NestedFilterSchema.optional() },
    { error: 'must be an object of conditions by column' },
  )
  .catchall(ConditionsSchema);

/**
 * What every shop in the answer must pass. All entries must hold.
 *
 * - A shop without a value in a column passes no condition on it but `exists: false`. An empty list is no value.
 * - `not` keeps exactly what its filter does not keep, shops without a value included.
 * - `prefix` compares characters as they are, case included.
 * - `nearViewed: 0.3` keeps values within 30 % of the median of the shops in the actions that take part, each shop
 *   counted once; an even number of them has the mean of the middle two as median. Without any such shop that has a
 *   value, it is as if the condition had not been written, also inside `or` and `not`.
 */
export const FilterSchema = z.preprocess(boundedAndSpelledOut, BodySchema).meta({
  // What documents say of it. A schema that refers to itself has to be written out.
  id: 'Filter',
  type: 'object',
  description:
    'Conditions by column; all must hold. A bare value is short for { "eq": value }. A shop without a value in a ' +
    'column passes no condition on it but { "exists": false }; an empty list is no value. `not` keeps exactly what ' +
    'its filter does not keep. At most ' +
    `${CONDITION_COUNT_MAX} columns and nested filters, at most ${DEPTH_MAX} filters within each other.`,
  properties: {
    and: filtersDocument('all must hold'),
    or: filtersDocument('at least one must hold'),
    not: { $ref: '#/components/schemas/Filter' },
  },
  additionalProperties: {
    anyOf: [
      { type: ['string', 'number', 'boolean'], description: 'short for { "eq": value }' },
      {
        type: 'object',
        description: 'all must hold',
        properties: {
          eq: { type: ['string', 'number', 'boolean'] },
          in: {
            type: 'array',
            items: { type: ['string', 'number', 'boolean'] },
            minItems: 1,
            maxItems: IN_COUNT_MAX,
          },
          min: { type: 'number', description: 'of a column of numbers; the bound itself passes' },
          max: { type: 'number', description: 'of a column of numbers; the bound itself passes' },
          prefix: { type: 'string', description: 'how the text begins; case counts' },
          exists: { type: 'boolean', description: 'whether the shop has a value' },
          contains: {
            type: ['string', 'number'],
            description: 'a value that the list of a column of lists must hold',
          },
          nearViewed: {
            type: 'number',
            minimum: 0,
            maximum: NEAR_SHARE_MAX,
            description:
              'within this share (0.3: 30 %) of the median of the shops in the actions; ' +
              'without such a shop that has a value it is as if this were not written',
          },
        },
        additionalProperties: false,
        minProperties: 1,
      },
    ],
  },
});

function filtersDocument(description: string) {
  return { type: 'array', description, items: { $ref: '#/components/schemas/Filter' }, minItems: 1 } as const;
}

/** Looks at a whole filter before anything goes down into it: what is nested too deep would end the stack. */
function boundedAndSpelledOut(filter: FilterInput, context: z.core.$RefinementCtx): unknown {
  let conditionCount = 0;
  const refuse = (path: readonly PropertyKey[], message: string, input: unknown): false => {
    context.addIssue({ code: 'custom', path: [...path], message, input });
    return false;
  };
  const isWithin = (nested: unknown, path: readonly PropertyKey[], depth: number): boolean => {
    if (typeof nested !== 'object' || nested === null || Array.isArray(nested)) return true;
    if (depth > DEPTH_MAX) return refuse(path, `must be within ${DEPTH_MAX} filters at most`, nested);
    return Object.entries(nested).every(([name, value]) => {
      const inner = [...path, name];
      if (name === 'not') return isCounted(value, inner) && isWithin(value, inner, depth + 1);
      if (!FILTER_WORDS.includes(name)) return isCounted(value, inner);
      if (!Array.isArray(value)) return true;
      return value.every(
        (part, i) => isCounted(part, [...inner, i]) && isWithin(part, [...inner, i], depth + 1),
      );
    });
  };
  const isCounted = (part: unknown, path: readonly PropertyKey[]): boolean =>
    ++conditionCount <= CONDITION_COUNT_MAX ||
    refuse(path, `must be among the first ${CONDITION_COUNT_MAX} columns and nested filters`, part);
  return isWithin(filter, [], 0) ? spelledOut(filter, context) : filter;
}

function spelledOut(filter: unknown, context: z.core.$RefinementCtx): unknown {
  if (typeof filter !== 'object' || filter === null || Array.isArray(filter)) return filter;
  // zod leaves this key out of what it returns without a word, and a condition left out lets shops through.
  if (Object.hasOwn(filter, '__proto__')) {
    context.addIssue({
      code: 'custom',
      path: ['__proto__'],
      message: 'cannot be filtered; give the attribute another name',
      input: (filter as FilterInput)['__proto__'],
    });
  }
  return Object.fromEntries(
    Object.entries(filter).map(([name, value]) => [
      name,
      typeof value === 'object' || FILTER_WORDS.includes(name) ? value : { eq: value },
    ]),
  );
}
