/** The process that `buildInChild` starts: builds one snapshot, says what it took, ends. */
import { buildSnapshot } from '../src/snapshot/build-snapshot.ts';
import { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import type { ChildBuild, MeasuredBuild } from './build-in-child.ts';

const { inputs, storeDirectory, version } = JSON.parse(process.argv[2]!) as ChildBuild;
const store = SnapshotStore.open(storeDirectory, { create: true });
const startMs = performance.now();
const { path, sizeBytes } = await buildSnapshot({ ...inputs, version, metric: 'cosine' }, store);
const answer: MeasuredBuild = {
  path,
  sizeBytes,
  buildMs: performance.now() - startMs,
  peakRssBytes: process.resourceUsage().maxRSS * 1024,
};
process.send!(answer);
