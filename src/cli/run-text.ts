/** A pipeline run as text: what it was, what it decided, and its figures. */
import { SUBJECT } from '../evaluation/evaluate.ts';
import type { Estimate, EvaluationResult } from '../evaluation/result.ts';
import type { RunRecord } from '../pipeline/run-records.ts';
import { casesText } from './evaluation-text.ts';
import { intervalText } from './interval-text.ts';
import { plainTable } from './plain-table.ts';

const DIGITS = 4;

export function runText(run: RunRecord): string {
  const { runNumber, version, status, startedMs, scheduledMs, codeVersion, activeBefore, evaluation } = run;
  const lines = [
    `run      ${runNumber}: version ${version}, ${[status, decisionText(run)].filter(Boolean).join(', ')}`,
    `at       ${momentText(startedMs)}, ${durationText(run)}${scheduledMs === null ? '' : `, scheduled for ${momentText(scheduledMs)}`}`,
    `by       ${codeVersion}; active before: ${activeBefore ?? 'nothing'}`,
  ];
  if (run.reason !== null) lines.push(`because  ${run.reason}`);
  return evaluation === null
    ? lines.join('\n')
    : `${lines.join('\n')}\n\n${evaluationTable(run, evaluation)}`;
}

/** The metric that decided, such as `ndcg@5`. */
export function metricOf({ settings }: RunRecord): string {
  return String(settings['metric']);
}

/** What a version scored in its run; undefined if the run did not measure it. */
export function estimateOf({ evaluation }: RunRecord, metric: string): Estimate | undefined {
  return evaluation?.rankers.find(({ name }) => name === SUBJECT)?.metrics[metric];
}

export function momentText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** Such as `12.3 s`, or that it is not known. */
export function durationText({ startedMs, endedMs }: RunRecord): string {
  return endedMs === null ? 'not ended' : `${((endedMs - startedMs) / 1000).toFixed(1)} s`;
}

/** Such as `kept back`; empty without a decision. */
export function decisionText({ decision }: RunRecord): string {
  return decision === 'kept' ? 'kept back' : (decision ?? '');
}

function evaluationTable(run: RunRecord, { rankers, slice, terms }: EvaluationResult): string {
  const metrics = [...new Set([metricOf(run), 'ndcg@10', 'recall@10', 'mrr'])];
  const { cut, until, trainingActionCount } = slice;
  return [
    `asked ${casesText(slice, terms.seed)}, ${cut} to ${until}, after ${trainingActionCount} actions`,
    plainTable(
      ['ranker', ...metrics, `${metrics[0]} less ${terms.reference}`],
      rankers.map(({ name, metrics: found, difference }) => [
        name,
        ...metrics.map((metric) => found[metric]?.mean.toFixed(DIGITS) ?? ''),
        difference === undefined ? '' : intervalText(difference[metrics[0]!]!, true),
      ]),
    ),
  ].join('\n');
}
