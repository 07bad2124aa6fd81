/**
 * An evaluation as an SVG picture: a panel for each metric, in it a bar for each ranker with its interval, best first by
 * the last metric. Made of text alone, so that it needs no library where it is made and no style where it is shown.
 */
import { check } from '../base/errors.ts';
import { headlineMetrics } from './headline-metrics.ts';
import type { Estimate, EvaluationResult, RankerResult } from './result.ts';

const COLOR = { subject: '#d1495b', other: '#8d99ae', text: '#22223b', faint: '#6c757d', line: '#dee2e6' };
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
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
      'font-family="system-ui, sans-serif" font-size="12">',
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    text(MARGIN, 32, titleOf(result), COLOR.text, 'font-size="16" font-weight="600"'),
    text(MARGIN, 52, captionOf(result), COLOR.faint),
    ...rankers.map(({ name }, row) => {
      const weight = name === subject ? 'font-weight="600"' : '';
      return text(MARGIN, middleOf(row) + 4, name, COLOR.text, weight);
    }),
    ...metrics.flatMap((metric, at) =>
      panel(MARGIN + NAME_WIDTH + PANEL_WIDTH * at, metric, rankers, subject),
    ),
    '</svg>\n',
  ].join('\n');
}

/** The bars of one metric. All panels begin at 0 and have a scale of their own. */
function panel(left: number, metric: string, rankers: readonly RankerResult[], subject: string): string[] {
  const largest = Math.max(...rankers.map(({ metrics }) => metrics[metric]!.high));
  const scale = (value: number): number =>
    largest === 0 ? left : round(left + (value / largest) * BAR_WIDTH_MAX);
  const top = HEAD_HEIGHT - 6;
  const bottom = HEAD_HEIGHT + ROW_HEIGHT * rankers.length;
  return [
    text(left, HEAD_HEIGHT - 14, metric, COLOR.text, 'font-weight="600"'),
    ...rankers.flatMap(({ name, metrics }, row) =>
      bar(left, middleOf(row), metrics[metric]!, scale, name === subject ? COLOR.subject : COLOR.other),
    ),
    line(left, top, left, bottom, COLOR.line),
  ];
}

function bar(
  left: number,
  middle: number,
  { mean, low, high }: Estimate,
  scale: (value: number) => number,
  color: string,
): string[] {
  const [from, to] = [scale(low), scale(high)];
  const cap = CAP_HEIGHT / 2;
  return [
    `<rect x="${left}" y="${middle - BAR_HEIGHT / 2}" width="${round(scale(mean) - left)}" height="${BAR_HEIGHT}" ` +
      `fill="${color}" rx="2"/>`,
    line(from, middle, to, middle, COLOR.text),
    line(from, middle - cap, from, middle + cap, COLOR.text),
    line(to, middle - cap, to, middle + cap, COLOR.text),
    text(to + 6, middle + 4, mean.toFixed(4), COLOR.faint),
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

function text(x: number, y: number, content: string, color: string, more = ''): string {
  return `<text x="${x}" y="${y}" fill="${color}"${more && ` ${more}`}>${escaped(content)}</text>`;
}

function line(x1: number, y1: number, x2: number, y2: number, color: string): string {
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="${color}"/>`;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

/** A tenth of a pixel. */
function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}
