/**
 * The whole as one object: opens a store of snapshots and an action store, answers, records, swaps, closes.
 * `runner.ts` decides from the known cost of a request where it runs.
 */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { ActionStore } from '../actions/action-store.ts';
import { wholeNumber } from '../base/bounds.ts';
import { EngineError, LASTING_CODES, RequestError } from '../base/errors.ts';
import { silentLog, type Log } from '../base/log.ts';
import { validate } from '../base/validate.ts';
import {
  ActionInputSchema,
  ShopIdSchema,
  UserIdSchema,
  type Action,
  type ActionInput,
} from '../domain/action.ts';
import { IMPRESSION } from '../domain/impression.ts';
import { ShopStatusInputSchema, type ShopStatus, type ShopStatusInput } from '../domain/shop-status.ts';
import { LocationSchema } from '../domain/location-schema.ts';
import type { Location } from '../domain/location.ts';
import type { Shop } from '../domain/shop.ts';
import type { ShownZone } from '../domain/zone.ts';
import { multiPolygonOf } from '../geo/geojson.ts';
import type { Kernel, KernelBuild, Metric } from '../kernel/kernel.ts';
import {
  broughtActions,
  broughtImpressions,
  lineActions,
  type Impression,
  type LineAction,
} from '../recommender/line-action.ts';
import type { ShownAnswer } from '../recommender/answer-id.ts';
import { takingPart } from '../recommender/query-vectors.ts';
import type { RecommendJob } from '../recommender/recommend-job.ts';
import type { Recommendation, Similarities } from '../recommender/recommendation.ts';
import type { Explanation } from '../recommender/explanation.ts';
import { looksBack } from '../recommender/signals/history.ts';
import { ACTION_COUNT_MAX, IMPRESSION_COUNT_MAX, LIMIT_DEFAULT } from '../recommender/request-bounds.ts';
import {
  ExplainRequestSchema,
  LimitSchema,
  OpenOnlySchema,
  RecommendRequestSchema,
  SimilaritiesRequestSchema,
  type CheckedRecommendRequest,
  type ExplainRequest,
  type RecommendRequest,
  type SimilaritiesRequest,
} from '../recommender/request.ts';
import { userList, type UserList } from '../recommender/user-list.ts';
import type { Bounds } from '../snapshot/bounds.ts';
import type { Generation } from '../snapshot/generation.ts';
import type { ModelCard } from '../snapshot/format.ts';
import { readHeader } from '../snapshot/open-snapshot.ts';
import { SnapshotStore, type Activation } from '../snapshot/snapshot-store.ts';
import { verificationParts, verifyGeneration } from '../snapshot/verify-generation.ts';
import { WorkerPool } from '../workers/worker-pool.ts';
import { Changes, type ChangeListener } from './changes.ts';
import { EngineOptionsSchema, type CheckedEngineOptions, type EngineOptions } from './config.ts';
import { Generations, type Loaded } from './generations.ts';
import {
  checkSameRequest,
  continuedAnswer,
  impressionShopIds,
  shownShopIds,
  versionOf,
} from './shown-answers.ts';
import { LiveStatuses } from './live-statuses.ts';
import { learnedOf, withDefaults, type Learned } from '../recommender/request-defaults.ts';
import { Runner, type Begun, type Json, type MadeRecommendation } from './runner.ts';
import { Shadow, type ShadowComparison, type ShadowCounts } from './shadow.ts';
import { sideVersionNames, SideVersions, type SideVersion, type VersionRole } from './side-versions.ts';
import { VersionChoice, type ChosenBy, type VersionCount } from './version-choice.ts';

/** Actions in one call of `record`. */
const RECORD_COUNT_MAX = 10_000;
/** Statuses in one call of `setStatuses`. */
const STATUS_COUNT_MAX = 10_000;
const KEYWORD_LIMIT_MAX = 1_000;
const KEYWORD_LIMIT_DEFAULT = 20;
const AHEAD_MS_MAX = 24 * 60 * 60 * 1000;
const PRUNE_EVERY_MS = 60 * 60 * 1000;
const PRUNE_COMPLAINT = 'old actions and statuses could not be erased';

