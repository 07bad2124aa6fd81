/** Which of the ranked shops make the list: the part of a request about repetition, variety, promotion and fallback. */
import { z } from 'zod';
import { numberWithin, wholeNumber } from '../base/bounds.ts';
import { FilterSchema } from '../catalog/filter.ts';
import { ActionTypeSchema } from '../domain/action.ts';
import { RADIUS_METERS_UNLIMITED } from '../domain/location.ts';
import { ColumnNameSchema } from './fusion-schema.ts';
import { FALLBACK_STEPS, IMPRESSION_COUNT_MAX, LIMIT_MAX, WIDENINGS_MAX } from './request-bounds.ts';

const MINUTES_MAX = 10_000_000;
const TYPE_COUNT_MAX = 50;
const MMR_LAMBDA_DEFAULT = 0.7;
const SHOWN_HALF_LIFE_MINUTES_DEFAULT = 1_440;
const PER_VALUE_COLUMNS_MAX = 4;

/** Which shops count as seen. */
export const ExcludeSeenSchema = z.union(
  [
    z.boolean(),
    z.strictObject({
      types: z.array(ActionTypeSchema).min(1).max(TYPE_COUNT_MAX).optional(),
      maxAgeMinutes: numberWithin(0, MINUTES_MAX).optional(),
    }),
  ],
  { error: 'must be true, false or { "types"?: […], "maxAgeMinutes"? }' },
);

/** What was shown lately counts less. */
export const RepetitionSchema = z.strictObject({
  penalty: numberWithin(0, 1).describe(
    'What a shop loses that was shown a moment ago: score − |score| · (1 − (1 − penalty)^e), e = Σ 2^(−age / halfLife) ' +
      `over the impressions of it, of which the user's newest ${IMPRESSION_COUNT_MAX} count.`,
  ),
  halfLifeMinutes: numberWithin(0.01, MINUTES_MAX).default(SHOWN_HALF_LIFE_MINUTES_DEFAULT),
});

export const DiversitySchema = z.strictObject({
  mmr: z
    .strictObject({
      lambda: numberWithin(0, 1)
        .default(MMR_LAMBDA_DEFAULT)
        .describe('1: the order of scores; 0: as unlike as can be.'),
    })
    .optional()
    .describe(
      'Maximal marginal relevance (Carbonell & Goldstein, SIGIR 1998): the next shop is the one with the largest ' +
        'lambda · x − (1 − lambda) · c, x its score brought to 0..1 among the best max(100, 5 · limit), at most 1,000, ' +
        'c the largest cosine of its embedding and those chosen before, 0 for the first.',
    ),
  maxPer: z
    .record(ColumnNameSchema, wholeNumber(1, LIMIT_MAX), { error: 'must be an object of counts by column' })
    .refine((counts) => Object.keys(counts).length <= PER_VALUE_COLUMNS_MAX, {
      error: `must name at most ${PER_VALUE_COLUMNS_MAX} columns`,
    })
    .optional()
    .describe(
      'At most so many shops of one answer have the same value in a column of texts, such as {"category":3,"chain":1}.',
    ),
});

export const PromotionSchema = z.strictObject({
  filter: FilterSchema,
  share: numberWithin(0, 1).describe(
    'Of the places of an answer, evenly spread: 0.2 makes every fifth one that of the best shop left that passes the ' +
      'filter. Without such a shop the place goes to the next one in order.',
  ),
});

export const FallbackSchema = z.strictObject({
  steps: z
    .array(
      z.enum(FALLBACK_STEPS, { error: `must be ${FALLBACK_STEPS.map((step) => `"${step}"`).join(', ')}` }),
    )
    .min(1, { error: 'must hold at least one step' })
    .refine((steps) => new Set(steps).size === steps.length, { error: 'must hold each step once' })
    .default(['actions', 'list', 'popular'])
    .describe(
      "What to try, in this order, until an answer has `shopCountMin` shops: the user's actions; the list that the " +
        'snapshot holds for the user; popularity; the steps before it within a radius that doubles up to ' +
        '`radiusMetersMax`. If none has as many, the one with the most is the answer. `basis` names the step.',
    ),
  shopCountMin: wholeNumber(1, LIMIT_MAX).default(1).describe('Counts up to `limit`.'),
  radiusMetersMax: numberWithin(1, RADIUS_METERS_UNLIMITED)
    .optional()
    .describe(
      `How far "wider" goes, in at most ${WIDENINGS_MAX} doublings, which is ${2 ** WIDENINGS_MAX} times \`radiusMeters\`; four times if absent. Shops' own zones always hold.`,
    ),
});
