/** Tells those who asked what has changed: what users did, what shops say of themselves, which version answers. */
import type { Log } from '../base/log.ts';
import { Listeners } from './listeners.ts';

/** What has changed. It is on disk, and a request that begins now is answered by it. */
export type Change =
  /** The user acted, or was erased. */
  | { readonly kind: 'actions'; readonly userId: string }
  /** The live statuses of these shops were set or cleared. */
  | { readonly kind: 'statuses'; readonly shopIds: readonly string[] }
  /** Another version answers: all requests, or those of the users of a split. */
  | { readonly kind: 'version'; readonly version: string };

export type ChangeListener = (change: Change) => void;

export class Changes {
  readonly #listeners = new Listeners<Change>();
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Calls `listener` on every change from now on; what is returned ends that. */
  listen(listener: ChangeListener): () => void {
    return this.#listeners.add(listener);
  }

  tell(change: Change): void {
    this.#listeners.tell(change, (error) =>
      this.#log.error({ kind: change.kind, err: error }, 'a listener to changes failed'),
    );
  }
}
