/** Warns of versions that were trained on what they are asked: they know it by heart. */
import { isoOf, type CutLog } from '../evaluation/time-cut.ts';
import type { ModelCard } from '../snapshot/format.ts';
import { readHeader } from '../snapshot/open-snapshot.ts';
import type { SnapshotStore } from '../snapshot/snapshot-store.ts';

/** A line for each of `versions` whose model card says so, or says nothing of what it was trained on. */
export function seenWarnings(
  store: SnapshotStore,
  versions: readonly string[],
  { log, testStart }: CutLog,
): string[] {
  const firstMs = log.atMs[testStart]!;
  return [...new Set(versions)].flatMap((version) => {
    const to = lastLearned(readHeader(store.pathOf(version)).modelCard);
    if (to === undefined)
      return `warning: the model card of ${version} does not say until when it was trained (actionsTo): it must be nothing of the test part`;
    if (!(Date.parse(to) >= firstMs)) return [];
    return `warning: ${version} was trained on actions up to ${to}, the test part begins at ${isoOf(firstMs)}: it is asked what it has seen`;
  });
}

/** The newest action that embeddings were learned from or signals counted from; undefined if the card says neither. */
function lastLearned({ actionsTo, countedActions }: ModelCard): string | undefined {
  const countedTo = (countedActions as { readonly to?: unknown } | null | undefined)?.to;
  const said = [actionsTo, countedTo].filter((instant) => typeof instant === 'string');
  return said.toSorted((a, b) => Date.parse(b) - Date.parse(a))[0];
}
