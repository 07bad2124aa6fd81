/**
 * Who delivers to a location, through GeoJSON, section, index and merge, against exact arithmetic.
 * 20,000 locations here; `npm run test:zones` asks about 1,000,000.
 */
import { expect, test } from 'vitest';
import { Random } from '../src/base/random.ts';
import { RADIUS_METERS_UNLIMITED } from '../src/domain/location.ts';
import { chordSquared, chordSquaredOfMeters, writePosition } from '../src/geo/earth.ts';
import { readZones } from '../src/geo/geojson.ts';
import { kdOrder } from '../src/geo/kd-order.ts';
import { buildTree, NO_REACH, ReachTree, type Places } from '../src/geo/reach-tree.ts';
import { Zones, ZonesBuilder } from '../src/geo/zones.ts';
import { drawWorld, exactPolygon, geoJsonOf, holdsExactly, type DrawnShop } from './zone-oracle.ts';

const LOCATION_COUNT = Number(process.env['ZONE_LOCATIONS'] ?? 20_000);
const SHOPS_PER_WORLD = 20;
const LOCATIONS_PER_WORLD = 500;

function placesOf(shops: readonly DrawnShop[]): Places {
  const positions = new Float64Array(shops.length * 3);
  const reaches = new Float64Array(shops.length);
  shops.forEach(({ lon, lat, radiusMeters, zones }, ordinal) => {
    writePosition(lon, lat, positions, ordinal * 3);
    const hasZonesAlone = radiusMeters === undefined && zones.length > 0;
    reaches[ordinal] = hasZonesAlone
      ? NO_REACH
      : chordSquaredOfMeters(radiusMeters ?? RADIUS_METERS_UNLIMITED);
  });
  return { positions, reaches, nodes: buildTree(positions, reaches) };
}

function zonesOf(random: Random, shops: readonly DrawnShop[], places: Places): Zones {
  const builder = new ZonesBuilder();
  shops.forEach(({ zones }, row) => {
    if (zones.length === 0) return;
    const read = readZones(geoJsonOf(random, zones), (path, found, expected) => {
      throw new Error(`${path.join('.')}: found ${found}, expected ${expected}`);
    });
    builder.add(row, read!);
  });
  const built = new Zones(builder.encode(Uint32Array.from(shops.keys())), places);
  built.verify();
  return built;
}

function expectWorld(seed: number): number {
  const random = new Random(seed);
  const world = drawWorld(seed, SHOPS_PER_WORLD, LOCATIONS_PER_WORLD);
  const order = kdOrder(
    Float64Array.from(world.shops, ({ lon }) => lon),
    Float64Array.from(world.shops, ({ lat }) => lat),
  );
  const shops = Array.from(order, (row) => world.shops[row]!);
  const places = placesOf(shops);
  const tree = new ReachTree(places);
  const zones = zonesOf(random, shops, places);
  let zoneCount = 0;
  const exact = shops.map((shop) =>
    shop.zones.map(({ polygons }) => ({ zone: zoneCount++, polygons: polygons.map(exactPolygon) })),
  );
  const out = new Uint32Array(shops.length);
  const center = new Float64Array(3);
  let heldCount = 0;
  for (const location of world.locations) {
    const radiusMeters = random.unit() < 0.8 ? undefined : random.between(1, 100_000);
    writePosition(location.lon, location.lat, center, 0);
    const holding = exact.map((own) =>
      own.filter(({ polygons }) => polygons.some((polygon) => holdsExactly(polygon, location))),
    );
    const expected = shops.flatMap((_, ordinal) => {
      const squared = chordSquared(center, 0, places.positions, ordinal * 3);
      const isNear = radiusMeters === undefined || squared <= chordSquaredOfMeters(radiusMeters);
      const delivers = squared <= places.reaches[ordinal]! || holding[ordinal]!.length > 0;
      return isNear && delivers ? [ordinal] : [];
    });
    const where = `seed ${seed} (${world.kind}), ${location.lon}, ${location.lat}`;
    const count = zones.add(location, radiusMeters, out, tree.find(location, radiusMeters, out));
    expect([...out.subarray(0, count)], where).toEqual(expected);
    heldCount += holding.filter((held) => held.length > 0).length;
    const found = holding.map((_, ordinal) => zones.holding(ordinal, location));
    expect(found, where).toEqual(holding.map((held) => held.map(({ zone }) => zone)));
  }
  return heldCount;
}

test(
  `${LOCATION_COUNT} locations find exactly the shops whose zones hold them`,
  { timeout: 3_600_000 },
  () => {
    let heldCount = 0;
    for (let seed = 1; seed <= LOCATION_COUNT / LOCATIONS_PER_WORLD; seed++) heldCount += expectWorld(seed);
    // Neither nobody nor everybody delivers: 20 shops could.
    expect(heldCount / LOCATION_COUNT).toBeGreaterThan(2);
    expect(heldCount / LOCATION_COUNT).toBeLessThan(12);
  },
);
