/** `doorrank fit`: finds the weights under which a version would have known what users did next. */
import { writeFileSync } from 'node:fs';
import { InvalidArgumentError, type Command } from 'commander';
import { checkWritable } from '../base/check-writable.ts';
import {
  FIT_DEFAULTS,
  FIT_SIGNALS,
  fitFusion,
  type FitOptions,
  type FitPhase,
  type FittedFusion,
} from '../evaluation/fit-fusion.ts';
import { withReplayedSnapshot } from '../evaluation/replayed-snapshot.ts';
import type { CutLog } from '../evaluation/time-cut.ts';
import { SnapshotStore } from '../snapshot/snapshot-store.ts';
import {
  addCaseOptions,
  askedVersion,
  caseSelectionOf,
  checkCaseUsage,
  readCut,
  readNames,
  readWhole,
  type CaseOptions,
} from './case-options.ts';
import { fitText } from './fit-text.ts';
import { readPath, readPositive } from './option-values.ts';
import { progressDisplay, timeLeftText, type Progress } from './progress-display.ts';
import { seenWarnings } from './seen-warning.ts';

interface FitCommandOptions extends CaseOptions {
  readonly signals?: readonly string[];
  readonly halfLivesMinutes: readonly number[];
  readonly ridge: number;
  readonly othersMax: number;
  readonly out?: string;
}

export function fitCommand(program: Command): void {
  addCaseOptions(
    program
      .command('fit')
      .description('fit the weights of actions and signals to what users did after a moment'),
    FIT_DEFAULTS.caseCountMax,
  )
    .option(
      '--signals <names>',
      `signals and columns of numbers to weigh (default: with next all, with new ${FIT_SIGNALS.new.join(', ')})`,
      readNames,
    )
    .option(
      '--half-lives-minutes <numbers>',
      'half-lives of actions to choose from',
      readHalfLives,
      FIT_DEFAULTS.halfLivesMinutes as readonly number[],
    )
    .option(
      '--others-max <number>',
      'shops drawn beside those that the user has acted on',
      readWhole,
      FIT_DEFAULTS.othersMax,
    )
    .option('--ridge <number>', 'pulls weights towards 0', readPositive, FIT_DEFAULTS.ridge)
    .option(
      '--out <file>',
      'write the weights as JSON, for --request-defaults, --defaults or --with',
      readPath,
    )
    .addHelpText(
      'after',
      `
The version must have been trained on nothing of the test part. What is found holds for versions that are trained in the
same way on later actions.

Example:
  doorrank fit --store ./store --version before --actions ./until-september --test ./october --protocol next --out weights.json
  doorrank snapshot build … --actions ./actions --request-defaults weights.json --version 2026-11-22 --activate`,
    )
    .action(runFit);
}

function readHalfLives(text: string): number[] {
  const values = text.split(',').map(readPositive);
  if (values.length <= 20) return values;
  throw new InvalidArgumentError('Expected up to 20 numbers.');
}

async function runFit(options: FitCommandOptions, command: Command): Promise<void> {
  checkCaseUsage(options, command);
  if (options.out !== undefined) checkWritable(options.out);
  const store = SnapshotStore.open(options.store);
  const version = askedVersion(options, store);
  const path = store.pathOf(version);
  const cut = await readCut(options);
  const warnings = seenWarnings(store, [version], cut);
  for (const warning of warnings) console.error(warning); // before a wait; the text has them too, whatever becomes of stderr
  const fit = fitAll(path, version, cut, {
    ...FIT_DEFAULTS,
    ...(await caseSelectionOf(options, cut)),
    protocol: options.protocol,
    candidates: options.candidates,
    request: options.with,
    signals: options.signals ?? FIT_SIGNALS[options.protocol],
    halfLivesMinutes: options.halfLivesMinutes,
    othersMax: options.othersMax,
    ridge: options.ridge,
  });
  if (options.out !== undefined)
    writeFileSync(options.out, `${JSON.stringify({ fusion: fit.fusion }, null, 2)}\n`);
  console.log([fitText(fit, options.seed, options.out), ...warnings].join('\n\n'));
}

/** A fit asks and fits twice: shows which round it is in, and how far that is. */
function roundProgress(): (phase: FitPhase, done: number, total: number) => Progress {
  let [shown, startMs] = ['', 0];
  return (phase, done, total) => {
    const ofRound = total / 2;
    const round = done <= ofRound ? 1 : 2;
    const doneOfRound = done - (round - 1) * ofRound;
    const named = `${phase}, round ${round} of 2:`;
    if (named !== shown) [shown, startMs] = [named, performance.now()];
    const left = timeLeftText(doneOfRound, ofRound, performance.now() - startMs);
    return { phase: named, done: doneOfRound, total: ofRound, note: [`of ${ofRound}`, ...left].join(', ') };
  };
}

/** Shows how many cases are read. */
function fitAll(path: string, version: string, cut: CutLog, options: FitOptions): FittedFusion {
  const display = progressDisplay('cases', 'half-lives, round 1 of 2:'.length);
  const progressOf = roundProgress();
  try {
    return withReplayedSnapshot(path, version, options.candidates, (line) =>
      fitFusion(cut, line, options, (phase, done, total) => display.report(progressOf(phase, done, total))),
    );
  } finally {
    display.stop();
  }
}
