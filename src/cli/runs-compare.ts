/** `doorrank runs compare`: what two pipeline runs were told differently, and what their versions scored. */
import type { Command } from 'commander';
import type { RunRecord } from '../pipeline/run-records.ts';
import { intervalText } from './interval-text.ts';
import { plainTable } from './plain-table.ts';
import { decisionText, estimateOf } from './run-text.ts';
import { findRun, settingText, withRecords, workOption } from './work-records.ts';

export function runsCompareCommand(runs: Command): void {
  runs
    .command('compare')
    .description('compare two pipeline runs: settings that differ, and figures')
    .argument('<run>', 'its number, or its version')
    .argument('<other>', 'number or version of the other')
    .addOption(workOption())
    .addHelpText('after', '\nExample:\n  doorrank runs compare 2026-11-21 2026-11-22 --work ./work')
    .action(runCompare);
}

function runCompare(name: string, otherName: string, { work }: { readonly work: string }): void {
  const [run, other] = withRecords(
    work,
    (records) => [findRun(records, name), findRun(records, otherName)] as const,
  );
  console.log([settingTable(run, other), figureTable(run, other), casesText(run, other)].join('\n\n'));
}

function settingTable(run: RunRecord, other: RunRecord): string {
  const factsOf = ({ codeVersion, settings }: RunRecord): Record<string, unknown> => ({
    codeVersion,
    ...settings,
  });
  const [facts, otherFacts] = [factsOf(run), factsOf(other)];
  const rows = [...new Set([...Object.keys(facts), ...Object.keys(otherFacts)])]
    .map((name) => [name, settingText(facts[name]), settingText(otherFacts[name])] as const)
    .filter(([, value, otherValue]) => value !== otherValue);
  return rows.length === 0
    ? 'the same settings'
    : plainTable(['setting', titleOf(run), titleOf(other)], rows);
}

function figureTable(run: RunRecord, other: RunRecord): string {
  const metrics = Object.keys({
    ...run.evaluation?.rankers[0]?.metrics,
    ...other.evaluation?.rankers[0]?.metrics,
  });
  const textOf = (of: RunRecord, metric: string): string => {
    const estimate = estimateOf(of, metric);
    return estimate === undefined ? '' : intervalText(estimate);
  };
  const rows = metrics.map((metric) => [metric, textOf(run, metric), textOf(other, metric)]);
  return plainTable(
    ['metric', titleOf(run), titleOf(other)],
    [...rows, ['decision', decisionText(run) || run.status, decisionText(other) || other.status]],
  );
}

/** Figures of other cases do not compare. */
function casesText({ evaluation: a }: RunRecord, { evaluation: b }: RunRecord): string {
  if (a === null || b === null) return 'A run without figures was not evaluated.';
  const factsOf = ({ slice, terms, protocol }: typeof a): string =>
    JSON.stringify([slice, terms.cases, terms.candidates, protocol, terms.seed]);
  return factsOf(a) === factsOf(b)
    ? 'Both were asked the same cases. Intervals: 95 %, of each alone; doorrank evaluate --beside has those of the difference.'
    : 'They were asked other cases: only doorrank evaluate --beside tells which version is better.';
}

function titleOf({ runNumber, version }: RunRecord): string {
  return `${runNumber}: ${version}`;
}
