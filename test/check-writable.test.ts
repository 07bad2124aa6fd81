import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { checkWritable, checkWritableDirectory } from '../src/base/check-writable.ts';
import { Workspace } from './built-town.ts';

const workspace = new Workspace();
afterAll(() => workspace.remove());
let directory: string;
let file: string;
beforeEach(() => {
  directory = workspace.path('directory');
  file = `${directory}/there.json`;
  mkdirSync(directory, { recursive: true });
  writeFileSync(file, 'kept');
});

test('a file that is there stays as it is', () => {
  utimesSync(file, 1_000, 1_000);
  checkWritable(file);
  expect(readFileSync(file, 'utf8')).toBe('kept');
  expect(statSync(file).mtimeMs).toBe(1_000_000);
});

test('a file that is not there is not there afterwards', () => {
  checkWritable(`${directory}/new.json`);
  expect(readdirSync(directory)).toEqual(['there.json']);
  checkWritable('/dev/null');
});

test('a place where no file can be is refused', () => {
  expect(() => checkWritable(`${directory}/nowhere/new.json`)).toThrow('ENOENT');
  expect(() => checkWritable(`${file}/new.json`)).toThrow('ENOTDIR');
  expect(() => checkWritable(directory)).toThrow('EISDIR');
});

test('a directory that is there or can be made is good, and none is made', () => {
  checkWritableDirectory(directory);
  checkWritableDirectory(`${directory}/new/newer`);
  expect(existsSync(`${directory}/new`)).toBe(false);
});

test('a directory that cannot be made is refused', () => {
  expect(() => checkWritableDirectory(file)).toThrow('ENOTDIR');
  expect(() => checkWritableDirectory(`${file}/below/it`)).toThrow('ENOTDIR');
});
