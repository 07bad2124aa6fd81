/** The rows of a log by user, in order of time: what a user's history is cut from without a copy. */
import { IMPRESSION } from '../domain/impression.ts';
import type { LineAction } from '../recommender/line-action.ts';
import type { ActionLog } from '../training/action-log.ts';

/** What a user was shown tells nothing of what the user wants: impressions are left out. */
export class UserRows {
  /** uint32[userCount + 1]: where in `#rows` those of a user begin. */
  readonly #starts: Uint32Array;
  readonly #rows: Uint32Array;

  constructor(log: ActionLog) {
    const impression = log.types.indexOf(IMPRESSION);
    const isMeant = (row: number): boolean => log.typeNumbers[row] !== impression;
    this.#starts = new Uint32Array(log.userIds.length + 1);
    for (let row = 0; row < log.count; row++) if (isMeant(row)) this.#starts[log.users[row]! + 1]!++;
    for (let user = 0; user < log.userIds.length; user++) this.#starts[user + 1]! += this.#starts[user]!;
    const next = this.#starts.slice();
    this.#rows = new Uint32Array(this.#starts.at(-1)!);
    for (let row = 0; row < log.count; row++) if (isMeant(row)) this.#rows[next[log.users[row]!]!++] = row;
  }

  get userCount(): number {
    return this.#starts.length - 1;
  }

  /** Rows of a user, oldest first, in place. */
  of(user: number): Uint32Array {
    return this.#rows.subarray(this.#starts[user], this.#starts[user + 1]);
  }
}

/** The newest `countMax` of a user's `rows` (oldest first) as the line reads them: newest first. */
export function lineActionsOf(log: ActionLog, rows: Uint32Array, countMax: number): LineAction[] {
  const { shopIds, keywords, types, typeNumbers, targets, atMs, weights } = log;
  const actions: LineAction[] = [];
  for (let i = rows.length - 1; i >= 0 && actions.length < countMax; i--) {
    const row = rows[i]!;
    const target = targets[row]!;
    const facts = { type: types[typeNumbers[row]!]!, atMs: atMs[row]!, weight: weights[row]! };
    actions.push(
      target < shopIds.length
        ? { ...facts, shopId: shopIds[target]! }
        : { ...facts, keyword: keywords[target - shopIds.length]! },
    );
  }
  return actions;
}

/** How many of a user's first `rows` happened before `atMs`. */
export function countBefore(log: ActionLog, rows: Uint32Array, atMs: number): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (log.atMs[rows[middle]!]! < atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Where the session begins that ends with the row at `end - 1`: before it lies a gap longer than `gapMs`, or nothing. */
export function sessionStart(log: ActionLog, rows: Uint32Array, end: number, gapMs: number): number {
  let start = end - 1;
  while (start > 0 && log.atMs[rows[start]!]! - log.atMs[rows[start - 1]!]! <= gapMs) start--;
  return start;
}
