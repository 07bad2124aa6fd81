/** What a version may be called: a file name anywhere, in every shell. */
import { RequestError } from '../base/errors.ts';
import { shown } from '../base/validate.ts';

export const VERSION_NAME_EXPECTED =
  'must be 1..64 letters, digits, ".", "_" or "-", beginning with a letter or digit and without ".."';
const VERSION = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export function isVersionName(version: unknown): version is string {
  return typeof version === 'string' && VERSION.test(version) && !version.includes('..');
}

/** Throws a `RequestError` unless `version` is letters, digits, `.`, `_` and `-`. */
export function checkVersionName(version: string): void {
  if (isVersionName(version)) return;
  throw new RequestError('version', `${VERSION_NAME_EXPECTED}, got ${shown(version)}`);
}
