/** Outputs of steps: taken over where they are whole, made again where they are not, never half there. */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { hashOfJson, hashOfLog } from '../src/pipeline/content-hash.ts';
import { StepStore, type StepOutput } from '../src/pipeline/step-store.ts';
import { Workspace } from './built-town.ts';
import { randomLog } from './made-log.ts';

const workspace = new Workspace();
const directory = workspace.path('steps');
beforeEach(() => rmSync(directory, { recursive: true, force: true }));
afterAll(() => workspace.remove());

/** Writes two files, one of them in a folder. */
function writeBoth(at: string): void {
  writeFileSync(join(at, 'a.txt'), 'first');
  mkdirSync(join(at, 'inner'));
  writeFileSync(join(at, 'inner', 'b.txt'), 'second');
}

function made(inputs: unknown = { x: 1 }): Promise<StepOutput> {
  return new StepStore(directory).output('both', inputs, writeBoth);
}

test('an output is made once for the same inputs, whatever the order of their fields', async () => {
  const first = await made({ x: 1, y: { a: 1, b: [2] } });
  const again = await made({ y: { b: [2], a: 1 }, x: 1 });
  const other = await made({ x: 1, y: { a: 1, b: [3] } });
  expect(first.isTakenOver).toBe(false);
  expect(again).toEqual({ ...first, isTakenOver: true });
  expect(other).toEqual({ ...first, directory: other.directory });
  expect(other.directory).not.toBe(first.directory);
  expect(readFileSync(join(again.directory, 'inner', 'b.txt'), 'utf8')).toBe('second');
});

test('an output that is damaged in any way is made again', async () => {
  const { directory: at } = await made();
  const damages: (() => void)[] = [
    () => writeFileSync(join(at, 'a.txt'), 'furst'),
    () => appendFileSync(join(at, 'a.txt'), '!'),
    () => rmSync(join(at, 'inner', 'b.txt')),
    () => rmSync(join(at, 'inner'), { recursive: true }),
    () => rmSync(join(at, 'step.json')),
    () => writeFileSync(join(at, 'step.json'), readFileSync(join(at, 'step.json')).subarray(0, 40)),
    () => writeFileSync(join(at, 'step.json'), '{}'),
  ];
  for (const damage of damages) {
    damage();
    expect((await made()).isTakenOver, String(damage)).toBe(false);
    expect(readFileSync(join(at, 'a.txt'), 'utf8')).toBe('first');
    expect((await made()).isTakenOver).toBe(true);
  }
});

test('a step that fails leaves nothing, and what a broken run left at work is removed', async () => {
  const failing = new StepStore(directory).output('both', {}, (at) => {
    writeBoth(at);
    throw new Error('power cut');
  });
  await expect(failing).rejects.toThrow('power cut');
  expect(readdirSync(directory)).toEqual([]);
  mkdirSync(join(directory, '.making-both-0'));
  expect(new StepStore(directory)).toBeDefined();
  expect(readdirSync(directory)).toEqual([]);
});

test('of each step the outputs that were asked for last are kept, as many as three', async () => {
  const places: string[] = [];
  for (const x of [1, 2, 3]) places.push((await made({ x })).directory);
  expect((await made({ x: 1 })).isTakenOver).toBe(true); // so that 2 is the oldest
  places.push((await made({ x: 4 })).directory);
  await new StepStore(directory).output('other', {}, writeBoth);
  expect(places.map((place) => existsSync(place))).toEqual([true, false, true, true]);
});

test('outputs that a run did not ask for can be removed', async () => {
  const old = await made({ x: 1 });
  const store = new StepStore(directory);
  const kept = await store.output('both', { x: 2 }, writeBoth);
  store.removeOthers();
  expect(existsSync(old.directory)).toBe(false);
  expect(existsSync(kept.directory)).toBe(true);
  rmSync(directory, { recursive: true });
  store.removeOthers(); // what cannot be removed fails nobody
});

test('logs have the same hash only if they say the same', () => {
  const terms = { seed: 1, actionCount: 50, userCount: 5, shopIds: ['s', 't'], keywords: ['k'] };
  const log = randomLog(terms);
  expect(hashOfLog(randomLog(terms))).toBe(hashOfLog(log));
  const others = [
    randomLog({ ...terms, seed: 2 }),
    { ...log, shopIds: ['st', ''] },
    { ...log, userIds: log.userIds.toReversed() },
    { ...log, types: log.types.toReversed() },
    { ...log, keywords: ['l'] },
    { ...log, users: log.users.map((user, row) => (row === 7 ? user ^ 1 : user)) },
    { ...log, typeNumbers: log.typeNumbers.map((type, row) => (row === 7 ? type ^ 1 : type)) },
    { ...log, targets: log.targets.map((target, row) => (row === 7 ? target ^ 1 : target)) },
    { ...log, weights: log.weights.map((weight, row) => (row === 7 ? weight + 1 : weight)) },
    { ...log, atMs: log.atMs.map((atMs) => atMs + 1) },
  ];
  expect(new Set([log, ...others].map(hashOfLog)).size).toBe(1 + others.length);
  expect(hashOfJson({ a: 1 })).not.toBe(hashOfJson({ a: '1' }));
});
