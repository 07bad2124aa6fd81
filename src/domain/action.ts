/** What a user did: searched a keyword, viewed or ordered from a shop, at a time. */
import { z } from 'zod';

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

const actionFields = {
  type: z.string().regex(ACTION_TYPE, {
    error: 'must be a word such as "search", "view" or "order" (a-z, 0-9, _ and -, 32 characters at most)',
  }),
  keyword: KeywordSchema.optional(),
  shopId: ShopIdSchema.optional(),
  at: InstantSchema.optional(),
};
const oneTarget = (action: { keyword?: string | undefined; shopId?: string | undefined }): boolean =>
  (action.keyword === undefined) !== (action.shopId === undefined);
const ONE_TARGET = { error: 'must have either a keyword or a shopId' };

/** An action as it is sent: exactly one of `keyword` and `shopId`; `id` and `at` are given by the server if absent. */
export const ActionInputSchema = z
  .strictObject({ id: id('an action id').optional(), userId: UserIdSchema, ...actionFields })
  .refine(oneTarget, ONE_TARGET);
/** An action that a request brings along instead of a user id. */
export const RequestActionSchema = z.strictObject(actionFields).refine(oneTarget, ONE_TARGET);

export type ActionInput = z.infer<typeof ActionInputSchema>;
export type RequestAction = z.infer<typeof RequestActionSchema>;

/** What an action is about. Exactly one is there. */
export type ActionTarget =
  | { readonly keyword: string; readonly shopId?: never }
  | { readonly shopId: string; readonly keyword?: never };

/** A stored action. `atMs` is milliseconds since 1970-01-01T00:00:00Z. */
export type Action = ActionTarget & {
  readonly id: string;
  readonly userId: string;
  readonly type: string;
  readonly atMs: number;
};
