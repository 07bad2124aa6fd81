/** Runs requests where they cost least: on this thread, in a worker beside others, or divided among the workers. */
import { availableParallelism } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Lane } from '../kernel/lane.ts';
import { rankedOf, type Ranked } from '../recommender/ranking-overlap.ts';
import { prepareRecommendation, prepareSimilarities, type Prepared } from '../recommender/recommender.ts';
import { prepareExplanation, type Explanation } from '../recommender/explanation.ts';
import type { RecommendJob } from '../recommender/recommend-job.ts';
import type { Recommendation, Similarities } from '../recommender/recommendation.ts';
import type { CheckedSimilaritiesRequest } from '../recommender/request.ts';
import { resultOf, type AnswerJson, type Outcome, type Target } from '../workers/messages.ts';
import { laneOf } from '../workers/thread-view.ts';
import type { WorkerPool } from '../workers/worker-pool.ts';
import type { Loaded } from './generations.ts';
import { Lanes } from './lanes.ts';
import {
  batchSize,
  batchThreads,
  DIVIDE_COST_MIN,
  mayTravel,
  rankingThreads,
  verifyingThreads,
} from './placement-rule.ts';

/** Requests over which a usual one is told. */
const USUAL_OF = 16;

/** A request that is to run now, on a snapshot that is loaded now. */
export interface Begun {
  readonly loaded: Loaded;
  readonly job: RecommendJob;
}

/** A recommendation as it was made: an object on this thread, JSON in a worker. */
export type MadeRecommendation = { readonly recommendation: Recommendation } | AnswerJson;

/** JSON of a `T`, as text or in UTF-8. */
export type Json<T> = (string | Uint8Array<ArrayBuffer>) & { readonly of?: T };

interface Queued {
  /** Takes the snapshot and the user's actions; called in the moment the request is placed. */
  readonly begin: () => Begun;
  readonly asJson: boolean;
  readonly resolve: (made: MadeRecommendation | Promise<MadeRecommendation>) => void;
  readonly reject: (error: unknown) => void;
}

export class Runner {
  readonly #workers: WorkerPool | null;
  readonly #threads: number;
  readonly #lanes: Lanes;
  readonly #coreCount = availableParallelism();
  #batchCount = 0;
  /** Workers that verify, or are about to. */
  #verifyingCount = 0;
  readonly #queue: Queued[] = [];
  #turnAhead = false;
  #onEmpty: (() => void) | undefined;
  /** Multiply-adds of a request that runs here, over the last ones. */
  #usualCost = 0;
  #inline = 0;
  #inWorkers = 0;
  #asked = 0;

  /** Without `workers` everything runs on this thread. At most `waitingMax` large requests wait for a worker. */
  constructor(workers: WorkerPool | null, threads: number, waitingMax: number) {
    this.#workers = workers;
    this.#threads = threads;
    this.#lanes = new Lanes(threads, waitingMax);
  }

