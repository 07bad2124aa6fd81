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

const NestedFilterSchema: z.ZodType<Filter> = z.lazy(() => BodySchema);
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
export const FilterSchema = z.preprocess(spelledOut, BodySchema).meta({
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

/**
 * A filter with its bare values spelled out, all the way down. Bounds what the schema then goes down into: a filter
 * nested too deep would end the stack.
 */
function spelledOut(filter: FilterInput, context: z.core.$RefinementCtx): unknown {
  const path: PropertyKey[] = [];
  let conditionCount = 0;
  let isRefused = false;

  function refuse(message: string, input: unknown): void {
    isRefused = true;
    context.addIssue({ code: 'custom', path: [...path], message, input });
  }

  /** The `part` at `key` as `spell` makes it, unless too many came before. */
  function counted(key: PropertyKey, part: unknown, spell: (part: unknown) => unknown): unknown {
    if (isRefused) return part;
    path.push(key);
    if (++conditionCount > CONDITION_COUNT_MAX) {
      refuse(`must be among the first ${CONDITION_COUNT_MAX} columns and nested filters`, part);
    }
    const spelled = isRefused ? part : spell(part);
    path.pop();
    return spelled;
  }

  function spelledFilter(part: unknown, depth: number): unknown {
    // The schema takes any object, a Map too, for one without conditions, which would let shops through.
    if (!z.core.util.isPlainObject(part)) return typeof part === 'object' ? null : part;
    if (depth > DEPTH_MAX) return refuse(`must be within at most ${DEPTH_MAX} filters`, depth);
    const inner = (nested: unknown): unknown => spelledFilter(nested, depth + 1);
    const spelled: { [name: string]: unknown } = {};
    for (const [name, value] of Object.entries(part)) {
      if (isRefused) break;
      if (name === 'not') spelled[name] = counted(name, value, inner);
      else if (!FILTER_WORDS.includes(name)) spelled[name] = counted(name, value, spelledConditions);
      else if (!Array.isArray(value)) spelled[name] = value;
      else {
        path.push(name);
        spelled[name] = value.map((nested, i) => counted(i, nested, inner));
        path.pop();
      }
    }
    return spelled;
  }

  /** zod leaves __proto__ out of what it returns without a word, and a condition left out lets shops through. */
  function spelledConditions(value: unknown): unknown {
    if (path.at(-1) === '__proto__') refuse('cannot be filtered; give the attribute another name', value);
    return typeof value === 'object' ? value : { eq: value };
  }

  return spelledFilter(filter, 0);
}
