/** Builds a snapshot and shows how far it is. */
import { buildSnapshot, type BuildInput } from '../snapshot/build-snapshot.ts';
import type { SnapshotStore } from '../snapshot/snapshot-store.ts';
import { progressDisplay } from './progress-display.ts';

export async function buildWithProgress(
  input: BuildInput,
  store: SnapshotStore,
): ReturnType<typeof buildSnapshot> {
  const display = progressDisplay('bytes', 'verification'.length);
  try {
    return await buildSnapshot(input, store, (progress) => display.report(progress));
  } finally {
    display.stop();
  }
}
