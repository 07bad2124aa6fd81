/**
 * The newest actions of the users asked for most recently, in memory.
 * Holds only what is on disk: the action store tells it after each commit.
 */
import type { Action } from '../domain/action.ts';

/** The newest actions of one user, newest first. `complete` if the user has no others. */
export interface HeldActions {
  readonly actions: readonly Action[];
  readonly complete: boolean;
}

export class RecentActions {
  /** In the order of last use, so the first is the next to go. */
  readonly #held = new Map<string, HeldActions>();
  readonly #usersMax: number;
  readonly #actionsPerUserMax: number;

  constructor(usersMax: number, actionsPerUserMax: number) {
    this.#usersMax = usersMax;
    this.#actionsPerUserMax = actionsPerUserMax;
  }

  /** What is held of the user, who thereby becomes the last to go. */
  get(userId: string): HeldActions | undefined {
    const held = this.#held.get(userId);
    if (held === undefined) return undefined;
    this.#held.delete(userId);
    this.#held.set(userId, held);
    return held;
  }

  /** Holds a user from now on. `load(limit)` returns the user's newest actions, newest first. */
  hold(userId: string, load: (limit: number) => Action[]): HeldActions {
    // One more than is held tells whether there are others.
    const held = this.#heldOf(load(this.#actionsPerUserMax + 1));
    this.#held.set(userId, held);
    if (this.#held.size > this.#usersMax) this.#held.delete(this.#held.keys().next().value!);
    return held;
  }

  /** Puts a newly arrived action in its place, if its user is held. Arrays handed out before do not change. */
  add(action: Action): void {
    const held = this.#held.get(action.userId);
    if (held === undefined) return;
    const place = held.actions.findIndex(({ atMs }) => atMs <= action.atMs);
    const actions = held.actions.toSpliced(place === -1 ? held.actions.length : place, 0, action);
    this.#held.set(action.userId, this.#heldOf(actions));
  }

  /** Forgets a user, so that the next question goes to disk. */
  drop(userId: string): void {
    this.#held.delete(userId);
  }

  dropAll(): void {
    this.#held.clear();
  }

  /** Holds what fits. Who is not held completely is held to the brim, so one action more tells it again. */
  #heldOf(actions: readonly Action[]): HeldActions {
    return {
      actions: actions.slice(0, this.#actionsPerUserMax),
      complete: actions.length <= this.#actionsPerUserMax,
    };
  }
}
