/**
 * An evaluation as an SVG picture: a panel for each metric, in it a bar for each ranker with its interval, best first by
 * the last metric.
 */
import { check } from '../base/errors.ts';
import { PLOT_COLOR, roundPixels, svgDocument, svgLine, svgText } from '../base/svg.ts';
import { headlineMetrics } from './headline-metrics.ts';
import type { Estimate, EvaluationResult, RankerResult } from './result.ts';

/** Pixels. */
const MARGIN = 20;
const NAME_WIDTH = 160;
const BAR_WIDTH_MAX = 150;
const VALUE_WIDTH = 56;
const PANEL_WIDTH = BAR_WIDTH_MAX + VALUE_WIDTH + 14;
const HEAD_HEIGHT = 92;
const ROW_HEIGHT = 26;
const BAR_HEIGHT = 14;
const CAP_HEIGHT = 6;

/** Draws the headline metrics of all rankers; `subject` is the one that stands out. */
export function metricBars(result: EvaluationResult, subject: string): string {
  const metrics = headlineMetrics(result);
  const decisive = metrics.at(-1);
  check(decisive !== undefined, 'a plot without a metric shows nothing');
  const rankers = result.rankers.toSorted((a, b) => meanOf(b, decisive) - meanOf(a, decisive));
  const width = MARGIN * 2 + NAME_WIDTH + PANEL_WIDTH * metrics.length;
  const height = HEAD_HEIGHT + ROW_HEIGHT * rankers.length + MARGIN;
  return svgDocument(width, height, [
    svgText(MARGIN, 32, titleOf(result), PLOT_COLOR.text, 'font-size="16" font-weight="600"'),
    svgText(MARGIN, 52, captionOf(result), PLOT_COLOR.faint),
    ...rankers.map(({ name }, row) => {
      const weight = name === subject ? 'font-weight="600"' : '';
      return svgText(MARGIN, middleOf(row) + 4, name, PLOT_COLOR.text, weight);
    }),
    ...metrics.flatMap((metric, at) =>
      panel(MARGIN + NAME_WIDTH + PANEL_WIDTH * at, metric, rankers, subject),
    ),
  ]);
}

/** The bars of one metric. All panels begin at 0 and have a scale of their own. */
function panel(left: number, metric: string, rankers: readonly RankerResult[], subject: string): string[] {
  const largest = Math.max(...rankers.map(({ metrics }) => metrics[metric]!.high ?? metrics[metric]!.mean));
  const scale = (value: number): number =>
    largest === 0 ? left : roundPixels(left + (value / largest) * BAR_WIDTH_MAX);
  const top = HEAD_HEIGHT - 6;
  const bottom = HEAD_HEIGHT + ROW_HEIGHT * rankers.length;
  return [
    svgText(left, HEAD_HEIGHT - 14, metric, PLOT_COLOR.text, 'font-weight="600"'),
    ...rankers.flatMap(({ name, metrics }, row) =>
      bar(
        left,
        middleOf(row),
        metrics[metric]!,
        scale,
        name === subject ? PLOT_COLOR.subject : PLOT_COLOR.other,
      ),
    ),
    svgLine(left, top, left, bottom, PLOT_COLOR.line),
  ];
}

function bar(
  left: number,
  middle: number,
  { mean, low, high }: Estimate,
  scale: (value: number) => number,
  color: string,
): string[] {
  const end = scale(high ?? mean);
  return [
    `<rect x="${left}" y="${middle - BAR_HEIGHT / 2}" width="${roundPixels(scale(mean) - left)}" height="${BAR_HEIGHT}" ` +
      `fill="${color}" rx="2"/>`,
    ...(low === null ? [] : whiskers(scale(low), end, middle)),
    svgText(end + 6, middle + 4, mean.toFixed(4), PLOT_COLOR.faint),
  ];
}

function whiskers(from: number, to: number, middle: number): string[] {
  const cap = CAP_HEIGHT / 2;
  return [
    svgLine(from, middle, to, middle, PLOT_COLOR.text),
    svgLine(from, middle - cap, from, middle + cap, PLOT_COLOR.text),
    svgLine(to, middle - cap, to, middle + cap, PLOT_COLOR.text),
  ];
}

function titleOf({ protocol, version }: EvaluationResult): string {
  return `${protocol === 'next' ? 'Next shop' : 'New shops'}: ${version} beside baselines`;
}

function captionOf({ slice, terms }: EvaluationResult): string {
  const { caseCount, userCount, cut } = slice;
  return (
    `${caseCount} cases of ${userCount} users from ${cut.slice(0, 10)} on, ` +
    `${terms.candidates === 'all' ? 'all shops' : 'shops that deliver'}; lines: 95 % intervals over users`
  );
}

function meanOf({ metrics }: RankerResult, metric: string): number {
  return metrics[metric]!.mean;
}

function middleOf(row: number): number {
  return HEAD_HEIGHT + ROW_HEIGHT * row + ROW_HEIGHT / 2;
}
