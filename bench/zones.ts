/**
 * What delivery polygons cost. First alone: 50,000 zones of 60 vertices, the shops whose zone holds a location, against
 * flatbush with point-in-polygon-hao over nested arrays, and a scan of all boxes; checked to find the same shops.
 * Then the whole line: 100,000 shops, half of them with a zone of 60 vertices in place of their radius, without and with
 * hours of its own, against the same town with radii alone.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Flatbush from 'flatbush';
import pointInPolygon from 'point-in-polygon-hao';
import { Random } from '../src/base/random.ts';
import type { Location } from '../src/domain/location.ts';
import type { Shop } from '../src/domain/shop.ts';
import { writePosition } from '../src/geo/earth.ts';
import { readZones } from '../src/geo/geojson.ts';
import { kdOrder } from '../src/geo/kd-order.ts';
import { buildTree, NO_REACH } from '../src/geo/reach-tree.ts';
import { Zones, ZonesBuilder } from '../src/geo/zones.ts';
import { openEngine, type Engine } from '../src/index.ts';
import { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import { syntheticTown } from '../src/synthetic/town.ts';
import { townInputs } from './bench-town.ts';
import { buildInChild } from './build-in-child.ts';
import { benchLocations, inTurn } from './requests.ts';
import type { Bench, ResultRow } from './result.ts';
import { timeInTurn } from './timing.ts';

const SEED = 7;
const VERTEX_COUNT = 60;
const ZONE_COUNT = 50_000;
/** Of a zone: about 200, 2,600 and 13,500 of them hold a location. */
const RADII_METERS = [700, 2_200, 7_000];
const LINE_SHOP_COUNT = 100_000;
const LINE_RADII_METERS = [1_500, undefined];
const DIMENSIONS = 128;
const METERS_PER_DEGREE = 111_195;
/** Half of the shops deliver to a zone in place of their radius, in the last town by hours of its own. */
const TOWNS = ['radii alone', 'half of the shops by zones', 'these by hours of their own'] as const;
type TownKind = (typeof TOWNS)[number];
/** A noon at which most shops are open. */
const AT = '2026-11-23T12:00:00Z';

export const zonesBench: Bench = {
  name: 'zones',
  title: `${ZONE_COUNT} zones of ${VERTEX_COUNT} vertices, and the whole line with and without zones`,
  seed: SEED,
  async run() {
    const rows: ResultRow[] = [];
    for (const radiusMeters of RADII_METERS) rows.push(...(await measureFind(radiusMeters)));
    return [...rows, ...(await measureLine())];
  },
};

/** A ring of `VERTEX_COUNT` around a place, its corners between 0.8 and 1 of `radiusMeters` away. */
function ringAround({ lon, lat }: Location, radiusMeters: number, random: Random): number[][] {
  const ring = Array.from({ length: VERTEX_COUNT }, (_, i) => {
    const angle = (2 * Math.PI * i) / VERTEX_COUNT;
    const degrees = (radiusMeters * random.between(0.8, 1)) / METERS_PER_DEGREE;
    const stretch = Math.cos((lat * Math.PI) / 180);
    return [lon + (degrees * Math.cos(angle)) / stretch, lat + degrees * Math.sin(angle)];
  });
  return [...ring, ring[0]!];
}

async function measureFind(radiusMeters: number): Promise<ResultRow[]> {
  const random = new Random(SEED);
  const town = syntheticTown({
    seed: SEED,
    shopCount: ZONE_COUNT,
    dimensions: 4,
    userCount: 1,
    actionCount: 0,
  });
  const shops = [...town.shops()];
  const order = kdOrder(
    Float64Array.from(shops, ({ lon }) => lon),
    Float64Array.from(shops, ({ lat }) => lat),
  );
  const rings = Array.from(order, (row) => ringAround(shops[row]!, radiusMeters, random));
  const zones = zonesOf(
    Array.from(order, (row) => shops[row]!),
    rings,
  );
  const hao = new HaoZones(rings);
  const locations = benchLocations(SEED);
  const out = new Uint32Array(ZONE_COUNT);
  let holdCount = 0;
  let boxCount = 0;
  for (const location of locations) {
    const count = zones.add(location, undefined, out, 0);
    assert.deepEqual([...out.subarray(0, count)], hao.find(location), 'point-in-polygon-hao finds the same');
    assert.deepEqual([...out.subarray(0, count)], hao.scan(location), 'so does a scan');
    holdCount += count;
    boxCount += hao.boxCount(location);
  }
  const subjects = [
    inTurn('doorrank', locations, (location) => zones.add(location, undefined, out, 0)),
    inTurn('flatbush + hao', locations, (location) => hao.find(location)),
    inTurn('scan of boxes + hao', locations, (location) => hao.scan(location)),
  ];
  const timings = await timeInTurn(subjects);
  const per = (count: number): number => Math.round(count / locations.length);
  return subjects.map(({ name }, i) => ({
    terms: { zones: ZONE_COUNT, radiusMeters, C: per(holdCount), boxes: per(boxCount) },
    subject: name,
    timing: timings[i]!,
  }));
}

