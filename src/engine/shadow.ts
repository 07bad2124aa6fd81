/**
 * Answers a sample of the requests from a second version too and tells how the answers differ.
 *
 * Nobody waits for that: a request of the sample is kept until its answer has left and the engine has nothing to do,
 * which is when a whole turn of the event loop brought no request and every worker is free. What finds no such moment
 * soon, or no room to be kept, is dropped and counted, as is all that cannot be compared.
 */
import { check, RequestError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { Random } from '../base/random.ts';
import {
  overlaps,
  rankBiasedOverlap,
  rankedOf,
  sharedByDepth,
  type Ranked,
} from '../recommender/ranking-overlap.ts';
import type { VersionShare } from './config.ts';
import type { Generations, Loaded } from './generations.ts';
import { Listeners } from './listeners.ts';
import type { Begun, MadeRecommendation, Runner } from './runner.ts';
import { splitPlace } from './version-choice.ts';

/** How two versions answered one request. */
export interface ShadowComparison {
  readonly activeVersion: string;
  readonly shadowVersion: string;
  /** Of the first `k` shops, for some `k` up to the limit of the request. */
  readonly overlap: readonly { readonly k: number; readonly overlap: number }[];
  /** Extrapolated, p = 0.9. */
  readonly rankBiasedOverlap: number;
  /** What each answer took, without waiting. */
  readonly activeMs: number;
  readonly shadowMs: number;
}

/** What became of the requests of the sample. */
export const SHADOW_OUTCOMES = [
  'compared',
  'busy', // the engine had no time
  'too_large', // would have kept others waiting
  'refused', // the shadow version does not take the request, such as a filter on a column it does not have
  'not_loaded', // the store does not have the shadow version, or it cannot be served
  'same_version', // the shadow version is the active one
  'failed', // a fault of ours, which the log tells
] as const;
export type ShadowOutcome = (typeof SHADOW_OUTCOMES)[number];
export type ShadowCounts = Readonly<Record<ShadowOutcome, number>>;

/** A request that the active version has answered. */
interface Kept {
  readonly activeVersion: string;
  readonly active: Ranked;
  /** The same request on the shadow version. */
  readonly shadow: Begun;
  looks: number;
}

/** Requests that are kept at a time: a burst of the sample. */
const KEPT_MAX = 16;
/** How often a kept request looks for a moment without work, and how long it waits in between: 100 ms together. */
const LOOKS_MAX = 20;
const LOOK_AGAIN_MS = 5;

export class Shadow {
  readonly #version: string;
  readonly #share: number;
  readonly #random: Random;
  readonly #runner: Runner;
  readonly #generations: Generations;
  readonly #log: Log;
  readonly #counts = Object.fromEntries(SHADOW_OUTCOMES.map((outcome) => [outcome, 0])) as Record<
    ShadowOutcome,
    number
  >;
  readonly #listeners = new Listeners<ShadowComparison>();
  #kept: Kept[] = [];
  #isLooking = false;
  #isClosed = false;

  constructor({ version, share }: VersionShare, runner: Runner, generations: Generations, log: Log) {
    this.#version = version;
    this.#share = share;
    this.#random = new Random(splitPlace('shadow', version) * 2 ** 32);
    this.#runner = runner;
    this.#generations = generations;
    this.#log = log;
  }

  get counts(): ShadowCounts {
    return { ...this.#counts };
  }

  /** Calls `listener` after every comparison until the returned function is called. */
  onCompared(listener: (comparison: ShadowComparison) => void): () => void {
    return this.#listeners.add(listener);
  }

  /** The snapshot that is to answer too a request that `active` answers; null if it is not of the sample. */
  sample(active: Loaded): Loaded | null {
    if (this.#random.unit() >= this.#share) return null;
    const shadow = this.#generations.side(this.#version);
    if (shadow === null) this.#counts.not_loaded++;
    else if (active.generation.version === this.#version) this.#counts.same_version++;
    else return shadow;
    return null;
  }

  /** Keeps a request of the sample, which the active version has answered by `made`, to be compared. */
  keep(activeVersion: string, made: MadeRecommendation, shadow: Begun): void {
    if (this.#isClosed || this.#kept.length >= KEPT_MAX) {
      this.#counts.busy++;
      return;
    }
    const active = 'json' in made ? made.ranked : rankedOf(made.recommendation);
    check(active !== null, 'a request of the sample says so to the worker that answers it');
    this.#kept.push({ activeVersion, active, shadow, looks: 0 });
    if (!this.#isLooking) this.#look();
  }

  /** Drops what is kept, and what comes. */
  close(): void {
    this.#isClosed = true;
    this.#counts.busy += this.#kept.length;
    this.#kept = [];
  }

  /** The answer leaves in this turn of the event loop; whether others wait shows in the whole turn after it. */
  #look(): void {
    this.#isLooking = true;
    setImmediate(() => {
      const askedCount = this.#runner.askedCount;
      setImmediate(() => void this.#compareIfIdle(askedCount));
    });
  }

  async #compareIfIdle(askedCount: number): Promise<void> {
    const isIdle = this.#runner.isIdle && this.#runner.askedCount === askedCount;
    if (isIdle) await this.#compareNext();
    else this.#dropTired();
    if (this.#kept.length === 0) this.#isLooking = false;
    else if (isIdle) this.#look();
    else setTimeout(() => this.#look(), LOOK_AGAIN_MS).unref();
  }

  #dropTired(): void {
    const keptCount = this.#kept.length;
    this.#kept = this.#kept.filter((kept) => ++kept.looks < LOOKS_MAX);
    this.#counts.busy += keptCount - this.#kept.length;
  }

  async #compareNext(): Promise<void> {
    const kept = this.#kept.shift();
    if (kept === undefined) return; // closed meanwhile
    try {
      const shadowRanked = await this.#runner.recommendAside(kept.shadow);
      if (shadowRanked !== null) this.#tell(kept, shadowRanked);
      this.#counts[shadowRanked === null ? 'too_large' : 'compared']++;
    } catch (error) {
      if (error instanceof RequestError) {
        this.#counts.refused++;
        return;
      }
      this.#counts.failed++;
      this.#log.error({ version: this.#version, err: error }, 'a shadow answer failed');
    }
  }

  #tell({ activeVersion, active, shadow }: Kept, shadowRanked: Ranked): void {
    const shared = sharedByDepth(active.shopIds, shadowRanked.shopIds);
    const comparison: ShadowComparison = {
      activeVersion,
      shadowVersion: this.#version,
      overlap: overlaps(shared, shadow.job.request.limit),
      rankBiasedOverlap: rankBiasedOverlap(shared),
      activeMs: active.tookMs,
      shadowMs: shadowRanked.tookMs,
    };
    this.#listeners.tell(comparison, (error) =>
      this.#log.error(
        { version: this.#version, err: error },
        'a listener to comparisons with the shadow version failed',
      ),
    );
  }
}
