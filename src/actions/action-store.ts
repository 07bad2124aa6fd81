/**
 * Where actions are kept: on disk before `append` answers, each exactly once by its id, the newest in memory. Impressions,
 * actions with `shopIds`, are kept beside the others and counted apart, so that what was shown to a user never pushes
 * out what the user did; they are read from disk.
 * SQLite does the keeping; nothing outside this folder knows.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Database } from 'better-sqlite3';
import { check, EngineError } from '../base/errors.ts';
import type { Action } from '../domain/action.ts';
import { openActionDatabase, storageError } from './action-database.ts';
import { ActionRows } from './action-rows.ts';
import { GroupCommit, type StorageHealth } from './group-commit.ts';
import { ShopStatusStore } from './shop-status-store.ts';
import { RecentActions } from './recent-actions.ts';

export interface ActionStoreOptions {
  /** Holds `actions.sqlite`; created if it is not there. */
  readonly directory: string;
  /** Actions kept per user, and as many impressions, at least 1; an append erases the oldest beyond it. */
  readonly actionsPerUserMax: number;
  /** Days that an action is kept; `prune` erases the older ones. */
  readonly ageDaysMax: number;
  /** How long an append may wait to share its sync of the disk with others, 0..5. */
  readonly commitDelayMs: number;
  /** Users whose newest actions stay in memory. */
  readonly usersInMemoryMax: number;
}

export const ACTION_STORE_DEFAULTS: Omit<ActionStoreOptions, 'directory'> = Object.freeze({
  actionsPerUserMax: 200,
  ageDaysMax: 400,
  commitDelayMs: 5,
  usersInMemoryMax: 100_000,
});

export const COMMIT_DELAY_MS_MAX = 5;
/** As many as are kept by default, which signals of a user's habits read; questions for more go to disk. */
const ACTIONS_IN_MEMORY_PER_USER = 200;
/** Small enough that the event loop goes on soon: 200 scattered actions take about 17 ms, 1,000 take 40. */
const PRUNE_BATCH = 200;
const DAY_MS = 24 * 60 * 60 * 1000;

/** An action to store. `atGiven` says whether the caller sent its time; if not, a retry need not repeat it. */
export interface AppendedAction {
  readonly action: Action;
  readonly atGiven: boolean;
}

/** What became of an append: how many of its actions are new, and how many were stored before. */
export interface AppendOutcome {
  readonly accepted: number;
  readonly duplicates: number;
}

export class ActionStore {
  /** Lives in the same file and shares its syncs of the disk. */
  readonly statuses: ShopStatusStore;
  readonly #database: Database;
  readonly #rows: ActionRows;
  readonly #commits: GroupCommit;
  readonly #recent: RecentActions;
  readonly #actionsPerUserMax: number;
  readonly #ageMsMax: number;

  /** Throws `EngineError`: `storage_busy` if the directory has an owner, `storage_full`, `storage_failed`. */
  static open(options: ActionStoreOptions): ActionStore {
    return new ActionStore(openActionDatabase(options.directory), options);
  }

  /** Takes over a database from `openActionDatabase`. */
  constructor(database: Database, options: Omit<ActionStoreOptions, 'directory'>) {
    const { actionsPerUserMax, ageDaysMax, commitDelayMs, usersInMemoryMax } = options;
    check(actionsPerUserMax >= 1, `actionsPerUserMax must be at least 1, got ${actionsPerUserMax}`);
    check(
      commitDelayMs >= 0 && commitDelayMs <= COMMIT_DELAY_MS_MAX,
      `commitDelayMs must be 0..${COMMIT_DELAY_MS_MAX}, got ${commitDelayMs}`,
    );
    this.#database = database;
    this.#rows = new ActionRows(database);
    this.#commits = new GroupCommit(database, commitDelayMs);
    this.statuses = new ShopStatusStore(database, this.#commits);
    this.#recent = new RecentActions(
      usersInMemoryMax,
      Math.min(ACTIONS_IN_MEMORY_PER_USER, actionsPerUserMax),
    );
    this.#actionsPerUserMax = actionsPerUserMax;
    this.#ageMsMax = ageDaysMax * DAY_MS;
  }

