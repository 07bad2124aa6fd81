import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ActionStore } from '../src/actions/action-store.ts';
import { Random } from '../src/base/random.ts';
import type { Action } from '../src/domain/action.ts';
import { actionsOfGroup, appendedGroup, CRASH_STORE_OPTIONS } from './actions-crash-writer.ts';

const WRITER = join(import.meta.dirname, 'actions-crash-writer.ts');
const ROUNDS = Number(process.env['DOORRANK_CRASH_ROUNDS'] ?? 8);
const SEED = Number(process.env['DOORRANK_CRASH_SEED'] ?? 2026);

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'doorrank-crash-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** Lets a writer write until its first acknowledgement and `lifeMs` more, kills it, and returns all that it printed. */
async function linesOfKilledWriter(seed: number, round: number, lifeMs: number): Promise<string[]> {
  const writer = spawn(process.execPath, [WRITER, directory, String(seed), String(round)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const output = createInterface({ input: writer.stdout });
  const ended = once(output, 'close');
  const first = once(output, 'line');
  output.on('line', (line) => lines.push(line));
  await Promise.race([first, ended]);
  await setTimeout(lifeMs);
  writer.kill('SIGKILL');
  await ended;
  return lines;
}

/** The groups that were acknowledged. What is behind the last newline was cut off by the kill, like any line half said. */
function groupsIn(lines: readonly string[]): string[] {
  return lines.flatMap((line) => /^stored (\d+-\d+-\d+-\d+)$/.exec(line)?.[1] ?? []);
}

function storedActions(store: ActionStore): Action[] {
  return ['u0', 'u1', 'u2', 'u3', 'u4'].flatMap((userId) => store.kept(userId, 1_000_000));
}

/** Expects every acknowledged group exactly once with its bodies, and of every other group all actions or none. */
function expectKept(stored: readonly Action[], acknowledged: readonly string[], hint: string): void {
  const byId = new Map(stored.map((action) => [action.id, action]));
  expect(byId.size, `${hint}: ids stored more than once`).toBe(stored.length);
  const groups = new Set(acknowledged);
  for (const id of byId.keys()) groups.add(id.slice(0, id.lastIndexOf('-')));
  const expected = [...groups].flatMap(actionsOfGroup);
  const lost = expected.filter(({ id }) => !byId.has(id)).map(({ id }) => id);
  expect(lost, `${hint}: lost`).toEqual([]);
  expect(stored.length, `${hint}: stored`).toBe(expected.length);
  for (const action of expected) expect(byId.get(action.id), hint).toStrictEqual(action);
}

test(
  `${ROUNDS} writers killed at random moments lose nothing they acknowledged`,
  { timeout: ROUNDS * 10_000 },
  async () => {
    const random = new Random(SEED);
    const acknowledged: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const hint = `DOORRANK_CRASH_SEED=${SEED} round ${round}`;
      const groups = groupsIn(await linesOfKilledWriter(random.uint32(), round, random.between(0, 400)));
      expect(groups.length, `${hint}: the writer acknowledged nothing`).toBeGreaterThan(0);
      acknowledged.push(...groups);
      const store = ActionStore.open({ ...CRASH_STORE_OPTIONS, directory });
      expectKept(storedActions(store), acknowledged, hint);
      const again = appendedGroup(random.pick(acknowledged));
      expect(await store.append(again), hint).toEqual({ accepted: 0, duplicates: again.length });
      await store.close();
    }
  },
);

// The limit on file size makes the operating system refuse writes, as a failing disk does.
test('a writer whose disk fails answers storage_failed, reads on, and has lost nothing it acknowledged', async () => {
  const command = 'ulimit -f 2000 && exec "$0" "$@"';
  const writer = spawn('/bin/sh', ['-c', command, process.execPath, WRITER, directory, String(SEED), '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: writer.stdout })) lines.push(line);
  const [, code, readable] = lines.at(-1)!.split(' ');
  const store = ActionStore.open({ ...CRASH_STORE_OPTIONS, directory });
  const stored = storedActions(store);
  await store.close();
  expectKept(stored, groupsIn(lines), `seed ${SEED}`);
  expect(code).toBe('storage_failed');
  expect(Number(readable)).toBe(groupsIn(lines).flatMap(actionsOfGroup).length);
});
