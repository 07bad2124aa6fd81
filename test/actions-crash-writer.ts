/**
 * A process that appends actions for as long as it can and prints what was acknowledged; its parent kills it.
 * Arguments: data directory, seed, round. Prints a line `stored <group>` after each acknowledged append, or
 * `refused <code> <actions still readable>` and ends.
 */
import { ACTION_STORE_DEFAULTS, ActionStore, type AppendedAction } from '../src/actions/action-store.ts';
import { EngineError } from '../src/base/errors.ts';
import { Random } from '../src/base/random.ts';
import type { Action } from '../src/domain/action.ts';
import { IMPRESSION } from '../src/domain/impression.ts';

export const CRASH_STORE_OPTIONS = { ...ACTION_STORE_DEFAULTS, actionsPerUserMax: 1_000_000 };
const LANES = 8;

/** The actions of one append, all derived from its name `<round>-<lane>-<number>-<size>`. */
export function actionsOfGroup(group: string): Action[] {
  const size = Number(group.split('-')[3]);
  return Array.from({ length: size }, (_, i) => actionOf(`${group}-${i}`));
}

function actionOf(id: string): Action {
  const random = new Random(Buffer.from(id).reduce((hash, byte) => Math.imul(hash, 31) + byte, 7));
  const userId = `u${random.below(5)}`;
  const atMs = Date.UTC(2026, 10, 22) + random.below(10_000);
  const facts = { id, userId, atMs };
  const shopId = () => `s${random.uint32()}`;
  return random.pick<() => Action>([
    () => ({ ...facts, type: 'search', keyword: `짜장면 ${random.uint32()}`, weight: random.between(-1, 1) }),
    () => ({ ...facts, type: 'view', shopId: shopId() }),
    () => ({ ...facts, type: IMPRESSION, shopIds: Array.from({ length: 20 }, shopId) }),
  ])();
}

export function appendedGroup(group: string): AppendedAction[] {
  return actionsOfGroup(group).map((action) => ({ action, atGiven: true }));
}

async function writeLane(store: ActionStore, random: Random, round: string, lane: number): Promise<void> {
  for (let n = 0; ; n++) {
    const group = `${round}-${lane}-${n}-${random.pick([1, 1, 3, 100])}`;
    const retries = random.below(4) === 0 ? 1 : 0;
    await Promise.all(Array.from({ length: 1 + retries }, () => store.append(appendedGroup(group))));
    process.stdout.write(`stored ${group}\n`);
  }
}

if (import.meta.main) {
  const [directory, seed, round] = process.argv.slice(2) as [string, string, string];
  const store = ActionStore.open({ ...CRASH_STORE_OPTIONS, directory });
  const lanes = Array.from({ length: LANES }, (_, lane) =>
    writeLane(store, new Random(Number(seed) + lane), round, lane),
  );
  await Promise.all(lanes).catch((error: unknown) => {
    if (!(error instanceof EngineError)) throw error;
    const readable = ['u0', 'u1', 'u2', 'u3', 'u4'].reduce(
      (count, userId) => count + store.kept(userId, 1e6).length,
      0,
    );
    process.stdout.write(`refused ${error.code} ${readable}\n`);
    process.exit();
  });
}