function zonesOf(shops: readonly Shop[], rings: readonly number[][][]): Zones {
  const positions = new Float64Array(shops.length * 3);
  shops.forEach(({ lon, lat }, ordinal) => writePosition(lon, lat, positions, ordinal * 3));
  const reaches = new Float64Array(shops.length).fill(NO_REACH);
  const builder = new ZonesBuilder();
  rings.forEach((ring, row) => {
    const zone = { type: 'Polygon', coordinates: [ring] };
    builder.add(
      row,
      readZones(zone, (_path, found) => assert.fail(found))!,
    );
  });
  const places = { positions, reaches, nodes: buildTree(positions, reaches) };
  return new Zones(builder.encode(Uint32Array.from(shops.keys())), places);
}

/** What one writes with the two libraries. */
class HaoZones {
  readonly #polygons: readonly number[][][][];
  readonly #boxes: readonly (readonly [number, number, number, number])[];
  readonly #index: Flatbush;

  constructor(rings: readonly number[][][]) {
    this.#polygons = rings.map((ring) => [ring]);
    this.#boxes = rings.map((ring) => {
      const lons = ring.map(([lon]) => lon!);
      const lats = ring.map(([, lat]) => lat!);
      return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
    });
    this.#index = new Flatbush(rings.length);
    for (const box of this.#boxes) this.#index.add(...box);
    this.#index.finish();
  }

  find({ lon, lat }: Location): number[] {
    return this.#index
      .search(lon, lat, lon, lat)
      .filter((zone) => pointInPolygon([lon, lat], this.#polygons[zone]!) !== false)
      .sort((a, b) => a - b);
  }

  scan({ lon, lat }: Location): number[] {
    const found: number[] = [];
    this.#boxes.forEach(([west, south, east, north], zone) => {
      const isInBox = west <= lon && lon <= east && south <= lat && lat <= north;
      if (isInBox && pointInPolygon([lon, lat], this.#polygons[zone]!) !== false) found.push(zone);
    });
    return found;
  }

  boxCount({ lon, lat }: Location): number {
    return this.#index.search(lon, lat, lon, lat).length;
  }
}

async function measureLine(): Promise<ResultRow[]> {
  const directory = mkdtempSync(path.join(tmpdir(), 'doorrank-bench-'));
  const engines: Engine[] = [];
  try {
    for (const kind of TOWNS) engines.push(await engineOver(directory, kind));
    const rows: ResultRow[] = [];
    for (const radiusMeters of LINE_RADII_METERS)
      rows.push(...(await measureRequests(engines, radiusMeters)));
    return rows;
  } finally {
    await Promise.all(engines.map((engine) => engine.close()));
    rmSync(directory, { recursive: true, force: true });
  }
}

async function engineOver(directory: string, kind: TownKind): Promise<Engine> {
  const options = { seed: SEED, shopCount: LINE_SHOP_COUNT, dimensions: DIMENSIONS };
  const town = syntheticTown({ ...options, userCount: 1, actionCount: 0 });
  const random = new Random(SEED);
  const number = TOWNS.indexOf(kind);
  const shops = path.join(directory, `shops-${number}.ndjson`);
  for (const batch of batches(town.shops(), 1_000)) {
    const lines = batch.map(({ attributes, ...shop }, i) => {
      const { deliveryRadiusMeters, ...rest } = shop;
      const geometry = { type: 'Polygon', coordinates: [ringAround(shop, deliveryRadiusMeters!, random)] };
      const openingHours = `Mo-Su 0${7 + random.below(3)}:00-2${random.below(4)}:00`;
      const properties = kind === TOWNS[2] ? { openingHours } : {};
      const hasZone = kind !== TOWNS[0] && i % 2 === 0;
      const reach = hasZone ? { zone: { type: 'Feature', properties, geometry } } : { deliveryRadiusMeters };
      return JSON.stringify({ ...rest, ...reach, attributes });
    });
    writeFileSync(shops, `${lines.join('\n')}\n`, { flag: 'a' });
  }
  const storeDirectory = path.join(directory, `store-${number}`);
  await buildInChild({ ...(await townInputs(options)), shops }, storeDirectory, 'bench');
  SnapshotStore.open(storeDirectory).activate('bench');
  const data = path.join(directory, `data-${number}`);
  return openEngine({ store: storeDirectory, data, threads: 0, storePollMs: 0 });
}

function* batches<T>(values: Iterable<T>, size: number): Generator<T[]> {
  let batch: T[] = [];
  for (const value of values) {
    batch.push(value);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}

async function measureRequests(
  engines: readonly Engine[],
  radiusMeters: number | undefined,
): Promise<ResultRow[]> {
  const requests = benchLocations(SEED).map((location) => ({
    location,
    ...(radiusMeters !== undefined && { radiusMeters }),
    actions: [{ type: 'search', keyword: '짜장면' }],
    limit: 20,
    explain: false,
    at: AT,
  }));
  const subjects = TOWNS.map((name, i) =>
    inTurn(name, requests, (request) => engines[i]!.recommend(request), { async: true }),
  );
  const counts = await Promise.all(engines.map((engine) => candidateCountOf(engine, requests)));
  const timings = await timeInTurn(subjects);
  return subjects.map(({ name }, i) => ({
    terms: { radiusMeters: radiusMeters ?? 'own', S: LINE_SHOP_COUNT },
    subject: name,
    timing: timings[i]!,
    facts: { candidateCount: counts[i]! },
  }));
}

async function candidateCountOf(
  engine: Engine,
  requests: readonly Parameters<Engine['recommend']>[0][],
): Promise<number> {
  const answers = await Promise.all(requests.map((request) => engine.recommend(request)));
  return Math.round(answers.reduce((sum, { candidateCount }) => sum + candidateCount, 0) / answers.length);
}
