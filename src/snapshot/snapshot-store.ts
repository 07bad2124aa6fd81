/**
 * The directory of snapshots and the pointer to the active one.
 *
 *   STORE/snapshots/<version>.snapshot   immutable, mode 0444
 *   STORE/CURRENT                        one version a line: the active one, then those before it, newest first
 *
 * Everything that changes is written aside, synced, renamed, and the directory synced, so a crash at any moment
 * leaves the old state or the new one. Nothing that CURRENT may name is ever deleted here.
 */
import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  linkSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { syncPath } from '../base/sync-path.ts';
import { EngineError } from '../base/errors.ts';
import { makeDirectory } from '../base/make-directory.ts';
import { shown } from '../base/validate.ts';
import { checkVersionName, isVersionName } from './version-name.ts';

const FILE_SUFFIX = '.snapshot';
const TEMPORARY = /^\.writing-.*\.tmp$/;
/** No build takes a day, counted back from the start of this process. */
const TEMPORARY_MS_MAX = 24 * 60 * 60 * 1000;
/** How far back rolling back can go. */
const HISTORY_MAX = 20;

/** What an activation or a roll back did. */
export interface Activation {
  readonly version: string;
  readonly previous: string | null;
}

export class SnapshotStore {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** Opens a store, which may be an empty directory; with `create`, makes its directories first. */
  static open(directory: string, options: { readonly create?: boolean } = {}): SnapshotStore {
    const store = new SnapshotStore(directory);
    if (options.create) store.#create();
    if (statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return store;
    throw new EngineError(
      'store_invalid',
      `${directory} is not a store: there is no such directory; build a snapshot into it first`,
    );
  }

  /** The versions in the store, in byte order. */
  versions(): string[] {
    if (!existsSync(this.#snapshots)) return [];
    return readdirSync(this.#snapshots, { withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(FILE_SUFFIX))
      .map(({ name }) => name.slice(0, -FILE_SUFFIX.length))
      .filter(isVersionName)
      .toSorted();
  }

  /** The active version, or null before the first activation. */
  current(): string | null {
    return this.#history()[0] ?? null;
  }

  /** The file of a version that is in the store. */
  pathOf(version: string): string {
    checkVersionName(version);
    const path = this.#fileOf(version);
    if (existsSync(path)) return path;
    const versions = this.versions();
    const known = versions.length === 0 ? 'it is empty' : `it has ${versions.slice(-10).join(', ')}`;
    throw new EngineError(
      'version_unknown',
      `no version ${version} in the store ${this.directory}; ${known}`,
    );
  }

  /** Tells the file of a version that is in the store from any other, also from one that takes its name. */
  identityOf(version: string): string {
    const { ino, size, ctimeMs } = statSync(this.pathOf(version));
    return `${version} ${ino} ${size} ${ctimeMs}`;
  }

  /** Makes `version` the active one. Activating the active version again changes nothing. */
  activate(version: string): Activation {
    this.pathOf(version);
    const history = this.#readableHistory();
    const previous = history[0] ?? null;
    if (previous !== version) this.#writeHistory([version, ...history].slice(0, HISTORY_MAX));
    return { version, previous };
  }

  /** The version that rolling back would make active. */
  previous(): string {
    const [current, previous] = this.#history();
    if (previous !== undefined) return previous;
    throw new EngineError(
      'no_previous_version',
      current === undefined
        ? `nothing is active yet in the store ${this.directory}, so there is nothing to roll back`
        : `${current} is the first version that was activated, so there is none to roll back to`,
    );
  }

  /**
   * Makes the version before the active one active again; rolling back once more goes one further back.
   * With `expected`, throws `store_changed` if that is no longer the version before.
   */
  rollback(expected?: string): Activation {
    const version = this.previous();
    if (expected !== undefined && version !== expected) {
      throw new EngineError(
        'store_changed',
        `the version to roll back to was ${expected} and is ${version} now, as something else was activated meanwhile; try again`,
      );
    }
    this.pathOf(version);
    const [current, ...rest] = this.#history();
    this.#writeHistory(rest);
    return { version, previous: current! };
  }

  /** Throws if a build of `version` could not be published. */
  checkFree(version: string): void {
    checkVersionName(version);
    if (existsSync(this.#fileOf(version))) throw this.#exists(version);
  }

  /** A new path in the store to write a snapshot aside. Removes what builds that died long ago left behind. */
  temporaryPath(): string {
    for (const name of readdirSync(this.#snapshots)) {
      const path = join(this.#snapshots, name);
      const left = TEMPORARY.test(name) && statSync(path, { throwIfNoEntry: false });
      if (left && left.mtimeMs < performance.timeOrigin - TEMPORARY_MS_MAX) rmSync(path, { force: true });
    }
    return join(this.#snapshots, `.writing-${randomUUID()}.tmp`);
  }

  /** Turns a complete, synced file at `temporaryPath` into the snapshot of `version`; returns its path. */
  publish(temporaryPath: string, version: string): string {
    checkVersionName(version);
    const path = this.#fileOf(version);
    this.#changing(() => {
      chmodSync(temporaryPath, 0o444);
      try {
        linkSync(temporaryPath, path); // unlike rename, never replaces a version
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw this.#exists(version);
        throw error;
      }
      rmSync(temporaryPath);
      syncPath(this.#snapshots);
    });
    return path;
  }

  /** Makes the directories, on disk up to the one that was there before. */
  #create(): void {
    this.#changing(() => {
      makeDirectory(this.#snapshots);
      syncPath(this.directory);
      syncPath(dirname(resolve(this.directory)));
    });
  }

  /** Runs a change of the directory and words what the system says against it. */
  #changing<T>(change: () => T): T {
    try {
      return change();
    } catch (error) {
      if (error instanceof EngineError) throw error;
      const reason = (error as Error).message;
      const code = (error as NodeJS.ErrnoException).code === 'ENOSPC' ? 'storage_full' : 'store_invalid';
      throw new EngineError(code, `the store ${this.directory} cannot be written: ${reason}`, {
        cause: error,
      });
    }
  }

  #history(): string[] {
    let text: string;
    try {
      text = readFileSync(this.#pointer, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw new EngineError('store_invalid', `${this.#pointer} cannot be read: ${(error as Error).message}`, {
        cause: error,
      });
    }
    const history = text.split('\n').filter((line) => line !== '');
    const wrong = history.find((version) => !isVersionName(version));
    if (wrong === undefined) return history;
    throw new EngineError(
      'store_invalid',
      `${this.#pointer} must hold one version a line, found ${shown(wrong)}; activate a version to mend it`,
    );
  }

  /** The history, or none where the pointer is broken: activating a version mends it. */
  #readableHistory(): string[] {
    try {
      return this.#history();
    } catch {
      return [];
    }
  }

  #writeHistory(history: readonly string[]): void {
    this.#changing(() => {
      const aside = `${this.#pointer}.${randomUUID()}.tmp`;
      try {
        writeFileSync(aside, `${history.join('\n')}\n`, { flush: true });
        renameSync(aside, this.#pointer);
      } catch (error) {
        rmSync(aside, { force: true });
        throw error;
      }
      syncPath(this.directory);
    });
  }

  #exists(version: string): EngineError {
    return new EngineError(
      'version_exists',
      `version ${version} is already in the store ${this.directory}; versions never change, choose another name`,
    );
  }

  #fileOf(version: string): string {
    return join(this.#snapshots, `${version}${FILE_SUFFIX}`);
  }

  get #snapshots(): string {
    return join(this.directory, 'snapshots');
  }

  get #pointer(): string {
    return join(this.directory, 'CURRENT');
  }
}
