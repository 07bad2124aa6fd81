/** `doorrank snapshot activate`: makes a version of a store the one that is served. */
import type { Command } from 'commander';
import { SnapshotStore } from '../snapshot/snapshot-store.ts';
import { verifySnapshot } from '../snapshot/verify-snapshot.ts';
import { storeOption } from './option-values.ts';

export function snapshotActivateCommand(snapshot: Command): void {
  snapshot
    .command('activate')
    .description('verify a version and make it the active one; running servers swap to it by themselves')
    .argument('<version>', 'version in the store')
    .addOption(storeOption().makeOptionMandatory())
    .addHelpText('after', '\nExample:\n  doorrank snapshot activate --store ./store 2026-11-22')
    .action(runActivate);
}

function runActivate(version: string, options: { readonly store: string }): void {
  const store = SnapshotStore.open(options.store);
  verifySnapshot(store.pathOf(version), version);
  const { previous } = store.activate(version);
  console.log(`${version} is active now; before: ${previous ?? 'nothing'}`);
}
