/** Evaluates versions of a store: opens what is asked, and lets it go again. */
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

/** As `evaluate`. Throws `version_unknown`, and `snapshot_invalid` for a file that does not hold. */
export function evaluateVersion(
  store: SnapshotStore,
  cut: CutLog,
  { version, beside, ...options }: VersionOptions,
  onProgress?: (done: number, total: number) => void,
): EvaluationResult {
  const { candidates } = options;
  const path = store.pathOf(version);
  if (beside === undefined)
    return withReplayedSnapshot(path, version, candidates, (line) =>
      evaluate(cut, line, options, onProgress),
    );
  const besidePath = store.pathOf(beside);
  return withReplayedSnapshot(path, version, candidates, (line) =>
    withReplayedSnapshot(besidePath, beside, candidates, (other) =>
      evaluate(cut, line, { ...options, beside: other }, onProgress),
    ),
  );
}
