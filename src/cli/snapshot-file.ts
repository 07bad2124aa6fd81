/** Which snapshot a command is about: a path, or a version of a store. */
import { Option, type Command } from 'commander';
import { SnapshotStore } from '../snapshot/snapshot-store.ts';
import { readText, storeOption } from './option-values.ts';

export interface SnapshotFileOptions {
  readonly store?: string;
  readonly version?: string;
}

/** Adds `[path]`, `--store` and `--version` to `command`. */
export function addSnapshotFile(command: Command): Command {
  return command
    .argument('[path]', 'a snapshot file; or name it by --store and --version')
    .addOption(storeOption())
    .addOption(new Option('--version <name>', 'version in the store').argParser(readText));
}

/** The path of the snapshot that was named. It need not exist. */
export function snapshotPath(
  path: string | undefined,
  options: SnapshotFileOptions,
  command: Command,
): string {
  const { store, version } = options;
  if (path !== undefined && version === undefined) return path;
  if (path !== undefined || version === undefined || store === undefined) {
    command.error('error: name either the path of a snapshot, or --store and --version');
  }
  return SnapshotStore.open(store).pathOf(version);
}
