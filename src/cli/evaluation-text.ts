/** An evaluation as plain tables: the headline with intervals, what differs from the reference, the rest, the groups. */
import { bestBaseline, headlineMetrics, leadMetric } from '../evaluation/headline-metrics.ts';
import type { Estimate, EvaluationResult, GroupName, RankerResult } from '../evaluation/result.ts';
import { intervalText } from './interval-text.ts';
import { plainTable } from './plain-table.ts';

const DIGITS = 4;
/** The k of the metrics beside the headline: the largest up to this one, else the least. */
const K_SHOWN_MAX = 10;
/** Of fewer users a bootstrap interval is far too narrow: none is shown. */
const TELLING_USERS_MIN = 30;
const TOO_FEW = 'too few to tell';
const GROUPS: readonly GroupName[] = ['new', 'light', 'heavy'];

export function evaluationText(result: EvaluationResult): string {
  const { rankers, terms } = result;
  const headline = headlineMetrics(result);
  const { userCount } = result.slice;
  const others = rankers.filter(({ name }) => name !== terms.reference);
  return [
    sliceText(result),
    plainTable(
      ['ranker', ...headline],
      rankers.map(({ name, metrics }) => [
        name,
        ...headline.map((metric) => cellOf(metrics[metric]!, userCount)),
      ]),
    ),
    ...(others.length === 0
      ? []
      : [
          plainTable(
            [`less ${terms.reference}`, ...headline],
            others.map(({ name, difference }) => [
              name,
              ...headline.map((metric) => cellOf(difference![metric]!, userCount, true)),
            ]),
          ),
        ]),
    ...bestLines(result),
    moreTable(result),
    groupTable(result),
    `Intervals: 95 %, bootstrap over users, ${terms.resampleCount} resamples, seed ${terms.seed}; – of fewer than ${TELLING_USERS_MIN} users: ${TOO_FEW}.`,
  ].join('\n\n');
}

/** As `intervalText`, without the interval where there are too few users. */
function cellOf(estimate: Estimate, userCount: number, signed = false): string {
  const isTelling = userCount >= TELLING_USERS_MIN;
  return intervalText(isTelling ? estimate : { ...estimate, low: null, high: null }, signed);
}

/** Such as `400 cases of 300 users, drawn from 1200 with seed 1`. */
export function casesText(
  { caseCount, userCount, foundCaseCount = caseCount }: EvaluationResult['slice'],
  seed: number,
): string {
  const drawn = foundCaseCount > caseCount ? `, drawn from ${foundCaseCount} with seed ${seed}` : '';
  return `${caseCount} cases of ${userCount} users${drawn}`;
}

function sliceText({ version, protocol, slice, terms }: EvaluationResult): string {
  const asked = protocol === 'next' ? 'next shop' : 'new shops';
  const candidates =
    terms.candidates === 'all' ? 'all shops are candidates' : 'candidates are open shops that deliver';
  const { trainingActionCount, testActionCount, from, cut, until } = slice;
  const lines = [
    `version ${version}, ${asked}: ${casesText(slice, terms.seed)}, ${candidates}`,
    `${trainingActionCount} actions from ${from} on, tested with ${testActionCount} from ${cut} to ${until}`,
  ];
  if (slice.userCount < TELLING_USERS_MIN)
    lines.push(`fewer than ${TELLING_USERS_MIN} users are ${TOO_FEW} how far off a figure is`);
  if (slice.unknownCount > 0) lines.push(unknownText(slice));
  return lines.join('\n');
}

/** Begins with `warning: ` if most of what would have been right cannot be known. */
export function unknownText({ unknownCount, relevantCount }: EvaluationResult['slice']): string {
  const said = `${unknownCount} of ${relevantCount} relevant shops are not in the snapshot and count as missed`;
  return 2 * unknownCount > relevantCount
    ? `warning: ${said}: are these actions and this version of one town?`
    : said;
}

/** Which of several baselines is the one to beat, whatever the differences are to. */
function bestLines(result: EvaluationResult): string[] {
  const metric = leadMetric(result);
  const means = result.rankers.map(({ name, metrics }) => ({ name, mean: metrics[metric]!.mean }));
  const best = bestBaseline(means);
  if (best === undefined) return [];
  const meanOf = (name: string): string => means.find((one) => one.name === name)!.mean.toFixed(DIGITS);
  return [
    `the best baseline by ${metric} is ${best}: ${meanOf(best)}, ${result.rankers[0]!.name} ${meanOf(result.rankers[0]!.name)}`,
  ];
}

/** Means of what the headline leaves out, at one k. */
function moreTable({ rankers, terms: { ks } }: EvaluationResult): string {
  const k = ks.findLast((each) => each <= K_SHOWN_MAX) ?? ks[0]!;
  const metrics = ['recall', 'precision', 'ndcg'].map((metric) => `${metric}@${k}`).concat('mrr');
  return plainTable(
    ['ranker', ...metrics, `coverage@${k}`],
    rankers.map((ranker) => [
      ranker.name,
      ...metrics.map((metric) => ranker.metrics[metric]!.mean.toFixed(DIGITS)),
      ranker.coverage[`coverage@${k}`]!.toFixed(DIGITS),
    ]),
  );
}

/** One headline metric by how much is known of users. */
function groupTable(result: EvaluationResult): string {
  const { rankers, groups, terms } = result;
  const metric = leadMetric(result);
  const meaning = {
    new: 'no history',
    light: `fewer than ${terms.heavyFrom} actions`,
    heavy: `${terms.heavyFrom} and more`,
  };
  const column = (name: GroupName): string => {
    const { caseCount, userCount } = groups[name];
    const few = caseCount > 0 && userCount < TELLING_USERS_MIN ? `, ${TOO_FEW}` : '';
    return `${name} (${meaning[name]}): ${caseCount} cases of ${userCount}${few}`;
  };
  const cell = (ranker: RankerResult, name: GroupName): string => {
    const estimate = ranker.groups[name][metric];
    return estimate === undefined ? '' : cellOf(estimate, groups[name].userCount);
  };
  return plainTable(
    [metric, ...GROUPS.map(column)],
    rankers.map((ranker) => [ranker.name, ...GROUPS.map((name) => cell(ranker, name))]),
  );
}
