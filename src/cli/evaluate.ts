/** `doorrank evaluate`: asks a version of a store what users did next, and says how often it and the baselines knew. */
import { writeFileSync } from 'node:fs';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { EngineError } from '../base/errors.ts';
import { BASELINE_NAMES, type BaselineName } from '../evaluation/baselines/baselines.ts';
import type { Protocol } from '../evaluation/cases.ts';
import { evaluate, EVALUATION_DEFAULTS, SUBJECT, type EvaluationOptions } from '../evaluation/evaluate.ts';
import { metricBars } from '../evaluation/metric-bars.ts';
import { withReplayedSnapshot, type CandidateRule } from '../evaluation/replayed-snapshot.ts';
import type { EvaluationResult } from '../evaluation/result.ts';
import { cutAt, cutBetween, cutByShare, type CutLog } from '../evaluation/time-cut.ts';
import { LIMIT_MAX } from '../recommender/request-bounds.ts';
import type { RecommendRequest } from '../recommender/request.ts';
import { SnapshotStore } from '../snapshot/snapshot-store.ts';
import type { ActionLog } from '../training/action-log.ts';
import { readActionLog } from '../training/read-action-log.ts';
import { evaluationText } from './evaluation-text.ts';
import { readJsonFile } from './json-file.ts';
import { readJson, readNumber, readPath, readText, storeOption } from './option-values.ts';
import { progressDisplay } from './progress-display.ts';

const MINUTE_MS = 60_000;
const NONE = 'none';

interface EvaluateOptions {
  readonly store: string;
  readonly version?: string;
  readonly actions: readonly string[];
  readonly test?: readonly string[];
  readonly testShare?: number;
  readonly testFrom?: number;
  readonly protocol: Protocol;
  readonly types?: readonly string[];
  readonly lastOfSessions?: true;
  readonly sessionGapMinutes: number;
  readonly targets?: readonly string[];
  readonly casesMax?: number;
  readonly candidates: CandidateRule;
  readonly with: Partial<RecommendRequest>;
  readonly k: readonly number[];
  readonly baselines: readonly BaselineName[];
  readonly against?: string;
  readonly heavyFrom: number;
  readonly seed: number;
  readonly json?: string;
  readonly plot?: string;
}

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
      new Option('--baselines <names>', `some of ${BASELINE_NAMES.join(', ')}, or ${NONE}`)
        .argParser(readBaselines)
        .default(defaults.baselines, 'all'),
    )
    .option(
      '--against <name>',
      `the baseline, or ${SUBJECT}, that differences are to (default: ${defaults.reference})`,
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

/** One more path of an option that takes several. */
function readPaths(text: string, before: readonly string[] = []): string[] {
  return [...before, readPath(text)];
}

function readShare(text: string): number {
  const share = readNumber(text);
  if (share > 0 && share < 1) return share;
  throw new InvalidArgumentError('Expected a share between 0 and 1, such as 0.2.');
}

function readInstant(text: string): number {
  const isInstant = /^\d{4}-\d{2}-\d{2}T.*(Z|[+-]\d{2}:\d{2})$/.test(text);
  const ms = isInstant ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  throw new InvalidArgumentError('Expected an ISO 8601 instant, such as 2026-11-22T12:00:00Z.');
}

function readNames(text: string): string[] {
  return readText(text).split(',');
}

function readWhole(text: string): number {
  const value = readNumber(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('Expected a whole number from 1 on.');
}

function readKs(text: string): number[] {
  const ks = [...new Set(text.split(',').map(readWhole))].toSorted((a, b) => a - b);
  if (ks.at(-1)! <= LIMIT_MAX) return ks;
  throw new InvalidArgumentError(`Expected numbers 1..${LIMIT_MAX}, such as 1,5,10.`);
}

function readBaselines(text: string): BaselineName[] {
  if (text === NONE) return [];
  const names = [...new Set(readNames(text))];
  const unknown = names.find((name) => !(BASELINE_NAMES as string[]).includes(name));
  if (unknown === undefined) return names as BaselineName[];
  throw new InvalidArgumentError(`No baseline ${unknown}; expected some of ${BASELINE_NAMES.join(', ')}.`);
}

/** JSON, or the path of a file that holds it. */
function readRequest(text: string): unknown {
  return text.trimStart().startsWith('{') ? readJson(text) : readJsonFile(readPath(text));
}

/** What single options cannot tell. */
function checkUsage(options: EvaluateOptions, command: Command): void {
  const { protocol, lastOfSessions, targets, baselines, against, test, testShare, testFrom } = options;
  if ((test ?? testShare ?? testFrom) === undefined)
    command.error('error: name the test part by --test, --test-share or --test-from');
  if (protocol === 'new' && (lastOfSessions ?? targets) !== undefined)
    command.error('error: --last-of-sessions and --targets choose among next shops; leave them out with new');
  if (against !== undefined && ![SUBJECT, ...baselines].includes(against))
    command.error(`error: --against must name ${[SUBJECT, ...baselines].join(', ')}, got ${against}`);
}

async function runEvaluate(options: EvaluateOptions, command: Command): Promise<void> {
  checkUsage(options, command);
  const { targets } = options;
  const store = SnapshotStore.open(options.store);
  const version = options.version ?? activeOf(store);
  const path = store.pathOf(version);
  const cut = await readCut(options);
  const terms = { ...termsOf(options), targets: targets && (await readLog(targets, 'targets')) };
  const display = progressDisplay('cases', 'cases'.length);
  let result: EvaluationResult;
  try {
    result = withReplayedSnapshot(path, version, options.candidates, (line) =>
      evaluate(cut, line, terms, (done, total) => display.report({ phase: 'cases', done, total })),
    );
  } finally {
    display.stop();
  }
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`);
  if (options.plot !== undefined) writeFileSync(options.plot, metricBars(result, SUBJECT));
  console.log(evaluationText(result));
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

function termsOf(options: EvaluateOptions): EvaluationOptions {
  const { baselines, k: ks } = options;
  const { reference, depth } = EVALUATION_DEFAULTS;
  return {
    ...EVALUATION_DEFAULTS,
    protocol: options.protocol,
    types: options.types,
    lastOfSessions: options.lastOfSessions,
    sessionGapMs: options.sessionGapMinutes * MINUTE_MS,
    caseCountMax: options.casesMax,
    candidates: options.candidates,
    request: options.with,
    ks,
    depth: Math.max(depth, ks.at(-1)!),
    baselines,
    reference:
      options.against ?? ((baselines as readonly string[]).includes(reference) ? reference : SUBJECT),
    heavyFrom: options.heavyFrom,
    seed: options.seed,
  };
}
