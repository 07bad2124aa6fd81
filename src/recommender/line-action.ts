/** An action as the line reads it: stored or brought along, newest first in every list. */
import type { Action, ActionTarget, RequestAction } from '../domain/action.ts';

export type LineAction = ActionTarget & { readonly type: string; readonly atMs: number };

/** The actions a request brings along, newest first; without a time of its own an action is as new as the request. */
export function broughtActions(actions: readonly RequestAction[], nowMs: number): LineAction[] {
  return actions
    .map(({ type, keyword, shopId, at }): LineAction => {
      const atMs = at === undefined ? nowMs : Date.parse(at);
      return keyword === undefined ? { type, shopId: shopId!, atMs } : { type, keyword, atMs };
    })
    .toSorted((a, b) => b.atMs - a.atMs);
}

/** A stored action without what only the store needs. */
export function lineAction({ type, keyword, shopId, atMs }: Action): LineAction {
  return keyword === undefined ? { type, shopId, atMs } : { type, keyword, atMs };
}
