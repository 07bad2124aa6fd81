/** Every setting of a training: type, default, unit, bounds. */
import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { numberWithin, wholeNumber } from '../base/bounds.ts';

const DIMENSIONS_MIN = 32;
const DIMENSIONS_MAX = 256;
const MULTIPLE = { error: `must be a multiple of 4 within ${DIMENSIONS_MIN}..${DIMENSIONS_MAX}` };
/** Unless they are said. */
const EPOCHS_MIN = 5;
const EPOCHS_MAX = 100;
/** With so many the loss has come down (synthetic towns of 2,000 to 300,000 actions); with a tenth, nothing is learned yet. */
const ACTIONS_PER_ROW = 100;
/** A hundred years: all that a user ever did is one session. */
const GAP_MINUTES_MAX = 52_560_000;

export const TrainingOptionsSchema = z
  .strictObject({
    dimensions: wholeNumber(DIMENSIONS_MIN, DIMENSIONS_MAX)
      .multipleOf(4, MULTIPLE)
      .default(64)
      .describe('of the embeddings; a multiple of 4'),
    epochs: wholeNumber(1, 1_000)
      .optional()
      .describe(
        `times that all sessions are gone through; if unsaid ${EPOCHS_MIN} to ${EPOCHS_MAX}, so that a shop or keyword has ` +
          `${ACTIONS_PER_ROW} actions on average`,
      ),
    windowSize: wholeNumber(1, 64)
      .default(5)
      .describe('how far apart two actions of a session may be to count as context, in actions'),
    negatives: wholeNumber(1, 60)
      .default(5)
      .describe('drawn for each pair: what the user did not do; 5, 11, 17 … fill the vectors best'),
    nearbyNegatives: wholeNumber(0, 60)
      .default(2)
      .describe('of them, so many are shops of the same neighbourhood'),
    neighbourhoodMeters: wholeNumber(100, 1_000_000)
      .default(2_000)
      .describe('side of a neighbourhood, meters'),
    sessionGapMinutes: numberWithin(1, GAP_MINUTES_MAX)
      .default(30)
      .describe(
        'a longer pause begins another session, of which things are learned together, minutes; evaluate and fit choose cases by their own',
      ),
    // Of a shop with one action 10 nearest share its category in 86 %; placed beside its neighbours all do (synthetic town).
    countMin: wholeNumber(1, 1_000_000)
      .default(2)
      .describe('shops and keywords with fewer actions are not learned from them'),
    subsampling: numberWithin(0, 1)
      .default(1e-3)
      .describe('what makes up more than this share of all actions is left out at times; 0 never'),
    // With 30,000 actions word2vec's 0.025 takes 20 epochs to the loss that 0.1 has after 5; with 300,000 it ends 18 % higher.
    learningRate: numberWithin(1e-6, 1)
      .default(0.1)
      .describe('of the first step; it falls linearly to almost 0'),
    threads: wholeNumber(1, 64)
      .default(availableParallelism())
      .describe('that train; only with 1 the same seed gives the same bits'),
    seed: wholeNumber(0, 2 ** 32 - 1)
      .default(1)
      .describe('of every random choice'),
  })
  .refine(({ negatives, nearbyNegatives }) => nearbyNegatives <= negatives, {
    path: ['nearbyNegatives'],
    error: 'must be at most as many as negatives',
  });

/** Settings that are left out have their default. */
export type TrainingOptions = z.input<typeof TrainingOptionsSchema>;
/** Settings as they are used. */
export type TrainingSettings = z.output<typeof TrainingOptionsSchema> & { readonly epochs: number };

/** The epochs of a training of `rowCount` shops and keywords on sessions of `actionCount` actions, unless they are said. */
export function epochsFor(rowCount: number, actionCount: number): number {
  const wanted = Math.ceil((ACTIONS_PER_ROW * rowCount) / actionCount);
  return Math.min(EPOCHS_MAX, Math.max(EPOCHS_MIN, wanted));
}
