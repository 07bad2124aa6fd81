/**
 * The action store on the disk of the system's temporary directory: append one action and await it, 1,000 at once,
 * 1,000 in one call, 1,000 impressions in one call; read a user's newest 50 from memory and from disk, and 200 impressions
 * of 20 shops each. 1,000 users, 200 actions and 200 impressions kept of each.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ACTION_STORE_DEFAULTS, ActionStore, type AppendedAction } from '../src/actions/action-store.ts';
import { IMPRESSION } from '../src/domain/impression.ts';
import { Random } from '../src/base/random.ts';
import type { Bench, ResultRow } from './result.ts';
import { timeInTurn, type Subject } from './timing.ts';

const SEED = 7;
const USER_COUNT = 1_000;
const SHOP_COUNT = 100_000;
const TOGETHER = 1_000;
const RECENT = 50;
/** Before anything is read every user has so many actions, more than are read. */
const ACTIONS_PER_USER = 60;
/** Of so many users there are as many impressions as are kept. */
const SHOWN_USER_COUNT = 200;
const SHOWN_COUNT = 20;
const START_MS = Date.parse('2026-11-22T12:00:00Z');

export const actionsBench: Bench = {
  name: 'actions',
  title: 'append, on disk when it answers; recent, impressions',
  seed: SEED,
  async run() {
    return [
      ...(await measureAppend(ACTION_STORE_DEFAULTS.commitDelayMs)),
      ...(await measureAppend(0)),
      ...(await measureRecent()),
      ...(await measureImpressions()),
    ];
  },
};

function measureAppend(commitDelayMs: number): Promise<ResultRow[]> {
  return withStore({ commitDelayMs }, async (store, next) => {
    const nextShown = impressionSource(USER_COUNT);
    const subjects: readonly (Subject & { readonly count: number })[] = [
      { name: 'one, awaited', count: 1, async: true, run: () => store.append([next()]) },
      {
        name: `${TOGETHER} at once`,
        count: TOGETHER,
        async: true,
        run: () => Promise.all(times(TOGETHER, () => store.append([next()]))),
      },
      {
        name: `${TOGETHER} in one call`,
        count: TOGETHER,
        async: true,
        run: () => store.append(times(TOGETHER, next)),
      },
      {
        name: `${TOGETHER} impressions in one call`,
        count: TOGETHER,
        async: true,
        run: () => store.append(times(TOGETHER, nextShown)),
      },
    ];
    const timings = await timeInTurn(subjects);
    return subjects.map(({ name, count }, i) => ({
      terms: { call: 'append', how: name, commitDelayMs },
      subject: 'doorrank',
      timing: timings[i]!,
      facts: { 'actions/s': (count / timings[i]!.medianMs) * 1000 },
    }));
  });
}

function measureRecent(): Promise<ResultRow[]> {
  // One user in memory: who asks for the same user again is answered from there, who asks for another from disk.
  return withStore({ usersInMemoryMax: 1 }, async (store, next) => {
    for (let i = 0; i < ACTIONS_PER_USER; i++) await store.append(times(USER_COUNT, next));
    let userNumber = 0;
    const hot = { name: 'hot', run: () => store.recent(userIdOf(0), RECENT) };
    const cold = {
      name: 'cold',
      run: () => store.recent(userIdOf((userNumber = (userNumber + 1) % USER_COUNT)), RECENT),
    };
    const timings = await timeInTurn([hot, cold]);
    return [hot, cold].map(({ name }, i) => ({
      terms: { call: 'recent', how: name },
      subject: 'doorrank',
      timing: timings[i]!,
    }));
  });
}

function measureImpressions(): Promise<ResultRow[]> {
  return withStore({}, async (store) => {
    const next = impressionSource(SHOWN_USER_COUNT);
    const keptCount = ACTION_STORE_DEFAULTS.actionsPerUserMax;
    for (let i = 0; i < keptCount; i++) await store.append(times(SHOWN_USER_COUNT, next));
    let userNumber = 0;
    const user = (): string => userIdOf((userNumber = (userNumber + 1) % SHOWN_USER_COUNT));
    const subjects = [
      { call: 'impressions', run: () => store.impressions(user(), keptCount) },
      { call: 'kept', run: () => store.kept(user(), keptCount) },
    ];
    const timings = await timeInTurn(subjects.map(({ call, run }) => ({ name: call, run })));
    return subjects.map(({ call }, i) => ({
      terms: { call, how: `${keptCount} of ${SHOWN_COUNT} shops` },
      subject: 'doorrank',
      timing: timings[i]!,
    }));
  });
}

/** Runs `measure` with an empty store and a source of new actions, users in turn. */
async function withStore<T>(
  settings: Partial<typeof ACTION_STORE_DEFAULTS>,
  measure: (store: ActionStore, next: () => AppendedAction) => Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(path.join(tmpdir(), 'doorrank-bench-'));
  const store = ActionStore.open({ ...ACTION_STORE_DEFAULTS, ...settings, directory });
  try {
    return await measure(store, actionSource());
  } finally {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

function actionSource(): () => AppendedAction {
  const random = new Random(SEED);
  let count = 0;
  return () => {
    const number = count++;
    const shopId = `s${random.below(SHOP_COUNT)}`;
    const facts = { id: `a${number}`, userId: userIdOf(number % USER_COUNT), type: 'view' };
    return { action: { ...facts, shopId, atMs: START_MS + number }, atGiven: true };
  };
}

function impressionSource(userCount: number): () => AppendedAction {
  const random = new Random(SEED);
  let count = 0;
  return () => {
    const number = count++;
    const shopIds = times(SHOWN_COUNT, () => `s${random.below(SHOP_COUNT)}`);
    const facts = { id: `i${number}`, userId: userIdOf(number % userCount), type: IMPRESSION };
    return { action: { ...facts, shopIds, atMs: START_MS + number }, atGiven: true };
  };
}

function userIdOf(userNumber: number): string {
  return `u${userNumber}`;
}

function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}
