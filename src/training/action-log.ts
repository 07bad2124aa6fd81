/**
 * What users did, in columns and in order of time: what training and evaluation read. A million actions take 25 MB beside
 * their distinct texts.
 */
import { check } from '../base/errors.ts';
import { Float64List, Uint32List } from '../base/growing-list.ts';

/** One action as a log is told of it. Exactly one of `keyword`, normalized, and `shopId` is there. */
export interface LoggedAction {
  readonly userId: string;
  readonly type: string;
  readonly keyword?: string | undefined;
  readonly shopId?: string | undefined;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly atMs: number;
  /** How much it counts among actions of its type. Default 1. */
  readonly weight?: number | undefined;
}

/** Columns by row, rows in order of time and, where times are equal, of arrival. */
export interface ActionLog {
  readonly count: number;
  /** Distinct, in order of first appearance in the log; the columns below hold places in them. */
  readonly userIds: readonly string[];
  readonly types: readonly string[];
  readonly shopIds: readonly string[];
  readonly keywords: readonly string[];
  readonly users: Uint32Array;
  readonly typeNumbers: Uint32Array;
  /** A place in `shopIds`, or `shopIds.length` + a place in `keywords`. */
  readonly targets: Uint32Array;
  /** Ascending. */
  readonly atMs: Float64Array;
  readonly weights: Float64Array;
}

export class ActionLogBuilder {
  readonly #users = new Interner();
  readonly #types = new Interner();
  readonly #shops = new Interner();
  readonly #keywords = new Interner();
  readonly #userNumbers = new Uint32List();
  readonly #typeNumbers = new Uint32List();
  /** Twice the place, and one more for a keyword. */
  readonly #targets = new Uint32List();
  readonly #moments = new Float64List();
  readonly #weights = new Float64List();

  get count(): number {
    return this.#moments.count;
  }

  add({ userId, type, keyword, shopId, atMs, weight = 1 }: LoggedAction): void {
    check((keyword === undefined) !== (shopId === undefined), 'an action has a keyword or a shop');
    this.#userNumbers.push(this.#users.numberOf(userId));
    this.#typeNumbers.push(this.#types.numberOf(type));
    this.#targets.push(
      keyword === undefined ? this.#shops.numberOf(shopId!) * 2 : this.#keywords.numberOf(keyword) * 2 + 1,
    );
    this.#moments.push(atMs);
    this.#weights.push(weight);
  }

  /** The log of all that was added; the builder is used up. */
  finish(): ActionLog {
    const moments = this.#moments.values;
    const order = new Uint32Array(this.count);
    for (let row = 0; row < order.length; row++) order[row] = row;
    order.sort((a, b) => moments[a]! - moments[b]! || a - b);
    const inOrder = <V extends Float64Array | Uint32Array>(values: V): V => {
      const sorted = values.slice() as V;
      order.forEach((row, at) => (sorted[at] = values[row]!));
      return sorted;
    };
    const users = new Renumbering(this.#users.texts);
    const types = new Renumbering(this.#types.texts);
    const shops = new Renumbering(this.#shops.texts);
    const keywords = new Renumbering(this.#keywords.texts);
    const shopCount = this.#shops.texts.length;
    return {
      count: this.count,
      userIds: users.texts,
      types: types.texts,
      shopIds: shops.texts,
      keywords: keywords.texts,
      users: inOrder(this.#userNumbers.values).map((user) => users.numberOf(user)),
      typeNumbers: inOrder(this.#typeNumbers.values).map((type) => types.numberOf(type)),
      targets: inOrder(this.#targets.values).map((twice) =>
        (twice & 1) === 1 ? shopCount + keywords.numberOf(twice >> 1) : shops.numberOf(twice >> 1),
      ),
      atMs: inOrder(moments),
      weights: inOrder(this.#weights.values),
    };
  }
}

/** Adds all actions of a log, in its order. */
export function addLog(log: ActionLog, builder: ActionLogBuilder): void {
  const { userIds, types, shopIds, keywords, users, typeNumbers, targets, atMs, weights } = log;
  for (let row = 0; row < log.count; row++) {
    const target = targets[row]!;
    builder.add({
      userId: userIds[users[row]!]!,
      type: types[typeNumbers[row]!]!,
      ...(target < shopIds.length
        ? { shopId: shopIds[target]! }
        : { keyword: keywords[target - shopIds.length]! }),
      atMs: atMs[row]!,
      weight: weights[row]!,
    });
  }
}

/** Rows `start` to `end` of a log, in place; texts that occur in none of them stay. */
export function slice(log: ActionLog, start: number, end: number): ActionLog {
  return {
    ...log,
    count: end - start,
    users: log.users.subarray(start, end),
    typeNumbers: log.typeNumbers.subarray(start, end),
    targets: log.targets.subarray(start, end),
    atMs: log.atMs.subarray(start, end),
    weights: log.weights.subarray(start, end),
  };
}

/** Numbers texts in the order of first appearance. */
class Interner {
  readonly texts: string[] = [];
  readonly #numbers = new Map<string, number>();

  numberOf(text: string): number {
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.texts.push(text) - 1;
      this.#numbers.set(text, number);
    }
    return number;
  }
}

/** Numbers texts anew in the order in which their numbers are asked for: files read in another order make the same log. */
class Renumbering {
  readonly texts: string[] = [];
  readonly #before: readonly string[];
  /** One more than each, 0 before it is asked for. */
  readonly #numbers: Uint32Array;

  constructor(before: readonly string[]) {
    this.#before = before;
    this.#numbers = new Uint32Array(before.length);
  }

  numberOf(before: number): number {
    if (this.#numbers[before] === 0) this.#numbers[before] = this.texts.push(this.#before[before]!);
    return this.#numbers[before]! - 1;
  }
}
