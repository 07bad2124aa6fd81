/**
 * The whole as one object: opens a store of snapshots and an action store, answers, records, swaps, closes.
 * Threads stand beside the line of a request, never in it: the engine decides from its known cost where it runs.
 */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { ActionStore } from '../actions/action-store.ts';
import { EngineError } from '../base/errors.ts';
import { silentLog, type Log } from '../base/log.ts';
import { validate } from '../base/validate.ts';
import {
  ActionInputSchema,
  ShopIdSchema,
  UserIdSchema,
  type Action,
  type ActionInput,
} from '../domain/action.ts';
import type { Location } from '../domain/location.ts';
import type { Shop } from '../domain/shop.ts';
import type { KernelBuild, Metric } from '../kernel/kernel.ts';
import { broughtActions, lineAction, type LineAction } from '../recommender/line-action.ts';
import {
  ACTION_COUNT_MAX,
  LimitSchema,
  RecommendRequestSchema,
  SimilaritiesRequestSchema,
  type CheckedRecommendRequest,
  type Recommendation,
  type RecommendRequest,
  type Similarities,
  type SimilaritiesRequest,
} from '../recommender/request.ts';
import type { ModelCard } from '../snapshot/format.ts';
import { readHeader } from '../snapshot/open-snapshot.ts';
import { SnapshotStore, type Activation } from '../snapshot/snapshot-store.ts';
import { runJob } from '../workers/run-job.ts';
import type { Job, JobResult } from '../workers/messages.ts';
import { WorkerPool } from '../workers/worker-pool.ts';
import { EngineOptionsSchema, type CheckedEngineOptions, type EngineOptions } from './config.ts';
import { Generations, type Loaded } from './generations.ts';

/** Actions in one call of `record`. */
const RECORD_COUNT_MAX = 10_000;
const KEYWORD_LIMIT_MAX = 1_000;
const KEYWORD_LIMIT_DEFAULT = 20;
const PRUNE_EVERY_MS = 60 * 60 * 1000;
/**
 * Multiply-adds from which a request goes to a worker: some 5 ms of the kernel, against a hand-off of 20 to 170 µs
 * that a smaller request would feel, and a pause that others on this thread would feel.
 */
const WORKER_COST_MIN = 20_000_000;

const RecordSchema = z.strictObject({
  actions: z
    .array(ActionInputSchema, { error: 'must be an array of actions' })
    .min(1, { error: `must hold 1..${RECORD_COUNT_MAX} actions` })
    .max(RECORD_COUNT_MAX, { error: `must hold 1..${RECORD_COUNT_MAX} actions` }),
});
const KeywordLimitSchema = z
  .number()
  .int()
  .min(1)
  .max(KEYWORD_LIMIT_MAX, { error: `must be 1..${KEYWORD_LIMIT_MAX}` });

/** What an engine needs from its surroundings. */
export interface EngineContext {
  /** Milliseconds since 1970-01-01T00:00:00Z; the only clock that answers depend on. */
  readonly nowMs: () => number;
  readonly log?: Log;
}

export interface SnapshotSummary {
  readonly version: string;
  readonly active: boolean;
  readonly shopCount: number;
  readonly keywordCount: number;
  readonly dimensions: number;
  readonly metric: Metric;
  /** [west, south, east, north] in degrees; null for a snapshot without shops. */
  readonly bounds: readonly [number, number, number, number] | null;
  /** True if this process reads the file's pages themselves, false if it holds a copy or has not loaded it. */
  readonly mapped: boolean;
  readonly modelCard: ModelCard;
}

/** Counts since the engine was opened, and what it runs on. */
export interface EngineStats {
  readonly kernel: KernelBuild;
  readonly version: string | null;
  readonly mapped: boolean;
  readonly shopCount: number;
  readonly swapCount: number;
  readonly requestsInline: number;
  readonly requestsInWorkers: number;
  readonly requestsWaiting: number;
  readonly actionsAccepted: number;
  readonly actionsDuplicate: number;
  readonly similarityCount: number;
}

export interface EngineHealth {
  /** True if requests can be answered. */
  readonly ready: boolean;
  readonly version: string | null;
  readonly storage: 'ok' | 'storage_full' | 'storage_failed';
}

