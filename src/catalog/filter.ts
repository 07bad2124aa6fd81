/**
 * A request's hard conditions on columns, and how they are applied: the schema of `filter` in a request, and
 * its compilation to passes over the candidates' ordinals. Texts are looked up once, when a filter is
 * compiled; a candidate costs comparisons of numbers only.
 */
import { z } from 'zod';
import { RequestError } from '../base/errors.ts';
import { shown } from '../base/validate.ts';
import {
  type BooleanColumn,
  type Column,
  type Columns,
  FALSE_CODE,
  MISSING_CODE,
  type NumberColumn,
  type TextColumn,
  TRUE_CODE,
} from './columns.ts';
import { keepAmong, keepBetween, keepCode, keepCodes } from './keep-ordinals.ts';

/** Values in one `in`. */
const IN_COUNT_MAX = 1_000;
/** Columns that an error message lists. */
const NAMES_SHOWN_MAX = 20;

const ValueSchema = z.union([z.string(), z.number(), z.boolean()], {
  error: 'must be text, a number or a boolean',
});
const BoundSchema = z.number({ error: 'must be a number' });
const InSchema = z
  .array(ValueSchema, { error: 'must be an array of values' })
  .min(1, { error: `must hold 1..${IN_COUNT_MAX} values` })
  .max(IN_COUNT_MAX, { error: `must hold 1..${IN_COUNT_MAX} values` });
const ConditionsSchema = z
  .strictObject(
    {
      eq: ValueSchema.optional(),
      in: InSchema.optional(),
      min: BoundSchema.optional(),
      max: BoundSchema.optional(),
    },
    { error: 'must be a value or an object with eq, in, min or max' },
  )
  .refine((conditions) => Object.values(conditions).some((condition) => condition !== undefined), {
    error: 'must have at least one of eq, in, min and max',
  })
  .describe('Conditions on one column; all must hold. A bare value is short for { "eq": value }.');

type FilterValue = z.output<typeof ValueSchema>;
type Conditions = z.output<typeof ConditionsSchema>;
/** As callers write it: a bare value is short for `{ eq: value }`. */
type FilterInput = { readonly [column: string]: FilterValue | Conditions };

/**
 * Conditions by column. All must hold; a shop without a value in a named column never passes.
 * `{ "category": { "in": ["chinese"] }, "price": { "max": 15000 }, "takeaway": true }`
 */
export const FilterSchema = z
  .preprocess(
    spelledOut,
    z.record(z.string(), ConditionsSchema, { error: 'must be an object of conditions by column' }),
  )
  .meta({
    // What documents say of it: they see the conditions after a bare value has been spelled out.
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
            min: { type: 'number' },
            max: { type: 'number' },
          },
          additionalProperties: false,
          minProperties: 1,
        },
      ],
    },
  });
export type Filter = z.output<typeof FilterSchema>;

/**
 * Moves the ordinals of passing shops to the front of the first `count`, in their order, and returns how many
 * pass. What stands behind them afterwards has no meaning.
 */
export type CandidateFilter = (ordinals: Uint32Array, count: number) => number;

/**
 * Compiles a filter for one catalog. Throws a `RequestError` that names the field if a column does not exist,
 * cannot be filtered, or holds values of another kind than the condition.
 */
export function compileFilter(filter: Filter, columns: Columns): CandidateFilter {
  const passes = Object.entries(filter).map(([name, conditions]) =>
    passOf(columnOf(columns, name), conditions),
  );
  return (ordinals, count) => {
    let kept = count;
    for (const pass of passes) kept = pass(ordinals, kept);
    return kept;
  };
}

function spelledOut(filter: FilterInput, context: z.core.$RefinementCtx): unknown {
  if (typeof filter !== 'object' || filter === null || Array.isArray(filter)) return filter;
  // zod leaves this key out of records without a word, and a condition left out lets shops through.
  if (Object.hasOwn(filter, '__proto__')) {
    context.addIssue({
      code: 'custom',
      path: ['__proto__'],
      message: 'cannot be filtered; give the attribute another name',
      input: filter['__proto__'],
    });
  }
  return Object.fromEntries(
    Object.entries(filter).map(([name, value]) => [name, typeof value === 'object' ? value : { eq: value }]),
  );
}

