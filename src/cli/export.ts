/** `doorrank export`: the actions of a store as Parquet files, one for every day. */
import { InvalidArgumentError, type Command } from 'commander';
import { exportActions, type ExportReport } from '../actions/export-actions.ts';
import { checkWritableDirectory } from '../base/check-writable.ts';
import { readPath } from './option-values.ts';
import { progressDisplay } from './progress-display.ts';

interface ExportOptions {
  readonly data: string;
  readonly out: string;
  readonly from?: string;
}

export function exportCommand(program: Command): void {
  program
    .command('export')
    .description('write the recorded actions as Parquet, partitioned by day, for training and other tools')
    .requiredOption(
      '--data <directory>',
      'directory of the recorded actions; no server may have it open',
      readPath,
    )
    .requiredOption(
      '--out <directory>',
      'where day=2026-11-22/actions.parquet and its like go: userId, type, keyword, shopId, at, weight',
      readPath,
    )
    .option(
      '--from <day>',
      'only days of UTC from this one on, such as 2026-11-22; files of earlier days stay as they are',
      readDay,
    )
    .addHelpText(
      'after',
      `
A running server owns its actions: stop it for as long as the export takes, or export from a copy that the disk or the file system
has made of the whole directory at one moment. The store keeps the newest actions of each user, so old days get fewer: export often,
and with --from.

Example:
  doorrank export --data ./data --out ./actions
  doorrank train --actions ./actions --shops shops.csv --out ./trained`,
    )
    .action(runExport);
}

function readDay(text: string): string {
  const instant = new Date(/^\d{4}-\d\d-\d\d$/.test(text) ? text : Number.NaN);
  // A 30th of February would be the 2nd of March.
  if (instant.getTime() >= 0 && instant.toISOString().startsWith(text)) return text;
  throw new InvalidArgumentError('Expected a day from 1970 on, such as 2026-11-22.');
}

function runExport({ data, out, from }: ExportOptions): void {
  checkWritableDirectory(out);
  const display = progressDisplay('actions', 'actions'.length);
  let report: ExportReport;
  try {
    report = exportActions(data, out, from, (done, total) =>
      display.report({ phase: 'actions', done, total }),
    );
  } finally {
    display.stop();
  }
  const { actionCount, days, blankCount } = report;
  console.log(
    days.length === 0
      ? `no actions in ${data}${from === undefined ? '' : ` from ${from} on`}`
      : `wrote ${actionCount} actions of ${days.length} days, ${days[0]} to ${days.at(-1)}, to ${out}`,
  );
  if (blankCount > 0) console.log(`${blankCount} searches of nothing but spaces were left out`);
}
