/**
 * Compiles a filter to passes over the candidates' ordinals, once per request. Texts are looked up here; a candidate
 * costs comparisons of numbers only, and only while it has not failed yet.
 *
 * A conjunction is its parts one after the other, each over what the last one left. A disjunction keeps what is
 * left when those are taken away that fail all its parts: one copy of the ordinals, the negated parts one after the
 * other, one subtraction. Negation turns around the tests of single columns, which costs nothing.
 */
import { RequestError } from '../base/errors.ts';
import { shown } from '../base/validate.ts';
import {
  type BooleanColumn,
  type Column,
  type ColumnKind,
  type Columns,
  FALSE_CODE,
  LIST_VALUES_MAX,
  MISSING_CODE,
  type NumberColumn,
  type NumberListColumn,
  SIGNATURE_BITS,
  signatureBit,
  type TextColumn,
  type TextListColumn,
  TRUE_CODE,
} from './columns.ts';
import type { Conditions, Filter, FilterValue } from './filter.ts';
import {
  keepAmong,
  keepBetween,
  keepCodeRange,
  keepCodes,
  keepContaining,
  keepOthers,
  keepSigned,
  type Negation,
  NO_ORDINAL,
} from './keep-ordinals.ts';

/** Every signature of a list that holds anything has one of these. */
const ANY_BIT = -1;
/** Columns that an error message lists. */
const NAMES_SHOWN_MAX = 20;

/**
 * Moves the ordinals of passing shops to the front of the first `count`, in their order, and returns how many
 * pass. What stands behind them afterwards has no meaning. No ordinal may be there twice.
 */
export type CandidateFilter = (ordinals: Uint32Array, count: number) => number;

/**
 * Compiles a filter for one catalog. `viewedOrdinals` gives the shops that `nearViewed` is about, each once.
 * Throws a `RequestError` that names the field, `field` being the filter's own, if a column does not exist, cannot be
 * filtered, or does not have the kind of values that a condition is for.
 */
export function compileFilter(
  filter: Filter,
  columns: Columns,
  viewedOrdinals: () => readonly number[],
  field: string,
): CandidateFilter {
  const expression = expressionOf(filter, field, { columns, viewedOrdinals }) ?? EVERYTHING;
  return expression(0, 0);
}

/** What names and conditions are resolved with. */
interface Scope {
  readonly columns: Columns;
  readonly viewedOrdinals: () => readonly number[];
}

/** Makes the pass of an expression or of its negation, with free scratch from `level` on. */
type Expression = (negated: Negation, level: number) => CandidateFilter;

const EVERYTHING = all([]);

function all(parts: readonly Expression[]): Expression {
  if (parts.length === 1) return parts[0]!;
  return (negated, level) => {
    if (negated === 0) return inSequence(parts.map((part) => part(0, level)));
    return without(inSequence(parts.map((part) => part(0, level + 1))), level);
  };
}

function not(part: Expression): Expression {
  return (negated, level) => part(negated === 0 ? 1 : 0, level);
}

/** Something passes one of them unless it fails them all. */
function any(parts: readonly Expression[]): Expression {
  return not(all(parts.map(not)));
}

function inSequence(passes: readonly CandidateFilter[]): CandidateFilter {
  return (ordinals, count) => {
    let kept = count;
    for (const pass of passes) kept = pass(ordinals, kept);
    return kept;
  };
}

/** Keeps what `pass` does not keep. */
function without(pass: CandidateFilter, level: number): CandidateFilter {
  return (ordinals, count) => {
    const left = scratchOf(level, count + 1);
    left.set(ordinals.subarray(0, count));
    left[pass(left, count)] = NO_ORDINAL;
    return keepOthers(left, ordinals, count);
  };
}

/** Ordinals of this thread's filters by level, kept for the next request. */
const scratch: Uint32Array[] = [];

function scratchOf(level: number, length: number): Uint32Array {
  const held = scratch[level];
  if (held !== undefined && held.length >= length) return held;
  const made = new Uint32Array(Math.max(length, 2 * (held?.length ?? 0)));
  scratch[level] = made;
  return made;
}

/** Undefined if no condition in it has anything to say, see `nearViewed`. */
function expressionOf(filter: Filter, field: string, scope: Scope): Expression | undefined {
  const { and, or, not: denied, ...conditions } = filter;
  // Columns go first: their passes are cheaper than those of nested filters.
  const parts = Object.entries(conditions as { readonly [column: string]: Conditions }).map(
    ([name, condition]) => columnExpression(condition, name, `${field}.${name}`, scope),
  );
  const nested = (filters: readonly Filter[], word: string) =>
    filters.map((inner, i) => expressionOf(inner, `${field}.${word}[${i}]`, scope));
  if (and !== undefined) parts.push(joined(all, nested(and, 'and')));
  if (or !== undefined) parts.push(joined(any, nested(or, 'or')));
  if (denied !== undefined)
    parts.push(joined(([part]) => not(part!), [expressionOf(denied, `${field}.not`, scope)]));
  return joined(all, parts);
}

