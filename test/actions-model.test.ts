import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ActionStore, type ActionStoreOptions, type AppendedAction } from '../src/actions/action-store.ts';
import { EngineError } from '../src/base/errors.ts';
import { Random } from '../src/base/random.ts';
import type { Action, ActionTarget } from '../src/domain/action.ts';
import { IMPRESSION } from '../src/domain/impression.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const USER_IDS = ['u1', 'u2', '__proto__', '한국'];
const SEEDS = 20;
const ROUNDS = 25;

/** What the store promises, as plainly as it can be said: one array in order of arrival. */
class ModelStore {
  #actions: Action[] = [];
  readonly #options: ActionStoreOptions;

  constructor(options: ActionStoreOptions) {
    this.#options = options;
  }

  append(appended: readonly AppendedAction[]): unknown {
    const actions = [...this.#actions];
    for (const { action, atGiven } of appended) {
      const known = actions.find(({ id }) => id === action.id);
      if (known === undefined) actions.push(action);
      else if (bodyOf(known, atGiven) !== bodyOf(action, atGiven)) return 'action_conflict';
    }
    const accepted = actions.length - this.#actions.length;
    this.#actions = actions;
    const { actionsPerUserMax } = this.#options;
    const kept = new Set(
      USER_IDS.flatMap((userId) => [
        ...this.recent(userId, actionsPerUserMax),
        ...this.impressions(userId, actionsPerUserMax),
      ]),
    );
    this.#actions = actions.filter((action) => kept.has(action));
    return { accepted, duplicates: appended.length - accepted };
  }

  find(id: string): Action | undefined {
    return this.#actions.find((action) => action.id === id);
  }

  recent(userId: string, limit: number): Action[] {
    return this.kept(userId, Infinity)
      .filter(({ shopIds }) => shopIds === undefined)
      .slice(0, limit);
  }

  impressions(userId: string, limit: number, untilMs = Infinity): Action[] {
    return this.kept(userId, Infinity)
      .filter(({ shopIds, atMs }) => shopIds !== undefined && atMs <= untilMs)
      .slice(0, limit);
  }

  kept(userId: string, limit: number): Action[] {
    const latestFirst = this.#actions.filter((action) => action.userId === userId).toReversed();
    return latestFirst.sort((a, b) => b.atMs - a.atMs).slice(0, limit);
  }

  erase(userId: string): number {
    return this.#remove((action) => action.userId === userId);
  }

  prune(nowMs: number): number {
    return this.#remove((action) => action.atMs < nowMs - this.#options.ageDaysMax * DAY_MS);
  }

  #remove(matches: (action: Action) => boolean): number {
    const left = this.#actions.filter((action) => !matches(action));
    const removedCount = this.#actions.length - left.length;
    this.#actions = left;
    return removedCount;
  }
}

function bodyOf({ userId, type, keyword, shopId, shopIds, weight, atMs }: Action, atGiven: boolean): string {
  return JSON.stringify([userId, type, keyword, shopId, shopIds, weight ?? 1, atGiven ? atMs : null]);
}

/** Appends of ids from a small pool, so that duplicates and conflicts are common, and now and then of many new ones. */
function randomAppend(random: Random, nowMs: number): AppendedAction[] {
  const many = random.below(8) === 0;
  return Array.from({ length: many ? 40 : 1 + random.below(4) }, () => {
    const number = many ? random.uint32() : random.below(60);
    const body = new Random(number);
    const target = randomTarget(body);
    const type = random.below(30) === 0 ? 'order' : 'shopIds' in target ? IMPRESSION : 'view';
    const weight = random.below(30) === 0 ? 7 : body.pick([1, 1, 0.1, -100]);
    // Weight 1 is said or left out.
    const weighted = weight === 1 && random.below(2) === 0 ? {} : { weight };
    const atMs = nowMs - (random.below(10) === 0 ? random.below(3 * DAY_MS) : body.below(20));
    return {
      action: { id: `a${number}`, userId: body.pick(USER_IDS), type, atMs, ...target, ...weighted },
      atGiven: random.below(3) === 0,
    };
  });
}

/** Of a keyword, of a shop, or an impression of up to 30 shops, now and then of none. */
function randomTarget(body: Random): ActionTarget {
  const shopId = () => `s${body.below(9)}`;
  const kind = body.below(3);
  if (kind === 0) return { keyword: `k${body.below(9)}` };
  return kind === 1 ? { shopId: shopId() } : { shopIds: Array.from({ length: body.below(31) }, shopId) };
}

/** Starts one random write on both; returns what the store will answer and what it should. */
function randomWrite(
  random: Random,
  store: ActionStore,
  model: ModelStore,
  nowMs: number,
): [Promise<unknown>, unknown] {
  if (random.below(10) === 0) {
    const userId = random.pick(USER_IDS);
    return [store.erase(userId), model.erase(userId)];
  }
  const appended = randomAppend(random, nowMs);
  const answer = store.append(appended).catch((error: unknown) => {
    if (error instanceof EngineError) return error.code;
    throw error;
  });
  return [answer, model.append(appended)];
}

test('whatever is appended, erased, pruned and reopened, the store answers as the model does', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = new Random(seed);
    const directory = mkdtempSync(join(tmpdir(), 'doorrank-model-'));
    const options = {
      directory,
      actionsPerUserMax: random.pick([1, 3, 50, 60, 200]),
      ageDaysMax: 2,
      commitDelayMs: 0,
      usersInMemoryMax: random.pick([0, 1, 2, 100]),
    };
    const hint = `seed ${seed}`;
    const model = new ModelStore(options);
    let store = ActionStore.open(options);
    let nowMs = Date.UTC(2026, 10, 22);
    for (let round = 0; round < ROUNDS; round++) {
      const writes = Array.from({ length: 1 + random.below(6) }, () =>
        randomWrite(random, store, model, nowMs),
      );
      // Reading while writes wait brings users into memory in the state before them.
      store.recent(random.pick(USER_IDS), 1 + random.below(60));
      expect(await Promise.all(writes.map(([answer]) => answer)), hint).toEqual(
        writes.map(([, expected]) => expected),
      );
      nowMs += random.pick([0, 0, 0, DAY_MS / 2]);
      expect(await store.prune(nowMs), hint).toBe(model.prune(nowMs));
      if (random.below(8) === 0) {
        await store.close();
        store = ActionStore.open(options);
      }
      for (const userId of random.shuffle([...USER_IDS])) {
        const limit = random.pick([0, 1, 49, 50, 51, 1000]);
        for (const list of ['recent', 'impressions', 'kept'] as const) {
          expect(store[list](userId, limit), `${hint} ${list}`).toStrictEqual(model[list](userId, limit));
        }
        const untilMs = nowMs - random.pick([-1, 0, 1, DAY_MS / 2, DAY_MS]);
        expect(store.impressions(userId, limit, untilMs), `${hint} until ${untilMs}`).toStrictEqual(
          model.impressions(userId, limit, untilMs),
        );
      }
      const id = `a${random.below(60)}`;
      expect(store.find(id), hint).toStrictEqual(model.find(id));
    }
    await store.close();
    rmSync(directory, { recursive: true });
  }
});
