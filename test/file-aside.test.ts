/** Files that are there only once they are whole, two of one place among them, and what is left of those that never are. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { abandonFilesAside, FileAside } from '../src/base/file-aside.ts';
import { temporaryDirectory } from './cli-process.ts';

test('two files for one place do not write into each other', () => {
  const path = join(temporaryDirectory(), 'x');
  const [one, two] = [new FileAside(path), new FileAside(path)];
  one.write(Buffer.from('one'));
  two.write(Buffer.from('the other'));
  one.finish();
  expect(readFileSync(path, 'utf8')).toBe('one');
  two.finish();
  expect(readFileSync(path, 'utf8')).toBe('the other');
});

test('abandoned together, all that are not in their place are gone', () => {
  const directory = temporaryDirectory();
  const [whole, given] = ['whole', 'given'].map((name) => new FileAside(join(directory, name)));
  whole!.finish();
  given!.write(Buffer.from('some'));
  expect(readdirSync(directory)).toHaveLength(2);
  abandonFilesAside();
  expect(readdirSync(directory)).toEqual(['whole']);
  given!.abandon(); // again does nothing
});
