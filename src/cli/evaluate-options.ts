/** The options of `doorrank evaluate`: how their values are read, which of them go together, and what they ask for. */
import { InvalidArgumentError, type Command } from 'commander';
import { BASELINE_NAMES, type BaselineName } from '../evaluation/baselines/baselines.ts';
import type { Protocol } from '../evaluation/cases.ts';
import { besideName, EVALUATION_DEFAULTS, SUBJECT } from '../evaluation/evaluate.ts';
import type { VersionOptions } from '../evaluation/evaluate-version.ts';
import type { CandidateRule } from '../evaluation/replayed-snapshot.ts';
import { LIMIT_MAX } from '../recommender/request-bounds.ts';
import type { RecommendRequest } from '../recommender/request.ts';
import { readJsonFile } from './json-file.ts';
import { readJson, readNumber, readPath, readText } from './option-values.ts';

export const MINUTE_MS = 60_000;
/** Instead of names of baselines. */
export const NO_BASELINES = 'none';

export interface EvaluateOptions {
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
  readonly beside?: string;
  readonly against?: string;
  readonly heavyFrom: number;
  readonly seed: number;
  readonly json?: string;
  readonly plot?: string;
}

/** One more path of an option that takes several. */
export function readPaths(text: string, before: readonly string[] = []): string[] {
  return [...before, readPath(text)];
}

export function readShare(text: string): number {
  const share = readNumber(text);
  if (share > 0 && share < 1) return share;
  throw new InvalidArgumentError('Expected a share between 0 and 1, such as 0.2.');
}

export function readInstant(text: string): number {
  const isInstant = /^\d{4}-\d{2}-\d{2}T.*(Z|[+-]\d{2}:\d{2})$/.test(text);
  const ms = isInstant ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  throw new InvalidArgumentError('Expected an ISO 8601 instant, such as 2026-11-22T12:00:00Z.');
}

export function readNames(text: string): string[] {
  return readText(text).split(',');
}

export function readWhole(text: string): number {
  const value = readNumber(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('Expected a whole number from 1 on.');
}

export function readKs(text: string): number[] {
  const ks = [...new Set(text.split(',').map(readWhole))].toSorted((a, b) => a - b);
  if (ks.at(-1)! <= LIMIT_MAX) return ks;
  throw new InvalidArgumentError(`Expected numbers 1..${LIMIT_MAX}, such as 1,5,10.`);
}

export function readBaselines(text: string): BaselineName[] {
  if (text === NO_BASELINES) return [];
  const names = [...new Set(readNames(text))];
  const unknown = names.find((name) => !(BASELINE_NAMES as string[]).includes(name));
  if (unknown === undefined) return names as BaselineName[];
  throw new InvalidArgumentError(`No baseline ${unknown}; expected some of ${BASELINE_NAMES.join(', ')}.`);
}

/** JSON, or the path of a file that holds it. */
export function readRequest(text: string): unknown {
  return text.trimStart().startsWith('{') ? readJson(text) : readJsonFile(readPath(text));
}

/** What single options cannot tell. */
export function checkUsage(options: EvaluateOptions, command: Command): void {
  const { protocol, lastOfSessions, targets, against, test, testShare, testFrom } = options;
  if ((test ?? testShare ?? testFrom) === undefined)
    command.error('error: name the test part by --test, --test-share or --test-from');
  if (protocol === 'new' && (lastOfSessions ?? targets) !== undefined)
    command.error('error: --last-of-sessions and --targets choose among next shops; leave them out with new');
  const rankers = rankersOf(options);
  if (against !== undefined && !rankers.includes(against))
    command.error(`error: --against must name ${rankers.join(', ')}, got ${against}`);
}

/** What is asked of which version, but for `targets`, which are read from files. */
export function versionOptionsOf(options: EvaluateOptions, version: string): VersionOptions {
  const { beside, against, k: ks } = options;
  const { depth } = EVALUATION_DEFAULTS;
  const usual = beside === undefined ? EVALUATION_DEFAULTS.reference : besideName(beside);
  return {
    ...EVALUATION_DEFAULTS,
    version,
    beside,
    protocol: options.protocol,
    types: options.types,
    lastOfSessions: options.lastOfSessions,
    sessionGapMs: options.sessionGapMinutes * MINUTE_MS,
    caseCountMax: options.casesMax,
    candidates: options.candidates,
    request: options.with,
    ks,
    depth: Math.max(depth, ks.at(-1)!),
    baselines: options.baselines,
    reference: against ?? (rankersOf(options).includes(usual) ? usual : SUBJECT),
    heavyFrom: options.heavyFrom,
    seed: options.seed,
  };
}

/** The names of all that are asked. */
function rankersOf({ beside, baselines }: EvaluateOptions): string[] {
  return [SUBJECT, ...(beside === undefined ? [] : [besideName(beside)]), ...baselines];
}
