/** Actions as the line reads them: stored or brought along, newest first in every list. */
import type { Action, RequestAction } from '../domain/action.ts';
import { IMPRESSION } from '../domain/impression.ts';

/** What says something of what the user wants. Exactly one of `keyword` and `shopId` is there. */
export type LineAction = (
  | { readonly keyword: string; readonly shopId?: never }
  | { readonly shopId: string; readonly keyword?: never }
) & {
  readonly type: string;
  readonly atMs: number;
  /** Below 0 it pushes down. */
  readonly weight: number;
};

/** Shops that the user was shown together. */
export interface Impression {
  readonly shopIds: readonly string[];
  readonly atMs: number;
}

/** The actions a request brings along, newest first; without a time of its own an action is as new as the request. */
export function broughtActions(actions: readonly RequestAction[], nowMs: number): LineAction[] {
  return actions
    .filter(({ type }) => type !== IMPRESSION)
    .map(({ type, keyword, shopId, at, weight = 1 }): LineAction => {
      const facts = { type, atMs: momentOf(at, nowMs), weight };
      return keyword === undefined ? { ...facts, shopId: shopId! } : { ...facts, keyword };
    })
    .toSorted((a, b) => b.atMs - a.atMs);
}

/** The impressions among them, newest first; `shopIdsOf` tells what an answer showed. */
export function broughtImpressions(
  actions: readonly RequestAction[],
  nowMs: number,
  shopIdsOf: (answerId: string, place: number) => readonly string[],
): Impression[] {
  return actions
    .flatMap(({ type, shopId, answerId, at }, place) =>
      type === IMPRESSION
        ? [
            {
              shopIds: shopId === undefined ? shopIdsOf(answerId!, place) : [shopId],
              atMs: momentOf(at, nowMs),
            },
          ]
        : [],
    )
    .toSorted((a, b) => b.atMs - a.atMs);
}

function momentOf(at: string | undefined, nowMs: number): number {
  return at === undefined ? nowMs : Date.parse(at);
}

/** Stored actions without what only the store needs; none of an impression. */
export function lineActions(stored: readonly Action[]): LineAction[] {
  return stored.flatMap(({ type, keyword, shopId, atMs, weight = 1 }): LineAction | never[] => {
    if (keyword !== undefined) return { type, keyword, atMs, weight };
    return shopId === undefined ? [] : { type, shopId, atMs, weight };
  });
}
