/** Verification in several threads finds what one thread finds, and a thread that comes late touches nothing. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLog } from '../src/base/log.ts';
import { LinearMemory } from '../src/kernel/linear-memory.ts';
import { bestKernel } from '../src/kernel/wasm-kernel.ts';
import { loadSnapshot, readHeader } from '../src/snapshot/open-snapshot.ts';
import { verificationParts, verifyGeneration } from '../src/snapshot/verify-generation.ts';
import {
  proveWithHelpers,
  verifyWithHelpers,
  type HelperSetup,
  type LoadedView,
} from '../src/snapshot/verify-in-threads.ts';
import { buildTown, Workspace } from './built-town.ts';

const HELPER = new URL('../src/snapshot/verify-entry.ts', import.meta.url);
const [VERIFY, MEMORY, KERNEL, OPEN] = [
  'snapshot/verify-in-threads',
  'kernel/linear-memory',
  'kernel/wasm-kernel',
  'snapshot/open-snapshot',
].map((file) => new URL(`../src/${file}.ts`, import.meta.url)) as [URL, URL, URL, URL];
const NO_SCRATCH = { laneCount: 0, queryCountMax: 0, signalCountMax: 0, depthMax: 0, limitMax: 0 };

const workspace = new Workspace();
let sound: string;
let damaged: string;
beforeAll(async () => {
  const { store } = await buildTown(workspace, 'v1', { seed: 5, shopCount: 300, dimensions: 8 });
  sound = store.pathOf('v1');
  damaged = workspace.path('damaged');
  cpSync(sound, damaged);
  const bytes = readFileSync(sound);
  const { payload, norms } = readHeader(sound).sections;
  bytes[norms.offset + 7]! ^= 1;
  bytes[payload.offset + payload.sizeBytes - 1]! ^= 1;
  writeFileSync(damaged, bytes, { flag: 'r+', mode: 0o644 });
});
afterAll(() => workspace.remove());

function load(file: string): LoadedView {
  const memory = new LinearMemory();
  const loaded = loadSnapshot(file, undefined, memory, NO_SCRATCH, 'auto', silentLog);
  return { memory, kernel: bestKernel(memory), ...loaded };
}

/** The progress of a verification of `partCount` parts of which none or all are taken. */
function progressOf(partCount: number, taken: number): Int32Array<SharedArrayBuffer> {
  const progress = new Int32Array(new SharedArrayBuffer((2 + partCount) * 4));
  progress[0] = taken;
  return progress;
}

async function runHelper(setup: HelperSetup): Promise<void> {
  const [code] = (await once(new Worker(HELPER, { workerData: setup }), 'exit')) as [number];
  expect(code).toBe(0);
}

/** Which parts hold, by the calling thread. */
function holding({ generation, kernel }: LoadedView): boolean[] {
  return verificationParts(generation, kernel).map((part) => {
    try {
      part();
      return true;
    } catch {
      return false;
    }
  });
}

test.each(['sound', 'damaged'])('a helper proves the parts that hold and no other: %s file', async (kind) => {
  const view = load(kind === 'sound' ? sound : damaged);
  const { memory, placement } = view;
  const expected = holding(view);
  expect(expected.every(Boolean)).toBe(kind === 'sound');
  const progress = progressOf(expected.length, 0);
  await runHelper({ memory: memory.memory, placement, progress });
  expect(progress[1]).toBe(expected.length);
  expect([...progress.subarray(2)].map(Boolean)).toEqual(expected);
});

test('a helper that comes when all is taken reads nothing', async () => {
  const memory = new LinearMemory(); // of one page: reading a snapshot in it would throw
  const placement = { base: 65_536, fileBytes: 1_000_000, laneBytes: 0, source: 'gone' };
  const progress = progressOf(40, 40);
  await runHelper({ memory: memory.memory, placement, progress });
  expect([...progress.subarray(1)].every((word) => word === 0)).toBe(true);
});

test('with helpers the same is thrown as without: the first finding in the order of the parts', () => {
  const view = load(damaged);
  const messageOf = (run: () => void): string => {
    try {
      run();
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error('a damaged snapshot passed');
  };
  const alone = messageOf(() => verifyGeneration(view.generation, view.kernel, damaged));
  expect(alone).toMatch(/damaged: section norms has SHA-256/);
  for (const helperCount of [0, 1, 3]) {
    expect(messageOf(() => verifyWithHelpers(view, helperCount))).toBe(alone);
    expect(() => verifyWithHelpers(load(sound), helperCount)).not.toThrow();
  }
});

/** The progress that a helper leaves which takes every part before the caller does. */
async function takenFirst(view: LoadedView, run: (setup: HelperSetup) => Promise<void>) {
  const partCount = verificationParts(view.generation, view.kernel).length;
  const progress = progressOf(partCount, 0);
  await run({ memory: view.memory.memory, placement: view.placement, progress });
  return progress;
}

test('what a helper could not prove is found by the caller, who does not do the rest again', async () => {
  const view = load(damaged);
  const progress = await takenFirst(view, runHelper);
  let runCount = 0;
  const counted = verificationParts(view.generation, view.kernel).map((part) => () => {
    runCount++;
    part();
  });
  expect(() => proveWithHelpers(counted, progress, damaged, 1_000)).toThrow(/section norms has SHA-256/);
  expect(runCount).toBe(1);
});

test('a helper that died with a part is waited for only so long, and its part is done here', () => {
  const view = load(sound);
  const parts = verificationParts(view.generation, view.kernel);
  const progress = progressOf(parts.length, 1); // taken by somebody who never ends it
  let firstRan = false;
  const counted = parts.map((part, i) => () => {
    firstRan ||= i === 0;
    part();
  });
  proveWithHelpers(counted, progress, sound, 50);
  expect(firstRan).toBe(true);
  expect(progress[1]).toBe(parts.length - 1);
});

test('a helper that may not start leaves all to the caller', () => {
  const script = `
    import { verifyWithHelpers } from ${JSON.stringify(VERIFY.href)};
    import { LinearMemory } from ${JSON.stringify(MEMORY.href)};
    import { bestKernel } from ${JSON.stringify(KERNEL.href)};
    import { loadSnapshot } from ${JSON.stringify(OPEN.href)};
    const memory = new LinearMemory();
    const scratch = ${JSON.stringify(NO_SCRATCH)};
    const log = { info() {}, warn() {}, error() {} };
    const loaded = loadSnapshot(process.argv[1], undefined, memory, scratch, 'copy', log);
    verifyWithHelpers({ memory, kernel: bestKernel(memory), ...loaded }, 2);
    console.log('proven');
  `;
  const permissions = ['--permission', '--allow-fs-read=*'];
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [...permissions, '--input-type=module', '-e', script, sound],
    { encoding: 'utf8' },
  );
  expect(stdout, stderr).toBe('proven\n');
});
