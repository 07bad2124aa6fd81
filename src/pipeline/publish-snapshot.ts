/** Copies a snapshot that was built elsewhere into a store. */
import { copyFileSync, rmSync } from 'node:fs';
import { syncPath } from '../base/sync-path.ts';
import type { SnapshotFile } from '../evaluation/evaluate-version.ts';
import type { SnapshotStore } from '../snapshot/snapshot-store.ts';
import { hashOfFile } from './content-hash.ts';

/**
 * The same bytes once more change nothing, so a run that broke behind it can go on. Throws `version_exists` if the store has
 * other bytes under that name.
 */
export function publishSnapshot({ path, version }: SnapshotFile, store: SnapshotStore): void {
  if (isPublished(version, hashOfFile(path), store)) return;
  const aside = store.temporaryPath();
  try {
    copyFileSync(path, aside);
    syncPath(aside);
    store.publish(aside, version);
  } finally {
    rmSync(aside, { force: true });
  }
}

/** Whether the store has `version` with the bytes of this SHA-256. */
export function isPublished(version: string, sha256: string, store: SnapshotStore): boolean {
  return store.versions().includes(version) && hashOfFile(store.pathOf(version)) === sha256;
}
