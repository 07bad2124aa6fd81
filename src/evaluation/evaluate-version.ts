/** Evaluates versions of a store: opens what is asked, and lets it go again. */
import type { Line } from '../recommender/line.ts';
import type { SnapshotStore } from '../snapshot/snapshot-store.ts';
import { evaluate, type EvaluationOptions } from './evaluate.ts';
import { withReplayedSnapshot } from './replayed-snapshot.ts';
import type { EvaluationResult } from './result.ts';
import type { CutLog } from './time-cut.ts';

/** Of `version`, and of the version `beside` it if given. Neither needs to be active. */
export interface VersionOptions extends Omit<EvaluationOptions, 'beside'> {
  readonly version: string;
  readonly beside?: string | undefined;
}

/** A file of a snapshot, wherever it lies, and the version in it. */
export interface SnapshotFile {
  readonly path: string;
  readonly version: string;
}

/** As `evaluate`. Throws `version_unknown`, and `snapshot_invalid` for a file that does not hold. */
export function evaluateVersion(
  store: SnapshotStore,
  cut: CutLog,
  { version, beside, ...options }: VersionOptions,
  onProgress?: (done: number, total: number) => void,
): EvaluationResult {
  const fileOf = (version: string): SnapshotFile => ({ path: store.pathOf(version), version });
  return evaluateFile(
    cut,
    fileOf(version),
    beside === undefined ? null : fileOf(beside),
    options,
    onProgress,
  );
}

/** As `evaluate`, of `file` and, unless it is null, of `beside`. Throws `snapshot_invalid` for one that does not hold. */
export function evaluateFile(
  cut: CutLog,
  file: SnapshotFile,
  beside: SnapshotFile | null,
  options: Omit<EvaluationOptions, 'beside'>,
  onProgress?: (done: number, total: number) => void,
): EvaluationResult {
  const opened = <T>({ path, version }: SnapshotFile, use: (line: Line) => T): T =>
    withReplayedSnapshot(path, version, options.candidates, use);
  return opened(file, (line) =>
    beside === null
      ? evaluate(cut, line, options, onProgress)
      : opened(beside, (other) => evaluate(cut, line, { ...options, beside: other }, onProgress)),
  );
}
