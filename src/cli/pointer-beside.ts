/** Lets an engine answer from a version that is not the active one of a store. */
import { mkdirSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { SnapshotStore } from '../snapshot/snapshot-store.ts';

/** A store of the same snapshots with a pointer of its own, to `version`: what is active in theirs stays so. */
export function pointerBeside(path: string, version: string, directory: string): string {
  const snapshots = dirname(resolve(path));
  mkdirSync(directory);
  symlinkSync(snapshots, join(directory, basename(snapshots)), 'junction');
  SnapshotStore.open(directory).activate(version);
  return directory;
}
