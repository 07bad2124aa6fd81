/** The options that `doorrank evaluate` and `doorrank fit` have in common: which version is asked which cases. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { EngineError } from '../base/errors.ts';
import { instantMs } from '../base/instant-ms.ts';
import { BASELINE_NAMES, type BaselineName } from '../evaluation/baselines/baselines.ts';
import type { Protocol } from '../evaluation/cases.ts';
import { EVALUATION_DEFAULTS } from '../evaluation/evaluate.ts';
import type { CandidateRule } from '../evaluation/replayed-snapshot.ts';
import type { CaseSelection } from '../evaluation/select-cases.ts';
import { cutAt, cutBetween, cutByShare, type CutLog } from '../evaluation/time-cut.ts';
import type { RecommendRequest } from '../recommender/request.ts';
import type { SnapshotStore } from '../snapshot/snapshot-store.ts';
import { readJsonFile } from './json-file.ts';
import {
  readJson,
  readNumber,
  readPath,
  readPaths,
  readPositive,
  readText,
  storeOption,
} from './option-values.ts';
import { readLog } from './read-log.ts';

const MINUTE_MS = 60_000;
/** Instead of names of baselines. */
const NO_BASELINES = 'none';

export interface CaseOptions {
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
  readonly seed: number;
}

/** `casesMax` is what is taken where nothing is said; undefined for all. */
export function addCaseOptions(command: Command, casesMax?: number): Command {
  const defaults = EVALUATION_DEFAULTS;
  return command
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
        'required; next: the shop of each test action, given all before it; new: the shops that are new to each user',
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
      'with --last-of-sessions: a session of cases ends where the user pauses for longer; what is learned together, train and snapshot build decide by their own',
      readPositive,
      defaults.sessionGapMs / MINUTE_MS,
    )
    .option('--targets <paths...>', 'with next: only test actions that these files hold too', readPaths)
    .option(
      '--cases-max <number>',
      `of more cases so many drawn at random${casesMax === undefined ? ' (default: all)' : ''}`,
      readWhole,
      casesMax,
    )
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
    .option('--seed <number>', 'other samples', readNumber, defaults.seed);
}

/** What is asked beside a version. Without a default. */
export function baselinesOption(): Option {
  return new Option(
    '--baselines <names>',
    `some of ${BASELINE_NAMES.join(', ')}, or ${NO_BASELINES}`,
  ).argParser(readBaselines);
}

function readBaselines(text: string): BaselineName[] {
  if (text === NO_BASELINES) return [];
  const names = readNames(text);
  const unknown = names.find((name) => !(BASELINE_NAMES as string[]).includes(name));
  if (unknown === undefined) return names as BaselineName[];
  throw new InvalidArgumentError(`No baseline ${unknown}; expected some of ${BASELINE_NAMES.join(', ')}.`);
}

export function readNames(text: string): string[] {
  const names = readText(text)
    .split(',')
    .map((name) => name.trim());
  if (names.every((name) => name !== '')) return [...new Set(names)];
  throw new InvalidArgumentError('Expected names with commas between them, such as order,view.');
}

export function readWhole(text: string): number {
  const value = readNumber(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('Expected a whole number from 1 on.');
}

export function readShare(text: string): number {
  const share = readNumber(text);
  if (share > 0 && share < 1) return share;
  throw new InvalidArgumentError('Expected a share between 0 and 1, such as 0.2.');
}

export function readInstant(text: string): number {
  const ms = instantMs(text);
  if (!Number.isNaN(ms)) return ms;
  throw new InvalidArgumentError('Expected an ISO 8601 instant, such as 2026-11-22T12:00:00Z.');
}

/** JSON, or the path of a file that holds it. */
export function readRequest(text: string): unknown {
  const request = text.trimStart().startsWith('{') ? readJson(text) : readJsonFile(readPath(text));
  if (typeof request === 'object' && request !== null && !Array.isArray(request)) return request;
  throw new InvalidArgumentError('Expected a JSON object, such as {"fusion":{"method":"weighted"}}.');
}

/** What single options cannot tell. */
export function checkCaseUsage(options: CaseOptions, command: Command): void {
  const { protocol, lastOfSessions, targets, test, testShare, testFrom } = options;
  if ((test ?? testShare ?? testFrom) === undefined)
    command.error('error: name the test part by --test, --test-share or --test-from');
  if (protocol === 'new' && (lastOfSessions ?? targets) !== undefined)
    command.error('error: --last-of-sessions and --targets choose among next shops; leave them out with new');
}

/** The version that is asked: the one named, or the active one. */
export function askedVersion({ version }: Pick<CaseOptions, 'version'>, store: SnapshotStore): string {
  const asked = version ?? store.current();
  if (asked !== null) return asked;
  throw new EngineError('store_empty', 'no version is active yet; name one with --version');
}

/** Reads the actions and cuts them. */
export async function readCut({ actions, test, testShare, testFrom }: CaseOptions): Promise<CutLog> {
  const log = await readLog(actions, 'actions');
  if (test !== undefined) return cutBetween(log, await readLog(test, 'test'));
  return testShare === undefined ? cutAt(log, testFrom!) : cutByShare(log, testShare);
}

/** Which cases of a log are asked; reads the targets. Throws `input_invalid` for types that the log does not have. */
export async function caseSelectionOf(options: CaseOptions, { log }: CutLog): Promise<CaseSelection> {
  const unknown = options.types?.filter((type) => !log.types.includes(type)) ?? [];
  if (unknown.length > 0)
    throw new EngineError(
      'input_invalid',
      `no action is of type ${unknown.join(', ')}, expected some of --types; the actions have ${log.types.join(', ')}`,
    );
  return {
    types: options.types,
    lastOfSessions: options.lastOfSessions,
    sessionGapMs: options.sessionGapMinutes * MINUTE_MS,
    targets: options.targets && (await readLog(options.targets, 'targets')),
    caseCountMax: options.casesMax,
    seed: options.seed,
  };
}
