/**
 * A metric over the versions that runs made, as an SVG picture: a point with its 95 % interval for each version, those that
 * were activated filled and joined, beside them what popularity had.
 */
import { PLOT_COLOR, roundPixels, svgDocument, svgLine, svgText } from '../base/svg.ts';
import { SUBJECT } from '../evaluation/evaluate.ts';
import type { Estimate } from '../evaluation/result.ts';
import type { RunRecord } from './run-records.ts';

/** Pixels. */
const MARGIN = 20;
const AXIS_WIDTH = 50;
const HEAD_HEIGHT = 70;
const PLOT_HEIGHT = 220;
const FOOT_HEIGHT = 110;
const STEP_WIDTH = 56;
const WIDTH_MIN = 500;
const TICKS = 4;
/** Of a version's name below the plot. */
const NAME_CHARACTERS_MAX = 22;

interface Point {
  readonly version: string;
  readonly isActivated: boolean;
  readonly estimate: Estimate;
  /** Of popularity in the same evaluation. */
  readonly popularity: number | undefined;
}

/** Draws `metric`, such as `ndcg@5`, of the runs that measured it; null if none did. */
export function metricCourse(runs: readonly RunRecord[], metric: string): string | null {
  const points = runs.flatMap((run) => pointOf(run, metric));
  if (points.length === 0) return null;
  const width = Math.max(WIDTH_MIN, 2 * MARGIN + AXIS_WIDTH + STEP_WIDTH * points.length);
  const height = HEAD_HEIGHT + PLOT_HEIGHT + FOOT_HEIGHT;
  const top = Math.max(
    ...points.map(({ estimate: { mean, high }, popularity = 0 }) => Math.max(high ?? mean, popularity)),
  );
  const y = (value: number): number =>
    roundPixels(HEAD_HEIGHT + PLOT_HEIGHT * (top === 0 ? 1 : 1 - value / top));
  const x = (at: number): number => MARGIN + AXIS_WIDTH + STEP_WIDTH * (at + 0.5);
  return svgDocument(width, height, [
    svgText(MARGIN, 30, `${metric} by version`, PLOT_COLOR.text, 'font-size="16" font-weight="600"'),
    svgText(
      MARGIN,
      50,
      'filled: activated; lines: 95 % intervals; dashes: popularity, same cases',
      PLOT_COLOR.faint,
    ),
    ...axis(top, y, width),
    joined(points, x, y),
    ...points.flatMap((point, at) => mark(point, x(at), y)),
  ]);
}

function pointOf({ version, decision, evaluation }: RunRecord, metric: string): Point[] {
  const of = (ranker: string): Estimate | undefined =>
    evaluation?.rankers.find(({ name }) => name === ranker)?.metrics[metric];
  const estimate = of(SUBJECT);
  if (estimate === undefined) return [];
  return [{ version, isActivated: decision === 'activated', estimate, popularity: of('popularity')?.mean }];
}

function axis(top: number, y: (value: number) => number, width: number): string[] {
  return Array.from({ length: TICKS + 1 }, (_, tick) => {
    const value = (top * tick) / TICKS;
    const left = MARGIN + AXIS_WIDTH;
    return [
      svgLine(left, y(value), width - MARGIN, y(value), PLOT_COLOR.line),
      svgText(left - 8, y(value) + 4, value.toFixed(3), PLOT_COLOR.faint, 'text-anchor="end"'),
    ].join('\n');
  });
}

/** The course of what served. */
function joined(points: readonly Point[], x: (at: number) => number, y: (value: number) => number): string {
  const corners = points.flatMap(({ isActivated, estimate }, at) =>
    isActivated ? [`${x(at)},${y(estimate.mean)}`] : [],
  );
  return `<polyline points="${corners.join(' ')}" fill="none" stroke="${PLOT_COLOR.subject}"/>`;
}

function mark(
  { version, isActivated, estimate, popularity }: Point,
  x: number,
  y: (value: number) => number,
): string[] {
  const fill = isActivated ? PLOT_COLOR.subject : '#ffffff';
  const below = HEAD_HEIGHT + PLOT_HEIGHT + 16;
  const { mean, low, high } = estimate;
  const name =
    version.length <= NAME_CHARACTERS_MAX ? version : `${version.slice(0, NAME_CHARACTERS_MAX - 1)}…`;
  return [
    ...(popularity === undefined
      ? []
      : [svgLine(x - 8, y(popularity), x + 8, y(popularity), PLOT_COLOR.other, 'stroke-dasharray="4 3"')]),
    ...(low === null || high === null ? [] : [svgLine(x, y(low), x, y(high), PLOT_COLOR.text)]),
    `<circle cx="${x}" cy="${y(mean)}" r="4" fill="${fill}" stroke="${PLOT_COLOR.subject}"/>`,
    svgText(x, below, name, PLOT_COLOR.text, `text-anchor="end" transform="rotate(-40 ${x} ${below})"`),
  ];
}
