/**
 * The versions that a split or a shadow needs beside the active one: loads them, and knows what every version is for.
 *
 * That one cannot be loaded is no reason to refuse what the active version can answer: it is reported, its users are
 * answered by the active version meanwhile, and it is tried again whenever the store is looked at. A damaged file is
 * tried again only when it is another file, because trying reads every byte.
 */
import { LASTING_CODES, type EngineError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { SnapshotStore } from '../snapshot/snapshot-store.ts';
import type { Changes } from './changes.ts';
import type { CheckedEngineOptions, VersionShare } from './config.ts';
import type { Generations, Loaded } from './generations.ts';

export type SideRole = 'split' | 'shadow';
/** What a loaded version is there for. */
export type VersionRole = 'active' | 'previous' | SideRole;

export interface SideVersion extends VersionShare {
  readonly role: SideRole;
  /** False as long as the store does not have it or what it has cannot be served; the log says why. */
  readonly loaded: boolean;
}

type Settings = Pick<CheckedEngineOptions, 'split' | 'shadow'>;

/** The versions that need a memory of their own, each once. */
export function sideVersionNames({ split, shadow }: Settings): string[] {
  return [...new Set([split, shadow].flatMap((side) => side?.version ?? []))];
}

export class SideVersions {
  readonly #settings: Settings;
  readonly #store: SnapshotStore;
  readonly #generations: Generations;
  readonly #log: Log;
  readonly #changes: Changes;
  /** The file of a version that can never be served. */
  readonly #refused = new Map<string, string>();
  /** What was last reported of loading a version. */
  readonly #reported = new Map<string, string>();
  #loading: Promise<void> = Promise.resolve();

  constructor(
    settings: Settings,
    store: SnapshotStore,
    generations: Generations,
    log: Log,
    changes: Changes,
  ) {
    this.#settings = settings;
    this.#store = store;
    this.#generations = generations;
    this.#log = log;
    this.#changes = changes;
  }

  get versions(): readonly SideVersion[] {
    return (['split', 'shadow'] as const).flatMap((role) => {
      const side = this.#settings[role];
      return side === undefined ? [] : { ...side, role, loaded: this.#isLoaded(side.version) };
    });
  }

  /** What a version is loaded for; nothing if it is not. */
  rolesOf(version: string): readonly VersionRole[] {
    const { active, previous } = this.#generations;
    const roles: VersionRole[] = [];
    if (active?.generation.version === version) roles.push('active');
    if (previous?.generation.version === version) roles.push('previous');
    for (const side of this.versions) if (side.version === version && side.loaded) roles.push(side.role);
    return roles;
  }

  /** The versions that are not loaded. */
  get missing(): readonly string[] {
    return sideVersionNames(this.#settings).filter((version) => !this.#isLoaded(version));
  }

  /**
   * Loads what is missing and the store has, one after the other; never throws. Beside swaps, not in turn with them: a
   * roll back does not wait for an experiment.
   */
  load(verify: (loaded: Loaded) => Promise<void>): Promise<void> {
    this.#loading = this.#loading.then(() => this.#loadMissing(verify));
    return this.#loading;
  }

  /** Resolves when nothing is being loaded. */
  idle(): Promise<void> {
    return this.#loading;
  }

  async #loadMissing(verify: (loaded: Loaded) => Promise<void>): Promise<void> {
    for (const version of this.missing) {
      try {
        await this.#load(version, verify);
      } catch (error) {
        this.#report(version, error as Error);
      }
    }
  }

  async #load(version: string, verify: (loaded: Loaded) => Promise<void>): Promise<void> {
    const path = this.#store.pathOf(version);
    const file = this.#store.identityOf(version);
    if (this.#refused.get(version) === file) return;
    try {
      const { mapped } = await this.#generations.loadSide(path, version, verify);
      this.#log.info({ version, mapped }, 'a version is loaded beside the active one');
      // Its users were answered by the active version so far.
      if (version === this.#settings.split?.version) this.#changes.tell({ kind: 'version', version });
    } catch (error) {
      if (LASTING_CODES.includes((error as EngineError).code)) this.#refused.set(version, file);
      throw error;
    }
  }

  #report(version: string, { message }: Error): void {
    if (message === this.#reported.get(version)) return;
    this.#reported.set(version, message);
    this.#log.error(
      { version, error: message },
      'a version beside the active one cannot be served; the active one answers until it can',
    );
  }

  #isLoaded(version: string): boolean {
    return this.#generations.side(version) !== null;
  }
}
