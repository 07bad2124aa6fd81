/** `doorrank snapshot rollback`: goes back to the version that was active before. */
import type { Command } from 'commander';
import { SnapshotStore } from '../snapshot/snapshot-store.ts';
import { storeOption } from './option-values.ts';

export function snapshotRollbackCommand(snapshot: Command): void {
  snapshot
    .command('rollback')
    .description('make the version before the active one active again; running servers swap by themselves')
    .addOption(storeOption().makeOptionMandatory())
    .addHelpText('after', '\nExample:\n  doorrank snapshot rollback --store ./store')
    .action(runRollback);
}

function runRollback(options: { readonly store: string }): void {
  const { version, previous } = SnapshotStore.open(options.store).rollback();
  console.log(`${version} is active again; before: ${previous ?? 'nothing'}`);
}
