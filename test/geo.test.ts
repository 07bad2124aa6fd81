/** Candidates against a full scan, distances against the WGS84 geodesic. */
import geodesic from 'geographiclib-geodesic';
import { expect, test } from 'vitest';
import { Random } from '../src/base/random.ts';
import { RADIUS_METERS_UNLIMITED, type Location } from '../src/domain/location.ts';
import { chordSquared, chordSquaredOfMeters, metersOfChordSquared, writePosition } from '../src/geo/earth.ts';
import { kdOrder } from '../src/geo/kd-order.ts';
import { ReachTree, buildTree, treeFloats, verifyPlaces, verifyTree } from '../src/geo/reach-tree.ts';

const WGS84 = geodesic.Geodesic.WGS84;

function metersBetween(a: Location, b: Location): number {
  const positions = new Float64Array(6);
  writePosition(a.lon, a.lat, positions, 0);
  writePosition(b.lon, b.lat, positions, 3);
  return metersOfChordSquared(chordSquared(positions, 0, positions, 3));
}

function anywhere(random: Random): Location {
  const place = random.below(6);
  const lon = place === 0 ? random.pick([180, -180, 179.9999, -179.9999]) : random.between(-180, 180);
  const lat = place === 1 ? random.pick([90, -90, 89.99, -89.9]) : random.between(-90, 90);
  return { lon, lat };
}

test('a distance differs from the WGS84 geodesic by less than 0.001 % up to 50 km, anywhere', () => {
  const random = new Random(1);
  let worst = 0;
  for (let i = 0; i < 20_000; i++) {
    const from = anywhere(random);
    const meters = 10 ** random.between(-1, Math.log10(50_000));
    const { lat2, lon2 } = WGS84.Direct(from.lat, from.lon, random.between(0, 360), meters);
    const found = metersBetween(from, { lon: lon2!, lat: lat2! });
    worst = Math.max(worst, Math.abs(found - meters) / Math.max(meters, 1));
  }
  expect(worst).toBeLessThan(1e-5);
});

test('a distance differs from the geodesic by less than 0.6 % up to 10,000 km', () => {
  const random = new Random(2);
  for (let i = 0; i < 5_000; i++) {
    const from = anywhere(random);
    const to = anywhere(random);
    const { s12 } = WGS84.Inverse(from.lat, from.lon, to.lat, to.lon);
    if (s12! > 1e7) continue; // towards the antipode the arc hangs on the last percent of the chord
    expect(Math.abs(metersBetween(from, to) - s12!)).toBeLessThanOrEqual(0.006 * s12! + 1e-6);
  }
});

test('meters and chords are inverse to each other', () => {
  for (const meters of [0.001, 1, 3_000, 50_000, 1e6, 1.9e7]) {
    expect(metersOfChordSquared(chordSquaredOfMeters(meters)) / meters).toBeCloseTo(1, 9);
  }
});

interface Town {
  readonly locations: readonly Location[];
  readonly radii: readonly number[];
  readonly tree: ReachTree;
}

function town(random: Random): Town {
  const center = anywhere(random);
  const spreadMeters = random.pick([0, 500, 5_000, 50_000, 10_000_000]);
  const shopCount = random.pick([0, 1, 2, 63, 64, 65, 66, 128, 129, 130, 131, 400, 1_000]);
  const drawn = Array.from({ length: shopCount }, () => {
    if (random.unit() < 0.1) return center;
    const { lon2, lat2 } = WGS84.Direct(
      center.lat,
      center.lon,
      random.between(0, 360),
      spreadMeters * random.unit(),
    );
    return { lon: lon2!, lat: lat2! };
  });
  const order = kdOrder(
    Float64Array.from(drawn, (l) => l.lon),
    Float64Array.from(drawn, (l) => l.lat),
  );
  expect([...order].toSorted((a, b) => a - b)).toEqual(drawn.map((_, row) => row));
  const locations = Array.from(order, (row) => drawn[row]!);
  const radiusMax = random.pick([800, 6_000, 100_000]);
  const radii = locations.map(() =>
    random.unit() < 0.05 ? RADIUS_METERS_UNLIMITED : random.between(1, radiusMax),
  );
  const positions = new Float64Array(shopCount * 3);
  locations.forEach(({ lon, lat }, ordinal) => writePosition(lon, lat, positions, ordinal * 3));
  const reaches = Float64Array.from(radii, chordSquaredOfMeters);
  const nodes = buildTree(positions, reaches);
  expect(nodes.length).toBe(treeFloats(shopCount));
  const places = { positions, reaches, nodes };
  verifyPlaces(Float64Array.from(locations.flatMap(({ lon, lat }) => [lon, lat])), places);
  verifyTree(places);
  return { locations, radii, tree: new ReachTree(places) };
}

