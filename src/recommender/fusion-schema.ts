/** How a request's rankings become one: the part of it that says what counts, and how much. */
import { z } from 'zod';
import { numberWithin, wholeNumber } from '../base/bounds.ts';
import { ActionTypeSchema, InstantSchema, WEIGHT_MAX, WeightSchema } from '../domain/action.ts';
import { DISMISS_WEIGHT } from './action-weights.ts';
import { DEPTH_MAX, LIMIT_MAX, SIGNAL_COUNT_MAX, SIGNAL_NAMES, VECTOR_COUNT_MAX } from './request-bounds.ts';

/** Constant of Reciprocal Rank Fusion; 60 as in Cormack, Clarke & Büttcher, SIGIR 2009. */
const RRF_K_DEFAULT = 60;
const HALF_LIFE_MINUTES_DEFAULT = 60;
/**
 * How many of the best candidates of each action's ranking take part in the fusion. What a shop beyond rank 1,000
 * would add is less than 1/17 of what the first gets; ordering it would cost more than all the rest of a request.
 */
const DEPTH_DEFAULT = LIMIT_MAX;
const TYPE_COUNT_MAX = 50;
const COLUMN_CHARACTERS_MAX = 256;

export const METHOD_DEFAULT = 'rrf';
const METHODS = ['rrf', 'weighted', 'max', 'mean', 'linear'] as const;
const SIMILARITY = { error: 'must be a finite number' };

/** The name of a column of the catalog. */
export const ColumnNameSchema = z
  .string({ error: 'must be the name of a column' })
  .min(1, { error: 'must be the name of a column' })
  .max(COLUMN_CHARACTERS_MAX, { error: `must have at most ${COLUMN_CHARACTERS_MAX} characters` });

/** A record of at most `countMax` entries. */
function recordOf<K extends z.ZodType<string>, V extends z.ZodType>(
  key: K,
  value: V,
  countMax: number,
  what: string,
) {
  return z
    .record(key, value, { error: `must be an object of ${what}` })
    .refine((record) => Object.keys(record).length <= countMax, {
      error: `must have at most ${countMax} of ${what}`,
    });
}

export const FusionSchema = z
  .strictObject({
    method: z
      .enum(METHODS, { error: `must be ${METHODS.map((method) => `"${method}"`).join(', ')}` })
      .default(METHOD_DEFAULT)
      .describe(
        'Of each ranking that holds the shop, with x = (similarity − least) / (largest − least) within the ranking: ' +
          'rrf: Σ weight / (k + rank). weighted: Σ weight · x. mean: Σ weight · x / Σ |weight|. ' +
          'max: the largest weight · x, less the largest |weight| · x of negative weights. ' +
          'linear: Σ weight · (similarity − least), and of signals Σ weight · strength: the utility of a conditional ' +
          'logit (McFadden 1974), whose weights `doorrank fit` finds.',
      ),
    k: numberWithin(0, 10_000)
      .default(RRF_K_DEFAULT)
      .describe('Of rrf: a shop at rank r of a ranking gets weight / (k + r).'),
    halfLifeMinutes: numberWithin(0.01, 10_000_000)
      .default(HALF_LIFE_MINUTES_DEFAULT)
      .describe('The weight of an action halves whenever it has aged by so much.'),
    depth: wholeNumber(1, DEPTH_MAX)
      .default(DEPTH_DEFAULT)
      .describe('Entries of each ranking that take part, at least `limit`.'),
    typeWeights: recordOf(ActionTypeSchema, WeightSchema, TYPE_COUNT_MAX, 'weights by action type')
      .default({})
      .describe(
        `How much actions of a type count, -${WEIGHT_MAX}..${WEIGHT_MAX}; 1 if absent, "dismiss" ${DISMISS_WEIGHT}. ` +
          'Below 0 they push down, at 0 they take no part.',
      ),
    signals: recordOf(ColumnNameSchema, WeightSchema, SIGNAL_COUNT_MAX, 'weights by signal')
      .default({})
      .describe(
        `What else counts, and how much: ${SIGNAL_NAMES.join(', ')} or a column of numbers; with rrf, weighted and linear.`,
      ),
    minSimilarity: z
      .number(SIMILARITY)
      .optional()
      .describe(
        'Rankings of actions and vectors end before the first similarity below it; shops in none that counts for ' +
          'them are left out.',
      ),
  })
  .refine(({ method, signals }) => takesSignals(method) || Object.keys(signals).length === 0, {
    path: ['signals'],
    error:
      'must be empty with "max" and "mean", which compare similarities alone; use "rrf", "weighted" or "linear"',
  });

function takesSignals(method: (typeof METHODS)[number]): boolean {
  return method !== 'max' && method !== 'mean';
}

/** A query vector that the caller brings along. */
const QueryVectorSchema = z.strictObject({
  vector: z.array(z.number({ error: 'must be a finite number' })),
  weight: WeightSchema.default(1),
  at: InstantSchema.optional().describe('ages like an action of this moment; absent: of now'),
});

export const VectorsSchema = z
  .array(QueryVectorSchema, { error: 'must be an array of { "vector", "weight"? }' })
  .max(VECTOR_COUNT_MAX, { error: `must hold at most ${VECTOR_COUNT_MAX} vectors` });
