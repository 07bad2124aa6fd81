/** A file over a linear memory, and the memory after it. */
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { silentLog } from '../src/base/log.ts';
import { LinearMemory } from '../src/kernel/linear-memory.ts';
import { canMap, loadFile, unloadInPieces } from '../src/snapshot/mapping.ts';
import { Workspace } from './built-town.ts';

const workspace = new Workspace();
afterAll(() => workspace.remove());

test.runIf(canMap())('a mapped file goes piece by piece, all of it, while others run', async () => {
  const path = workspace.path('file');
  const fileBytes = 50_000_000; // some pieces and a part of one
  const places = [0, 20_000_000, 49_999_999];
  const fd = openSync(path, 'w+');
  ftruncateSync(fd, fileBytes);
  for (const at of places) writeSync(fd, Uint8Array.of(7), 0, 1, at);
  const memory = new LinearMemory();
  const base = 65_536;
  memory.reserve(base + fileBytes);
  expect(loadFile(fd, path, fileBytes, memory, base, 'auto', silentLog)).toBe(true);
  closeSync(fd);
  const bytes = memory.bytes(base, fileBytes);
  expect(places.map((at) => bytes[at])).toEqual([7, 7, 7]);
  let turns = 0;
  const counting = setImmediate(function count() {
    turns++;
    if (turns < 100) setImmediate(count);
  });
  await unloadInPieces(memory, base, fileBytes);
  clearImmediate(counting);
  expect(turns).toBeGreaterThan(1);
  expect(places.map((at) => bytes[at])).toEqual([0, 0, 0]);
  for (const at of places) bytes[at] = 1; // writable again
  expect(places.map((at) => bytes[at])).toEqual([1, 1, 1]);
});
