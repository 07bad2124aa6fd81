/** A store with versions of one synthetic town whose embeddings differ, as those of two trainings do. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Random } from '../src/base/random.ts';
import { buildSnapshot } from '../src/snapshot/build-snapshot.ts';
import { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import { buildTown, type Workspace } from './built-town.ts';

/**
 * Builds `v1`, `v2` and `v3` of a town of 2,000 shops, none of them active. The shop vectors of `v2` are those of `v1`
 * with noise as long as themselves; `v3` has those of `v1`, but no column `spicy`.
 */
export async function buildVersions(workspace: Workspace): Promise<SnapshotStore> {
  const { town, inputs } = await buildTown(workspace, 'v1', { seed: 5, shopCount: 2_000 });
  const store = SnapshotStore.open(workspace.path('versions'), { create: true });
  const random = new Random(6);
  const npy = readFileSync(inputs.shopVectors);
  const noisy = Float32Array.from(
    town.shopVectors,
    (part) => part + random.normal() / Math.sqrt(town.dimensions),
  );
  npy.set(new Uint8Array(noisy.buffer), npy.length - noisy.byteLength);
  const noisyVectors = workspace.path('noisy.npy');
  writeFileSync(noisyVectors, npy);
  const mildShops = workspace.path('mild.csv');
  writeFileSync(mildShops, readFileSync(inputs.shops, 'utf8').replace(',spicy,', ',hot,'));
  await buildSnapshot({ ...inputs, version: 'v1', metric: 'cosine' }, store);
  await buildSnapshot({ ...inputs, shopVectors: noisyVectors, version: 'v2', metric: 'cosine' }, store);
  await buildSnapshot({ ...inputs, shops: mildShops, version: 'v3', metric: 'cosine' }, store);
  return store;
}

/** A store of its own with some of the versions of `store`, the first of them active. */
export function storeWith(
  store: SnapshotStore,
  directory: string,
  versions: readonly string[],
): SnapshotStore {
  const own = SnapshotStore.open(directory, { create: true });
  for (const version of versions) addVersion(store, own, version);
  own.activate(versions[0]!);
  return own;
}

export function addVersion(store: SnapshotStore, own: SnapshotStore, version: string): void {
  const aside = own.temporaryPath();
  cpSync(store.pathOf(version), aside);
  own.publish(aside, version);
}

/** The file of a version, there or not. */
export function fileOf(store: SnapshotStore, version: string): string {
  return path.join(store.directory, 'snapshots', `${version}.snapshot`);
}
