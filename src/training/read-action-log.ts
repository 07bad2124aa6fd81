/** Reads what users did from files and folders of files into an action log. */
import { InputFaults, inputInvalid } from '../snapshot/input/input-faults.ts';
import {
  findInputs,
  inspectInput,
  type InputFile,
  type InputProgress,
} from '../snapshot/input/input-file.ts';
import { readTableRows, TABLE_FORMATS } from '../snapshot/input/table-rows.ts';
import { ActionLogBuilder, type ActionLog } from './action-log.ts';
import {
  ACTION_COLUMNS_NEEDED,
  ACTION_COLUMNS_OPTIONAL,
  ACTION_TARGETS,
  ActionRowReader,
} from './action-row.ts';

export interface ReadActions {
  readonly log: ActionLog;
  /** Of type `impression`, which the log leaves out. */
  readonly impressionCount: number;
  /** That were read, in this order. */
  readonly files: readonly string[];
}

/**
 * Reads all actions of `paths`: files, and folders with whatever lies in them and below. CSV, NDJSON and Parquet with the columns
 * `userId`, `at` (ISO 8601 with an offset, or milliseconds since 1970), `keyword` or `shopId`, and if present `type`
 * (else "view") and `weight` (else 1); other columns are passed over. Keywords are normalized. `onProgress` is told of the bytes
 * of all files together.
 *
 * Throws `input_invalid` with every bad row named (the first 20, the rest counted) and if there is no action at all,
 * `file_unreadable` where there is nothing to read.
 */
export async function readActionLog(
  paths: readonly string[],
  onProgress: InputProgress = () => {},
): Promise<ReadActions> {
  const faults = new InputFaults();
  const builder = new ActionLogBuilder();
  const files: InputFile[] = [];
  for (const path of paths) {
    for (const found of await findInputs(path, TABLE_FORMATS))
      files.push(await inspectInput(found, TABLE_FORMATS));
  }
  const bytesTotal = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let bytesBefore = 0;
  let impressionCount = 0;
  for (const file of files) {
    const report = (bytesRead: number): void => onProgress(bytesBefore + bytesRead, bytesTotal);
    impressionCount += await readFile(file, builder, faults, report);
    bytesBefore += file.sizeBytes;
  }
  faults.throwIfAny();
  if (builder.count === 0) throw noActions(paths, impressionCount);
  return { log: builder.finish(), impressionCount, files: files.map(({ path }) => path) };
}

/** Adds the actions of one file; returns how many impressions were left out. */
async function readFile(
  file: InputFile,
  builder: ActionLogBuilder,
  faults: InputFaults,
  onProgress: InputProgress,
): Promise<number> {
  const columns = {
    needed: ACTION_COLUMNS_NEEDED,
    oneOf: ACTION_TARGETS,
    alsoRead: ACTION_COLUMNS_OPTIONAL,
  };
  const reader = new ActionRowReader(file.path, faults);
  for await (const rows of readTableRows(file, columns, faults, onProgress)) {
    for (const row of rows) {
      const action = reader.read(row);
      if (action !== undefined) builder.add(action);
    }
  }
  return reader.impressionCount;
}

function noActions(paths: readonly string[], impressionCount: number): Error {
  const found = impressionCount === 0 ? 'no actions' : `${impressionCount} impressions and no other actions`;
  const expected = 'one row for each action';
  return inputInvalid({ file: paths.join(', '), place: 'content', found, expected });
}
