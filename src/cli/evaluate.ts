/** `doorrank evaluate`: asks a version of a store what users did next, and says how often it and the baselines knew. */
import { writeFileSync } from 'node:fs';
import { InvalidArgumentError, type Command } from 'commander';
import { checkWritable } from '../base/check-writable.ts';
import type { BaselineName } from '../evaluation/baselines/baselines.ts';
import { BEST_BASELINE, besideName, EVALUATION_DEFAULTS, SUBJECT } from '../evaluation/evaluate.ts';
import { evaluateVersion, type VersionOptions } from '../evaluation/evaluate-version.ts';
import { metricBars } from '../evaluation/metric-bars.ts';
import type { EvaluationResult } from '../evaluation/result.ts';
import type { CutLog } from '../evaluation/time-cut.ts';
import { LIMIT_MAX } from '../recommender/request-bounds.ts';
import { SnapshotStore } from '../snapshot/snapshot-store.ts';
import {
  addCaseOptions,
  askedVersion,
  baselinesOption,
  caseSelectionOf,
  checkCaseUsage,
  readCut,
  readWhole,
  type CaseOptions,
} from './case-options.ts';
import { evaluationText, unknownText } from './evaluation-text.ts';
import { readPath, readText } from './option-values.ts';
import { progressDisplay } from './progress-display.ts';
import { seenWarnings } from './seen-warning.ts';
import { warningLog } from './warning-log.ts';

interface EvaluateOptions extends CaseOptions {
  readonly k: readonly number[];
  readonly baselines: readonly BaselineName[];
  readonly beside?: string;
  readonly against?: string;
  readonly heavyFrom: number;
  readonly json?: string;
  readonly plot?: string;
}

export function evaluateCommand(program: Command): void {
  const defaults = EVALUATION_DEFAULTS;
  addCaseOptions(
    program
      .command('evaluate')
      .description('replay what users did after a moment through a version, beside simple baselines'),
  )
    .option('--k <numbers>', 'how many shops of a ranking count', readKs, defaults.ks)
    .addOption(baselinesOption().default(defaults.baselines, 'all'))
    .option('--beside <version>', 'another version that is asked the same cases', readText)
    .option(
      '--against <name>',
      `the baseline, ${SUBJECT} or "${besideName('<version>')}", that differences are to, or ${BEST_BASELINE} of the baselines (default: the other version, else ${BEST_BASELINE})`,
      readText,
    )
    .option('--heavy-from <actions>', 'users of so many actions are heavy', readWhole, defaults.heavyFrom)
    .option('--json <file>', 'write all figures as JSON', readPath)
    .option('--plot <file>', 'write a plot as SVG', readPath)
    .addHelpText(
      'after',
      `
The version must have been trained on nothing of the test part, or it is asked what it has seen. A user is
taken to be at the shop of their last action; one without any, in the middle of the town.

Example:
  doorrank evaluate --store ./store --version before --actions ./until-september --test ./october --protocol next --k 1,5,10`,
    )
    .action(runEvaluate);
}

function readKs(text: string): number[] {
  const ks = [...new Set(text.split(',').map(readWhole))].toSorted((a, b) => a - b);
  if (ks.at(-1)! <= LIMIT_MAX) return ks;
  throw new InvalidArgumentError(`Expected numbers 1..${LIMIT_MAX}, such as 1,5,10.`);
}

async function runEvaluate(options: EvaluateOptions, command: Command): Promise<void> {
  checkCaseUsage(options, command);
  const { against, beside } = options;
  const rankers = [...rankersOf(options), BEST_BASELINE];
  if (against !== undefined && !rankers.includes(against))
    command.error(`error: --against must name ${rankers.join(', ')}, got ${against}`);
  for (const file of [options.json, options.plot]) if (file !== undefined) checkWritable(file);
  const store = SnapshotStore.open(options.store);
  const version = askedVersion(options, store);
  for (const needed of [version, beside ?? version]) store.pathOf(needed); // before much is read
  const cut = await readCut(options);
  const warnings = seenWarnings(store, [version, beside ?? version], cut);
  for (const warning of warnings) console.error(warning); // before a wait; the text has them too, whatever becomes of stderr
  const result = askAll(store, cut, await versionOptionsOf(options, version, cut));
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`);
  if (options.plot !== undefined) writeFileSync(options.plot, metricBars(result, SUBJECT));
  const unknown = unknownText(result.slice);
  if (unknown.startsWith('warning')) console.error(unknown);
  console.log([evaluationText(result), ...warnings].join('\n\n'));
}

/** Shows how many cases are asked. */
function askAll(store: SnapshotStore, cut: CutLog, options: VersionOptions): EvaluationResult {
  const display = progressDisplay('cases', 'cases'.length);
  try {
    return evaluateVersion(store, cut, options, (done, total) =>
      display.report({ phase: 'cases', done, total }),
    );
  } finally {
    display.stop();
  }
}

async function versionOptionsOf(
  options: EvaluateOptions,
  version: string,
  cut: CutLog,
): Promise<VersionOptions> {
  const { beside, against, k: ks } = options;
  const { depth } = EVALUATION_DEFAULTS;
  return {
    ...EVALUATION_DEFAULTS,
    ...(await caseSelectionOf(options, cut)),
    version,
    beside,
    protocol: options.protocol,
    candidates: options.candidates,
    request: options.with,
    ks,
    depth: Math.max(depth, ks.at(-1)!),
    baselines: options.baselines,
    reference: against ?? (beside === undefined ? BEST_BASELINE : besideName(beside)),
    heavyFrom: options.heavyFrom,
    log: warningLog,
  };
}

/** The names of all that are asked. */
function rankersOf({ beside, baselines }: EvaluateOptions): string[] {
  return [SUBJECT, ...(beside === undefined ? [] : [besideName(beside)]), ...baselines];
}
