/**
 * Asks the recommender and the baselines the same cases about the same candidates, and says how good each of them was.
 * Threads are not used: a case takes what a request takes, and one baseline about as much.
 */
import { ACTION_STORE_DEFAULTS } from '../actions/action-store.ts';
import { EngineError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Line } from '../recommender/line.ts';
import type { RecommendRequest } from '../recommender/request.ts';
import { BASELINES, BASELINE_NAMES, type BaselineName } from './baselines/baselines.ts';
import { bestOf } from './best-of.ts';
import type { EvaluationCase, Protocol } from './cases.ts';
import { bestBaseline, leadMetric } from './headline-metrics.ts';
import { Replay } from './replay.ts';
import type { CandidateRule } from './replayed-snapshot.ts';
import type { CaseCounts, EvaluationResult } from './result.ts';
import { Scoreboard } from './scoreboard.ts';
import { selectCases, type CaseSelection } from './select-cases.ts';
import { Setting } from './setting.ts';
import { countsOf, groupsOf, meanOf, summarize } from './summary.ts';
import { isoOf, type CutLog } from './time-cut.ts';

/** The name of what is evaluated, among those of the baselines. */
export const SUBJECT = 'doorrank';

/** The name of another version beside it. */
export function besideName(version: string): string {
  return `${SUBJECT} ${version}`;
}

/** Instead of a name to take differences to: the baseline that is best by the lead metric. */
export const BEST_BASELINE = 'best';

export interface EvaluationOptions extends CaseSelection {
  readonly protocol: Protocol;
  readonly candidates: CandidateRule;
  readonly request: Partial<RecommendRequest>;
  /** The k of metrics, ascending. */
  readonly ks: readonly number[];
  /** Shops of a ranking that are looked at, at least the largest k. */
  readonly depth: number;
  readonly baselines: readonly BaselineName[];
  /** Another version, opened alike, that is asked the same cases. */
  readonly beside?: Line | undefined;
  /** What differences are to: one of `baselines` or BEST_BASELINE of them, the subject or, by `besideName`, the other version. */
  readonly reference: string;
  readonly actionsPerUserMax: number;
  readonly heavyFrom: number;
  readonly resampleCount: number;
  /** As `ReplayOptions` has it. */
  readonly log?: Log | undefined;
}

/** What is taken where nothing is said. */
export const EVALUATION_DEFAULTS = Object.freeze({
  candidates: 'all',
  request: {},
  ks: [1, 5, 10, 20],
  depth: 100,
  baselines: BASELINE_NAMES,
  reference: 'popularity',
  sessionGapMs: 24 * 60 * 60 * 1000, // as trajectories are cut in the literature on check-ins
  actionsPerUserMax: ACTION_STORE_DEFAULTS.actionsPerUserMax,
  heavyFrom: 10,
  seed: 1,
  resampleCount: 1_000,
} satisfies Omit<EvaluationOptions, 'protocol'>);

/** `line` is an opened snapshot as of `withReplayedSnapshot`. Throws `input_invalid` if there is no case, or none that it could know. */
export function evaluate(
  cut: CutLog,
  line: Line,
  options: EvaluationOptions,
  onProgress: (done: number, total: number) => void = () => {},
): EvaluationResult {
  const { cases, foundCount } = selectCases(cut, options.protocol, options);
  const setting = new Setting(cut, line.generation);
  const slice = sliceOf(setting, cases);
  if (slice.unknownCount === slice.relevantCount)
    throw new EngineError(
      'input_invalid',
      `none of ${slice.relevantCount} relevant shops is in version ${line.generation.version}; take the snapshot that these actions belong to`,
    );
  const lines = options.beside === undefined ? 1 : 2;
  let done = 0;
  const onCase = (): void => onProgress(++done, cases.length * lines);
  const boards = playAll(SUBJECT, setting, cases, line, options, onCase);
  if (options.beside !== undefined)
    boards.splice(1, 0, playBeside(cut, cases, options.beside, options, onCase));
  const groups = groupsOf(cases, options.heavyFrom);
  const terms = { ...options, reference: referenceOf(boards, options) };
  const rankers = summarize(boards, cases, groups, terms);
  const countsAt = (places: readonly number[]): CaseCounts => countsOf(places.map((at) => cases[at]!));
  return {
    format: 1,
    version: line.generation.version,
    protocol: options.protocol,
    slice: { ...slice, foundCaseCount: foundCount },
    terms: termsOf(terms),
    groups: { new: countsAt(groups.new), light: countsAt(groups.light), heavy: countsAt(groups.heavy) },
    rankers,
  };
}

