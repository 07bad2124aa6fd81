/** Whom a batch makes lists for: every user of a log or with a given location, from where, and what they did. */
import type { Location } from '../domain/location.ts';
import { countBefore, lineActionsOf, UserRows } from '../evaluation/user-rows.ts';
import type { LineAction } from '../recommender/line-action.ts';
import type { Generation } from '../snapshot/generation.ts';
import type { ActionLog } from '../training/action-log.ts';

export interface BatchUser {
  readonly userId: string;
  readonly location: Location;
  /** Newest first. */
  readonly actions: readonly LineAction[];
}

export interface BatchUserOptions {
  /** The moment to answer for, milliseconds since 1970; what was done later has not been done yet. */
  readonly nowMs: number;
  /** Newest actions that the store would have kept of a user. */
  readonly actionsPerUserMax: number;
  /** Where users are of whom it is known, by their ids. */
  readonly locations: ReadonlyMap<string, Location>;
}

export class BatchUsers implements Iterable<BatchUser> {
  /** Users with a location. */
  readonly count: number;
  /** Users of whom neither a location is given nor a shop is known that they acted on: nobody can say what reaches them. */
  readonly unplacedCount: number;
  /** Users without a given location who have done nothing yet. */
  readonly laterCount: number;
  readonly #log: ActionLog;
  readonly #options: BatchUserOptions;
  readonly #coordinates: Float64Array;
  /** int32 by user of the log: the shop of their last action, -1 if the snapshot knows none. */
  readonly #lastOrdinals: Int32Array;
  /** Users whom the log does not know. */
  readonly #others: readonly string[];

  constructor(log: ActionLog, generation: Generation, options: BatchUserOptions) {
    const { locations, nowMs } = options;
    this.#log = log;
    this.#options = options;
    this.#coordinates = generation.float64('coordinates');
    this.#lastOrdinals = lastOrdinals(log, generation, nowMs);
    const known = new Set(locations.size > 0 ? log.userIds : []);
    this.#others = [...locations.keys()].filter((userId) => !known.has(userId));
    const placed = log.userIds.filter((_, user) => this.#locationOf(user) !== undefined);
    this.count = placed.length + this.#others.length;
    const unplaced = log.userIds.filter((_, user) => this.#locationOf(user) === undefined).length;
    this.laterCount = unplaced - usersUntil(log, nowMs, (user) => this.#locationOf(user) === undefined);
    this.unplacedCount = unplaced - this.laterCount;
  }

  /** In the order of their first actions, then those without any. */
  *[Symbol.iterator](): Generator<BatchUser> {
    const { nowMs, actionsPerUserMax, locations } = this.#options;
    const rows = new UserRows(this.#log);
    for (const [user, userId] of this.#log.userIds.entries()) {
      const location = this.#locationOf(user);
      if (location === undefined) continue;
      const own = rows.of(user);
      const done = own.subarray(0, countBefore(this.#log, own, nowMs + 1));
      yield { userId, location, actions: lineActionsOf(this.#log, done, actionsPerUserMax) };
    }
    for (const userId of this.#others) yield { userId, location: locations.get(userId)!, actions: [] };
  }

  #locationOf(user: number): Location | undefined {
    const given = this.#options.locations.get(this.#log.userIds[user]!);
    if (given !== undefined) return given;
    const ordinal = this.#lastOrdinals[user]!;
    if (ordinal === -1) return undefined;
    return { lon: this.#coordinates[ordinal * 2]!, lat: this.#coordinates[ordinal * 2 + 1]! };
  }
}

/** How many users of those that are meant have done something by `nowMs`. */
function usersUntil(log: ActionLog, nowMs: number, isMeant: (user: number) => boolean): number {
  const users = new Set<number>();
  for (let row = 0; row < log.count && log.atMs[row]! <= nowMs; row++)
    if (isMeant(log.users[row]!)) users.add(log.users[row]!);
  return users.size;
}

function lastOrdinals(log: ActionLog, { catalog }: Generation, nowMs: number): Int32Array {
  const ordinals = Int32Array.from(log.shopIds, (shopId) => catalog.ids.ordinalOf(shopId));
  const last = new Int32Array(log.userIds.length).fill(-1);
  for (let row = 0; row < log.count && log.atMs[row]! <= nowMs; row++) {
    const ordinal = ordinals[log.targets[row]!] ?? -1; // undefined for a keyword
    if (ordinal !== -1) last[log.users[row]!] = ordinal;
  }
  return last;
}
