/** `doorrank pipeline run`: actions and shops become a version, which is activated if it is good enough; once or by a schedule. */
import { constants } from 'node:os';
import { setTimeout as after } from 'node:timers/promises';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { RequestError } from '../base/errors.ts';
import { shown, validate } from '../base/validate.ts';
import { holidaysByZone } from '../catalog/holidays.ts';
import { knownTimeZone } from '../catalog/zone-clock.ts';
import type { BaselineName } from '../evaluation/baselines/baselines.ts';
import type { Protocol } from '../evaluation/cases.ts';
import type { CandidateRule } from '../evaluation/replayed-snapshot.ts';
import { PIPELINE_DEFAULTS } from '../pipeline/pipeline-settings.ts';
import { goingOn, recordsPath, type RecordedOutcome, type RunRequest } from '../pipeline/recorded-run.ts';
import { RunRecords } from '../pipeline/run-records.ts';
import { runOnSchedule, Schedule, type Attempt } from '../pipeline/schedule.ts';
import { LIMIT_MAX } from '../recommender/request-bounds.ts';
import { TrainingOptionsSchema, type TrainingOptions } from '../training/training-options.ts';
import { baselinesOption, readNames, readShare, readWhole } from './case-options.ts';
import { reportFailure } from './failure.ts';
import { readJsonFile } from './json-file.ts';
import { readNumber, readPath, readPaths, readPositive, readText, storeOption } from './option-values.ts';
import { pipelineDisplay } from './pipeline-display.ts';
import { runInThread } from './run-in-thread.ts';
import { runText } from './run-text.ts';
import { trainingOptions } from './training-options.ts';

interface PipelineRunOptions extends TrainingOptions {
  readonly actions?: readonly string[];
  readonly data?: string;
  readonly shops: string;
  readonly store: string;
  readonly work: string;
  readonly version?: string;
  readonly every?: string;
  readonly protocol: Protocol;
  readonly validationShare: number;
  readonly testShare: number;
  readonly metric: string;
  readonly margin: number;
  readonly candidates: CandidateRule;
  readonly types?: readonly string[];
  readonly casesMax: number;
  readonly baselines: readonly BaselineName[];
  readonly timeZone: string;
  readonly holidays?: string;
  readonly popularityHalfLifeDays: number;
  readonly userLists?: true;
  readonly userListLimit?: number;
  readonly locations?: string;
}

/** As of `doorrank batch`. */
const USER_LIST_LIMIT = 100;
const METRIC = /^(mrr|(accuracy|recall|precision|ndcg)@([1-9]\d*))$/;