test('the candidates are those of a full scan: 10,000 locations over 500 towns, poles and date line included', () => {
  for (let seed = 1; seed <= 500; seed++) {
    const random = new Random(seed);
    const { locations, radii, tree } = town(random);
    const out = new Uint32Array(locations.length);
    for (let i = 0; i < 20; i++) {
      const base = locations.length > 0 && random.unit() < 0.8 ? random.pick(locations) : anywhere(random);
      const { lon2, lat2 } = WGS84.Direct(
        base.lat,
        base.lon,
        random.between(0, 360),
        random.pick([0, 100, 3_000, 60_000]),
      );
      const location = { lon: lon2!, lat: lat2! };
      const radiusMeters = random.unit() < 0.5 ? undefined : 10 ** random.between(0, 7.3);
      const found = [...out.subarray(0, tree.find(location, radiusMeters, out))];
      // Borderline shops, closer to a bound than floating point resolves, may fall on either side of the scan's meters.
      const sure = (ordinal: number, slack: number): boolean => {
        const meters = metersBetween(location, locations[ordinal]!);
        return meters * (1 + slack) <= Math.min(radii[ordinal]!, radiusMeters ?? Infinity);
      };
      const inside = locations.map((_, ordinal) => ordinal).filter((ordinal) => sure(ordinal, 1e-9));
      const perhaps = locations.map((_, ordinal) => ordinal).filter((ordinal) => sure(ordinal, -1e-9));
      const where = `seed ${seed}, location ${i}`;
      expect(
        found.filter((ordinal) => !perhaps.includes(ordinal)),
        where,
      ).toEqual([]);
      expect(
        inside.filter((ordinal) => !found.includes(ordinal)),
        where,
      ).toEqual([]);
      expect(found, where).toEqual(found.toSorted((a, b) => a - b));
    }
  }
});

test('a shop on the border of its radius is inside', () => {
  const positions = new Float64Array(3);
  writePosition(127, 37.5, positions, 0);
  const location = { lon: 127.01, lat: 37.5 };
  const center = new Float64Array(3);
  writePosition(location.lon, location.lat, center, 0);
  const reaches = Float64Array.of(chordSquared(center, 0, positions, 0));
  const tree = new ReachTree({ positions, reaches, nodes: buildTree(positions, reaches) });
  expect(tree.find(location, undefined, new Uint32Array(1))).toBe(1);
  reaches[0] = reaches[0]! * (1 - 1e-12);
  const shrunk = new ReachTree({ positions, reaches, nodes: buildTree(positions, reaches) });
  expect(shrunk.find(location, undefined, new Uint32Array(1))).toBe(0);
});

test('places that do not belong together are refused', () => {
  const coordinates = new Float64Array(400).map((_, i) => i / 10);
  const positions = new Float64Array(600);
  for (let i = 0; i < 200; i++) writePosition(coordinates[2 * i]!, coordinates[2 * i + 1]!, positions, 3 * i);
  const reaches = new Float64Array(200).fill(1e6);
  const nodes = buildTree(positions, reaches);
  const broken = (
    change: (copy: { positions: Float64Array; reaches: Float64Array; nodes: Float64Array }) => void,
  ) => {
    const copy = { positions: positions.slice(), reaches: reaches.slice(), nodes: nodes.slice() };
    change(copy);
    return () => {
      verifyPlaces(coordinates, copy);
      verifyTree(copy);
    };
  };
  expect(broken(() => {})).not.toThrow();
  expect(broken((copy) => (copy.positions[30] = NaN))).toThrow(/position of ordinal 10/);
  expect(broken((copy) => (copy.positions[30]! += 1))).toThrow(/position of ordinal 10/);
  expect(broken((copy) => (copy.reaches[7] = NaN))).toThrow(/reach of ordinal 7/);
  expect(broken((copy) => (copy.reaches[7] = -2))).toThrow(/reach of ordinal 7/);
  expect(broken((copy) => (copy.nodes[8] = 0))).toThrow(/tree node 1 holds 0/);
});
