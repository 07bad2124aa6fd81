/** Gathers what users did from files and from an action store into one log. */
import { EngineError } from '../base/errors.ts';
import { storedActions } from '../actions/stored-actions.ts';
import { normalizeKeyword } from '../encoder/normalize-keyword.ts';
import type { InputProgress } from '../snapshot/input/input-file.ts';
import { ActionLogBuilder, addLog, slice, type ActionLog } from '../training/action-log.ts';
import { readActionLog } from '../training/read-action-log.ts';

export interface ActionSources {
  /** Files of actions and folders of them, as `doorrank train` takes them. */
  readonly actions: readonly string[];
  /** Directory of an action store. An action must not be in a file as well: it would count twice. */
  readonly data?: string | undefined;
}

/**
 * All actions of `sources` up to `nowMs`, by time; those of the files first where times are equal. Actions that are dated ahead are left
 * out: the newest decide where a log is cut. Throws what `readActionLog` and `storedActions` throw, and `input_invalid` if there is none.
 */
export async function collectActions(
  sources: ActionSources,
  nowMs: number,
  onProgress?: InputProgress,
): Promise<ActionLog> {
  const log = await allActions(sources, onProgress);
  const firstAhead = log.atMs.findIndex((atMs) => atMs > nowMs);
  const collected = firstAhead === -1 ? log : slice(log, 0, firstAhead);
  if (collected.count > 0) return collected;
  const { actions, data } = sources;
  const found = log.count === 0 ? 'no action' : `${log.count} actions, all dated ahead,`;
  const places = [...actions, ...(data === undefined ? [] : [data])].join(', ');
  throw new EngineError('input_invalid', `found ${found} in ${places}, expected what users did`);
}

async function allActions({ actions, data }: ActionSources, onProgress?: InputProgress): Promise<ActionLog> {
  const fromFiles = actions.length === 0 ? null : (await readActionLog(actions, onProgress)).log;
  if (data === undefined && fromFiles !== null) return fromFiles;
  const builder = new ActionLogBuilder();
  if (fromFiles !== null) addLog(fromFiles, builder);
  if (data !== undefined) addStored(data, builder);
  return builder.finish();
}

function addStored(directory: string, builder: ActionLogBuilder): void {
  for (const { keyword, shopId, ...action } of storedActions(directory)) {
    // As rows of files: a keyword of nothing but spaces says nothing.
    const normalized = keyword === null ? undefined : normalizeKeyword(keyword);
    if (normalized === '') continue;
    builder.add({ ...action, keyword: normalized, shopId: shopId ?? undefined });
  }
}
