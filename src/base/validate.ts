/**
 * Checks a value that came from outside against a zod schema and turns the first finding into a `RequestError`.
 * The only place that knows how zod words its issues.
 */
import type { ZodType, core } from 'zod';
import { RequestError, type RequestErrorKind } from './errors.ts';

/** Returns the checked value of `schema`, or throws a `RequestError` that names the field. */
export function validate<T>(schema: ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  throw requestError(result.error.issues[0]!, value);
}

function requestError(issue: core.$ZodIssue, value: unknown): RequestError {
  if (issue.code === 'unrecognized_keys') {
    return new RequestError(
      fieldOf([...issue.path, issue.keys[0]!]),
      'is not a known field; remove it or check its spelling',
      'malformed',
    );
  }
  const kind: RequestErrorKind =
    issue.code === 'too_small' || issue.code === 'too_big' || issue.code === 'custom'
      ? 'out_of_bounds'
      : 'malformed';
  const expected = issue.message
    .replace(/^Invalid input: expected /, 'must be a ')
    .replace(/, received .*$/, '')
    .replace(/\ba (?=array|object|int)/, 'an ');
  const field = fieldOf(issue.path);
  return new RequestError(
    field,
    `${field === '' ? 'the request ' : ''}${expected}, got ${shown(inputOf(issue, value))}`,
    kind,
  );
}

/** What was found at the place of an issue: a refinement of an object reports the whole object, not the field it names. */
function inputOf({ input, path }: core.$ZodIssue, value: unknown): unknown {
  return typeof input === 'object' ? valueAt(value, path) : input;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let found = value;
  for (const part of path) found = (found as { readonly [key: PropertyKey]: unknown } | undefined)?.[part];
  return found;
}

/** A place in a value as messages name it, such as `location.lon` or `actions[2].type`. */
export function fieldOf(path: readonly PropertyKey[]): string {
  let field = '';
  for (const part of path) {
    if (typeof part === 'number') field += `[${part}]`;
    else field += field === '' ? String(part) : `.${String(part)}`;
  }
  return field;
}

/** A value as it stands in an error message: never longer than a line. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  let text: string;
  try {
    text = JSON.stringify(value) ?? String(value);
  } catch {
    text = String(value);
  }
  if (text.length <= 60) return text;
  return `${text.slice(0, 57)}… (${typeof value === 'string' ? value.length : text.length} characters)`;
}
