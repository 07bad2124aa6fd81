/** `doorrank snapshot rollback`: goes back to the version that was active before. */
import type { Command } from 'commander';
import { verifySnapshot } from '../snapshot/verify-snapshot.ts';
import { SnapshotStore } from '../snapshot/snapshot-store.ts';
import { storeOption } from './option-values.ts';

export function snapshotRollbackCommand(snapshot: Command): void {
  snapshot
    .command('rollback')
    .description(
      'verify the version before the active one and make it active again; running servers swap by themselves',
    )
    .addOption(storeOption().makeOptionMandatory())
    .addHelpText('after', '\nExample:\n  doorrank snapshot rollback --store ./store')
    .action(runRollback);
}

function runRollback(options: { readonly store: string }): void {
  const store = SnapshotStore.open(options.store);
  const before = store.previous();
  verifySnapshot(store.pathOf(before), before);
  const { version, previous } = store.rollback(before);
  console.log(`${version} is active again; before: ${previous ?? 'nothing'}`);
}