  get counts(): { readonly inline: number; readonly inWorkers: number; readonly waiting: number } {
    return { inline: this.#inline, inWorkers: this.#inWorkers, waiting: this.#lanes.waitingCount };
  }

  /** Requests so far. Where nobody asks in a whole turn of the event loop, nobody waits. */
  get askedCount(): number {
    return this.#asked;
  }

  get isIdle(): boolean {
    return this.#queue.length === 0 && this.#lanes.freeCount === this.#threads;
  }

  /**
   * Answers a request. What else is asked in this turn of the event loop is gathered before any of it runs (1 µs), so
   * that workers can begin with their part of it before this thread is busy with its own. `asJson` says what the
   * caller wants; where the request runs decides what it gets.
   */
  async recommend(begin: () => Begun, asJson: boolean): Promise<MadeRecommendation> {
    this.#asked++;
    if (!mayTravel(this.#threads, this.#usualCost, asJson)) return this.#recommendHere(begin());
    return new Promise((resolve, reject) => {
      this.#queue.push({ begin, asJson, resolve, reject });
      this.#nextTurn();
    });
  }

  similarities(loaded: Loaded, request: CheckedSimilaritiesRequest): Promise<Similarities> {
    this.#asked++;
    const { generation } = loaded;
    return this.#run(loaded, (lane) => prepareSimilarities({ generation, lane }, request));
  }

  /** Explains the shop `ordinal` in the answer to a request. */
  explanation({ loaded, job }: Begun, ordinal: number): Promise<Explanation> {
    const { generation } = loaded;
    return this.#run(loaded, (lane) => prepareExplanation({ generation, lane }, job, ordinal));
  }

  /**
   * Answers a request that nobody waits for: in a worker if there is one, so that those who ask meanwhile do not wait for
   * it. Null if it is so large that they would notice all the same. To be called while `isIdle`.
   */
  async recommendAside({ loaded, job }: Begun): Promise<Ranked | null> {
    if (this.#workers !== null) {
      const [outcome] = await loaded.reading(() => this.#inWorker([{ loaded, job }], (sent) => sent));
      return resultOf(outcome!)?.ranked ?? null;
    }
    const prepared = prepareJob(loaded, job, laneOf(loaded, this.#lanes.own));
    if (prepared.cost > DIVIDE_COST_MIN) return null;
    prepared.rank();
    return rankedOf(prepared.answer());
  }

  /**
   * Verifies a snapshot, which has `partCount` parts to verify, in workers: there must be some. It begins as soon as what
   * they run has ended, whatever else waits for them. `isAnswering` says whether requests come meanwhile.
   */
  async verify(target: Target, partCount: number, isAnswering: boolean): Promise<void> {
    const coreCount = this.#coreCount - this.#verifyingCount;
    const count = verifyingThreads(this.#requestThreads, coreCount, isAnswering);
    this.#verifyingCount += count;
    void this.#dismissWaiting();
    const lanes = await this.#lanes.claim(count);
    try {
      await this.#workers!.verify(target, partCount, count);
    } finally {
      this.#verifyingCount -= count;
      this.#giveBack(lanes);
    }
  }

  /** Lets all that was asked end. Nothing may be asked any more. */
  async close(): Promise<void> {
    if (this.#queue.length > 0) await new Promise<void>((resolve) => (this.#onEmpty = resolve));
    await this.#lanes.idle();
  }

  /** Worker threads that requests may use; two verifications at once may claim more than there are. */
  get #requestThreads(): number {
    return Math.max(0, this.#threads - this.#verifyingCount);
  }

  /** Where no worker is left to requests, lets those that wait for one run here, one in a turn of the event loop. */
  async #dismissWaiting(): Promise<void> {
    while (this.#requestThreads === 0 && this.#lanes.dismiss()) await nextTurn();
  }

  #nextTurn(): void {
    if (this.#turnAhead) return;
    this.#turnAhead = true;
    setImmediate(() => {
      this.#turnAhead = false;
      this.#takeTurn();
    });
  }

  /** Gives the workers their part of the queue and runs one request here; the event loop turns before the next one. */
  #takeTurn(): void {
    this.#sendBatches();
    const next = this.#queue.shift();
    if (next !== undefined) begunOrRefused(next).forEach((begun) => next.resolve(this.#recommendHere(begun)));
    if (this.#queue.length > 0) this.#nextTurn();
    else this.#onEmpty?.();
  }

  async #recommendHere({ loaded, job }: Begun): Promise<MadeRecommendation> {
    return { recommendation: await this.#run(loaded, (lane) => prepareJob(loaded, job, lane)) };
  }

  /** Gives each worker that may take small requests, and is free, its part of the queue. */
  #sendBatches(): void {
    const threads = batchThreads(this.#requestThreads, this.#coreCount - this.#verifyingCount);
    for (;;) {
      const freeThreads = Math.min(this.#lanes.freeCount, threads - this.#batchCount);
      const size = batchSize(this.#queue.length, freeThreads, this.#queue[0]?.asJson ?? true);
      if (size === 0) return;
      this.#sendBatch(this.#queue.splice(0, size));
    }
  }

  /** Sends requests to a worker in one message. */
  #sendBatch(queued: readonly Queued[]): void {
    const batch = queued.flatMap((one) => begunOrRefused(one));
    this.#inWorker(batch, (sent) =>
      batch.forEach(({ loaded, job, resolve }, i) => {
        resolve(loaded.reading(async () => this.#made({ loaded, job }, resultOf((await sent)[i]!))));
      }),
    );
  }

  /** Sends requests to a worker, which has a lane until their outcomes are there; `use` is given these first. */
  #inWorker<T>(batch: readonly Begun[], use: (sent: Promise<readonly Outcome<AnswerJson | null>[]>) => T): T {
    const lane = this.#lanes.take();
    this.#batchCount++;
    const jobs = batch.map(({ loaded, job }) => ({ target: loaded.target, job }));
    const sent = this.#workers!.answer(lane, jobs, DIVIDE_COST_MIN);
    const used = use(sent);
    const end = () => {
      this.#batchCount--;
      this.#giveBack([lane]);
    };
    sent.then(end, end);
    return used;
  }

  /** What a worker made of a request; too large a one it leaves to be divided. */
  async #made(begun: Begun, answer: AnswerJson | null): Promise<MadeRecommendation> {
    if (answer === null) return this.#recommendHere(begun);
    this.#inWorkers++;
    return answer;
  }

  /** Runs a request on this thread if it is small, else divided among the workers. */
  async #run<A>(loaded: Loaded, prepareIn: (lane: Lane) => Prepared<A>): Promise<A> {
    const prepared = prepareIn(laneOf(loaded, this.#lanes.own));
    const threads = rankingThreads(prepared.cost, this.#requestThreads, this.#lanes.freeCount);
    if (threads === 0) {
      this.#inline++;
      this.#usualCost += (prepared.cost - this.#usualCost) / USUAL_OF;
      prepared.rank();
      return prepared.answer();
    }
    return loaded.reading(() =>
      this.#lanes.freeCount > 0
        ? this.#runDivided(loaded, this.#lanes.handOver(threads), () => prepared)
        : this.#runWhenFree(loaded, prepareIn),
    );
  }

  /** Prepares anew when a lane is free, or none will be for long: until then others use the own one. */
  async #runWhenFree<A>(loaded: Loaded, prepareIn: (lane: Lane) => Prepared<A>): Promise<A> {
    const lane = await this.#lanes.next();
    if (lane === null) return this.#run(loaded, prepareIn);
    return this.#runDivided(loaded, [lane], () => prepareIn(laneOf(loaded, lane)));
  }

  /** Ranks in one thread for each of `lanes`, in the first of which the request is prepared; then gives them back. */
  async #runDivided<A>(loaded: Loaded, lanes: readonly number[], prepare: () => Prepared<A>): Promise<A> {
    this.#inWorkers++;
    try {
      const { lane, depth, similaritiesWanted, answer } = prepare();
      const helpers = lanes.slice(1).map((index) => laneOf(loaded, index));
      const blocks = lane.divideRank(depth, similaritiesWanted, helpers);
      await this.#workers!.rank(loaded.target, blocks);
      lane.joinShares(helpers);
      return answer();
    } finally {
      this.#giveBack(lanes);
    }
  }

  #giveBack(lanes: readonly number[]): void {
    this.#lanes.giveBack(lanes);
    this.#sendBatches();
  }
}

function prepareJob({ generation }: Loaded, job: RecommendJob, lane: Lane): Prepared<Recommendation> {
  return prepareRecommendation({ generation, lane }, job);
}

/** The request with the snapshot it runs on, or nothing if it is refused. */
function begunOrRefused(queued: Queued): (Queued & Begun)[] {
  try {
    return [{ ...queued, ...queued.begin() }];
  } catch (error) {
    queued.reject(error);
    return [];
  }
}