export function pipelineRunCommand(pipeline: Command): void {
  const defaults = PIPELINE_DEFAULTS;
  const command = pipeline
    .command('run')
    .description(
      'train on what users did, build a version, compare it with the active one on newer actions, activate it unless it is worse',
    )
    .option(
      '--actions <paths...>',
      'what users did: .csv, .ndjson or .parquet files or folders of them, as of train',
      readPaths,
    )
    .option(
      '--data <directory>',
      'recorded actions, while no server owns them; beside or instead of --actions',
      readPath,
    )
    .requiredOption('--shops <file>', 'shops: .csv, .ndjson or .parquet with shopId, lon, lat …', readPath)
    .addOption(storeOption().makeOptionMandatory())
    .requiredOption(
      '--work <directory>',
      'keeps what steps made, for runs that go on, and runs.sqlite',
      readPath,
    )
    .option(
      '--version <name>',
      'name of the new version (default: the UTC time, such as 2026-11-22-0400)',
      readText,
    )
    .addOption(
      new Option(
        '--every <cron>',
        'run by a schedule: minute, hour, day, month, weekday, such as "0 4 * * *"',
      )
        .argParser(readText)
        .conflicts('version'),
    )
    .addOption(
      new Option('--protocol <name>', 'what a version is asked, as of evaluate')
        .choices(['next', 'new'] satisfies Protocol[])
        .default(defaults.protocol),
    )
    .option(
      '--validation-share <share>',
      'of the actions, 0..1: weights are fitted to them',
      readShare,
      defaults.validationShare,
    )
    .option(
      '--test-share <share>',
      'of the actions, the newest, 0..1: versions are compared with them',
      readShare,
      defaults.testShare,
    )
    .option(
      '--metric <name>',
      'what decides: mrr, or accuracy, recall, precision or ndcg @ a number',
      readMetric,
      defaults.metric,
    )
    .option('--margin <number>', 'how much of the metric a new version may lose', readMargin, defaults.margin)
    .addOption(
      new Option('--candidates <rule>', 'as of evaluate')
        .choices(['all', 'in-zone'] satisfies CandidateRule[])
        .default(defaults.candidates),
    )
    .option(
      '--types <names>',
      'types of the actions to predict, such as order,view (default: all)',
      readNames,
    )
    .option('--cases-max <number>', 'of more cases so many drawn at random', readWhole, defaults.caseCountMax)
    .addOption(
      baselinesOption().default(
        defaults.baselines,
        `${defaults.baselines.join()}; popularity always is asked`,
      ),
    )
    .option(
      '--time-zone <name>',
      'of shops without one, of the hours in signals, and of --every',
      readText,
      defaults.timeZone,
    )
    .option('--holidays <file>', 'public holidays, as of snapshot build', readPath)
    .option(
      '--popularity-half-life-days <days>',
      'an action that is so many days older than the newest counts half',
      readPositive,
      defaults.popularityHalfLifeDays,
    )
    .option('--user-lists', 'put the list of every user that batch would make into the new version')
    .addOption(
      new Option('--user-list-limit <number>', `shops of a list (default: ${USER_LIST_LIMIT})`)
        .argParser(readLimit)
        .implies({ userLists: true }),
    )
    .addOption(
      new Option(
        '--locations <file>',
        'where users are, as of batch (default: at the shop of their last action)',
      )
        .argParser(readPath)
        .implies({ userLists: true }),
    );
  for (const option of trainingOptions()) command.addOption(option);
  command
    .addHelpText(
      'after',
      `
A new version is activated if the 95 % interval of the difference to the active one (new less active, paired, --metric, over the
test part) begins at −margin or above and 30 users or more are in it; without an active version, if that to popularity begins above 0.

Example:
  doorrank pipeline run --actions ./actions --shops shops.csv --store ./store --work ./work --version 2026-11-22
  doorrank pipeline run --actions ./actions --shops shops.csv --store ./store --work ./work \\
    --every "0 4 * * *" --time-zone Asia/Seoul`,
    )
    .action(runPipelineCommand);
}

function readMetric(text: string): string {
  const found = METRIC.exec(text);
  if (found !== null && Number(found[3] ?? 1) <= LIMIT_MAX) return text;
  throw new InvalidArgumentError(`Expected mrr or such as ndcg@5, with a number 1..${LIMIT_MAX}.`);
}

function readLimit(text: string): number {
  const limit = readWhole(text);
  if (limit <= LIMIT_MAX) return limit;
  throw new InvalidArgumentError(`Expected a whole number 1..${LIMIT_MAX}.`);
}

function readMargin(text: string): number {
  const margin = readNumber(text);
  if (margin >= 0 && margin <= 1) return margin;
  throw new InvalidArgumentError('Expected a number 0..1, such as 0.02.');
}

async function runPipelineCommand(options: PipelineRunOptions, command: Command): Promise<void> {
  const { actions, data, validationShare, testShare, every, timeZone, work } = options;
  if ((actions ?? data) === undefined) command.error('error: name what users did by --actions or --data');
  if (validationShare + testShare >= 1)
    command.error('error: --validation-share and --test-share must leave something to train on');
  checkTimeZone(timeZone);
  const request = requestOf(options);
  const schedule = every === undefined ? null : new Schedule(every, timeZone);
  const records = RunRecords.open(recordsPath(work));
  const stop = new Stop(records);
  try {
    if (schedule === null) await runOnce(request, options.version ?? nameOf(Date.now()), records, stop);
    else await runBySchedule(request, schedule, records, stop, command);
  } finally {
    records.close();
  }
}

type RunOfNoVersion = Omit<RunRequest, 'version' | 'scheduledMs'>;

/** Throws `RequestError` for a setting of the training that does not hold. */
function requestOf(options: PipelineRunOptions): RunOfNoVersion {
  const { actions = [], data, shops, locations, store, work, version: _, every: __, ...settings } = options;
  const { protocol, validationShare, testShare, metric, margin, candidates, types, casesMax, ...others } =
    settings;
  const { baselines, timeZone, holidays, popularityHalfLifeDays, ...more } = others;
  const { userLists, userListLimit = USER_LIST_LIMIT, ...training } = more;
  return {
    sources: { actions, data },
    shopsPath: shops,
    locationsPath: locations,
    store,
    work,
    settings: {
      ...PIPELINE_DEFAULTS,
      protocol,
      validationShare,
      testShare,
      metric,
      margin,
      candidates,
      types,
      caseCountMax: casesMax,
      baselines,
      timeZone,
      holidays: holidays === undefined ? undefined : readHolidays(holidays),
      popularityHalfLifeDays,
      userListLimit: userLists && userListLimit,
    },
    training: validate(TrainingOptionsSchema, training),
  };
}

