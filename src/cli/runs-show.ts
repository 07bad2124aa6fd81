/** `doorrank runs show`: one pipeline run with its figures and settings. */
import type { Command } from 'commander';
import { plainTable } from './plain-table.ts';
import { runText } from './run-text.ts';
import { findRun, settingText, withRecords, workOption } from './work-records.ts';

interface ShowOptions {
  readonly work: string;
  readonly json?: true;
}

export function runsShowCommand(runs: Command): void {
  runs
    .command('show')
    .description('show a pipeline run: its decision, figures and settings')
    .argument('<run>', 'its number, or its version')
    .addOption(workOption())
    .option('--json', 'print JSON, with all figures')
    .addHelpText('after', '\nExample:\n  doorrank runs show 2026-11-22 --work ./work')
    .action(runShow);
}

function runShow(name: string, { work, json }: ShowOptions): void {
  const run = withRecords(work, (records) => findRun(records, name));
  if (json) return console.log(JSON.stringify(run, null, 2));
  const settings = Object.entries(run.settings).map(([setting, value]) => [setting, settingText(value)]);
  console.log(`${runText(run)}\n\n${plainTable(['setting', 'value'], settings)}`);
}
