/** Every setting of an engine: type, default, unit, bounds. The README's table is made from the same words. */
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { ACTION_STORE_DEFAULTS, COMMIT_DELAY_MS_MAX } from '../actions/action-store.ts';
import { wholeNumber } from '../base/bounds.ts';
import { RequestDefaultsSchema, type RequestDefaults } from '../recommender/request.ts';
import { isVersionName } from '../snapshot/version-name.ts';

const directory = (what: string) =>
  z.string({ error: `must be ${what}` }).min(1, { error: `must be ${what}` });

/** A version that is kept loaded beside the active one, and how much goes to it: 0..1. */
export interface VersionShare {
  readonly version: string;
  readonly share: number;
}

const VERSION_SHARE = { error: 'must be a version and its share, 0..100 %, such as "v2=10%"' };

const VersionShareSchema = z.string(VERSION_SHARE).transform((text, context): VersionShare => {
  const [, version, percent] = /^([^=]+)=(\d{1,3}(?:\.\d+)?)%$/.exec(text) ?? [];
  if (isVersionName(version) && Number(percent) <= 100) return { version, share: Number(percent) / 100 };
  context.addIssue({ code: 'custom', message: VERSION_SHARE.error, input: text });
  return z.NEVER;
});

/**
 * One for each core, four at most: the calling thread waits while they divide a large request among themselves. With a
 * single core there is nothing to divide it among.
 */
const THREADS_DEFAULT = availableParallelism() === 1 ? 0 : Math.min(4, availableParallelism());

/** Checked, and kept as it was written: what a default fills in would look decided. */
const WrittenDefaultsSchema = z.custom<RequestDefaults>().superRefine((written, context) => {
  const { error } = RequestDefaultsSchema.safeParse(written);
  for (const issue of error?.issues ?? []) context.addIssue(issue as Parameters<typeof context.addIssue>[0]);
});

export const EngineOptionsSchema = z.strictObject({
  store: directory('the directory of the snapshots').describe(
    'directory of the snapshots and the pointer to the active one',
  ),
  data: directory('the directory of the recorded actions').describe(
    'directory of the recorded actions; one process at a time',
  ),
  mapping: z
    .enum(['auto', 'copy'], { error: 'must be "auto" or "copy"' })
    .default('auto')
    .describe('`auto` maps snapshots where the system can, `copy` always reads them into memory'),
  threads: wholeNumber(0, 64)
    .default(THREADS_DEFAULT)
    .describe(
      'worker threads for large requests and for many at once; 0 runs everything on the calling thread',
    ),
  queueMax: wholeNumber(1, 100_000)
    .default(1_000)
    .describe('large requests that may wait for a worker before new ones are refused'),
  storePollMs: wholeNumber(0, 3_600_000)
    .default(500)
    .describe('how often to look for a version activated by another process, milliseconds; 0 never'),
  actionsPerUserMax: wholeNumber(1, 100_000)
    .default(ACTION_STORE_DEFAULTS.actionsPerUserMax)
    .describe('newest actions kept per user, and as many impressions'),
  actionAgeDaysMax: wholeNumber(1, 36_500)
    .default(ACTION_STORE_DEFAULTS.ageDaysMax)
    .describe('actions older than this are dropped, days'),
  usersInMemoryMax: wholeNumber(1, 100_000_000)
    .default(ACTION_STORE_DEFAULTS.usersInMemoryMax)
    .describe('users whose newest actions are held in memory'),
  commitDelayMs: wholeNumber(0, COMMIT_DELAY_MS_MAX)
    .default(ACTION_STORE_DEFAULTS.commitDelayMs)
    .describe('how long a recorded action may wait for others to share its disk write, milliseconds'),
  defaults: WrittenDefaultsSchema.optional().describe(
    'what requests are answered with that do not say it: `fusion`, `fallback`, `diversity` and other parts of a request',
  ),
  split: VersionShareSchema.optional().describe(
    'answers this share of the users from another version, such as `v2=10%`, always the same users',
  ),
  splitSeed: z
    .string({ error: 'must be text' })
    .optional()
    .describe('shuffles the users of the split anew; the version of the split if absent'),
  shadow: VersionShareSchema.optional().describe(
    'answers this share of the requests from another version too, such as `v2=5%`, and measures how the answers differ',
  ),
});

/** As callers write them: what has a default may be left out. */
export type EngineOptions = z.input<typeof EngineOptionsSchema>;
export type CheckedEngineOptions = z.output<typeof EngineOptionsSchema>;
