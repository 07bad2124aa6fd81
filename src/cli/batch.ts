/** `doorrank batch`: makes the top list of every user ahead of time, as a table and as lists for a snapshot. */
import { existsSync, realpathSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { ACTION_STORE_DEFAULTS } from '../actions/action-store.ts';
import { batchRequest } from '../batch/batch-request.ts';
import { BatchUsers } from '../batch/batch-users.ts';
import { readUserLocations } from '../batch/read-user-locations.ts';
import { runBatch, type BatchOutput, type BatchReport } from '../batch/run-batch.ts';
import { withSharedSnapshot } from '../batch/shared-snapshot.ts';
import type { Location } from '../domain/location.ts';
import type { RecommendRequest } from '../recommender/request.ts';
import { SnapshotStore } from '../snapshot/snapshot-store.ts';
import { askedVersion, readInstant, readRequest, readWhole } from './case-options.ts';
import { readPath, readPaths, readText, storeOption } from './option-values.ts';
import { progressDisplay, timeLeftText } from './progress-display.ts';
import { readLog } from './read-log.ts';
import { removingFilesAside } from './removing-files-aside.ts';
import { warningLog } from './warning-log.ts';

const LIMIT_DEFAULT = 100;
const THREADS_MAX = 64;

interface BatchOptions {
  readonly store: string;
  readonly version?: string;
  readonly actions: readonly string[];
  readonly locations?: string;
  readonly at?: number;
  readonly limit: number;
  readonly with: Partial<RecommendRequest>;
  readonly threads: number;
  readonly out: string;
  readonly userLists?: string;
}

export function batchCommand(program: Command): void {
  program
    .command('batch')
    .description('make the top list of every user ahead of time, where their last action was')
    .addOption(storeOption().makeOptionMandatory())
    .option('--version <name>', 'version in the store (default: the active one)', readText)
    .requiredOption(
      '--actions <paths...>',
      'what users did: .csv, .ndjson or .parquet with userId, at, shopId or keyword, type, or folders of them',
      readPaths,
    )
    .option(
      '--locations <file>',
      'where users are: .csv, .ndjson or .parquet with userId, lon, lat (default: at the shop of their last action)',
      readPath,
    )
    .option(
      '--at <instant>',
      'the moment to answer for, such as 2026-11-22T12:00:00Z (default: now)',
      readInstant,
    )
    .option('--limit <number>', 'shops of a list', readWhole, LIMIT_DEFAULT)
    .option(
      '--with <json>',
      'more of every request, such as {"filter":{"rating":{"min":4}}}, or a file of it',
      readRequest,
      {},
    )
    .addOption(
      new Option('--threads <number>', 'that make lists; the files are the same with any number')
        .argParser(readThreads)
        .default(availableParallelism()),
    )
    .requiredOption('--out <file>', '.parquet: userId, rank, shopId, score, basis', readTablePath)
    .option(
      '--user-lists <file>',
      '.ndjson or .parquet for snapshot build --user-lists: the lists that rest on what users did',
      readListsPath,
    )
    .addHelpText(
      'after',
      `
A list is served at other hours than it is made: closed shops are in it unless --with says {"openOnly":true}.

Example:
  doorrank batch --store ./store --actions ./actions --out lists.parquet --user-lists lists.ndjson
  doorrank snapshot build … --user-lists lists.ndjson --version 2026-11-23 --store ./store --activate`,
    )
    .action((options: BatchOptions, command: Command) => {
      checkUsage(options, command);
      return removingFilesAside(() => runBatchCommand(options));
    });
}

function readThreads(text: string): number {
  const threads = readWhole(text);
  if (threads <= THREADS_MAX) return threads;
  throw new InvalidArgumentError(`Expected a whole number 1..${THREADS_MAX}.`);
}

function readTablePath(text: string): string {
  return readPathEnding(text, ['.parquet']);
}

function readListsPath(text: string): string {
  return readPathEnding(text, ['.ndjson', '.jsonl', '.parquet']);
}

function readPathEnding(text: string, endings: readonly string[]): string {
  const path = readPath(text);
  if (endings.some((ending) => path.toLowerCase().endsWith(ending))) return path;
  throw new InvalidArgumentError(`Expected a name ending in ${endings.join(', ')}.`);
}

/** Which of two files of one name is meant, nobody can say afterwards. */
function checkUsage({ out, userLists }: BatchOptions, command: Command): void {
  if (userLists !== undefined && placeOf(userLists) === placeOf(out))
    command.error(`error: --out and --user-lists are both ${out}; name two files`);
}

function placeOf(path: string): string {
  const directory = dirname(resolve(path));
  return join(existsSync(directory) ? realpathSync(directory) : directory, basename(path));
}

async function runBatchCommand(options: BatchOptions): Promise<void> {
  const store = SnapshotStore.open(options.store);
  const version = askedVersion(options, store);
  const path = store.pathOf(version); // before much is read
  const nowMs = options.at ?? Date.now();
  const locations = await readLocations(options.locations);
  const log = await readLog(options.actions, 'actions');
  const output: BatchOutput = { table: options.out, userLists: options.userLists };
  await withSharedSnapshot(path, version, options.threads, async (snapshot) => {
    const { generation } = snapshot;
    const request = batchRequest(options.with, options.limit, nowMs, generation, warningLog);
    const { actionsPerUserMax } = ACTION_STORE_DEFAULTS;
    const users = new BatchUsers(log, generation, { nowMs, actionsPerUserMax, locations });
    const startMs = performance.now();
    const display = progressDisplay('users', 'lists'.length);
    try {
      const report = await runBatch(snapshot, request, users, output, (done, total) => {
        const note = noteOf(done, total, performance.now() - startMs);
        display.report({ phase: 'lists', done, total, note });
      });
      display.stop();
      const seconds = (performance.now() - startMs) / 1000;
      console.log(reportLines(options, version, report, users, seconds).join('\n'));
    } finally {
      display.stop();
    }
  });
}

async function readLocations(path: string | undefined): Promise<ReadonlyMap<string, Location>> {
  if (path === undefined) return new Map();
  const display = progressDisplay('bytes', 'locations'.length);
  try {
    return await readUserLocations(path, (done, total) =>
      display.report({ phase: 'locations', done, total }),
    );
  } finally {
    display.stop();
  }
}

/** Such as `of 100000 users, 2380 users/s, 12 s left`. */
function noteOf(done: number, total: number, elapsedMs: number): string {
  const parts = [`of ${total} users`, `${Math.round((1000 * done) / elapsedMs)} users/s`];
  return [...parts, ...timeLeftText(done, total, elapsedMs)].join(', ');
}

function reportLines(
  { out, userLists, threads }: BatchOptions,
  version: string,
  { userCount, shopCount, basisCounts, emptyCount, userListCount }: BatchReport,
  { unplacedCount, laterCount }: Pick<BatchUsers, 'unplacedCount' | 'laterCount'>,
  seconds: number,
): string[] {
  const bases = Object.entries(basisCounts).map(([basis, count]) => `${count} ${basis}`);
  const lines = [
    `made    lists of ${userCount} users by version ${version}: ${[...bases, `${emptyCount} empty`].join(', ')}`,
    `in      ${seconds.toFixed(1)} s, ${Math.round(userCount / seconds)} users a second, ${threads} threads`,
    `wrote   ${out}: ${shopCount} rows`,
  ];
  if (userLists !== undefined)
    lines.push(`wrote   ${userLists}: ${userListCount} lists, for snapshot build --user-lists`);
  if (unplacedCount > 0)
    lines.push(
      `${unplacedCount} users were left out: none of their shops is in the version; give their places with --locations`,
    );
  if (laterCount > 0)
    lines.push(
      `${laterCount} users were left out: they have done nothing by the moment that is answered for`,
    );
  return lines;
}
