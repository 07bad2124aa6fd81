/** Which of the loaded versions answers a request, and how many recommendations each has answered. */
import { hash } from 'node:crypto';
import type { VersionShare } from './config.ts';
import type { Generations, Loaded } from './generations.ts';

/**
 * Why a version answered: the request named it, its user belongs to the split, neither, or its user belongs to the split
 * but the version was not loaded.
 */
export type ChosenBy = 'request' | 'split' | 'active' | 'split_not_loaded';

export interface VersionCount {
  readonly version: string;
  readonly chosenBy: ChosenBy;
  readonly count: number;
}

const HASH_RANGE = 2 ** 32;

/**
 * Where a user stands in [0, 1) for one seed: the first eight hex digits of the SHA-256 of `seed`, a zero byte and the
 * user id, as a fraction of 2^32. Anybody can compute it again from these words. A user belongs to a split of a share
 * above it, so a growing share takes users in and lets none go; places under two seeds have nothing to do with each other.
 */
export function splitPlace(seed: string, userId: string): number {
  return Number.parseInt(hash('sha256', `${seed}\0${userId}`).slice(0, 8), 16) / HASH_RANGE;
}

export class VersionChoice {
  readonly #generations: Generations;
  readonly #split: VersionShare | undefined;
  readonly #seed: string;
  readonly #counts = new Map<string, { version: string; chosenBy: ChosenBy; count: number }>();

  /** `seed` is the version of the split if absent. */
  constructor(generations: Generations, split: VersionShare | undefined, seed: string | undefined) {
    this.#generations = generations;
    this.#split = split;
    this.#seed = seed ?? split?.version ?? '';
  }

  get counts(): readonly VersionCount[] {
    return [...this.#counts.values()].map((counted) => ({ ...counted }));
  }

  /** Throws `store_empty` before anything is active and `version_not_loaded` as of `Generations.find`. */
  choose(request: { readonly version?: string | null | undefined; readonly userId?: string | undefined }): {
    readonly loaded: Loaded;
    readonly chosenBy: ChosenBy;
  } {
    const { version, userId } = request;
    if (version !== null && version !== undefined) {
      return { loaded: this.#generations.find(version), chosenBy: 'request' };
    }
    const active = this.#generations.find(null);
    if (!this.#inSplit(userId)) return { loaded: active, chosenBy: 'active' };
    const loaded = this.#generations.loadedOf(this.#split!.version);
    return loaded === null ? { loaded: active, chosenBy: 'split_not_loaded' } : { loaded, chosenBy: 'split' };
  }

  /** Counts a recommendation that was answered. */
  count({ loaded, chosenBy }: { readonly loaded: Loaded; readonly chosenBy: ChosenBy }): void {
    const { version } = loaded.generation;
    const key = `${chosenBy} ${version}`;
    const counted = this.#counts.get(key);
    if (counted === undefined) this.#counts.set(key, { version, chosenBy, count: 1 });
    else counted.count++;
  }

  #inSplit(userId: string | undefined): boolean {
    return (
      this.#split !== undefined && userId !== undefined && splitPlace(this.#seed, userId) < this.#split.share
    );
  }
}