/** Joins the parts that have something to say; undefined if there are parts and none has. */
function joined(
  join: (parts: readonly Expression[]) => Expression,
  parts: readonly (Expression | undefined)[],
): Expression | undefined {
  const speaking = parts.filter((part) => part !== undefined);
  return speaking.length === 0 && parts.length > 0 ? undefined : join(speaking);
}

function columnExpression(
  conditions: Conditions,
  name: string,
  field: string,
  { columns, viewedOrdinals }: Scope,
): Expression | undefined {
  const column = columnOf(columns, name, field);
  checkConditions(column.kind, conditions, field);
  return joined(all, testsOf(column, conditions, viewedOrdinals));
}

function columnOf(columns: Columns, name: string, field: string): Column {
  const column = columns.column(name);
  if (column !== undefined) return column;
  const unfilterable = columns.unfilterable(name);
  if (unfilterable !== undefined) {
    const why = WHY_UNFILTERABLE[unfilterable];
    throw new RequestError(field, `is an attribute that holds ${why}, so it cannot be filtered`);
  }
  const names = columns.names();
  const more = names.length > NAMES_SHOWN_MAX ? ` and ${names.length - NAMES_SHOWN_MAX} more` : '';
  const list = names.slice(0, NAMES_SHOWN_MAX).join(', ');
  throw new RequestError(field, `is not a column of this catalog; it has: ${list}${more}`);
}

const WHY_UNFILTERABLE = {
  mixed: 'values of different kinds',
  long: `lists of more than ${LIST_VALUES_MAX} values`,
  nested: 'nested values',
} as const;

/** What can be asked of the columns of each kind. */
const CONDITIONS_OF_KIND = {
  number: ['eq', 'in', 'min', 'max', 'nearViewed', 'exists'],
  boolean: ['eq', 'in', 'exists'],
  text: ['eq', 'in', 'prefix', 'exists'],
  numberList: ['contains', 'exists'],
  textList: ['contains', 'exists'],
} as const satisfies Record<ColumnKind, readonly (keyof Conditions)[]>;
const KIND_NAME = {
  number: 'numbers',
  boolean: 'booleans',
  text: 'text',
  numberList: 'lists of numbers',
  textList: 'lists of text',
} as const;
const VALUE_TYPE = {
  number: 'number',
  boolean: 'boolean',
  text: 'string',
  numberList: 'number',
  textList: 'string',
} as const;
const TYPE_NAME = { string: 'text', number: 'a number', boolean: 'true or false' } as const;

function checkConditions(kind: ColumnKind, conditions: Conditions, field: string): void {
  const possible: readonly string[] = CONDITIONS_OF_KIND[kind];
  for (const [name, wanted] of Object.entries(conditions)) {
    if (wanted === undefined || possible.includes(name)) continue;
    const message = `cannot be asked of a column of ${KIND_NAME[kind]}; use ${possible.join(', ')}`;
    throw new RequestError(`${field}.${name}`, message);
  }
  if (conditions.eq !== undefined) checkValue(kind, conditions.eq, `${field}.eq`);
  if (conditions.contains !== undefined) checkValue(kind, conditions.contains, `${field}.contains`);
  conditions.in?.forEach((value, i) => checkValue(kind, value, `${field}.in[${i}]`));
}

function checkValue(kind: ColumnKind, value: FilterValue, field: string): void {
  const type = VALUE_TYPE[kind];
  if (typeof value === type) return;
  const column = `the column holds ${KIND_NAME[kind]}`;
  throw new RequestError(field, `must be ${TYPE_NAME[type]} as ${column}, got ${shown(value)}`);
}

/** One test for each condition that is there; bounds are one together. Undefined is one that has nothing to say. */
function testsOf(
  column: Column,
  conditions: Conditions,
  viewedOrdinals: () => readonly number[],
): (Expression | undefined)[] {
  const tests = valueTests(column, conditions, viewedOrdinals);
  const { exists } = conditions;
  if (exists !== undefined) tests.push(exists ? existenceOf(column) : not(existenceOf(column)));
  return tests;
}

function valueTests(
  column: Column,
  conditions: Conditions,
  viewedOrdinals: () => readonly number[],
): (Expression | undefined)[] {
  switch (column.kind) {
    case 'number':
      return numberTests(column, conditions, viewedOrdinals);
    case 'boolean':
      return booleanTests(column, conditions);
    case 'text':
      return textTests(column, conditions);
    case 'numberList':
    case 'textList':
      return conditions.contains === undefined ? [] : [containing(column, conditions.contains)];
  }
}

function existenceOf(column: Column): Expression {
  if (column.kind === 'number') return between(column.values, -Infinity, Infinity);
  if (column.kind === 'boolean' || column.kind === 'text')
    return not(codeRange(column.codes, MISSING_CODE, MISSING_CODE + 1));
  return signed(column.signatures, ANY_BIT);
}

