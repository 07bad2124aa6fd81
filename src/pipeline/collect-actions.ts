/** Gathers what users did from files and from an action store into one log. */
import { EngineError } from '../base/errors.ts';
import { storedActions } from '../actions/stored-actions.ts';
import { normalizeKeyword } from '../encoder/normalize-keyword.ts';
import type { InputProgress } from '../snapshot/input/input-file.ts';
import { ActionLogBuilder, addLog, type ActionLog } from '../training/action-log.ts';
import { readActionLog } from '../training/read-action-log.ts';

export interface ActionSources {
  /** Files of actions and folders of them, as `doorrank train` takes them. */
  readonly actions: readonly string[];
  /** Directory of an action store. An action must not be in a file as well: it would count twice. */
  readonly data?: string | undefined;
}

/**
 * All actions of `sources`, by time; those of the files first where times are equal. Throws what `readActionLog` and
 * `storedActions` throw, and `input_invalid` if there is none.
 */
export async function collectActions(
  { actions: paths, data }: ActionSources,
  onProgress?: InputProgress,
): Promise<ActionLog> {
  const fromFiles = paths.length === 0 ? null : (await readActionLog(paths, onProgress)).log;
  if (data === undefined && fromFiles !== null) return fromFiles;
  const builder = new ActionLogBuilder();
  if (fromFiles !== null) addLog(fromFiles, builder);
  if (data !== undefined) addStored(data, builder);
  if (builder.count > 0) return builder.finish();
  throw new EngineError('input_invalid', `found no action in ${data}, expected what users did`);
}

function addStored(directory: string, builder: ActionLogBuilder): void {
  for (const { keyword, shopId, ...action } of storedActions(directory)) {
    // As rows of files: a keyword of nothing but spaces says nothing.
    const normalized = keyword === null ? undefined : normalizeKeyword(keyword);
    if (normalized === '') continue;
    builder.add({ ...action, keyword: normalized, shopId: shopId ?? undefined });
  }
}
