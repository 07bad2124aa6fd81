/** What makes another program of one. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { codeVersion, codeVersionOf } from '../src/pipeline/code-version.ts';
import { Workspace } from './built-town.ts';

const workspace = new Workspace();
afterAll(() => workspace.remove());

const PACKAGE = { version: '1.2.3', dependencies: { kdbush: '4.1.0' }, optionalDependencies: {} };

function versionWith(change: Partial<typeof PACKAGE>, files: Readonly<Record<string, string>> = {}): string {
  const root = workspace.path('package');
  mkdirSync(`${root}/src/inner`, { recursive: true });
  mkdirSync(`${root}/build`, { recursive: true });
  writeFileSync(`${root}/package.json`, JSON.stringify({ ...PACKAGE, ...change }));
  const all = { 'src/inner/a.ts': 'a', 'src/b.js': 'b', 'build/k.wasm': 'k', 'src/c.d.ts': 'c', ...files };
  for (const [path, text] of Object.entries(all)) writeFileSync(`${root}/${path}`, text);
  return codeVersionOf(pathToFileURL(`${root}/`), pathToFileURL(`${root}/src/`));
}

test('a changed file, or another version of a dependency, is another program', () => {
  const before = versionWith({});
  expect(before).toMatch(/^1\.2\.3\+[0-9a-f]{12}$/);
  expect(versionWith({})).toBe(before);
  expect(versionWith({}, { 'src/c.d.ts': 'types do not run' })).toBe(before);
  const others = [
    versionWith({ version: '1.2.4' }),
    versionWith({ dependencies: { kdbush: '4.1.1' } }),
    versionWith({}, { 'src/inner/a.ts': 'A' }),
    versionWith({}, { 'src/b.js': 'B' }),
    versionWith({}, { 'build/k.wasm': 'K' }),
  ];
  expect(new Set([before, ...others]).size).toBe(1 + others.length);
});

test('this program has one', () => {
  expect(codeVersion()).toMatch(/^\d+\.\d+\.\d+\+[0-9a-f]{12}$/);
});
