/** `doorrank evaluate`: asks a version of a store what users did next, and says how often it and the baselines knew. */
import { writeFileSync } from 'node:fs';
import { Option, type Command } from 'commander';
import { EngineError } from '../base/errors.ts';
import { BASELINE_NAMES } from '../evaluation/baselines/baselines.ts';
import type { Protocol } from '../evaluation/cases.ts';
import { besideName, EVALUATION_DEFAULTS, SUBJECT } from '../evaluation/evaluate.ts';
import { evaluateVersion, type VersionOptions } from '../evaluation/evaluate-version.ts';
import { metricBars } from '../evaluation/metric-bars.ts';
import type { CandidateRule } from '../evaluation/replayed-snapshot.ts';
import type { EvaluationResult } from '../evaluation/result.ts';
import { cutAt, cutBetween, cutByShare, type CutLog } from '../evaluation/time-cut.ts';
import { SnapshotStore } from '../snapshot/snapshot-store.ts';
import type { ActionLog } from '../training/action-log.ts';
import { readActionLog } from '../training/read-action-log.ts';
import {
  checkUsage,
  MINUTE_MS,
  NO_BASELINES,
  readBaselines,
  readInstant,
  readKs,
  readNames,
  readPaths,
  readRequest,
  readShare,
  readWhole,
  versionOptionsOf,
  type EvaluateOptions,
} from './evaluate-options.ts';
import { evaluationText } from './evaluation-text.ts';
import { readNumber, readPath, readText, storeOption } from './option-values.ts';
import { progressDisplay } from './progress-display.ts';

export function evaluateCommand(program: Command): void {
  const defaults = EVALUATION_DEFAULTS;
  program
    .command('evaluate')
    .description('replay what users did after a moment through a version, beside simple baselines')
    .addOption(storeOption().makeOptionMandatory())
    .option('--version <name>', 'version in the store (default: the active one)', readText)
    .requiredOption(
      '--actions <paths...>',
      'actions: .csv, .ndjson or .parquet files or folders of them, with userId, at, shopId or keyword, type',
      readPaths,
    )
    .addOption(
      new Option('--test <paths...>', 'more actions, which begin where the others end: the test part')
        .argParser(readPaths)
        .conflicts(['testShare', 'testFrom']),
    )
    .addOption(
      new Option('--test-share <share>', 'the newest share of the actions, 0..1, is the test part')
        .argParser(readShare)
        .conflicts('testFrom'),
    )
    .addOption(
      new Option(
        '--test-from <instant>',
        'actions from this moment on, such as 2026-11-22T12:00:00Z, are it',
      ).argParser(readInstant),
    )
    .addOption(
      new Option(
        '--protocol <name>',
        'next: the shop of each test action, given all before it; new: the shops that are new to each user',
      )
        .choices(['next', 'new'] satisfies Protocol[])
        .makeOptionMandatory(),
    )
    .option(
      '--types <names>',
      'types of the actions to predict, such as order,view (default: all)',
      readNames,
    )
    .option('--last-of-sessions', 'with next: only the last action of each session')
    .option(
      '--session-gap-minutes <minutes>',
      'a session ends where the user pauses for longer',
      readNumber,
      defaults.sessionGapMs / MINUTE_MS,
    )
    .option('--targets <paths...>', 'with next: only test actions that these files hold too', readPaths)
    .option('--cases-max <number>', 'of more cases so many drawn at random (default: all)', readWhole)
    .addOption(
      new Option(
        '--candidates <rule>',
        'all shops, or those that deliver to where the user was and were open',
      )
        .choices(['all', 'in-zone'] satisfies CandidateRule[])
        .default(defaults.candidates),
    )
    .option(
      '--with <json>',
      'more of every request, such as {"fusion":{"method":"weighted"}}, or a file of it',
      readRequest,
      {},
    )
    .option('--k <numbers>', 'how many shops of a ranking count', readKs, defaults.ks)
    .addOption(
      new Option('--baselines <names>', `some of ${BASELINE_NAMES.join(', ')}, or ${NO_BASELINES}`)
        .argParser(readBaselines)
        .default(defaults.baselines, 'all'),
    )
    .option('--beside <version>', 'another version that is asked the same cases', readText)
    .option(
      '--against <name>',
      `the baseline, ${SUBJECT} or "${besideName('<version>')}", that differences are to (default: the other version, else ${defaults.reference})`,
      readText,
    )
    .option('--heavy-from <actions>', 'users of so many actions are heavy', readWhole, defaults.heavyFrom)
    .option('--seed <number>', 'other samples', readNumber, defaults.seed)
    .option('--json <file>', 'write all figures as JSON', readPath)
    .option('--plot <file>', 'write a plot as SVG', readPath)
    .addHelpText(
      'after',
      `
The version must have been trained on nothing of the test part, or it is asked what it has seen. A user is
taken to be at the shop of their last action; one without any, in the middle of the town.

Example:
  doorrank evaluate --store ./store --actions ./actions --test-share 0.2 --protocol next --k 1,5,10`,
    )
    .action(runEvaluate);
}

async function runEvaluate(options: EvaluateOptions, command: Command): Promise<void> {
  checkUsage(options, command);
  const store = SnapshotStore.open(options.store);
  const asked = versionOptionsOf(options, options.version ?? activeOf(store));
  for (const version of [asked.version, asked.beside ?? asked.version]) store.pathOf(version); // before much is read
  const cut = await readCut(options);
  const targets = options.targets && (await readLog(options.targets, 'targets'));
  const result = askedAll(store, cut, { ...asked, targets });
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`);
  if (options.plot !== undefined) writeFileSync(options.plot, metricBars(result, SUBJECT));
  console.log(evaluationText(result));
}

/** Shows how many cases are asked. */
function askedAll(store: SnapshotStore, cut: CutLog, options: VersionOptions): EvaluationResult {
  const display = progressDisplay('cases', 'actions'.length);
  try {
    return evaluateVersion(store, cut, options, (done, total) =>
      display.report({ phase: 'cases', done, total }),
    );
  } finally {
    display.stop();
  }
}

function activeOf(store: SnapshotStore): string {
  const version = store.current();
  if (version !== null) return version;
  throw new EngineError('store_empty', 'no version is active yet; name one with --version');
}

async function readCut({ actions, test, testShare, testFrom }: EvaluateOptions): Promise<CutLog> {
  const log = await readLog(actions, 'actions');
  if (test !== undefined) return cutBetween(log, await readLog(test, 'test'));
  return testShare === undefined ? cutAt(log, testFrom!) : cutByShare(log, testShare);
}

/** Shows how far it is as `phase`. */
async function readLog(paths: readonly string[], phase: string): Promise<ActionLog> {
  const display = progressDisplay('bytes', 'actions'.length);
  try {
    const { log } = await readActionLog(paths, (done, total) => display.report({ phase, done, total }));
    return log;
  } finally {
    display.stop();
  }
}
