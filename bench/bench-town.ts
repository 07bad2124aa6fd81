/**
 * The town that benches run on: written and built once, then found again below the system's temporary directory,
 * until the source that made it changes.
 * Shops deliver four times as far as in src/synthetic, so that 20,000 candidates exist at one location.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLog } from '../src/base/log.ts';
import { LinearMemory } from '../src/kernel/linear-memory.ts';
import type { Generation } from '../src/snapshot/generation.ts';
import { loadSnapshot, type Scratch } from '../src/snapshot/open-snapshot.ts';
import { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import { syntheticTown, type Town } from '../src/synthetic/town.ts';
import { writeTown } from '../src/synthetic/write-town.ts';
import { buildInChild, type MeasuredBuild } from './build-in-child.ts';

export interface BenchTownOptions {
  readonly seed: number;
  readonly shopCount: number;
  readonly dimensions: number;
}

/** Files that `buildSnapshot` reads. */
export interface TownInputs {
  readonly shops: string;
  readonly shopVectors: string;
  readonly keywordVectors: string;
}

/** A store that holds and serves one snapshot. */
export interface BuiltTown {
  readonly storeDirectory: string;
  readonly version: string;
  readonly snapshot: string;
  /** What it took when it was built. */
  readonly build: MeasuredBuild;
}

export const NO_SCRATCH: Scratch = {
  laneCount: 0,
  queryCountMax: 0,
  signalCountMax: 0,
  depthMax: 0,
  limitMax: 0,
};
const CHECKOUT = path.join(import.meta.dirname, '..');
const BUILD_FILE = 'build.json';
const REACH_FACTOR = 4;

/** What the files of a town follow from, and what its snapshot follows from beside them. */
const INPUT_SOURCES = ['src/base', 'src/domain', 'src/synthetic', 'bench/bench-town.ts'];
const SNAPSHOT_SOURCES = [
  ...INPUT_SOURCES,
  'src/geo',
  'src/kernel',
  'src/catalog',
  'src/encoder',
  'src/snapshot',
];

/** The files of a town, generated if those of this source are not there yet. */
export async function townInputs(options: BenchTownOptions): Promise<TownInputs> {
  const directory = await keep(options, 'inputs', INPUT_SOURCES, async (aside) => {
    writeTown(reachingFarther(syntheticTown({ ...options, userCount: 1, actionCount: 0 })), aside);
  });
  return {
    shops: path.join(directory, 'shops.csv'),
    shopVectors: path.join(directory, 'shop-vectors.npy'),
    keywordVectors: path.join(directory, 'keywords.ndjson'),
  };
}

/** The snapshot of a town (cosine), built if that of this source is not there yet. */
export async function builtTown(options: BenchTownOptions): Promise<BuiltTown> {
  const version = `${options.shopCount}x${options.dimensions}`;
  const storeDirectory = await keep(options, 'store', SNAPSHOT_SOURCES, async (aside) => {
    const build = await buildInChild(await townInputs(options), aside, version);
    SnapshotStore.open(aside).activate(version);
    writeFileSync(path.join(aside, BUILD_FILE), JSON.stringify(build));
  });
  const build = JSON.parse(readFileSync(path.join(storeDirectory, BUILD_FILE), 'utf8')) as MeasuredBuild;
  return { storeDirectory, version, snapshot: SnapshotStore.open(storeDirectory).pathOf(version), build };
}

/** Opens a snapshot to read from, without room for requests. It stays mapped until the process ends. */
export function openTown({ snapshot, version }: BuiltTown): Generation {
  return loadSnapshot(snapshot, version, new LinearMemory(), NO_SCRATCH, 'auto', silentLog).generation;
}

/** The directory that `make` fills. Made once for a state of `sources`; what older states made is removed. */
async function keep(
  { seed, shopCount, dimensions }: BenchTownOptions,
  name: string,
  sources: readonly string[],
  make: (aside: string) => Promise<void>,
): Promise<string> {
  const town = path.join(tmpdir(), 'doorrank-bench', `town-${seed}-${shopCount}x${dimensions}`);
  const directory = path.join(town, `${name}-${fingerprint(sources)}`);
  if (existsSync(directory)) return directory;
  mkdirSync(town, { recursive: true });
  for (const old of readdirSync(town)) {
    if (old.startsWith(`${name}-`)) rmSync(path.join(town, old), { recursive: true, force: true });
  }
  const aside = `${directory}.${process.pid}`;
  await make(aside);
  renameSync(aside, directory);
  return directory;
}

/** A short hash of the source files that stand at `paths` or below. */
function fingerprint(paths: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of paths.flatMap(filesBelow))
    hash.update(file).update(readFileSync(path.join(CHECKOUT, file)));
  return hash.digest('hex').slice(0, 12);
}

function filesBelow(place: string): string[] {
  if (statSync(path.join(CHECKOUT, place)).isFile()) return [place];
  const names = readdirSync(path.join(CHECKOUT, place), { recursive: true, encoding: 'utf8' }).toSorted();
  return names.filter((name) => name.endsWith('.ts')).map((name) => path.join(place, name));
}

function reachingFarther(town: Town): Town {
  return {
    ...town,
    *shops() {
      for (const shop of town.shops()) {
        yield { ...shop, deliveryRadiusMeters: shop.deliveryRadiusMeters! * REACH_FACTOR };
      }
    },
  };
}
