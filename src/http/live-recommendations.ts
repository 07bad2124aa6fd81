/**
 * The recommendations that somebody watches: computed anew when something has changed, and told if they are others then.
 *
 *   engine.onChange ──► stale ──► due, unless it rests or its reader has not taken the last ──► computed ──► told
 *
 * One list is computed at a time and the event loop turns between two, so that however many are watched nobody else
 * waits for more than one of them. What changes while a list waits makes it no more stale: a burst makes one list.
 */
import { hash } from 'node:crypto';
import type { Log } from '../base/log.ts';
import type { Change } from '../engine/changes.ts';
import type { Engine } from '../engine/engine.ts';
import type { Recommendation } from '../recommender/recommendation.ts';
import type { RecommendRequest } from '../recommender/request.ts';
import { HttpError, refusalOf } from './errors.ts';
import { EventStream } from './event-stream.ts';
import type { Metrics } from './metrics.ts';
import type { Env } from './operation.ts';

/** Least time between two lists of one stream. The first after a while comes at once. */
export const REST_MS = 500;

/** Shops for which it is worth finding out whether they matter: 1 to 4 µs each, where a list takes several hundred. */
const SHOPS_LOOKED_AT_MAX = 8;

/** A request of a known user, to be answered again and again. */
export type LiveRequest = RecommendRequest & { readonly userId: string };

export interface LiveContext {
  readonly log: Log;
  readonly metrics: Metrics;
  /** Streams that may be open at the same time. */
  readonly streamsMax: number;
  /** Aborted when they all have to end. */
  readonly stopped: AbortSignal;
}

interface Watched {
  readonly request: LiveRequest;
  readonly events: EventStream;
  /** Something has changed since its list was computed. */
  stale: boolean;
  /** Or only if it is reached by one of these, which have changed their status since. */
  shopIds: string[];
  /** Its user did so, who waits for it. */
  acted: boolean;
  /** What tells its last list from another. */
  told: string;
  rest: NodeJS.Timeout | undefined;
}

export class LiveRecommendations {
  readonly #engine: Engine;
  readonly #context: LiveContext;
  readonly #byUser = new Map<string, Set<Watched>>();
  readonly #watched = new Set<Watched>();
  /** To be computed, in this order; those first whose users acted. */
  readonly #dueFirst = new Set<Watched>();
  readonly #due = new Set<Watched>();
  #working = false;
  #stopListening: (() => void) | undefined;

  constructor(engine: Engine, context: LiveContext) {
    this.#engine = engine;
    this.#context = context;
  }

  /** Opens a stream of what `request` is answered. Throws `HttpError` 429 if too many are open. */
  watch(request: LiveRequest, connection: Env['Bindings']): Response {
    const { streamsMax, stopped, metrics } = this.#context;
    if (this.#watched.size >= streamsMax) {
      throw new HttpError(
        429,
        'too_many_streams',
        `${streamsMax} streams are open already, the most this server holds; try again later or raise --streams-max`,
      );
    }
    this.#stopListening ??= this.#engine.onChange((change) => this.#changed(change));
    const events = new EventStream(
      connection,
      stopped,
      () => this.#enqueue(watched),
      () => this.#forget(watched),
    );
    const watched: Watched = {
      request,
      events,
      stale: false,
      shopIds: [],
      acted: false,
      told: '',
      rest: undefined,
    };
    this.#watched.add(watched);
    const ofUser = this.#byUser.get(request.userId);
    if (ofUser === undefined) this.#byUser.set(request.userId, new Set([watched]));
    else ofUser.add(watched);
    metrics.streamsOpen(this.#watched.size);
    this.#touch(watched, true);
    return events.response;
  }

  #forget(watched: Watched): void {
    const { userId } = watched.request;
    clearTimeout(watched.rest);
    this.#watched.delete(watched);
    this.#dueFirst.delete(watched);
    this.#due.delete(watched);
    const ofUser = this.#byUser.get(userId);
    ofUser?.delete(watched);
    if (ofUser?.size === 0) this.#byUser.delete(userId);
    this.#context.metrics.streamsOpen(this.#watched.size);
    if (this.#watched.size > 0) return;
    this.#stopListening?.();
    this.#stopListening = undefined;
  }

  #changed(change: Change): void {
    if (change.kind === 'actions') {
      for (const watched of this.#byUser.get(change.userId) ?? []) this.#touch(watched, true);
    } else {
      const shopIds = change.kind === 'statuses' ? change.shopIds : undefined;
      for (const watched of this.#watched) this.#touch(watched, false, shopIds);
    }
  }

  /** A change that concerns a stream if one of `shopIds` does, else in any case; `acted` if it is one of its user. */
  #touch(watched: Watched, acted: boolean, shopIds?: readonly string[]): void {
    watched.acted ||= acted;
    if (shopIds !== undefined && watched.shopIds.length + shopIds.length <= SHOPS_LOOKED_AT_MAX) {
      watched.shopIds.push(...shopIds);
    } else {
      watched.stale = true;
    }
    this.#enqueue(watched);
  }

  #enqueue(watched: Watched): void {
    const { stale, acted, shopIds, rest, events } = watched;
    if (!(stale || shopIds.length > 0) || rest !== undefined || !events.taken) return;
    (acted ? this.#dueFirst : this.#due).add(watched);
    void this.#work();
  }

  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const [watched] = this.#dueFirst.size > 0 ? this.#dueFirst : this.#due;
      if (watched === undefined) break;
      this.#dueFirst.delete(watched);
      this.#due.delete(watched);
      await this.#compute(watched);
    }
    this.#working = false;
  }

  async #compute(watched: Watched): Promise<void> {
    const { request, stale, shopIds } = watched;
    watched.stale = false;
    watched.acted = false;
    watched.shopIds = [];
    try {
      if (!stale && !this.#isReached(request, shopIds)) return;
      this.#rest(watched);
      const recommendation = await this.#engine.recommend(request);
      this.#tell(watched, 'recommendation', gistOf(recommendation), () => JSON.stringify(recommendation));
    } catch (error) {
      const { status, body } = refusalOf(error, this.#context.log);
      const data = JSON.stringify(body);
      this.#tell(watched, 'error', data, () => data);
      if (status === 429) watched.stale = true; // it passes by itself, and nobody would tell
    }
  }

  /** A shop that comes or goes may change every rank, but only where it delivers. */
  #isReached({ location }: LiveRequest, shopIds: readonly string[]): boolean {
    return shopIds.some((shopId) => this.#engine.delivers(shopId, location));
  }

  #rest(watched: Watched): void {
    watched.rest = setTimeout(() => {
      watched.rest = undefined;
      this.#enqueue(watched);
    }, REST_MS);
  }

  #tell(watched: Watched, event: 'recommendation' | 'error', gist: string, data: () => string): void {
    if (gist === watched.told) return;
    // A heartbeat has come first, and its reader is slow.
    if (!watched.events.taken) {
      watched.stale = true;
      return;
    }
    watched.told = gist;
    watched.events.send(event, data());
    this.#context.metrics.eventSent(event);
  }
}

/**
 * What tells one list from another: its shops in order, their scores and whether they are open. Scores count as parts of
 * the best one, for all of them fall alike while the actions age.
 */
function gistOf({ shops }: Recommendation): string {
  const best = shops[0]?.score || 1;
  const parts = shops.map(({ shopId, score, hours }) => [shopId, (score / best).toPrecision(9), hours]);
  return hash('sha256', JSON.stringify(parts), 'base64');
}