const RecordSchema = z.strictObject({
  actions: z
    .array(ActionInputSchema, { error: 'must be an array of actions' })
    .min(1, { error: `must hold 1..${RECORD_COUNT_MAX} actions` })
    .max(RECORD_COUNT_MAX, { error: `must hold 1..${RECORD_COUNT_MAX} actions` }),
});
const StatusesSchema = z.strictObject({
  statuses: z
    .array(ShopStatusInputSchema, { error: 'must be an array of statuses' })
    .min(1, { error: `must hold 1..${STATUS_COUNT_MAX} statuses` })
    .max(STATUS_COUNT_MAX, { error: `must hold 1..${STATUS_COUNT_MAX} statuses` }),
});
const KeywordsSchema = z.strictObject({
  prefix: z.string({ error: 'must be text' }),
  limit: wholeNumber(1, KEYWORD_LIMIT_MAX),
});
const UserSchema = z.strictObject({ userId: UserIdSchema, limit: LimitSchema.optional() });
const ShopSchema = z.strictObject({ shopId: ShopIdSchema });
const DeliverySchema = z.strictObject({ shopId: ShopIdSchema, location: LocationSchema });
const SimilarSchema = z.strictObject({
  location: LocationSchema,
  limit: LimitSchema.optional(),
  openOnly: OpenOnlySchema.optional(),
});
const utf8 = new TextDecoder();

/** What an engine needs from its surroundings. */
export interface EngineContext {
  /** Milliseconds since 1970-01-01T00:00:00Z; the only clock that answers depend on. */
  readonly nowMs: () => number;
  readonly log?: Log;
}

export interface SnapshotSummary {
  readonly version: string;
  readonly active: boolean;
  /** What the version is loaded for; empty if it is not loaded. */
  readonly roles: readonly VersionRole[];
  readonly shopCount: number;
  readonly keywordCount: number;
  readonly dimensions: number;
  readonly metric: Metric;
  /** [west, south, east, north] in degrees; null for a snapshot without shops. */
  readonly bounds: Bounds | null;
  /** True if this process reads the file's pages themselves, false if it holds a copy or has not loaded it. */
  readonly mapped: boolean;
  readonly modelCard: ModelCard;
}

/** A shop as its owner described it. */
export interface ShopRecord extends Shop {
  /** The snapshot that the record is from. */
  readonly version: string;
  /** Where it delivers beside its radius; absent if it has none. */
  readonly zones?: readonly ShownZone[];
}

export interface StatusesSet {
  /** Shops that the active version does not know. */
  readonly unknownShopIds: readonly string[];
}

/** Counts since the engine was opened, and what it runs on. */
export interface EngineStats {
  readonly kernel: KernelBuild;
  /** Which product of whole numbers was faster when the kernel was warmed up. */
  readonly bytePass: Kernel['bytePass'];
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
  /** Recommendations by the version that answered them, and why it did. */
  readonly recommendations: readonly VersionCount[];
  /** The versions that the settings want loaded beside the active one. */
  readonly sideVersions: readonly SideVersion[];
  /** What became of the requests that a shadow version was to answer too; null without one. */
  readonly shadow: ShadowCounts | null;
}

/** A request as it was asked, and as it is where no version decides for itself. */
interface Question {
  readonly asked: RecommendRequest;
  readonly checked: CheckedRecommendRequest;
}

