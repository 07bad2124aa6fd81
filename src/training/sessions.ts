/** What users did, cut into sessions: the sentences that embeddings are learned from. */
import { Uint32List } from '../base/growing-list.ts';
import { DISMISS } from '../domain/dismiss.ts';
import type { ActionLog } from './action-log.ts';

/** No shop was ordered. */
export const NO_TARGET = 0xffff_ffff;
/** As `assembly/train/memory.ts` has it: longer sessions are divided. */
export const SESSION_TOKENS_MAX = 1024;

const ORDER = 'order';
const MS_PER_MINUTE = 60_000;

/** Actions that are in no session, by the reason: with those of the sessions, all of the log. */
export interface LeftOutCounts {
  /** Nothing else was acted on in their session. */
  readonly alone: number;
  /** On the same as the action before them. */
  readonly repeated: number;
  /** On what has too few actions. */
  readonly rare: number;
  /** Dismissed, or of weight 0 and below. */
  readonly unwanted: number;
}

/** Sessions of two or more targets of an action log. */
export interface Sessions {
  readonly count: number;
  /** The targets of all sessions, one session after the other; users in the order of the log, each user's in that of time. */
  readonly targets: Uint32Array;
  /** `count` + 1: where each begins in `targets`. */
  readonly starts: Uint32Array;
  /** The shop that each ordered last, or `NO_TARGET`. */
  readonly orders: Uint32Array;
}

/** How often each target was acted on: shops, then keywords. What a user dismissed or weighed down does not count. */
export function targetCounts(log: ActionLog): Uint32Array {
  const counts = new Uint32Array(log.shopIds.length + log.keywords.length);
  const dismiss = log.types.indexOf(DISMISS);
  for (let row = 0; row < log.count; row++) if (isWanted(log, row, dismiss)) counts[log.targets[row]!]!++;
  return counts;
}

/**
 * Cuts each user's actions where the next is more than `sessionGapMinutes` later. Only targets of at least `countMin` in
 * `counts` take part; a target that follows itself counts once, as an order does after a view.
 */
export function sessionsOf(
  log: ActionLog,
  counts: Uint32Array,
  { sessionGapMinutes, countMin }: { readonly sessionGapMinutes: number; readonly countMin: number },
): Sessions & { readonly leftOut: LeftOutCounts } {
  const gapMs = sessionGapMinutes * MS_PER_MINUTE;
  const dismiss = log.types.indexOf(DISMISS);
  const order = log.types.indexOf(ORDER);
  const builder = new SessionsBuilder();
  let [unwanted, rare] = [0, 0];
  let lastUser = -1;
  let lastMs = 0;
  for (const row of rowsByUser(log)) {
    const isMeant = isWanted(log, row, dismiss);
    if (!isMeant || counts[log.targets[row]!]! < countMin) {
      if (isMeant) rare++;
      else unwanted++;
      continue;
    }
    const user = log.users[row]!;
    const atMs = log.atMs[row]!;
    if (user !== lastUser || atMs - lastMs > gapMs) builder.end();
    lastUser = user;
    lastMs = atMs;
    builder.add(log.targets[row]!, log.typeNumbers[row] === order);
  }
  const { alone, repeated, ...sessions } = builder.finish();
  return { ...sessions, leftOut: { alone, repeated, rare, unwanted } };
}

function isWanted(log: ActionLog, row: number, dismiss: number): boolean {
  return log.weights[row]! > 0 && log.typeNumbers[row] !== dismiss;
}

/** The rows of the log, users in turn, in one pass (a counting sort keeps the order of time). */
function rowsByUser(log: ActionLog): Uint32Array {
  const ends = new Uint32Array(log.userIds.length + 1);
  for (const user of log.users) ends[user + 1]!++;
  for (let user = 0; user < log.userIds.length; user++) ends[user + 1]! += ends[user]!;
  const rows = new Uint32Array(log.count);
  log.users.forEach((user, row) => (rows[ends[user]!++] = row));
  return rows;
}

class SessionsBuilder {
  readonly #targets = new Uint32List();
  readonly #starts = new Uint32List();
  readonly #orders = new Uint32List();
  /** The session that is not over yet. */
  #open: number[] = [];
  #order = NO_TARGET;
  /** Of the open session. */
  #repeated = 0;
  readonly #leftOut = { alone: 0, repeated: 0 };

  add(target: number, isOrder: boolean): void {
    if (this.#open.at(-1) !== target) {
      if (this.#open.length === SESSION_TOKENS_MAX) this.end();
      this.#open.push(target);
    } else this.#repeated++;
    if (isOrder) this.#order = target;
  }

  end(): void {
    if (this.#open.length > 1) {
      this.#starts.push(this.#targets.count);
      this.#orders.push(this.#order);
      for (const target of this.#open) this.#targets.push(target);
      this.#leftOut.repeated += this.#repeated;
    } else this.#leftOut.alone += this.#open.length + this.#repeated;
    this.#open = [];
    this.#repeated = 0;
    this.#order = NO_TARGET;
  }

  finish(): Sessions & Pick<LeftOutCounts, 'alone' | 'repeated'> {
    this.end();
    this.#starts.push(this.#targets.count);
    return {
      count: this.#orders.count,
      targets: this.#targets.values,
      starts: this.#starts.values,
      orders: this.#orders.values,
      ...this.#leftOut,
    };
  }
}
