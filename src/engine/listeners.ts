/** Those who asked to be told something, each until it leaves. */
export class Listeners<T> {
  readonly #entries = new Set<{ readonly listener: (told: T) => void }>();

  /** Calls `listener` with all that is told from now on; what is returned ends that. */
  add(listener: (told: T) => void): () => void {
    const entry = { listener };
    this.#entries.add(entry);
    return () => void this.#entries.delete(entry);
  }

  /** A listener that throws fails for itself: what it was told of has happened. `onFailure` is given what it threw. */
  tell(told: T, onFailure: (error: unknown) => void): void {
    // Without those who come meanwhile: who listens anew whenever it is told would be told for ever.
    const entries = [...this.#entries];
    for (const entry of entries) {
      if (!this.#entries.has(entry)) continue; // has left meanwhile
      try {
        entry.listener(told);
      } catch (error) {
        onFailure(error);
      }
    }
  }
}
