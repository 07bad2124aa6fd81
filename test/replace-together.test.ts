import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { replaceTogether } from '../src/base/replace-together.ts';
import { Workspace } from './built-town.ts';

const NAMES = ['vectors', 'keywords', 'card'];
const workspace = new Workspace();
afterAll(() => workspace.remove());
const directory = workspace.path('trained');

function write(names: readonly string[], text: string): (into: string) => void {
  return (into) => {
    for (const name of names) writeFileSync(join(into, name), text);
  };
}

/** What each file holds, hidden ones too. */
function held(): Record<string, string> {
  return Object.fromEntries(
    readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), 'utf8')]),
  );
}

beforeEach(() => {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  write([...NAMES, 'another'], 'old')(directory);
});

test('files are replaced, those that were not written are removed, and others stay', () => {
  replaceTogether(directory, NAMES, write(['vectors', 'card'], 'new'));
  expect(held()).toEqual({ another: 'old', card: 'new', vectors: 'new' });
});

test('what fails while it is written leaves all as it was', () => {
  const fail = (into: string): void => {
    write(['vectors', 'card'], 'new')(into);
    throw new Error('no space');
  };
  expect(() => replaceTogether(directory, NAMES, fail)).toThrow('no space');
  expect(held()).toEqual({ another: 'old', card: 'old', keywords: 'old', vectors: 'old' });
});

test('what breaks off between two files leaves none that vouches for them', () => {
  rmSync(join(directory, 'keywords'));
  mkdirSync(join(directory, 'keywords', 'in the way'), { recursive: true });
  expect(() => replaceTogether(directory, NAMES, write(NAMES, 'new'))).toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
  rmSync(join(directory, 'keywords'), { recursive: true });
  expect(held()).toEqual({ another: 'old', vectors: 'new' });
});
