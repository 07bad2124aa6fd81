/**
 * Candidates of a location: the reach tree against kdbush (a box, then exact distances) and against a full scan,
 * checked to find the same shops. 10,000 to 1,000,000 shops with delivery radii of their own, 16 locations in turn.
 */
import assert from 'node:assert/strict';
import type { Location } from '../src/domain/location.ts';
import {
  CHORD_SQUARED_UNLIMITED,
  chordSquared,
  chordSquaredOfMeters,
  writePosition,
} from '../src/geo/earth.ts';
import type { Generation } from '../src/snapshot/generation.ts';
import { builtTown, openTown } from './bench-town.ts';
import { KdbushCandidates } from './kdbush-candidates.ts';
import { benchLocations, inTurn } from './requests.ts';
import type { Bench, ResultRow } from './result.ts';
import { timeInTurn } from './timing.ts';

const SEED = 7;
const SHOP_COUNTS = [10_000, 100_000, 1_000_000];
/** Undefined: the shops' own radii alone decide. */
const RADII_METERS = [500, 1_500, 5_000, undefined];
/** Nothing here reads embeddings. */
const DIMENSIONS = 4;

interface Terms {
  readonly S: number;
  readonly radiusMeters: number | undefined;
}

export const candidatesBench: Bench = {
  name: 'candidates',
  title: 'the shops that deliver to a location',
  seed: SEED,
  async run() {
    const rows: ResultRow[] = [];
    for (const S of SHOP_COUNTS) {
      const generation = openTown(await builtTown({ seed: SEED, shopCount: S, dimensions: DIMENSIONS }));
      const kdbush = new KdbushCandidates(generation);
      for (const radiusMeters of RADII_METERS) {
        rows.push(...(await measureFind(generation, kdbush, { S, radiusMeters })));
      }
    }
    return rows;
  },
};

async function measureFind(
  generation: Generation,
  kdbush: KdbushCandidates,
  { S, radiusMeters }: Terms,
): Promise<ResultRow[]> {
  const locations = benchLocations(SEED);
  const out = new Uint32Array(S);
  const scan = fullScan(generation);
  const counts = locations.map((location) => {
    const expected = out.slice(0, scan(location, radiusMeters, out));
    const found = out.subarray(0, generation.reachTree.find(location, radiusMeters, out));
    assert.deepEqual(found, expected, 'the reach tree finds what a full scan finds');
    assert.deepEqual(
      Uint32Array.from(kdbush.find(location, radiusMeters)).sort(),
      expected,
      'so does kdbush',
    );
    return expected.length;
  });
  const subjects = [
    inTurn('reach tree', locations, (location) => generation.reachTree.find(location, radiusMeters, out)),
    inTurn('kdbush', locations, (location) => kdbush.find(location, radiusMeters)),
    inTurn('full scan', locations, (location) => scan(location, radiusMeters, out)),
  ];
  const timings = await timeInTurn(subjects);
  const C = Math.round(counts.reduce((sum, count) => sum + count, 0) / counts.length);
  return subjects.map(({ name }, i) => ({
    terms: { S, radiusMeters: radiusMeters ?? 'own', C },
    subject: name,
    timing: timings[i]!,
  }));
}

/** Tests every shop; `out` gets the ordinals. */
function fullScan(generation: Generation) {
  const positions = generation.float64('positions').slice();
  const reaches = generation.float64('reaches').slice();
  const center = new Float64Array(3);
  return (location: Location, radiusMeters: number | undefined, out: Uint32Array): number => {
    const limit = radiusMeters === undefined ? CHORD_SQUARED_UNLIMITED : chordSquaredOfMeters(radiusMeters);
    writePosition(location.lon, location.lat, center, 0);
    let count = 0;
    for (let ordinal = 0; ordinal < reaches.length; ordinal++) {
      const squared = chordSquared(center, 0, positions, ordinal * 3);
      if (squared <= limit && squared <= reaches[ordinal]!) out[count++] = ordinal;
    }
    return count;
  };
}