function numberTests(
  column: NumberColumn,
  { eq, in: among, min, max, nearViewed }: Conditions,
  viewedOrdinals: () => readonly number[],
): (Expression | undefined)[] {
  const { values } = column;
  const tests: (Expression | undefined)[] = [];
  if (eq !== undefined) tests.push(between(values, eq as number, eq as number));
  if (among !== undefined) tests.push(amongNumbers(values, among as readonly number[]));
  if (min !== undefined || max !== undefined) tests.push(between(values, min ?? -Infinity, max ?? Infinity));
  if (nearViewed !== undefined) tests.push(near(values, nearViewed, viewedOrdinals()));
  return tests;
}

function booleanTests({ codes }: BooleanColumn, { eq, in: among }: Conditions): Expression[] {
  const codeOf = (value: FilterValue): number => (value === true ? TRUE_CODE : FALSE_CODE);
  const tests: Expression[] = [];
  if (eq !== undefined) tests.push(codeRange(codes, codeOf(eq), codeOf(eq) + 1));
  if (among !== undefined) tests.push(amongCodes(codes, TRUE_CODE, among.map(codeOf)));
  return tests;
}

function textTests({ codes, dictionary }: TextColumn, { eq, in: among, prefix }: Conditions): Expression[] {
  /** A text that no shop has gets the code that stands for none, and no shop passes. */
  const codeOf = (value: FilterValue): number => dictionary.find(value as string) + 1;
  const tests: Expression[] = [];
  if (eq !== undefined) {
    const code = codeOf(eq);
    tests.push(codeRange(codes, code, code === MISSING_CODE ? code : code + 1));
  }
  if (among !== undefined) {
    const wanted = among.map(codeOf).filter((code) => code !== MISSING_CODE);
    tests.push(amongCodes(codes, dictionary.count, wanted));
  }
  if (prefix !== undefined) {
    const [first, end] = dictionary.prefixRange(prefix);
    tests.push(codeRange(codes, first + 1, end + 1));
  }
  return tests;
}

function between(values: Float64Array, min: number, max: number): Expression {
  return (negated) => (ordinals, count) => keepBetween(values, min, max, negated, ordinals, count);
}

/** Within `share` of the median of the shops that have a value; undefined if none has. */
function near(values: Float64Array, share: number, viewed: readonly number[]): Expression | undefined {
  const present = viewed.map((ordinal) => values[ordinal]!).filter((value) => !Number.isNaN(value));
  if (present.length === 0) return undefined;
  const median = medianOf(present);
  const distance = share * Math.abs(median);
  return between(values, median - distance, median + distance);
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const [low, high] = [sorted[Math.floor(middle)]!, sorted[Math.ceil(middle)]!];
  // Halved first: the sum of two very large numbers would be infinite.
  return low === high ? low : low / 2 + high / 2;
}

function amongNumbers(values: Float64Array, wanted: readonly number[]): Expression {
  const distinct = new Set(wanted);
  return (negated) => (ordinals, count) => keepAmong(values, distinct, negated, ordinals, count);
}

function codeRange(codes: Uint8Array | Uint32Array, first: number, end: number): Expression {
  return (negated) => (ordinals, count) => keepCodeRange(codes, first, end, negated, ordinals, count);
}

/** `wanted` lie in 1..codeMax. */
function amongCodes(codes: Uint8Array | Uint32Array, codeMax: number, wanted: readonly number[]): Expression {
  return (negated) => (ordinals, count) => {
    const isWanted = codeTable(codeMax + 1);
    for (const code of wanted) isWanted[code] = 1;
    const kept = keepCodes(codes, isWanted, negated, ordinals, count);
    for (const code of wanted) isWanted[code] = 0;
    return kept;
  };
}

/** All zeros between two passes, so that a large dictionary costs a request nothing. */
let zeros = new Uint8Array(0);

function codeTable(length: number): Uint8Array {
  if (zeros.length < length) zeros = new Uint8Array(length);
  return zeros;
}

/** By signature first, which passes few others or none; only what is left is looked through. */
function containing(column: NumberListColumn | TextListColumn, wanted: string | number): Expression {
  const isText = column.kind === 'textList';
  const value = isText ? column.dictionary.find(wanted as string) + 1 : (wanted as number);
  if (isText && value === MISSING_CODE) return not(EVERYTHING);
  const first = signed(column.signatures, signatureBit(value));
  if (isText && column.dictionary.count <= SIGNATURE_BITS) return first;
  const { starts } = column;
  const values = isText ? column.codes : column.values;
  return all([
    first,
    (negated) => (ordinals, count) => keepContaining(starts, values, value, negated, ordinals, count),
  ]);
}

function signed(signatures: Uint32Array, bits: number): Expression {
  return (negated) => (ordinals, count) => keepSigned(signatures, bits, negated, ordinals, count);
}