/** A request that runs, and, if it is of a shadow's sample, the same request on the shadow version. */
interface Asked extends Begun {
  readonly chosenBy: ChosenBy;
  readonly shadow: Begun | null;
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
  readonly #statuses: LiveStatuses;
  readonly #workers: WorkerPool | null;
  readonly #runner: Runner;
  readonly #sides: SideVersions;
  readonly #choice: VersionChoice;
  readonly #shadow: Shadow | null;
  readonly #options: CheckedEngineOptions;
  readonly #nowMs: () => number;
  readonly #log: Log;
  readonly #changes: Changes;
  readonly #timers: NodeJS.Timeout[] = [];
  /** What each version decides for itself; null if nothing. */
  readonly #learned = new WeakMap<Generation, Learned | null>();
  readonly #counts = { swaps: 0, accepted: 0, duplicates: 0, similarities: 0 };
  /** Swaps run one after the other, in the order they were asked for. */
  #swapping: Promise<unknown> = Promise.resolve();
  /** The file that the store's pointer named if it can never be served. */
  #refused: string | null = null;
  /** What was last reported of swapping to it. */
  #reported: string | null = null;
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
    this.#changes = new Changes(this.#log);
    this.#store = store;
    this.#actions = actions;
    const sides = sideVersionNames(options);
    this.#generations = new Generations(options.threads, options.mapping, this.#log, sides);
    this.#sides = new SideVersions(options, store, this.#generations, this.#log, this.#changes);
    this.#choice = new VersionChoice(this.#generations, options.split, options.splitSeed);
    this.#statuses = new LiveStatuses(actions.statuses, () => this.#generations.held);
    const { threads, queueMax } = options;
    this.#workers = threads === 0 ? null : new WorkerPool(threads, this.#generations.memories);
    this.#runner = new Runner(this.#workers, threads, queueMax);
    const { shadow } = options;
    this.#shadow = shadow ? new Shadow(shadow, this.#runner, this.#generations, this.#log) : null;
  }

  static async open(options: CheckedEngineOptions, context: EngineContext): Promise<Engine> {
    const store = SnapshotStore.open(options.store);
    const actions = ActionStore.open({
      ...options,
      directory: options.data,
      ageDaysMax: options.actionAgeDaysMax,
    });
    let engine: Engine | undefined;
    try {
      engine = new Engine(options, context, store, actions);
      await engine.#start();
      return engine;
    } catch (error) {
      await (engine ?? actions).close();
      throw error;
    }
  }

  /**
   * Records what users did and what they were shown; resolves when it is on disk. 1 to 10,000 actions, all of them or
   * none. An impression by `answerId` keeps the ids of the shops, so this engine must hold the version of the answer.
   */
  async record(actions: readonly ActionInput[]): Promise<{ accepted: number; duplicates: number }> {
    this.#checkOpen();
    const nowMs = this.#nowMs();
    const checked = validate(RecordSchema, { actions }).actions;
    checkNotAhead(checked, nowMs);
    const shown = impressionShopIds(
      checked,
      this.#generations.loaded,
      (id) => this.#actions.find(id)?.shopIds,
    );
    const outcome = await this.#actions.append(
      checked.map((input, i) => ({
        action: actionOf(input, shown[i], nowMs),
        atGiven: input.at !== undefined,
      })),
    );
    this.#counts.accepted += outcome.accepted;
    this.#counts.duplicates += outcome.duplicates;
    if (outcome.accepted > 0) {
      const userIds = new Set(checked.map(({ userId }) => userId));
      for (const userId of userIds) this.#changes.tell({ kind: 'actions', userId });
    }
    return outcome;
  }

  /** The shops that deliver to a location, best first for what the user did, each with its reasons. */
  async recommend(request: RecommendRequest): Promise<Recommendation> {
    const made = await this.#recommend(request, false);
    return 'json' in made ? (JSON.parse(utf8.decode(made.json)) as Recommendation) : made.recommendation;
  }

  /** The answer of `recommend` as JSON: one that a worker has made is passed on as it is, in UTF-8. */
  async recommendJson(request: RecommendRequest): Promise<Json<Recommendation>> {
    const made = await this.#recommend(request, true);
    return 'json' in made ? made.json : JSON.stringify(made.recommendation);
  }

  /**
   * Why a shop stands where it does in the answer to a request, or what keeps it out of it: any shop of the version that
   * the answer rests on. Throws `shop_unknown`.
   */
  async explain(input: ExplainRequest): Promise<Explanation> {
    this.#checkOpen();
    const { defaults } = this.#options;
    const asked = { ...input, request: withDefaults(input?.request, defaults) };
    const { request, shopId } = validate(ExplainRequestSchema, asked);
    try {
      const begun = this.#begin({ asked: input.request, checked: request }, null);
      const ordinal = ordinalIn(begun.loaded.generation, shopId);
      return await this.#runner.explanation(begun, ordinal);
    } catch (error) {
      // What runs a request knows nothing of the one around it.
      throw error instanceof RequestError ? error.within('request') : error;
    }
  }

  /** Raw search: the candidates most similar to each of the given vectors. */
  async similarities(request: SimilaritiesRequest): Promise<Similarities> {
    this.#checkOpen();
    const checked = validate(SimilaritiesRequestSchema, request);
    const loaded = this.#generations.find(checked.version);
    const answer = await this.#runner.similarities(loaded, checked);
    this.#counts.similarities += answer.candidateCount * checked.vectors.length;
    return answer;
  }

  /**
   * Shops like `shopId` that deliver to the location: a recommendation for who has just viewed it, without the shop itself.
   * `limit` and `openOnly` are those of `recommend`, everything else is as it is there by default: now, no filter, the
   * shops' own radii and zones. The shop itself need neither be open nor deliver. Throws `shop_unknown`.
   */
  async similar(
    shopId: string,
    options: Pick<RecommendRequest, 'location' | 'limit' | 'openOnly'>,
  ): Promise<Recommendation> {
    this.#ordinalOf(shopId);
    const checked = validate(SimilarSchema, options);
    return this.recommend({
      actions: [{ type: 'view', shopId }],
      excludeShopIds: [shopId],
      // Whatever a deployment makes of views, and of users whose actions say little: this is about one view.
      fusion: { method: 'rrf', typeWeights: {}, signals: {} },
      fallback: { steps: ['actions', 'popular'], shopCountMin: 1 },
      ...checked,
    });
  }

  /**
   * The shops chosen for a user ahead of time, in the version that answers this user, without a place to deliver to: none of
   * them need deliver or be open. `recommend` with `fallback: { steps: ['list', 'popular'] }` is the same for a location.
   */
  userList(userId: string, limit?: number): UserList {
    this.#checkOpen();
    const checked = validate(UserSchema, { userId, limit });
    const { generation } = this.#choice.choose({ userId: checked.userId }).loaded;
    const limitDefault = this.#options.defaults?.limit ?? LIMIT_DEFAULT;
    return userList(generation, checked.userId, checked.limit ?? limitDefault);
  }

  /** The catalog record of a shop in the active version, and its zones. Throws `shop_unknown`. */
  shop(shopId: string): ShopRecord {
    const ordinal = this.#ordinalOf(shopId);
    const { version, catalog, zones } = this.#generations.find(null).generation;
    const shown = zones.of(ordinal).map(({ polygons, ...zone }): ShownZone => {
      return { geometry: multiPolygonOf(polygons), ...zone };
    });
    return { version, ...catalog.record(ordinal), ...(shown.length > 0 && { zones: shown }) };
  }

  /**
   * Says which shops are open or closed, whatever their hours; resolves when it is on disk and the next request is
   * answered by it. 1 to 10,000 statuses, all of them or none. A shop may have one before a version knows it: the ids
   * that the active version does not know are returned.
   */
  async setStatuses(statuses: readonly ShopStatusInput[]): Promise<StatusesSet> {
    this.#checkOpen();
    const checked = validate(StatusesSchema, { statuses }).statuses;
    checked.forEach(({ until }, i) => checkAhead(until, `statuses[${i}].until`, this.#nowMs()));
    return this.#putStatuses(checked);
  }

  /** As `setStatuses`, of one shop. */
  async setStatus(status: ShopStatusInput): Promise<StatusesSet> {
    this.#checkOpen();
    const checked = validate(ShopStatusInputSchema, status);
    checkAhead(checked.until, 'until', this.#nowMs());
    return this.#putStatuses([checked]);
  }

  /** The live status of a shop, or undefined if its hours count. */
  status(shopId: string): ShopStatusInput | undefined {
    this.#checkOpen();
    const status = this.#actions.statuses.get(validate(ShopSchema, { shopId }).shopId);
    return status === undefined || status.untilMs <= this.#nowMs() ? undefined : statusInput(status);
  }

  /** Lets the hours of a shop count again; tells whether it had a status. Resolves as `setStatuses` does. */
  async clearStatus(shopId: string): Promise<boolean> {
    this.#checkOpen();
    const checked = validate(ShopSchema, { shopId });
    const had = await this.#statuses.clear(checked.shopId);
    if (had) this.#changes.tell({ kind: 'statuses', shopIds: [checked.shopId] });
    return had;
  }

  /**
   * Whether a shop delivers to a location, open or not, in any version that requests are answered from. If not, nothing
   * it says of itself changes an answer there.
   */
  delivers(shopId: string, location: Location): boolean {
    this.#checkOpen();
    const checked = validate(DeliverySchema, { shopId, location });
    return this.#generations.held.some((generation) => {
      const ordinal = generation.catalog.ids.ordinalOf(checked.shopId);
      return ordinal !== -1 && generation.metersBeyondReach(ordinal, checked.location) === 0;
    });
  }

  /** What a user did and was shown, newest first; all that is kept unless `limit` is given. */
  actions(userId: string, limit?: number): readonly Action[] {
    this.#checkOpen();
    const checked = validate(UserSchema, { userId, limit });
    return this.#actions.kept(checked.userId, checked.limit ?? 2 * this.#options.actionsPerUserMax);
  }

  /** Erases everything recorded of a user; resolves with the number of actions and impressions when that is on disk. */
  async erase(userId: string): Promise<number> {
    this.#checkOpen();
    const checked = validate(UserSchema, { userId });
    try {
      return await this.#actions.erase(checked.userId);
    } finally {
      // Also where it failed: then the user may be erased and only traces be left in the log.
      this.#changes.tell({ kind: 'actions', userId: checked.userId });
    }
  }

  /**
   * Calls `listener` after every change that may change answers, until the returned function is called: a user acted or
   * was erased, live statuses of shops were set or cleared, another version answers. Each is on disk and in the next
   * answer by then; the listener is called before whoever asked for the change goes on. Time that passes is no change:
   * opening hours, the end of a status and the age of actions tell nobody.
   */
  onChange(listener: ChangeListener): () => void {
    this.#checkOpen();
    return this.#changes.listen(listener);
  }

  /** Keywords the active version knows that begin with `prefix`, most searched first. */
  keywords(prefix: string, limit = KEYWORD_LIMIT_DEFAULT): readonly { readonly keyword: string }[] {
    this.#checkOpen();
    const checked = validate(KeywordsSchema, { prefix, limit });
    const { encoder } = this.#generations.find(null).generation;
    return encoder.keywordsWithPrefix(checked.prefix, checked.limit).map((keyword) => ({ keyword }));
  }

  /** Every version in the store that can be read, in byte order; the log names those that cannot. */
  snapshots(): readonly SnapshotSummary[] {
    this.#checkOpen();
    return this.#store.versions().flatMap((version) => this.#summaryOf(version) ?? []);
  }

  /**
   * Verifies a version of the store, makes it active and swaps. Requests that run end on the version they began with.
   * If anything does not hold, the active version goes on; only the one before it is no longer loaded.
   */
  activate(version: string): Promise<Activation> {
    return this.#swap(() => ({ version, commit: () => this.#store.activate(version) }));
  }

  /** Makes the version before the active one active again. Throws `no_previous_version`. */
  rollback(): Promise<Activation> {
    return this.#swap(() => {
      const version = this.#store.previous();
      return { version, commit: () => this.#store.rollback(version) };
    });
  }

  /**
   * Calls `listener` with every comparison of an answer with the one of the shadow version, until the returned function
   * is called. Without the setting `shadow` there are none.
   */
  onShadowCompared(listener: (comparison: ShadowComparison) => void): () => void {
    return this.#shadow?.onCompared(listener) ?? (() => {});
  }

  /**
   * Looks whether another process activated a version, and swaps to it; loads what a split or a shadow needs and is
   * there now.
   */
  async refresh(): Promise<void> {
    await Promise.all([this.#follow(), this.#loadSides()]);
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
    const { counts } = this.#runner;
    return {
      kernel: kernel.build,
      bytePass: kernel.bytePass,
      version: this.#version,
      mapped: active?.mapped ?? false,
      shopCount: active?.generation.header.shopCount ?? 0,
      swapCount: this.#counts.swaps,
      requestsInline: counts.inline,
      requestsInWorkers: counts.inWorkers,
      requestsWaiting: counts.waiting,
      actionsAccepted: this.#counts.accepted,
      actionsDuplicate: this.#counts.duplicates,
      similarityCount: this.#counts.similarities,
      recommendations: this.#choice.counts,
      sideVersions: this.#sides.versions,
      shadow: this.#shadow?.counts ?? null,
    };
  }

  /** Lets running requests end, commits what waits and lets everything go. Safe to call more than once. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #start(): Promise<void> {
    // Before the active one, so that no user is answered by the wrong side first; all cores verify them.
    await this.#loadSides();
    const version = this.#store.current();
    if (version === null)
      this.#log.warn(
        { store: this.#store.directory },
        'no version is active yet; requests are refused until one is',
      );
    else await this.#follow();
    await this.#prune().catch((error: Error) => this.#log.error({ error: error.message }, PRUNE_COMPLAINT));
    this.#every(PRUNE_EVERY_MS, () => this.#prune(), PRUNE_COMPLAINT);
    if (this.#options.storePollMs > 0) {
      this.#every(this.#options.storePollMs, () => this.#poll(), 'the store cannot be read');
      this.#every(this.#options.storePollMs, () => this.#loadSides(), 'the store cannot be read');
    }
  }

  #prune(): Promise<number> {
    return this.#actions.prune(this.#nowMs());
  }

  /** Swaps to what another process activated. */
  async #follow(): Promise<void> {
    const version = this.#store.current();
    if (version === null || version === this.#version) return;
    await this.#swap(() => {
      const found = this.#store.current() ?? version;
      return { version: found, commit: () => ({ version: found, previous: this.#version }) };
    });
  }

  /** As `#follow`; what keeps it from swapping is reported once, and a damaged file is not read again. */
  async #poll(): Promise<void> {
    const version = this.#store.current();
    let file: string | null = null;
    try {
      if (version !== null && version !== this.#version) file = this.#store.identityOf(version);
      if (file !== null && file === this.#refused) return;
      this.#refused = null;
      await this.#follow();
      this.#reported = null;
    } catch (error) {
      if (this.#closing !== null) return;
      const { code, message } = error as EngineError;
      if (LASTING_CODES.includes(code)) this.#refused = file;
      if (message === this.#reported) return;
      this.#reported = message;
      this.#log.error(
        { version, serving: this.#version, error: message },
        'the activated version cannot be served; the old one keeps serving',
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

  /** In the order of who uses whom. The action store is closed whatever fails before it, so that its lock goes. */
  async #close(): Promise<void> {
    this.#timers.forEach(clearInterval);
    this.#shadow?.close();
    await Promise.all([this.#swapping.catch(() => {}), this.#sides.idle()]);
    try {
      await this.#runner.close();
      await this.#workers?.close();
      await this.#generations.close();
    } finally {
      await this.#actions.close();
    }
  }

  #checkOpen(): void {
    if (this.#closing !== null) throw new EngineError('closed', 'the engine is closed');
  }

  get #version(): string | null {
    return this.#generations.active?.generation.version ?? null;
  }

  async #recommend(request: RecommendRequest, asJson: boolean): Promise<MadeRecommendation> {
    this.#checkOpen();
    const checked = validate(RecommendRequestSchema, withDefaults(request, this.#options.defaults));
    const question = { asked: request, checked };
    let asked!: Asked;
    const made = await this.#runner.recommend(() => (asked = this.#begin(question, this.#shadow)), asJson);
    this.#counts.similarities += ('json' in made ? made : made.recommendation).similarityCount;
    this.#choice.count(asked);
    if (asked.shadow !== null) this.#shadow?.keep(asked.loaded.generation.version, made, asked.shadow);
    return made;
  }

  /**
   * A request with the snapshot, the actions and the statuses of this moment; the next page of an answer with its.
   * `shadow` may take it into its sample.
   */
  #begin(question: Question, shadow: Shadow | null): Asked {
    const { checked } = question;
    const continued = continuedAnswer(checked);
    const { loaded, chosenBy } = this.#chooseFor(checked, continued);
    const request = this.#requestTo(loaded, question);
    if (continued !== null) checkSameRequest(request, continued);
    const nowMs = continued?.atMs ?? (checked.at ? Date.parse(checked.at) : this.#nowMs());
    // What is dated ahead counts as of now, unless a past is asked about.
    const untilMs = checked.at ? nowMs : Infinity;
    // What an answer has shown is told by the ordinals of its version, so its next page has no second version.
    const isAlone = chosenBy !== 'active' || continued !== null;
    const beside = isAlone ? null : (shadow?.sample(loaded) ?? null);
    const jobOn = ({ generation }: Loaded, asked: CheckedRecommendRequest): RecommendJob => {
      const actions = this.#actionsOf(asked, nowMs, continued?.actionsUntilMs ?? untilMs);
      const impressions = this.#impressionsOf(asked, nowMs, continued?.impressionsUntilMs ?? untilMs);
      const statuses = this.#statuses.of(generation);
      return { request: asked, actions, impressions, statuses, nowMs, continued, compared: beside !== null };
    };
    const begunBeside = beside && { loaded: beside, job: jobOn(beside, this.#requestTo(beside, question)) };
    return { loaded, job: jobOn(loaded, request), chosenBy, shadow: begunBeside };
  }

  /** The request with what `loaded` decides for itself; without that where the two do not go together. */
  #requestTo({ generation }: Loaded, { asked, checked }: Question): CheckedRecommendRequest {
    let learned = this.#learned.get(generation);
    if (learned === undefined) {
      learned = learnedOf(generation, this.#log) ?? null;
      this.#learned.set(generation, learned);
    }
    return learned?.complete(asked, checked, this.#options.defaults) ?? checked;
  }

  /** The version that answers: of the next page of an answer, that of the answer. */
  #chooseFor(
    request: CheckedRecommendRequest,
    continued: ShownAnswer | null,
  ): { readonly loaded: Loaded; readonly chosenBy: ChosenBy } {
    if (continued === null) return this.#choice.choose(request);
    const loaded = versionOf(this.#generations.loaded, continued, 'after', request.version);
    return { loaded, chosenBy: 'request' };
  }

  /** The actions that a request rests on, newest first; of recorded ones those up to `untilMs`. */
  #actionsOf(request: CheckedRecommendRequest, nowMs: number, untilMs: number): LineAction[] {
    if (request.actions !== undefined) return broughtActions(request.actions, nowMs);
    if (request.userId === undefined) return [];
    if (untilMs === Infinity && request.excludeSeen === false && !looksBack(request.fusion.signals)) {
      const newest = lineActions(this.#actions.recent(request.userId, ACTION_COUNT_MAX));
      // Those that count nothing take no places of older ones that do.
      if (takingPart(newest, request.fusion.typeWeights).length === newest.length) return newest;
    }
    const kept = lineActions(this.#actions.recent(request.userId, this.#options.actionsPerUserMax));
    return kept.filter(({ atMs }) => atMs <= untilMs);
  }

  /** What the user was shown up to `untilMs`, newest first, where the request asks for it. */
  #impressionsOf(
    { actions, userId, repetition, excludeSeen }: CheckedRecommendRequest,
    nowMs: number,
    untilMs: number,
  ): Impression[] {
    const isAsked = typeof excludeSeen === 'object' && excludeSeen.types?.includes(IMPRESSION);
    if (repetition === undefined && !isAsked) return [];
    if (actions !== undefined)
      return broughtImpressions(actions, nowMs, (answerId, place) =>
        shownShopIds(this.#generations.loaded, answerId, `actions[${place}].answerId`),
      ).filter(({ atMs }) => atMs <= untilMs);
    if (userId === undefined) return [];
    const kept = this.#actions.impressions(userId, IMPRESSION_COUNT_MAX, untilMs);
    return kept.map(({ shopIds, atMs }) => ({ shopIds: shopIds!, atMs }));
  }

  async #putStatuses(inputs: readonly ShopStatusInput[]): Promise<StatusesSet> {
    const nowMs = this.#nowMs();
    await this.#statuses.put(inputs.map((input) => statusOf(input, nowMs)));
    this.#changes.tell({ kind: 'statuses', shopIds: inputs.map(({ shopId }) => shopId) });
    const ids = this.#generations.active?.generation.catalog.ids;
    const unknown = inputs.filter(({ shopId }) => ids?.ordinalOf(shopId) === -1).map(({ shopId }) => shopId);
    return { unknownShopIds: [...new Set(unknown)] };
  }

  #ordinalOf(shopId: string): number {
    this.#checkOpen();
    const { generation } = this.#generations.find(null);
    return ordinalIn(generation, validate(ShopSchema, { shopId }).shopId);
  }

  #summaryOf(version: string): SnapshotSummary | null {
    try {
      const header = readHeader(this.#store.pathOf(version));
      const { shopCount, keywordCount, dimensions, metric, bounds, modelCard } = header;
      const roles = this.#sides.rolesOf(version);
      const active = version === this.#version;
      const mapped = this.#generations.isMapped(version);
      return {
        version,
        active,
        roles,
        shopCount,
        keywordCount,
        dimensions,
        metric,
        bounds,
        mapped,
        modelCard,
      };
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
        const path = this.#store.pathOf(version);
        const loaded = await this.#generations.load(path, version, (found) => this.#verify(found));
        let activation: Activation;
        try {
          activation = commit();
        } catch (error) {
          await this.#generations.discard(loaded);
          throw error;
        }
        this.#generations.activate(loaded);
        this.#counts.swaps++;
        const { shopCount, dimensions } = loaded.generation.header;
        this.#log.info(
          {
            version,
            previous: activation.previous,
            mapped: loaded.mapped,
            kernel: loaded.kernel.build,
            bytePass: loaded.kernel.bytePass,
            shopCount,
            dimensions,
          },
          'serving version',
        );
        this.#changes.tell({ kind: 'version', version });
        return activation;
      });
    this.#swapping = swap;
    return swap;
  }

  /** Loads what a split or a shadow needs and is not loaded. */
  async #loadSides(): Promise<void> {
    if (this.#closing === null) await this.#sides.load((found) => this.#verify(found));
  }

  async #verify(loaded: Loaded): Promise<void> {
    const { generation, kernel, placement, target } = loaded;
    if (this.#workers === null) return verifyGeneration(generation, kernel, placement.source);
    const { length: partCount } = verificationParts(generation, kernel);
    // Nothing is served yet when an engine opens, so all cores may verify.
    await this.#runner.verify(target, partCount, this.#version !== null);
  }
}

/** Throws `shop_unknown`. */
function ordinalIn({ catalog, version }: Generation, shopId: string): number {
  const ordinal = catalog.ids.ordinalOf(shopId);
  if (ordinal !== -1) return ordinal;
  throw new EngineError('shop_unknown', `no shop ${JSON.stringify(shopId)} in version ${version}`);
}

/** An action dated far ahead would be its user's newest for as long; a clock may be wrong, but not by a day. */
function checkNotAhead(actions: readonly ActionInput[], nowMs: number): void {
  actions.forEach(({ at }, i) => {
    if (at === undefined || Date.parse(at) <= nowMs + AHEAD_MS_MAX) return;
    throw new RequestError(
      `actions[${i}].at`,
      `must not lie more than a day ahead of ${new Date(nowMs).toISOString()}, got ${at}`,
    );
  });
}

/** `shopIds` are those of an impression. */
function actionOf(
  { id = randomUUID(), userId, type, keyword, shopId, weight, at }: ActionInput,
  shopIds: readonly string[] | undefined,
  nowMs: number,
): Action {
  const atMs = at === undefined ? nowMs : Date.parse(at);
  const facts = { id, userId, type, atMs, ...(weight !== undefined && { weight }) };
  if (shopIds !== undefined) return { ...facts, shopIds };
  return keyword === undefined ? { ...facts, shopId: shopId! } : { ...facts, keyword };
}

/** A status that has ended before it began is a mistake, not a way to clear one. */
function checkAhead(until: string | undefined, field: string, nowMs: number): void {
  if (until === undefined || Date.parse(until) > nowMs) return;
  const expected = `must lie after ${new Date(nowMs).toISOString()}, got ${until}`;
  throw new RequestError(field, `${expected}; leave it out to set the status until it is changed`);
}

function statusOf({ shopId, open, until }: ShopStatusInput, nowMs: number): ShopStatus {
  return { shopId, open, untilMs: until === undefined ? Infinity : Date.parse(until), sinceMs: nowMs };
}

function statusInput({ shopId, open, untilMs }: ShopStatus): ShopStatusInput {
  return untilMs === Infinity ? { shopId, open } : { shopId, open, until: new Date(untilMs).toISOString() };
}
