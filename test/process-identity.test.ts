/** Whether a process is gone, asked of real ones. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { isGone, ownIdentity } from '../src/pipeline/process-identity.ts';

const own = ownIdentity()!;

test('this process is there, and was no other one before', () => {
  expect(own.pid).toBe(process.pid);
  expect(ownIdentity()).toEqual(own);
  expect(isGone(own)).toBe(false);
  expect(isGone({ ...own, startTicks: '1' })).toBe(true);
});

test('a process that has ended is gone; of one on another machine nothing is known', async () => {
  const child = spawn('sleep', ['60']);
  const { pid } = child;
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(isGone({ ...own, pid: pid! })).toBe(true);
  expect(isGone({ ...own, pid: pid!, machine: 'elsewhere' })).toBe(false);
});