/** Throws for a file that a build would refuse after hours of training. */
function readHolidays(path: string): unknown {
  const holidays = readJsonFile(path);
  holidaysByZone(holidays);
  return holidays;
}

function checkTimeZone(name: string): void {
  if (knownTimeZone(name) === undefined)
    throw new RequestError('timeZone', `must be an IANA name such as Asia/Seoul, got ${shown(name)}`);
}

async function runOnce(
  request: RunOfNoVersion,
  version: string,
  records: RunRecords,
  stop: Stop,
): Promise<void> {
  const outcome = await attempt({ ...request, version, scheduledMs: null }, records, stop);
  if (outcome.kind === 'busy') throw goingOn(outcome.other);
}

/** Until a signal. What ends a run is told, and the next one made all the same. */
async function runBySchedule(
  request: RunOfNoVersion,
  schedule: Schedule,
  records: RunRecords,
  stop: Stop,
  command: Command,
): Promise<void> {
  const clock = { nowMs: Date.now, sleep: stop.sleep, isStopped: stop.isStopped };
  const tellNext = (afterMs: number): void =>
    console.log(`next run at ${new Date(schedule.next(afterMs)).toISOString()}`);
  tellNext(Date.now());
  await runOnSchedule(schedule, clock, async (scheduledMs): Promise<Attempt> => {
    try {
      const run = { ...request, version: nameOf(scheduledMs), scheduledMs };
      const outcome = await attempt(run, records, stop);
      if (outcome.kind === 'busy') {
        console.log(`run ${outcome.other.runNumber} goes on elsewhere`);
        return 'busy';
      }
      if (outcome.kind === 'unchanged')
        console.log(`nothing new since run ${outcome.other.runNumber}, so no version is made`);
      if (outcome.kind === 'past') console.log(`run ${outcome.other.runNumber} has been made elsewhere`);
    } catch (error) {
      reportFailure(error, command);
    }
    tellNext(Math.max(Date.now(), scheduledMs));
    return 'over';
  });
}

/** Makes a run, shows it, and says what became of it. */
async function attempt(request: RunRequest, records: RunRecords, stop: Stop): Promise<RecordedOutcome> {
  const watch = pipelineDisplay();
  try {
    const outcome = await runInThread(request, records, watch, (runNumber) => stop.begun(runNumber));
    watch.stop();
    if (outcome.kind === 'made') console.log(runText(records.lastOf(request.version)!));
    return outcome;
  } finally {
    stop.ended();
    watch.stop();
  }
}

/** `2026-11-22-0400`, in UTC: names sort as time does, and all instances give one moment one name. */
function nameOf(ms: number): string {
  const iso = new Date(ms).toISOString();
  return `${iso.slice(0, 10)}-${iso.slice(11, 13)}${iso.slice(14, 16)}`;
}

type StopSignal = 'SIGTERM' | 'SIGINT';

/** Ends the program on SIGTERM and SIGINT: at once, and a run that goes on is recorded as broken, so that nobody waits for its lease. */
class Stop {
  readonly #records: RunRecords;
  readonly #asleep = new AbortController();
  #runNumber: number | null = null;
  #signal: StopSignal | null = null;

  constructor(records: RunRecords) {
    this.#records = records;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => this.#stop(signal));
  }

  begun(runNumber: number): void {
    this.#runNumber = runNumber;
    if (this.#signal !== null) this.#stop(this.#signal); // that came while it began
  }

  ended(): void {
    this.#runNumber = null;
  }

  readonly isStopped = (): boolean => this.#asleep.signal.aborted;

  readonly sleep = async (ms: number): Promise<void> => {
    await after(ms, undefined, { signal: this.#asleep.signal }).catch(() => {}); // stopped: there is nothing to wait for
  };

  #stop(signal: StopSignal): void {
    this.#signal = signal;
    this.#asleep.abort();
    if (this.#runNumber === null) return;
    this.#records.end(this.#runNumber, 'broken', `stopped by ${signal}`, Date.now());
    process.exit(128 + constants.signals[signal]);
  }
}
