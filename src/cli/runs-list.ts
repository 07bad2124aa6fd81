/** `doorrank runs list`: what pipeline runs made and decided, and a plot of a metric over their versions. */
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { EngineError } from '../base/errors.ts';
import { metricCourse } from '../pipeline/metric-course.ts';
import type { RunRecord } from '../pipeline/run-records.ts';
import { readPath, readText } from './option-values.ts';
import { plainTable } from './plain-table.ts';
import { decisionText, durationText, estimateOf, metricOf, momentText } from './run-text.ts';
import { withRecords, workOption } from './work-records.ts';

interface ListOptions {
  readonly work: string;
  readonly metric?: string;
  readonly plot?: string;
  readonly json?: true;
}

export function runsListCommand(runs: Command): void {
  runs
    .command('list')
    .description('list pipeline runs, oldest first')
    .addOption(workOption())
    .option('--metric <name>', 'that is shown, such as recall@10 (default: the one that decided)', readText)
    .option('--plot <file>', 'write a plot of the metric over versions as SVG', readPath)
    .option('--json', 'print JSON, with all figures')
    .addHelpText('after', '\nExample:\n  doorrank runs list --work ./work --plot course.svg')
    .action(runList);
}

function runList({ work, metric, plot, json }: ListOptions): void {
  const runs = withRecords(work, (records) => records.list());
  if (plot !== undefined) writePlot(runs, metric, plot);
  if (json) return console.log(JSON.stringify({ runs }, null, 2));
  if (runs.length === 0) return console.log(`no run has begun in ${work} yet`);
  console.log(
    plainTable(
      ['run', 'version', 'started', 'took', 'status', 'decision', metric ?? 'metric'],
      runs.map((run) => rowOf(run, metric)),
    ),
  );
}

function rowOf(run: RunRecord, asked: string | undefined): (string | number)[] {
  const { runNumber, version, startedMs, status } = run;
  const metric = asked ?? metricOf(run);
  const estimate = estimateOf(run, metric);
  const shown = estimate === undefined ? '' : estimate.mean.toFixed(4);
  const figure = asked === undefined && shown !== '' ? `${metric} ${shown}` : shown;
  return [runNumber, version, momentText(startedMs), durationText(run), status, decisionText(run), figure];
}

/** Of the metric that was asked for, or that decided last. */
function writePlot(runs: readonly RunRecord[], asked: string | undefined, path: string): void {
  const last = runs.findLast(({ evaluation }) => evaluation !== null);
  const metric = asked ?? (last && metricOf(last));
  const picture = metric === undefined ? null : metricCourse(runs, metric);
  if (picture === null)
    throw new EngineError(
      'input_invalid',
      `no run has measured ${metric ?? 'anything'}, expected one at least to plot`,
    );
  writeFileSync(path, picture);
}