  /**
   * Stores all of `appended` or, if it rejects, none. Resolves when they are on disk and can be read.
   * An action stored before counts as duplicate; an id is known for as long as its action is kept.
   * Rejects with `EngineError`: `action_conflict` if an id is stored with another body, `storage_full`,
   * `storage_failed`, `closed`.
   */
  async append(appended: readonly AppendedAction[]): Promise<AppendOutcome> {
    for (const { action } of appended) checkStorable(action);
    return this.#commits.write(() => {
      const added = this.#unknownOf(appended);
      if (added instanceof EngineError) {
        return () => {
          throw added;
        };
      }
      for (const action of added) this.#rows.insert(action);
      this.#rows.trim(added, this.#actionsPerUserMax);
      return () => {
        for (const action of added) if (action.shopIds === undefined) this.#recent.add(action);
        return { accepted: added.length, duplicates: appended.length - added.length };
      };
    });
  }

  /**
   * The user's newest actions on disk, impressions not among them, newest first, at most `limit`.
   * Throws `EngineError`: `storage_failed`, `closed`.
   */
  recent(userId: string, limit: number): readonly Action[] {
    checkReadable(userId);
    const held =
      this.#recent.get(userId) ?? this.#recent.hold(userId, (count) => this.#newest(userId, count));
    if (held.actions.length > limit) return held.actions.slice(0, limit);
    if (held.actions.length === limit || held.complete) return held.actions;
    return this.#newest(userId, limit);
  }

  /**
   * The user's newest impressions on disk of `untilMs` or before, newest first, at most `limit`. Always from disk: 200 of
   * 20 shops take 1 ms.
   * Throws as `recent` does.
   */
  impressions(userId: string, limit: number, untilMs = Infinity): readonly Action[] {
    checkReadable(userId);
    return this.#read((rows) => rows.newestImpressions(userId, limit, untilMs));
  }

  /** The newest of the user's actions and impressions together, as `impressions`. */
  kept(userId: string, limit: number): readonly Action[] {
    checkReadable(userId);
    return this.#read((rows) => rows.newestOfBoth(userId, limit));
  }

  /** The action or impression that is stored under an id. Throws as `recent` does. */
  find(id: string): Action | undefined {
    checkReadable(id);
    return this.#read((rows) => rows.find(id));
  }

  /**
   * Erases a user with all actions and impressions appended so far; returns their number once no file holds them any more.
   * Rejects with `EngineError`: `storage_full`, `storage_failed`, `closed`.
   */
  async erase(userId: string): Promise<number> {
    check(userId.isWellFormed(), 'a user id to erase holds half a surrogate pair');
    return this.#commits.write(() => {
      const count = this.#rows.eraseUser(userId);
      return () => {
        this.#recent.drop(userId);
        this.#emptyLog();
        return count;
      };
    });
  }

  /** What was written before an erasure is still in the log until that is folded into the file and emptied. */
  #emptyLog(): void {
    try {
      this.#database.pragma('wal_checkpoint(TRUNCATE)');
    } catch (error) {
      const { code, message } = storageError(error, 'the log of the action store') as EngineError;
      throw new EngineError(
        code,
        `the user is erased, but traces stay in the log until the next erasure or a stop: ${message}`,
        { cause: error },
      );
    }
  }

  /**
   * Erases the actions and impressions that are older than `ageDaysMax` at `nowMs`, in small batches, and returns their
   * number; also the statuses that ended as long ago, so that a request for a moment since then finds them in every version. One of the two
   * failing does not keep the other from being erased. Rejects as `erase` does, also if the store is closed between two
   * batches.
   */
  async prune(nowMs: number): Promise<number> {
    const beforeMs = nowMs - this.#ageMsMax;
    let prunedCount: number;
    try {
      await this.statuses.prune(beforeMs);
    } finally {
      prunedCount = await this.#pruneActions(beforeMs);
    }
    return prunedCount;
  }

  async #pruneActions(beforeMs: number): Promise<number> {
    let prunedCount = 0;
    let batchCount: number;
    do {
      batchCount = await this.#commits.write(() => {
        const userIds = this.#rows.eraseOldest(beforeMs, PRUNE_BATCH);
        return () => {
          for (const userId of userIds) this.#recent.drop(userId);
          return userIds.length;
        };
      });
      prunedCount += batchCount;
    } while (batchCount === PRUNE_BATCH);
    return prunedCount;
  }

  /** What the last write found. It is renewed by the next one that changes something. */
  health(): StorageHealth {
    return this.#commits.health();
  }

  /** Commits what waits and gives the directory free. Later calls do nothing. */
  async close(): Promise<void> {
    if (!this.#database.open) return;
    this.#commits.close();
    this.#recent.dropAll();
    this.#database.close();
  }

  /** The actions of `appended` that are not stored yet, or the conflict that forbids storing any. */
  #unknownOf(appended: readonly AppendedAction[]): Action[] | EngineError {
    const unknown = new Map<string, Action>();
    for (const { action, atGiven } of appended) {
      const known = unknown.get(action.id) ?? this.#rows.find(action.id);
      const conflict = known && conflictOf(known, action, atGiven);
      if (conflict !== undefined) return conflict;
      if (known === undefined) unknown.set(action.id, action);
    }
    return [...unknown.values()];
  }

  #newest(userId: string, limit: number): Action[] {
    return this.#read((rows) => rows.newestActions(userId, limit));
  }

  #read<T>(read: (rows: ActionRows) => T): T {
    if (!this.#database.open)
      throw new EngineError('closed', 'the action store is closed; open it again to read');
    try {
      return read(this.#rows);
    } catch (error) {
      throw storageError(error, this.#database.name);
    }
  }
}

function checkReadable(id: string): void {
  check(id.isWellFormed(), 'an id to read by holds half a surrogate pair');
}

/** Callers validate; what slips through would be stored as something else, or fail the writes of others. */
function checkStorable(action: Action): void {
  check(
    Number.isSafeInteger(action.atMs),
    `atMs of action ${action.id} is ${action.atMs}, not whole milliseconds`,
  );
  check(Number.isFinite(action.weight ?? 1), `the weight of action ${action.id} is ${action.weight}`);
  const { keyword, shopId, shopIds } = action;
  const targets = [keyword, shopId, shopIds].filter((target) => target !== undefined);
  check(targets.length === 1, `action ${action.id} has not exactly one target`);
  const texts = [action.id, action.userId, action.type, ...targets.flat()];
  check(
    texts.every((text) => text.isWellFormed()),
    `action ${action.id} holds half a surrogate pair`,
  );
}

/** What to answer when `sent` is not the stored action of its id, or undefined if it is. */
function conflictOf(stored: Action, sent: Action, atGiven: boolean): EngineError | undefined {
  const fields = ['userId', 'type', 'keyword', 'shopId', 'shopIds'] as const;
  const differing: string[] = fields.filter((field) => !isDeepStrictEqual(stored[field], sent[field]));
  if ((stored.weight ?? 1) !== (sent.weight ?? 1)) differing.push('weight');
  if (atGiven && stored.atMs !== sent.atMs) differing.push('at');
  if (differing.length === 0) return undefined;
  return new EngineError(
    'action_conflict',
    `action id ${JSON.stringify(sent.id)} is stored with another ${differing.join(', ')}; ` +
      'give a new action an id of its own',
  );
}
