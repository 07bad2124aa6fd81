/**
 * The program `doorrank`: its commands, and how it ends.
 * Exit codes: 0 done, 1 refused (the message says what was found, expected and what to do), 2 wrong usage.
 */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { batchCommand } from './batch.ts';
import { compareCommand } from './compare.ts';
import { demoCommand } from './demo.ts';
import { evaluateCommand } from './evaluate.ts';
import { exportCommand } from './export.ts';
import { fitCommand } from './fit.ts';
import { reportFailure } from './failure.ts';
import { pipelineRunCommand } from './pipeline-run.ts';
import { recommendCommand } from './recommend.ts';
import { runsCompareCommand } from './runs-compare.ts';
import { runsListCommand } from './runs-list.ts';
import { runsShowCommand } from './runs-show.ts';
import { serveCommand } from './serve.ts';
import { snapshotActivateCommand } from './snapshot-activate.ts';
import { snapshotBuildCommand } from './snapshot-build.ts';
import { snapshotInspectCommand } from './snapshot-inspect.ts';
import { snapshotListCommand } from './snapshot-list.ts';
import { snapshotRollbackCommand } from './snapshot-rollback.ts';
import { snapshotVerifyCommand } from './snapshot-verify.ts';
import { trainCommand } from './train.ts';

function doorrank(): Command {
  const program = new Command('doorrank')
    .description('Ranks the shops that can deliver here right now by what the user has just done.')
    .version(packageVersion())
    .enablePositionalOptions() // `snapshot build --version` is not the program's own `--version`
    .exitOverride()
    .showHelpAfterError('Add --help to see what is expected.');
  demoCommand(program);
  serveCommand(program);
  recommendCommand(program);
  compareCommand(program);
  trainCommand(program);
  fitCommand(program);
  evaluateCommand(program);
  batchCommand(program);
  exportCommand(program);
  pipelineRunCommand(
    program.command('pipeline').description('from actions to a version that serves, again and again'),
  );
  const runs = program.command('runs').description('look at what pipeline runs made and decided');
  runsListCommand(runs);
  runsShowCommand(runs);
  runsCompareCommand(runs);
  const snapshot = program.command('snapshot').description('build, check and switch snapshots');
  snapshotBuildCommand(snapshot);
  snapshotVerifyCommand(snapshot);
  snapshotInspectCommand(snapshot);
  snapshotListCommand(snapshot);
  snapshotActivateCommand(snapshot);
  snapshotRollbackCommand(snapshot);
  return program;
}

/** Two floors up from src/cli and from dist/cli alike. */
function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return version;
}

let running: Command | undefined;
process.on('uncaughtException', (error) => process.exit(reportFailure(error, running)));
try {
  await doorrank()
    .hook('preAction', (_program, command) => {
      running = command;
    })
    .parseAsync();
} catch (error) {
  process.exitCode = reportFailure(error, running);
}
