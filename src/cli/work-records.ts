/** The records of a work directory, for the commands that look at them. */
import { existsSync } from 'node:fs';
import { Option } from 'commander';
import { EngineError } from '../base/errors.ts';
import { recordsPath } from '../pipeline/recorded-run.ts';
import { RunRecords, type RunRecord } from '../pipeline/run-records.ts';
import { readPath } from './option-values.ts';

export function workOption(): Option {
  return new Option('--work <directory>', 'that pipeline run was given')
    .argParser(readPath)
    .makeOptionMandatory();
}

/** Opens the records for as long as `use` runs. Throws `file_unreadable` where there are none. */
export function withRecords<T>(work: string, use: (records: RunRecords) => T): T {
  const path = recordsPath(work);
  if (!existsSync(path))
    throw new EngineError(
      'file_unreadable',
      `${path} does not exist; name the --work of doorrank pipeline run`,
    );
  const records = RunRecords.open(path);
  try {
    return use(records);
  } finally {
    records.close();
  }
}

/** Throws `version_unknown`. */
export function findRun(records: RunRecords, name: string): RunRecord {
  const run = records.find(name);
  if (run !== undefined) return run;
  const known = records
    .list()
    .slice(-10)
    .map(({ runNumber, version }) => `${runNumber} (${version})`);
  throw new EngineError(
    'version_unknown',
    `no run ${name}; ${known.length === 0 ? 'none has begun yet' : `there are ${known.join(', ')}`}`,
  );
}

/** A setting on one line. */
export function settingText(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
