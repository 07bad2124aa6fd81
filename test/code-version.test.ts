/** The version of the program that outputs are keyed by. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { codeVersion } from '../src/pipeline/code-version.ts';

test('it is the version of the package and a hash that repeats', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(codeVersion()).toMatch(/^[^+]+\+[0-9a-f]{12}$/);
  expect(codeVersion().startsWith(`${version}+`)).toBe(true);
  expect(codeVersion()).toBe(codeVersion());
});