function referenceOf(boards: readonly Scoreboard[], { reference, protocol, ks }: EvaluationOptions): string {
  if (reference !== BEST_BASELINE) return reference;
  const metric = leadMetric({ protocol, terms: { ks } });
  const means = boards.map(({ name, columns }) => ({ name, mean: meanOf(columns.get(metric)!) }));
  return bestBaseline(means) ?? SUBJECT;
}

/** A board for a version, called `name`, and one for each baseline, with every case on it. */
function playAll(
  name: string,
  setting: Setting,
  cases: readonly EvaluationCase[],
  line: Line,
  options: EvaluationOptions,
  onCase: () => void,
): Scoreboard[] {
  const { shopCount, popularity } = setting;
  const terms = { ks: options.ks, caseCount: cases.length, shopCount };
  const replay = new Replay(setting, line, options);
  const subject = new Scoreboard(name, terms);
  const baselines = options.baselines.map((baseline) => ({
    baseline: BASELINES[baseline](setting, options),
    board: new Scoreboard(baseline, terms),
  }));
  const strengths = new Float64Array(shopCount);
  cases.forEach((asked, at) => {
    const relevant = setting.relevantOrdinals(asked);
    const replayed = replay.begin(asked);
    for (const { baseline, board } of baselines) {
      strengths.fill(0);
      baseline.write(asked, strengths);
      const ranking = bestOf(replayed.candidates, strengths, popularity, options.depth);
      board.note(at, ranking, relevant, asked.relevant.length);
    }
    subject.note(at, replayed.rank(), relevant, asked.relevant.length);
    onCase();
  });
  return [subject, ...baselines.map(({ board }) => board)];
}

/** A board for the other version: its shops have other ordinals, and its candidates are its own. */
function playBeside(
  cut: CutLog,
  cases: readonly EvaluationCase[],
  line: Line,
  options: EvaluationOptions,
  onCase: () => void,
): Scoreboard {
  const name = besideName(line.generation.version);
  const setting = new Setting(cut, line.generation);
  return playAll(name, setting, cases, line, { ...options, baselines: [] }, onCase)[0]!;
}

function sliceOf(setting: Setting, cases: readonly EvaluationCase[]): EvaluationResult['slice'] {
  const { log, testStart } = setting.cut;
  const relevant = cases.flatMap((asked) => asked.relevant);
  return {
    ...countsOf(cases),
    trainingActionCount: testStart,
    testActionCount: log.count - testStart,
    from: isoOf(log.atMs[0]!),
    cut: isoOf(log.atMs[testStart]!),
    until: isoOf(log.atMs.at(-1)!),
    relevantCount: relevant.length,
    unknownCount: relevant.filter((place) => setting.ordinalOf(place) === -1).length,
  };
}

/** What a run can be repeated with, given the same actions. */
function termsOf(options: EvaluationOptions): EvaluationResult['terms'] {
  return {
    cases: {
      types: options.types ?? null,
      lastOfSessions: options.lastOfSessions ?? false,
      sessionGapMs: options.sessionGapMs,
      targetCount: options.targets?.count ?? null,
      caseCountMax: options.caseCountMax ?? null,
    },
    candidates: options.candidates,
    request: options.request,
    ks: options.ks,
    depth: options.depth,
    actionsPerUserMax: options.actionsPerUserMax,
    seed: options.seed,
    resampleCount: options.resampleCount,
    heavyFrom: options.heavyFrom,
    reference: options.reference,
    beside: options.beside?.generation.version ?? null,
  };
}
