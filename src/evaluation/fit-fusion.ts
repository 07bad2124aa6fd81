/**
 * Fits the weights of a linear fusion to what users chose: how much actions of each type count among similarities, how fast
 * they age, and how much each signal counts. The cases are those of an evaluation, asked of the recommender that serves,
 * so a weight means in the fit what it means in an answer.
 *
 * Two rounds. In the first the alternatives of a choice are what the user has acted on and a sample of everything else. In the
 * second they are the best shops by the weights of the first: what a list shows is decided among those, and a choice among
 * some of the alternatives follows the same model (independence of irrelevant alternatives), so that what the model does
 * not catch is got wrong where it matters least.
 */
import { check, EngineError, RequestError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import { WEIGHT_MAX } from '../domain/action.ts';
import { decays } from '../recommender/action-weights.ts';
import type { Draft, Line } from '../recommender/line.ts';
import { draftOf, firstSufficient, rankingOf } from '../recommender/recommender.ts';
import type { RecommendRequest } from '../recommender/request.ts';
import { SIGNAL_COUNT_MAX, SIGNAL_NAMES, type SignalName } from '../recommender/request-bounds.ts';
import { History } from '../recommender/signals/history.ts';
import { signalMaker } from '../recommender/signals/signal-of.ts';
import type { EvaluationCase, Protocol } from './cases.ts';
import { fitConditionalLogit, type Case, type LogitFit } from './conditional-logit.ts';
import { Replay } from './replay.ts';
import type { CandidateRule } from './replayed-snapshot.ts';
import { selectCases, type CaseSelection } from './select-cases.ts';
import { Setting } from './setting.ts';
import type { CutLog } from './time-cut.ts';

export interface FitOptions extends CaseSelection {
  readonly protocol: Protocol;
  readonly candidates: CandidateRule;
  /** Parts of every request, without `fusion`. */
  readonly request: Partial<Omit<RecommendRequest, 'fusion' | 'vectors' | 'fallback'>>;
  readonly actionsPerUserMax: number;
  /** Signals and columns of numbers to weigh. */
  readonly signals: readonly string[];
  /** Half-lives of actions to choose from, minutes. */
  readonly halfLivesMinutes: readonly number[];
  /** Candidates drawn from those that the user has never acted on, which all take part. */
  readonly othersMax: number;
  /** Best shops by the first weights that the second round chooses among. */
  readonly poolSize: number;
  /** What weights are pulled towards 0 with, see conditional-logit.ts. */
  readonly ridge: number;
}

const DAY_MINUTES = 1_440;

/**
 * What is weighed where nothing is said. New shops are asked for at a cut, where the moment and the place of the user mean
 * nothing, and none of them is known: what is left is about the shop and the user alone.
 */
export const FIT_SIGNALS: Readonly<Record<Protocol, readonly SignalName[]>> = Object.freeze({
  next: SIGNAL_NAMES,
  new: ['popularity', 'ratingWithPrior', 'together'],
});

/** What else is taken where nothing is said. */
export const FIT_DEFAULTS = Object.freeze({
  candidates: 'all',
  request: {},
  actionsPerUserMax: 200,
  halfLivesMinutes: [60, DAY_MINUTES / 2, 3 * DAY_MINUTES, 14 * DAY_MINUTES, 60 * DAY_MINUTES],
  othersMax: 300,
  poolSize: 100,
  ridge: 1,
  sessionGapMs: 24 * 60 * 60 * 1000,
  caseCountMax: 4_000,
  seed: 1,
} satisfies Omit<FitOptions, 'protocol' | 'signals'>);

export interface FittedWeight {
  /** "actions: " and their type, or the name of a signal. */
  readonly name: string;
  readonly weight: number;
  readonly standardError: number;
}

export interface FittedFusion {
  /** What a request, a deployment or a model card says to be answered by these weights. */
  readonly fusion: {
    readonly method: 'linear';
    readonly halfLifeMinutes: number;
    readonly typeWeights: { readonly [type: string]: number };
    readonly signals: { readonly [name: string]: number };
  };
  /** As they were fitted: `fusion` has them in a unit in which a request can say them. */
  readonly weights: readonly FittedWeight[];
  readonly caseCount: number;
  /** Cases that those were drawn from. */
  readonly foundCaseCount: number;
  /** Whether the weights are those of the second round. If not, nothing that was chosen was among the best by the first. */
  readonly isAmongBest: boolean;
  /** Cases of which none of the best was chosen, or without a second round none of the candidates: they say nothing. */
  readonly withoutChosenCount: number;
  /** Mean of −ln P of what was chosen, by half-life; the least is taken. */
  readonly losses: readonly { readonly halfLifeMinutes: number; readonly loss: number }[];
}

/** What a fit is doing: asking cases, in both rounds, or fitting weights for each half-life, in both rounds. */
export type FitPhase = 'cases' | 'half-lives';

/** `line` is an opened snapshot as of `withReplayedSnapshot`. Throws `input_invalid` if there is no case to fit. */
export function fitFusion(
  cut: CutLog,
  line: Line,
  options: FitOptions,
  onProgress: (phase: FitPhase, done: number, total: number) => void = () => {},
): FittedFusion {
  checkOptions(options);
  const setting = new Setting(cut, line.generation);
  const { cases, foundCount } = selectCases(cut, options.protocol, options);
  const features = new Features(options, typesOf(cut, cases), new Random(options.seed));
  /** Alternatives of each case, found when it is asked with `fusion`. */
  const choices = (
    fusion: NonNullable<RecommendRequest['fusion']>,
    alternativesOf: AlternativesOf,
    doneBefore: number,
  ): Case[] => {
    // Without lists and wider radii: the alternatives are the candidates of the draft.
    const request = {
      ...options.request,
      fusion,
      fallback: { steps: ['actions' as const, 'popular' as const] },
    };
    const replay = new Replay(setting, line, {
      ...options,
      request,
      depth: options.poolSize,
      isFitting: true,
    });
    return cases.flatMap((asked, at) => {
      const draft = draftOf(line, replay.jobOf(asked), 0, 0);
      rankingOf(draft).rank();
      const chosen = asked.relevant.map((place) => line.lane.positionOf(setting.ordinalOf(place)));
      const made = features.of(draft, alternativesOf(draft, new Set(chosen.filter((at) => at !== -1))));
      onProgress('cases', doneBefore + at + 1, 2 * cases.length);
      return made ?? [];
    });
  };
  const halfLifeCount = options.halfLivesMinutes.length;
  const counts = { caseCount: cases.length, foundCaseCount: foundCount };
  const fitOf = (among: readonly Case[], doneBefore: number): Omit<FittedFusion, 'isAmongBest'> =>
    fitted(among, counts, features, options, (done) =>
      onProgress('half-lives', doneBefore + done, 2 * halfLifeCount),
    );
  const firstRound = (): Omit<FittedFusion, 'isAmongBest'> => {
    const among = choices({ method: 'linear', signals: {} }, features.sample, 0);
    if (among.length > 0) return fitOf(among, 0);
    throw new EngineError(
      'input_invalid',
      `none of ${cases.length} cases is a choice: a shop of the case and another one among the candidates; take the snapshot that these actions belong to`,
    );
  };
  const first = firstRound(); // what it was fitted to is gone when the second begins
  const atTop = choices(first.fusion, theBest, cases.length);
  if (atTop.length === 0) return { ...first, isAmongBest: false };
  return { ...fitOf(atTop, halfLifeCount), isAmongBest: true };
}

/** Throws `RequestError` for what a fit decides itself, and for more signals than a request may weigh. */
function checkOptions({ request, signals }: FitOptions): void {
  const decided = ['fusion', 'vectors', 'fallback'].find((field) => field in request);
  if (decided !== undefined) throw new RequestError(decided, 'is what a fit decides; leave it out');
  if (signals.length > SIGNAL_COUNT_MAX || new Set(signals).size < signals.length)
    throw new RequestError(
      'signals',
      `must be up to ${SIGNAL_COUNT_MAX} different ones, got ${signals.length}: ${signals.join(', ')}`,
    );
}

/** Positions that a choice is among, the chosen in front. */
interface Alternatives {
  readonly positions: readonly number[];
  readonly chosenCount: number;
  /** ln of how many each stands for; absent if all are there. */
  readonly offsets?: Float64Array;
}

/** `chosen`: those that were right. */
type AlternativesOf = (draft: Draft, chosen: ReadonlySet<number>) => Alternatives;

/** The best by the weights that the draft is asked with. */
const theBest: AlternativesOf = (draft, chosen) => {
  const { lane } = firstSufficient(draft);
  const best = Array.from({ length: lane.winnerCount }, (_, place) => lane.winnerPosition(place));
  const found = best.filter((position) => chosen.has(position));
  return {
    positions: [...found, ...best.filter((position) => !chosen.has(position))],
    chosenCount: found.length,
  };
};

/** The types of the actions that cases know of, in the order of the log. */
function typesOf({ log }: CutLog, cases: readonly EvaluationCase[]): string[] {
  const isMet = new Uint8Array(log.types.length);
  for (const { history } of cases) for (const row of history) isMet[log.typeNumbers[row]!] = 1;
  return log.types.filter((_, number) => isMet[number] === 1);
}

/** What the weights of a case are fitted to: similarities by half-life and type of action, then signals. */
class Features {
  readonly types: readonly string[];
  readonly count: number;
  readonly #options: FitOptions;
  readonly #random: Random;
  /** By type: squares of what the rises of one action that has not aged differ from their mean, summed over alternatives. */
  readonly #freshSpreads: Float64Array;
  /** By type: alternatives that those were summed over. */
  readonly #freshCounts: Float64Array;

  constructor(options: FitOptions, types: readonly string[], random: Random) {
    this.#options = options;
    this.types = types;
    this.count = options.halfLivesMinutes.length * types.length + options.signals.length;
    this.#random = random;
    this.#freshSpreads = new Float64Array(types.length);
    this.#freshCounts = new Float64Array(types.length);
  }

  /**
   * By type, what alternatives differ by where one action has just happened. In a log in which little follows soon after an
   * action, a feature with a short half-life hardly differs; a weight that only a few cases know must not be left to grow with
   * that, as it counts in full when the action is fresh. Of the cases since it was last called.
   */
  takeFreshScales(): number[] {
    const scales = Array.from(
      this.#freshSpreads,
      (spread, t) => Math.sqrt(spread / this.#freshCounts[t]!) || 0,
    );
    this.#freshSpreads.fill(0);
    this.#freshCounts.fill(0);
    return scales;
  }

  /** Null if there is no choice. */
  of(draft: Draft, { positions, ...others }: Alternatives): Case | null {
    const { chosenCount } = others;
    if (chosenCount === 0 || chosenCount === positions.length) return null;
    const features = new Float64Array(positions.length * this.count);
    this.#addSimilarities(draft, positions, features);
    this.#writeSignals(draft, positions, features);
    return { features: Float32Array.from(features), ...others };
  }

  /**
   * The chosen, then all that the user has acted on, among which most choices are made, and some of the others, each of
   * which stands for as many as were not drawn.
   */
  readonly sample: AlternativesOf = ({ generation, lane, job }, chosen) => {
    const candidateCount = lane.candidates.length;
    const { shops } = new History(generation, job);
    const known = new Set(Array.from(shops.ordinals, (ordinal) => lane.positionOf(ordinal)));
    known.delete(-1);
    const otherCount = candidateCount - known.size;
    const sampled = new Set([...chosen, ...known]);
    const sampleSize = known.size + Math.min(otherCount, Math.max(this.#options.othersMax, chosen.size));
    while (sampled.size < sampleSize) sampled.add(this.#random.below(candidateCount));
    const positions = [...sampled];
    const offset = Math.log(otherCount / (positions.length - known.size));
    const offsets = Float64Array.from(positions, (at) => (known.has(at) ? 0 : offset));
    return { positions, chosenCount: chosen.size, offsets };
  };

  /** What each alternative that a ranking holds is more similar than the last one of that ranking, aged. */
  #addSimilarities(
    { lane, queries, job }: Draft,
    positions: readonly number[],
    features: Float64Array,
  ): void {
    const places = new Int32Array(lane.candidates.length).fill(-1);
    positions.forEach((position, i) => (places[position] = i));
    const moments = queries.map(({ action }) => action!.atMs);
    const agings = this.#options.halfLivesMinutes.map((minutes) => decays(moments, job.nowMs, minutes));
    queries.forEach(({ action }, n) => {
      const type = this.types.indexOf(action!.type);
      const count = lane.rankedCount(n);
      const least = count === 0 ? 0 : lane.rankedSimilarity(n, count - 1);
      let [sum, squares] = [0, 0];
      for (let at = 0; at < count; at++) {
        const i = places[lane.rankedPosition(n, at)]!;
        if (i === -1) continue;
        const rise = action!.weight * (lane.rankedSimilarity(n, at) - least);
        sum += rise;
        squares += rise * rise;
        agings.forEach((fresh, h) => {
          features[i * this.count + h * this.types.length + type]! += fresh[n]! * rise;
        });
      }
      this.#freshSpreads[type]! += squares - (sum * sum) / positions.length;
      this.#freshCounts[type]! += positions.length;
    });
  }

  #writeSignals(
    { generation, lane, job }: Draft,
    positions: readonly number[],
    features: Float64Array,
  ): void {
    const { signals } = this.#options;
    const signalOf = signalMaker(generation, job);
    const firstColumn = this.count - signals.length;
    signals.forEach((name, m) => {
      signalOf(name).write(lane);
      const { values } = lane;
      positions.forEach((position, i) => {
        const strength = values[position]!;
        features[i * this.count + firstColumn + m] = Number.isNaN(strength) ? 0 : strength;
      });
    });
  }
}

/** Fits once for each half-life, each from the one before, and takes the likeliest. `onFitted` is told of every step. */
function fitted(
  cases: readonly Case[],
  counts: Pick<FittedFusion, 'caseCount' | 'foundCaseCount'>,
  features: Features,
  { signals, halfLivesMinutes, ridge }: FitOptions,
  onFitted: (done: number) => void,
): Omit<FittedFusion, 'isAmongBest'> {
  const { types, count } = features;
  const leastScales = features.takeFreshScales();
  let near: Float64Array | undefined;
  const fits = halfLivesMinutes.map((halfLifeMinutes, h) => {
    const first = h * types.length;
    const columns = [...types.keys()].map((t) => first + t);
    columns.push(...Array.from(signals, (_, m) => count - signals.length + m));
    const fit = fitConditionalLogit(cases, count, {
      ridge,
      columns,
      leastScales,
      near,
      onStep: () => onFitted(h),
    });
    near = fit.weights;
    return { halfLifeMinutes, fit };
  });
  onFitted(halfLivesMinutes.length);
  check(fits.length > 0, 'a fit needs a half-life');
  const best = fits.reduce((a, b) => (b.fit.loss < a.fit.loss ? b : a));
  const names = [...types.map((type) => `actions: ${type}`), ...signals];
  const scale = scaleOf(best.fit);
  const rounded = (f: number): number => Number((best.fit.weights[f]! * scale).toPrecision(DIGITS));
  return {
    fusion: {
      method: 'linear',
      halfLifeMinutes: best.halfLifeMinutes,
      typeWeights: Object.fromEntries(types.map((type, t) => [type, rounded(t)])),
      signals: Object.fromEntries(
        signals.flatMap((name, m) => {
          const weight = rounded(types.length + m);
          return weight === 0 ? [] : [[name, weight]];
        }),
      ),
    },
    weights: names.map((name, f) => {
      return { name, weight: best.fit.weights[f]!, standardError: best.fit.standardErrors[f]! };
    }),
    ...counts,
    withoutChosenCount: counts.caseCount - cases.length,
    losses: fits.map(({ halfLifeMinutes, fit: { loss } }) => ({ halfLifeMinutes, loss })),
  };
}

/** Of a weight in a request: more than a fit knows. */
const DIGITS = 6;

/**
 * What brings the weights within what a request may say. All of them alike: a list is the same whatever their unit. Shops that
 * are all much alike, as those of a small town, need large ones.
 */
function scaleOf({ weights }: LogitFit): number {
  const largest = weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
  return largest > WEIGHT_MAX ? WEIGHT_MAX / largest : 1;
}
