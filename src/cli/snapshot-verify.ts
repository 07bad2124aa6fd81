/** `doorrank snapshot verify`: reads every byte of a snapshot and says whether it may serve. */
import type { Command } from 'commander';
import { verifySnapshot } from '../snapshot/verify-snapshot.ts';
import { addSnapshotFile, snapshotPath, type SnapshotFileOptions } from './snapshot-file.ts';

export function snapshotVerifyCommand(snapshot: Command): void {
  addSnapshotFile(snapshot.command('verify').description('check every byte of a snapshot'))
    .addHelpText(
      'after',
      `
Examples:
  doorrank snapshot verify ./store/snapshots/2026-11-22.snapshot
  doorrank snapshot verify --store ./store --version 2026-11-22`,
    )
    .action(runVerify);
}

function runVerify(path: string | undefined, options: SnapshotFileOptions, command: Command): void {
  const file = snapshotPath(path, options, command);
  const { version, shopCount } = verifySnapshot(file);
  console.log(`${file} is sound: version ${version}, ${shopCount} shops`);
}
