/**
 * Writes that come close together share one transaction, and so one sync of the disk.
 *
 *   write ──► waits ──► run, in order of arrival, in one transaction ──► on disk ──► settled, in order of arrival
 *
 * A write to an idle store waits only for the others of the same turn of the event loop. After a commit the store
 * rests for `restMs`, and what comes meanwhile goes together. So nobody waits longer than the rest, and the event
 * loop, which stands still during a sync, does so at most once per rest.
 */
import type { Database } from 'better-sqlite3';
import { EngineError } from '../base/errors.ts';
import { storageError } from './action-database.ts';

/** What the last write found: whether actions can be stored. */
export type StorageHealth = 'ok' | 'storage_full' | 'storage_failed';

interface Write {
  run(): void;
  settle(): void;
  fail(error: unknown): void;
}

export class GroupCommit {
  readonly #database: Database;
  readonly #runAll: (writes: readonly Write[]) => void;
  readonly #changeCount: () => number;
  readonly #restMs: number;
  #waiting: Write[] = [];
  #soon: NodeJS.Immediate | undefined;
  #rest: NodeJS.Timeout | undefined;
  #closed = false;
  #health: StorageHealth = 'ok';

  constructor(database: Database, restMs: number) {
    this.#database = database;
    this.#restMs = restMs;
    this.#runAll = database.transaction((writes: readonly Write[]) => writes.forEach((write) => write.run()));
    const changeCount = database.prepare<[], number>('SELECT total_changes()').pluck();
    this.#changeCount = () => changeCount.get()!;
  }

  /**
   * Runs `work` inside the next transaction and, once that is on disk, the function it returned: its value or
   * error becomes the outcome. An error of `work` itself undoes the whole transaction, other writes included.
   */
  write<T>(work: () => () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new EngineError('closed', 'the action store is closed; open it again to write');
      let finish: () => T;
      this.#waiting.push({
        run: () => {
          finish = work();
        },
        settle: () => {
          try {
            resolve(finish());
          } catch (error) {
            reject(error);
          }
        },
        fail: reject,
      });
      if (this.#rest === undefined) this.#soon ??= setImmediate(() => this.#commitAndRest());
    });
  }

  health(): StorageHealth {
    return this.#health;
  }

  /** Commits what waits and refuses what comes later. */
  close(): void {
    this.#closed = true;
    clearImmediate(this.#soon);
    clearTimeout(this.#rest);
    this.#commit();
  }

  #commitAndRest(): void {
    this.#soon = undefined;
    this.#commit();
    this.#rest = setTimeout(() => {
      this.#rest = undefined;
      if (this.#waiting.length > 0) this.#commitAndRest();
    }, this.#restMs);
  }

  #commit(): void {
    const writes = this.#waiting;
    this.#waiting = [];
    try {
      const changesBefore = this.#changeCount();
      this.#runAll(writes);
      // A transaction that changed nothing never reached the disk, so it says nothing about it.
      if (this.#changeCount() > changesBefore) this.#health = 'ok';
    } catch (cause) {
      const error = storageError(cause, this.#database.name);
      if (error instanceof EngineError) {
        this.#health = error.code === 'storage_full' ? 'storage_full' : 'storage_failed';
      }
      for (const write of writes) write.fail(error);
      return;
    }
    for (const write of writes) write.settle();
  }
}
