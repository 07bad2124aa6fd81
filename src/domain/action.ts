/** What a user did: searched a keyword, viewed or ordered from a shop, at a time. */
import { z } from 'zod';
import { numberWithin } from '../base/bounds.ts';
import { IMPRESSION } from './impression.ts';

export const ID_CHARACTERS_MAX = 256;
export const KEYWORD_CHARACTERS_MAX = 200;
/** An action type is a short word, so that it can be a label in metrics and a key in configuration. */
const ACTION_TYPE = /^[a-z][a-z0-9_-]{0,31}$/;

/** Half a surrogate pair is no character: it has no UTF-8 form, so it could not be stored as it is. */
const isWholeText = (text: string): boolean => text.isWellFormed();
const WHOLE_TEXT = { error: 'must be whole Unicode text, without half characters' };

const id = (what: string) =>
  z
    .string({ error: `must be ${what} as text` })
    .min(1, { error: `must be ${what} of 1..${ID_CHARACTERS_MAX} characters` })
    .max(ID_CHARACTERS_MAX, { error: `must be ${what} of 1..${ID_CHARACTERS_MAX} characters` })
    .refine(isWholeText, WHOLE_TEXT);

export const UserIdSchema = id('a user id');
export const ShopIdSchema = id('a shop id');
const KeywordSchema = z
  .string({ error: 'must be text' })
  .min(1, { error: `must be 1..${KEYWORD_CHARACTERS_MAX} characters` })
  .max(KEYWORD_CHARACTERS_MAX, { error: `must be 1..${KEYWORD_CHARACTERS_MAX} characters` })
  .refine(isWholeText, WHOLE_TEXT);
/** An instant as ISO 8601 text with an offset or `Z`. */
export const InstantSchema = z.iso
  .datetime({ offset: true, error: 'must be an ISO 8601 instant such as "2026-11-22T12:00:00Z"' })
  .refine((text) => Date.parse(text) >= 0, { error: 'must not lie before 1970' });

/** An action counts at most so many times as much as one of weight 1, and pushes down at most as much. */
export const WEIGHT_MAX = 100;

export const WeightSchema = numberWithin(-WEIGHT_MAX, WEIGHT_MAX);
export const ActionTypeSchema = z.string().regex(ACTION_TYPE, {
  error: 'must be a word such as "search", "view" or "order" (a-z, 0-9, _ and -, 32 characters at most)',
});
/**
 * The `answerId` of an answer: what it showed, in a form that only an engine reads. As long as what all its pages showed,
 * 4 characters for 3 shops, so it has no bound but that of the body which brings it.
 */
export const AnswerIdSchema = z
  .string({ error: 'must be the answerId of an answer' })
  .min(1, { error: 'must be the answerId of an answer' })
  .regex(/^[A-Za-z0-9_-]+$/, { error: 'must be the answerId of an answer, as it was' });

const actionFields = {
  type: ActionTypeSchema,
  keyword: KeywordSchema.optional(),
  shopId: ShopIdSchema.optional(),
  answerId: AnswerIdSchema.optional().describe('with the type "impression": all shops of that answer'),
  weight: WeightSchema.optional().describe(
    'how much it counts among actions of its type, 1 if absent; below 0 it pushes down',
  ),
  at: InstantSchema.optional(),
};

interface Targets {
  readonly type: string;
  readonly keyword?: string | undefined;
  readonly shopId?: string | undefined;
  readonly answerId?: string | undefined;
}
function hasOneTarget({ keyword, shopId, answerId }: Targets): boolean {
  return [keyword, shopId, answerId].filter((target) => target !== undefined).length === 1;
}
const ONE_TARGET = { error: 'must have either a keyword or a shopId; an impression a shopId or an answerId' };
/** Only shops are shown, and only what was shown is named by an answer. */
function fitsType({ type, keyword, answerId }: Targets): boolean {
  return type === IMPRESSION ? keyword === undefined : answerId === undefined;
}
const FITS_TYPE = {
  error: 'must be about a shopId or an answerId if it is an impression, only then about an answerId',
};

/** An action as it is sent: exactly one target; `id` and `at` are given by the server if absent. */
export const ActionInputSchema = z
  .strictObject({ id: id('an action id').optional(), userId: UserIdSchema, ...actionFields })
  .refine(hasOneTarget, ONE_TARGET)
  .refine(fitsType, FITS_TYPE);
/** An action that a request brings along instead of a user id. */
export const RequestActionSchema = z
  .strictObject(actionFields)
  .refine(hasOneTarget, ONE_TARGET)
  .refine(fitsType, FITS_TYPE);

export type ActionInput = z.infer<typeof ActionInputSchema>;
export type RequestAction = z.infer<typeof RequestActionSchema>;

/** What an action is about. Exactly one is there. */
export type ActionTarget =
  | { readonly keyword: string; readonly shopId?: never; readonly shopIds?: never }
  | { readonly shopId: string; readonly keyword?: never; readonly shopIds?: never }
  /** An impression. */
  | { readonly shopIds: readonly string[]; readonly keyword?: never; readonly shopId?: never };

/** A stored action. `atMs` is milliseconds since 1970-01-01T00:00:00Z. */
export type Action = ActionTarget & {
  readonly id: string;
  readonly userId: string;
  readonly type: string;
  readonly atMs: number;
  /** Absent: 1. */
  readonly weight?: number;
};
