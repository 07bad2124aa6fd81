/** Every entry under a Node that is too old: one line, exit code 2, nothing native loaded. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** The first Node of the PATH that is older than 26: the machine's own, where the scripts bring a newer one. */
const oldNode = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((directory) => join(directory, 'node'))
  .find(
    (path) =>
      existsSync(path) &&
      Number.parseInt(execFileSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' }), 10) < 26,
  );

/** Makes this Node say it is an old one, for machines that have none. */
const PRETEND_OLD = `data:text/javascript,${encodeURIComponent(
  "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })",
)}`;

const REFUSAL = /^doorrank needs Node 26 or newer, this is Node \d+\.\d+\.\d+ \(\/.*\); run it through .*\n$/;

let packageDirectory: string;

beforeAll(() => {
  // Inside the checkout, so that the emitted modules find node_modules as those of an installed package do.
  mkdirSync('build', { recursive: true });
  packageDirectory = mkdtempSync('build/package-');
  const tsc = ['node_modules/typescript/bin/tsc', '-p', 'src', '--noCheck'];
  execFileSync(process.execPath, [...tsc, '--outDir', join(packageDirectory, 'dist')]);
});

afterAll(() => rmSync(packageDirectory, { recursive: true }));

function entries(): string[] {
  return ['src/cli/doorrank.js', join(packageDirectory, 'dist/index.js')];
}

function expectRefusal(node: string, args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(node, args, { encoding: 'utf8' });
  expect({ status, stdout, stderr }).toEqual({
    status: 2,
    stdout: '',
    stderr: expect.stringMatching(REFUSAL),
  });
}

test('both entries refuse a runtime that says it is old', () => {
  for (const entry of entries()) expectRefusal(process.execPath, ['--import', PRETEND_OLD, entry]);
});

test.skipIf(oldNode === undefined)('both entries load far enough under a real old Node to refuse it', () => {
  for (const entry of entries()) expectRefusal(oldNode!, [entry]);
});