function columnOf(columns: Columns, name: string): Column {
  const column = columns.column(name);
  if (column !== undefined) return column;
  const unfilterable = columns.unfilterable(name);
  if (unfilterable !== undefined) {
    const why = unfilterable === 'mixed' ? 'values of different kinds' : 'nested values';
    throw new RequestError(`filter.${name}`, `is an attribute that holds ${why}, so it cannot be filtered`);
  }
  const names = columns.names();
  const more = names.length > NAMES_SHOWN_MAX ? ` and ${names.length - NAMES_SHOWN_MAX} more` : '';
  const list = names.slice(0, NAMES_SHOWN_MAX).join(', ');
  throw new RequestError(`filter.${name}`, `is not a column of this catalog; it has: ${list}${more}`);
}

function passOf(column: Column, conditions: Conditions): CandidateFilter {
  checkKinds(column, conditions);
  if (column.kind === 'number') return numberPass(column, conditions);
  return column.kind === 'text' ? textPass(column, conditions) : booleanPass(column, conditions);
}

const KIND_OF_TYPE = { string: 'text', number: 'number', boolean: 'boolean' } as const;
const EXPECTED = { text: 'text', number: 'a number', boolean: 'true or false' } as const;

/** Every value must be of the column's kind, and only numbers have bounds. */
function checkKinds(column: Column, conditions: Conditions): void {
  const field = `filter.${column.name}`;
  if (conditions.eq !== undefined) checkKind(column, `${field}.eq`, conditions.eq);
  conditions.in?.forEach((value, i) => checkKind(column, `${field}.in[${i}]`, value));
  for (const bound of ['min', 'max'] as const) {
    if (conditions[bound] === undefined || column.kind === 'number') continue;
    const message = `needs a column of numbers, this one holds ${column.kind}; use eq or in`;
    throw new RequestError(`${field}.${bound}`, message);
  }
}

function checkKind(column: Column, field: string, value: FilterValue): void {
  if (KIND_OF_TYPE[typeof value as keyof typeof KIND_OF_TYPE] === column.kind) return;
  throw new RequestError(field, `must be ${EXPECTED[column.kind]} as the column is, got ${shown(value)}`);
}

/** The values that `eq` and `in` leave, or undefined if neither is there. */
function wantedValues(conditions: Conditions): readonly FilterValue[] | undefined {
  const { eq } = conditions;
  if (eq === undefined) return conditions.in;
  return conditions.in === undefined || conditions.in.includes(eq) ? [eq] : [];
}

function numberPass({ values }: NumberColumn, conditions: Conditions): CandidateFilter {
  const { min = -Infinity, max = Infinity } = conditions;
  const wanted = wantedValues(conditions) as readonly number[] | undefined;
  if (wanted === undefined) return (ordinals, count) => keepBetween(values, min, max, ordinals, count);
  const within = new Set(wanted.filter((value) => value >= min && value <= max));
  const [only] = within;
  if (within.size === 1) return (ordinals, count) => keepBetween(values, only!, only!, ordinals, count);
  return (ordinals, count) => keepAmong(values, within, ordinals, count);
}

function textPass({ codes, dictionary }: TextColumn, conditions: Conditions): CandidateFilter {
  const wanted = wantedValues(conditions) as readonly string[];
  const wantedCodes = wanted.map((text) => dictionary.find(text) + 1).filter((code) => code !== MISSING_CODE);
  return codePass(codes, dictionary.count, wantedCodes);
}

function booleanPass({ codes }: BooleanColumn, conditions: Conditions): CandidateFilter {
  const wanted = wantedValues(conditions) as readonly boolean[];
  const wantedCodes = wanted.map((value) => (value ? TRUE_CODE : FALSE_CODE));
  return codePass(codes, TRUE_CODE, wantedCodes);
}

/** Passes shops with one of the `wanted` codes, which lie in 1..codeMax. */
function codePass(
  codes: Uint8Array | Uint32Array,
  codeMax: number,
  wanted: readonly number[],
): CandidateFilter {
  if (wanted.length === 1) {
    const code = wanted[0]!;
    return (ordinals, count) => keepCode(codes, code, ordinals, count);
  }
  const isWanted = new Uint8Array(codeMax + 1);
  for (const code of wanted) isWanted[code] = 1;
  return (ordinals, count) => keepCodes(codes, isWanted, ordinals, count);
}
