/**
 * Asks cases of the recommender that serves: each becomes the request that the user would have sent at that moment, with
 * the actions that the store would have held. Logs tell nothing of impressions and of live statuses: it has none.
 */
import { RequestError } from '../base/errors.ts';
import { silentLog, type Log } from '../base/log.ts';
import { validate } from '../base/validate.ts';
import type { Line } from '../recommender/line.ts';
import type { RecommendJob } from '../recommender/recommend-job.ts';
import { prepareRecommendation } from '../recommender/recommender.ts';
import { learnedOf, type Learned } from '../recommender/request-defaults.ts';
import {
  RecommendRequestSchema,
  type CheckedRecommendRequest,
  type RecommendRequest,
} from '../recommender/request.ts';
import type { EvaluationCase, Protocol } from './cases.ts';
import type { CandidateRule } from './replayed-snapshot.ts';
import type { Setting } from './setting.ts';
import { isoOf } from './time-cut.ts';
import { lineActionsOf } from './user-rows.ts';

/** What cases decide, so that requests cannot. */
const DECIDED = ['userId', 'actions', 'location', 'at', 'limit', 'explain', 'after', 'version'] as const;

export interface ReplayOptions {
  readonly protocol: Protocol;
  readonly candidates: CandidateRule;
  /** Parts of every request, such as `{ fusion }`. */
  readonly request: Partial<RecommendRequest>;
  /** Shops that are asked for. */
  readonly depth: number;
  /** Newest actions that the store would have kept of a user. */
  readonly actionsPerUserMax: number;
  /** Whether weights are looked for: then nothing that the version was given before may count. */
  readonly isFitting?: boolean;
  /** Told of `requestDefaults` that are ignored, as where the version serves. Default: nobody. */
  readonly log?: Log | undefined;
}

/** A case whose candidates are found. */
export interface Replayed {
  /** Ordinals, ascending, in place: until `rank` is called. */
  readonly candidates: Uint32Array;
  /** The ordinals of the answer, best first. */
  readonly rank: () => Uint32Array;
}

export class Replay {
  readonly #setting: Setting;
  readonly #line: Line;
  readonly #options: ReplayOptions;
  /** What the version decides for itself, as where it serves. */
  readonly #learned: Learned | undefined;

  /** Throws `RequestError` if `options.request` says what cases decide. */
  constructor(setting: Setting, line: Line, options: ReplayOptions) {
    const decided = DECIDED.find((field) => field in options.request);
    if (decided !== undefined) throw new RequestError(decided, 'is what each case decides; leave it out');
    this.#setting = setting;
    this.#line = line;
    this.#options = options;
    this.#learned = options.isFitting ? undefined : learnedOf(line.generation, options.log ?? silentLog);
  }

  /** Finds the candidates of a case. One case at a time: they lie in the lane. */
  begin(asked: EvaluationCase): Replayed {
    const prepared = prepareRecommendation(this.#line, this.jobOf(asked));
    const { ids } = this.#line.generation.catalog;
    return {
      candidates: prepared.lane.candidates,
      rank: () => {
        prepared.rank();
        return Uint32Array.from(prepared.answer().shops, ({ shopId }) => ids.ordinalOf(shopId));
      },
    };
  }

  /** What the recommender is asked. */
  jobOf(asked: EvaluationCase): RecommendJob {
    const { log } = this.#setting.cut;
    return {
      request: this.requestOf(asked),
      actions: lineActionsOf(log, asked.history, this.#options.actionsPerUserMax),
      impressions: [],
      nowMs: asked.atMs,
      statuses: null,
      continued: null,
      compared: false,
    };
  }

  /** The request of a case. The user's actions are not in it: they come as from the store. */
  requestOf(asked: EvaluationCase): CheckedRecommendRequest {
    const { protocol, candidates, request, depth } = this.#options;
    const said = { excludeSeen: protocol === 'new', openOnly: candidates === 'in-zone', ...request };
    const all = {
      ...said,
      userId: this.#setting.cut.log.userIds[asked.user]!,
      location: this.#setting.locationOf(asked),
      at: isoOf(asked.atMs),
      limit: depth,
      explain: false,
    };
    return this.#learned?.check(all) ?? validate(RecommendRequestSchema, all);
  }
}
