/** `doorrank snapshot list`: the versions of a store and which one is active. */
import type { Command } from 'commander';
import { EngineError } from '../base/errors.ts';
import type { SnapshotHeader } from '../snapshot/format.ts';
import { readHeader } from '../snapshot/open-snapshot.ts';
import { SnapshotStore } from '../snapshot/snapshot-store.ts';
import { storeOption } from './option-values.ts';
import { plainTable } from './plain-table.ts';

interface ListOptions {
  readonly store: string;
  readonly json?: true;
}

/** A version with its header, or with what is wrong with its file: the others are listed all the same. */
type Listed = { readonly version: string; readonly active: boolean } & (
  | { readonly header: SnapshotHeader }
  | { readonly fault: string }
);

export function snapshotListCommand(snapshot: Command): void {
  snapshot
    .command('list')
    .description('list the versions of a store')
    .addOption(storeOption().makeOptionMandatory())
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  doorrank snapshot list --store ./store')
    .action(runList);
}

function runList({ store, json }: ListOptions): void {
  const listed = listVersions(SnapshotStore.open(store));
  if (json) console.log(JSON.stringify({ snapshots: listed.map(jsonOf) }, null, 2));
  else if (listed.length === 0) console.log(`${store} holds no snapshot yet`);
  else
    console.log(
      plainTable(
        ['version', 'active', 'shops', 'keywords', 'dimensions', 'metric', 'bytes'],
        listed.map(rowOf),
      ),
    );
}

function listVersions(store: SnapshotStore): Listed[] {
  const current = store.current();
  return store.versions().map((version) => {
    const active = version === current;
    try {
      return { version, active, header: readHeader(store.pathOf(version)) };
    } catch (error) {
      if (error instanceof EngineError) return { version, active, fault: error.message };
      throw error;
    }
  });
}

/** As in `GET /v1/snapshots`, but for `mapped`, which only a serving process can say. */
function jsonOf(listed: Listed): object {
  const { version, active } = listed;
  if ('fault' in listed) return { version, active, fault: listed.fault };
  const { shopCount, keywordCount, dimensions, metric, bounds, modelCard, fileBytes } = listed.header;
  return {
    version,
    active,
    shopCount,
    keywordCount,
    dimensions,
    metric,
    bounds,
    modelCard,
    sizeBytes: fileBytes,
  };
}

function rowOf(listed: Listed): (string | number)[] {
  const start = [listed.version, listed.active ? 'active' : ''];
  if ('fault' in listed) return [...start, '', '', '', '', '', listed.fault];
  const { shopCount, keywordCount, dimensions, metric, fileBytes } = listed.header;
  return [...start, shopCount, keywordCount, dimensions, metric, fileBytes];
}