/** Opens an engine. Throws `EngineError` if the store, its active snapshot or the action store cannot be used. */
export async function openEngine(options: EngineOptions, context: EngineContext): Promise<Engine> {
  return Engine.open(validate(EngineOptionsSchema, options), context);
}

/** Methods check their input and throw `RequestError` naming the field; after `close` they throw `closed`. */
export class Engine {
  readonly #store: SnapshotStore;
  readonly #actions: ActionStore;
  readonly #generations: Generations;
  readonly #workers: WorkerPool | null;
  readonly #options: CheckedEngineOptions;
  readonly #nowMs: () => number;
  readonly #log: Log;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #counts = { swaps: 0, inline: 0, inWorkers: 0, accepted: 0, duplicates: 0, similarities: 0 };
  /** Swaps run one after the other, in the order they were asked for. */
  #swapping: Promise<unknown> = Promise.resolve();
  /** What the store's pointer said when loading it failed, so that the failure is logged once. */
  #refused: string | null = null;
  #closing: Promise<void> | null = null;

  private constructor(
    options: CheckedEngineOptions,
    context: EngineContext,
    store: SnapshotStore,
    actions: ActionStore,
  ) {
    this.#options = options;
    this.#nowMs = context.nowMs;
    this.#log = context.log ?? silentLog;
    this.#store = store;
    this.#actions = actions;
    this.#generations = new Generations(options.threads, options.mapping, this.#log);
    this.#workers =
      options.threads === 0 ? null : new WorkerPool({ ...options, memories: this.#generations.memories });
  }

  static async open(options: CheckedEngineOptions, context: EngineContext): Promise<Engine> {
    const store = SnapshotStore.open(options.store);
    const actions = ActionStore.open({
      ...options,
      directory: options.data,
      ageDaysMax: options.actionAgeDaysMax,
    });
    const engine = new Engine(options, context, store, actions);
    try {
      await engine.#start();
      return engine;
    } catch (error) {
      await engine.close();
      throw error;
    }
  }

  /** Records what users did; resolves when it is on disk. 1 to 10,000 actions, all of them or none. */
  async record(actions: readonly ActionInput[]): Promise<{ accepted: number; duplicates: number }> {
    this.#checkOpen();
    const nowMs = this.#nowMs();
    const checked = validate(RecordSchema, { actions }).actions;
    const outcome = await this.#actions.append(
      checked.map((input) => ({ action: actionOf(input, nowMs), atGiven: input.at !== undefined })),
    );
    this.#counts.accepted += outcome.accepted;
    this.#counts.duplicates += outcome.duplicates;
    return outcome;
  }

  /** The shops that deliver to a location, best first for what the user did, each with its reasons. */
  async recommend(request: RecommendRequest): Promise<Recommendation> {
    this.#checkOpen();
    const checked = validate(RecommendRequestSchema, request);
    const nowMs = checked.at ? Date.parse(checked.at) : this.#nowMs();
    const actions = this.#actionsOf(checked, nowMs);
    const loaded = this.#generations.find(checked.version);
    const vectorCount = Math.min(actions.length, ACTION_COUNT_MAX);
    const answer = await this.#run(loaded, vectorCount, {
      kind: 'recommend',
      request: checked,
      actions,
      nowMs,
    });
    this.#counts.similarities += answer.similarityCount;
    return answer;
  }

  /** Raw search: the candidates most similar to each of the given vectors. */
  async similarities(request: SimilaritiesRequest): Promise<Similarities> {
    this.#checkOpen();
    const checked = validate(SimilaritiesRequestSchema, request);
    const loaded = this.#generations.find(checked.version);
    const answer = await this.#run(loaded, checked.vectors.length, {
      kind: 'similarities',
      request: checked,
    });
    this.#counts.similarities += answer.candidateCount * checked.vectors.length;
    return answer;
  }

  /** Shops like `shopId` that deliver to the location. Throws `shop_unknown`. */
  async similar(
    shopId: string,
    options: { readonly location: Location; readonly limit?: number | undefined },
  ): Promise<Recommendation> {
    this.#ordinalOf(shopId);
    return this.recommend({
      actions: [{ type: 'view', shopId }],
      location: options.location,
      excludeShopIds: [shopId],
      ...(options.limit !== undefined && { limit: options.limit }),
    });
  }

  /** The catalog record of a shop in the active version. Throws `shop_unknown`. */
  shop(shopId: string): Shop & { readonly version: string } {
    const ordinal = this.#ordinalOf(shopId);
    const { generation } = this.#generations.find(null);
    return { version: generation.version, ...generation.catalog.record(ordinal) };
  }

  /** What a user did, newest first; all that is kept unless `limit` is given. */
  actions(userId: string, limit?: number): readonly Action[] {
    this.#checkOpen();
    const count = limit === undefined ? this.#options.actionsPerUserMax : validate(LimitSchema, limit);
    return this.#actions.recent(validate(UserIdSchema, userId), count);
  }

  /** Erases everything recorded of a user; resolves with the number of actions when that is on disk. */
  async erase(userId: string): Promise<number> {
    this.#checkOpen();
    return this.#actions.erase(validate(UserIdSchema, userId));
  }

  /** Keywords the active version knows that begin with `prefix`, most searched first. */
  keywords(prefix: string, limit = KEYWORD_LIMIT_DEFAULT): readonly { readonly keyword: string }[] {
    this.#checkOpen();
    const { encoder } = this.#generations.find(null).generation;
    return encoder
      .keywordsWithPrefix(prefix, validate(KeywordLimitSchema, limit))
      .map((keyword) => ({ keyword }));
  }

  /** Every version in the store that can be read, in byte order; the log names those that cannot. */
  snapshots(): readonly SnapshotSummary[] {
    this.#checkOpen();
    return this.#store.versions().flatMap((version) => this.#summaryOf(version) ?? []);
  }

  /**
   * Verifies a version of the store, makes it active and swaps. Requests that run end on the version they began with.
   * If anything does not hold, nothing changes.
   */
  activate(version: string): Promise<Activation> {
    return this.#swap(() => ({ version, commit: () => this.#store.activate(version) }));
  }

  /** Makes the version before the active one active again. Throws `no_previous_version`. */
  rollback(): Promise<Activation> {
    return this.#swap(() => ({ version: this.#store.previous(), commit: () => this.#store.rollback() }));
  }

  /** Looks whether another process activated a version, and swaps to it. */
  async refresh(): Promise<void> {
    const version = this.#store.current();
    if (version === null || version === this.#version) return;
    await this.#swap(() => {
      const found = this.#store.current() ?? version;
      return { version: found, commit: () => ({ version: found, previous: this.#version }) };
    });
  }

  health(): EngineHealth {
    return {
      ready: this.#closing === null && this.#version !== null,
      version: this.#version,
      storage: this.#actions.health(),
    };
  }

  stats(): EngineStats {
    const { active, kernel } = this.#generations;
    return {
      kernel: kernel.build,
      version: this.#version,
      mapped: active?.mapped ?? false,
      shopCount: active?.generation.header.shopCount ?? 0,
      swapCount: this.#counts.swaps,
      requestsInline: this.#counts.inline,
      requestsInWorkers: this.#counts.inWorkers,
      requestsWaiting: this.#workers?.waitingCount ?? 0,
      actionsAccepted: this.#counts.accepted,
      actionsDuplicate: this.#counts.duplicates,
      similarityCount: this.#counts.similarities,
    };
  }

  /** Lets running requests end, commits what waits and lets everything go. Safe to call more than once. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #start(): Promise<void> {
    const version = this.#store.current();
    if (version === null)
      this.#log.warn(
        { store: this.#store.directory },
        'no version is active yet; requests are refused until one is',
      );
    else await this.refresh();
    await this.#actions.prune(this.#nowMs());
    this.#every(PRUNE_EVERY_MS, () => this.#actions.prune(this.#nowMs()), 'old actions could not be erased');
    if (this.#options.storePollMs > 0)
      this.#every(this.#options.storePollMs, () => this.#poll(), 'the store cannot be read');
  }

  /** Swaps to what another process activated; a version that is refused is reported once. */
  async #poll(): Promise<void> {
    const version = this.#store.current();
    if (version === this.#refused) return;
    this.#refused = null;
    try {
      await this.refresh();
    } catch (error) {
      this.#refused = version;
      this.#log.error(
        { version, serving: this.#version, error: (error as Error).message },
        'the activated version is refused; the old one keeps serving',
      );
    }
  }

  #every(periodMs: number, work: () => Promise<unknown>, complaint: string): void {
    let running = false;
    const timer = setInterval(() => {
      if (running) return;
      running = true;
      work()
        .catch((error: Error) => this.#log.error({ error: error.message }, complaint))
        .finally(() => (running = false));
    }, periodMs);
    this.#timers.push(timer.unref());
  }

  async #close(): Promise<void> {
    this.#timers.forEach(clearInterval);
    await this.#swapping.catch(() => {});
    await this.#workers?.close();
    await this.#generations.close();
    await this.#actions.close();
  }

  #checkOpen(): void {
    if (this.#closing !== null) throw new EngineError('closed', 'the engine is closed');
  }

  get #version(): string | null {
    return this.#generations.active?.generation.version ?? null;
  }

  /** Runs a job where it costs least: small ones here, at once; large ones beside. */
  async #run<K extends Job['kind']>(
    loaded: Loaded,
    vectorCount: number,
    job: Job & { readonly kind: K },
  ): Promise<JobResult[K]> {
    const { shopCount, rowFloats } = loaded.generation.header;
    const workers = this.#workers;
    if (workers !== null && shopCount * vectorCount * rowFloats >= WORKER_COST_MIN) {
      this.#counts.inWorkers++;
      return loaded.reading(() => workers.run<K>(loaded.target, job));
    }
    this.#counts.inline++;
    return runJob(loaded, 0, job) as JobResult[K];
  }

  #actionsOf(request: CheckedRecommendRequest, nowMs: number): LineAction[] {
    if (request.actions !== undefined) return broughtActions(request.actions, nowMs);
    if (request.userId === undefined) return [];
    const count = request.excludeSeen ? this.#options.actionsPerUserMax : ACTION_COUNT_MAX;
    return this.#actions.recent(request.userId, count).map(lineAction);
  }

  #ordinalOf(shopId: string): number {
    this.#checkOpen();
    const { generation } = this.#generations.find(null);
    const ordinal = generation.catalog.ids.ordinalOf(validate(ShopIdSchema, shopId));
    if (ordinal !== -1) return ordinal;
    throw new EngineError(
      'shop_unknown',
      `no shop ${JSON.stringify(shopId)} in version ${generation.version}`,
    );
  }

  #summaryOf(version: string): SnapshotSummary | null {
    try {
      const header = readHeader(this.#store.pathOf(version));
      const { shopCount, keywordCount, dimensions, metric, bounds, modelCard } = header;
      const active = version === this.#version;
      const mapped = this.#generations.isMapped(version);
      return { version, active, shopCount, keywordCount, dimensions, metric, bounds, mapped, modelCard };
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      this.#log.warn(
        { version, error: error.message },
        'a snapshot of the store cannot be read and is not listed',
      );
      return null;
    }
  }

  /** Loads what `plan` names, verifies it, commits the choice and only then lets it answer. */
  #swap(plan: () => { readonly version: string; readonly commit: () => Activation }): Promise<Activation> {
    const swap = this.#swapping
      .catch(() => {})
      .then(async () => {
        this.#checkOpen();
        const { version, commit } = plan();
        if (version === this.#version) return commit();
        const loaded = await this.#generations.load(this.#store.pathOf(version), (found) =>
          this.#verify(found),
        );
        const activation = commit();
        this.#generations.activate(loaded);
        this.#counts.swaps++;
        const { shopCount, dimensions } = loaded.generation.header;
        this.#log.info(
          {
            version,
            previous: activation.previous,
            mapped: loaded.mapped,
            kernel: loaded.kernel.build,
            shopCount,
            dimensions,
          },
          'serving version',
        );
        return activation;
      });
    this.#swapping = swap;
    return swap;
  }

  async #verify(loaded: Loaded): Promise<void> {
    if (this.#workers === null) runJob(loaded, 0, { kind: 'verify' });
    else await this.#workers.run(loaded.target, { kind: 'verify' });
  }
}

function actionOf(
  { id = randomUUID(), userId, type, keyword, shopId, at }: ActionInput,
  nowMs: number,
): Action {
  const facts = { id, userId, type, atMs: at === undefined ? nowMs : Date.parse(at) };
  return keyword === undefined ? { ...facts, shopId: shopId! } : { ...facts, keyword };
}
