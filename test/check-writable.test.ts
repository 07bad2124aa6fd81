import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { checkWritable, checkWritableDirectory } from '../src/base/check-writable.ts';
import { makeDirectory } from '../src/base/make-directory.ts';
import { writeLines } from '../src/base/write-lines.ts';
import { writeNpy } from '../src/base/write-npy.ts';
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
  const words = `${file} is a file; name another place`;
  expect(() => checkWritableDirectory(file)).toThrow(`${file} cannot be a directory: ${words}`);
  expect(() => checkWritableDirectory(`${file}/below/it`)).toThrow(
    `/below/it cannot be a directory: ${words}`,
  );
  symlinkSync('/nowhere/at all', `${directory}/link`);
  expect(() => checkWritableDirectory(`${directory}/link`)).toThrow('EEXIST');
});

test.runIf(existsSync('/proc'))('nor one below /proc, which anybody may seem to write to', () => {
  expect(() => checkWritableDirectory('/proc/new/newer')).toThrow(
    "ENOENT: no such file or directory, mkdir '/proc/new'",
  );
  expect(() => makeDirectory('/proc/new')).toThrow('ENOENT');
});

test('a directory is made with those above it, and the uppermost is told', () => {
  expect(makeDirectory(`${directory}/a/b/c`)).toBe(`${directory}/a`);
  expect(statSync(`${directory}/a/b/c`).isDirectory()).toBe(true);
  expect(makeDirectory(`${directory}/a/b/d`)).toBe(`${directory}/a/b/d`);
  expect(makeDirectory(`${directory}/a/b/d`)).toBe(undefined);
  expect(() => makeDirectory(file)).toThrow('EEXIST');
});

test.runIf(existsSync('/dev/full'))('where a disk is full the file is named', () => {
  const full = "ENOSPC: no space left on device, write '/dev/full'";
  expect(() => writeLines('/dev/full', ['line'])).toThrow(full);
  expect(() => writeNpy('/dev/full', new Float32Array(4), 4)).toThrow(full);
});
