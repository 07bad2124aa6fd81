/** Zones: what GeoJSON says, where borders run, damaged sections, and the whole way from a shops' file to an answer. */
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EngineError } from '../src/base/errors.ts';
import { Random } from '../src/base/random.ts';
import type { Location } from '../src/domain/location.ts';
import { chordSquared, chordSquaredOfMeters, writePosition } from '../src/geo/earth.ts';
import { multiPolygonOf, ZONE_POSITION_COUNT_MAX, readPolygons, readZones } from '../src/geo/geojson.ts';
import type { Ring } from '../src/domain/zone.ts';
import { buildTree, NO_REACH, type Places } from '../src/geo/reach-tree.ts';
import { Zones, ZonesBuilder } from '../src/geo/zones.ts';
import { openEngine, type Engine, type RecommendRequest } from '../src/index.ts';
import { buildSnapshot } from '../src/snapshot/build-snapshot.ts';
import { SnapshotStore } from '../src/snapshot/snapshot-store.ts';
import { Workspace } from './built-town.ts';
import { drawWorld, exactPolygon, geoJsonOf, holdsExactly, type World } from './zone-oracle.ts';

type Position = readonly [number, number];

const SQUARE: Position[] = [
  [10, 10],
  [20, 10],
  [20, 20],
  [10, 20],
  [10, 10],
];
const polygon = (...rings: (readonly Position[])[]) => ({ type: 'Polygon', coordinates: rings });
const feature = (properties: object | null, geometry: object = polygon(SQUARE)) => ({
  type: 'Feature',
  properties,
  geometry,
});

/** One shop at (0, 0) with the zones of each of `geoJsons`. */
function placesOf(shopCount: number): Places {
  const positions = new Float64Array(shopCount * 3);
  for (let ordinal = 0; ordinal < shopCount; ordinal++) writePosition(0, 0, positions, ordinal * 3);
  const reaches = new Float64Array(shopCount).fill(NO_REACH);
  return { positions, reaches, nodes: buildTree(positions, reaches) };
}

function sectionOf(geoJsons: readonly unknown[]): Uint8Array {
  const builder = new ZonesBuilder();
  geoJsons.forEach((geoJson, row) => {
    const zones = readZones(geoJson, (path, found, expected) => {
      throw new Error(`${path.join('.')}: found ${found}, expected ${expected}`);
    });
    builder.add(row, zones!);
  });
  return builder.encode(Uint32Array.from(geoJsons.keys()));
}

function zonesOf(...geoJsons: unknown[]): Zones {
  const zones = new Zones(sectionOf(geoJsons), placesOf(geoJsons.length));
  zones.verify();
  return zones;
}

/** Whether the one shop delivers to each place. */
function delivers(geoJson: unknown): (lon: number, lat: number) => boolean {
  const zones = zonesOf(geoJson);
  return (lon, lat) => {
    const found = zones.add({ lon, lat }, undefined, new Uint32Array(1), 0) === 1;
    expect(zones.holding(0, { lon, lat }).length > 0).toBe(found);
    return found;
  };
}

describe('GeoJSON', () => {
  const crowd = Array.from({ length: ZONE_POSITION_COUNT_MAX + 1 }, (_, i): Position => [
    i / 1e4,
    (i % 7) / 7,
  ]);
  test.each<[unknown, string, string, RegExp]>([
    [null, 'type', 'nothing', /^"Polygon", "MultiPolygon", "Feature" or "FeatureCollection"$/],
    [{ type: 'Point', coordinates: [1, 2] }, 'type', '"Point"', /^"Polygon", "MultiPolygon", "Feature"/],
    [{ type: 'Polygon' }, 'coordinates', 'nothing', /at least one ring/],
    [polygon(), 'coordinates', '[]', /at least one ring/],
    [{ type: 'MultiPolygon', coordinates: [] }, 'coordinates', '[]', /at least one polygon/],
    [{ type: 'FeatureCollection', features: [] }, 'features', '[]', /at least one feature/],
    [{ type: 'FeatureCollection', features: [polygon(SQUARE)] }, 'features.0.type', '"Polygon"', /"Feature"/],
    [feature(null, { type: 'Point' }), 'geometry.type', '"Point"', /^"Polygon" or "MultiPolygon"$/],
    [feature({ deliveryFee: -1 }), 'properties.deliveryFee', '-1', /at least 0/],
    [feature({ deliveryFee: '1' }), 'properties.deliveryFee', '"1"', /a finite number/],
    [feature({ openingHours: 9 }), 'properties.openingHours', '9', /^text or a weekly table/],
    [feature({ openingHours: { Mo: '9-17' } }), 'properties.openingHours', '{"Mo":"9-17"}', /a weekly table/],
    [feature({ openingHours: '\ud800' }), 'properties.openingHours', '"\\ud800"', /valid Unicode/],
    [polygon(SQUARE.slice(1)), 'coordinates.0.3', '[10,10]', /the first position again, \[20,10\]/],
    [polygon(SQUARE.slice(0, 3)), 'coordinates.0', '3 positions', /at least 4/],
    [
      polygon([
        [0, 0],
        [1, 0],
        [1, Number.NaN],
        [0, 0],
      ]),
      'coordinates.0.2',
      '[1,null]',
      /lat must be a finite/,
    ],
    [
      polygon([
        [0, 0],
        [37, 127],
        [1, 1],
        [0, 0],
      ]),
      'coordinates.0.1',
      '[37,127]',
      /lon and lat look swapped/,
    ],
    [polygon([[0, 0], [1] as never, [1, 1], [0, 0]]), 'coordinates.0.1', '[1]', /\[lon, lat\]/],
    [polygon(crowd), 'coordinates.0', '10001 positions so far', /at most 10000; simplify/],
    [
      polygon([
        [0, 80],
        [120, 80],
        [-120, 80],
        [0, 80],
      ]),
      'coordinates.0',
      'a ring round a pole',
      /cut it at the date line/,
    ],
    [
      polygon(SQUARE, [
        [12, 12],
        [21, 12],
        [14, 14],
        [12, 12],
      ]),
      'coordinates.1',
      'a hole that reaches outside',
      /MultiPolygon/,
    ],
  ])('%j is refused', (geoJson, path, found, expected) => {
    const refused: unknown[][] = [];
    const zones = readZones(geoJson, (...fault) => refused.push(fault));
    expect(zones).toBeUndefined();
    expect(refused).toEqual([
      [
        path.split('.').map((part) => (/^\d+$/.test(part) ? +part : part)),
        found,
        expect.stringMatching(expected),
      ],
    ]);
  });

  test('features are zones with hours and fees of their own', () => {
    const features = [
      feature({ openingHours: 'Mo-Fr 10:00-20:00', deliveryFee: 0, name: 'ignored' }),
      feature({ deliveryFee: null, openingHours: '' }),
      feature(null),
      feature({ openingHours: { Mo: ['11:00-15:00', '17:00-02:00'], Tu: [] } }),
    ];
    const polygons = expect.any(Array);
    const expected = [
      { polygons, openingHours: 'Mo-Fr 10:00-20:00', deliveryFee: 0 },
      { polygons },
      { polygons },
      { polygons, openingHours: 'Mo 11:00-15:00,17:00-02:00' },
    ];
    const read = readZones({ type: 'FeatureCollection', features }, () => {});
    expect(read).toEqual(expected);
    const zones = zonesOf({ type: 'FeatureCollection', features });
    expect([0, 1, 2, 3].map((zone) => [zones.hoursOf(zone), zones.feeOf(zone)])).toEqual(
      expected.map(({ openingHours, deliveryFee }) => [openingHours, deliveryFee]),
    );
  });

  test('the zones of a location are those of its shop that hold it', () => {
    const within = (west: number) =>
      feature(null, polygon(SQUARE.map(([lon, lat]) => [lon + west, lat] as const)));
    const features = [within(0), within(5), within(8)];
    const zones = zonesOf(polygon(SQUARE), { type: 'FeatureCollection', features });
    const held = (lon: number) => [0, 1].map((ordinal) => zones.holding(ordinal, { lon, lat: 15 }));
    expect(held(12)).toEqual([[0], [1]]);
    expect(held(19)).toEqual([[0], [1, 2, 3]]);
    expect(held(26)).toEqual([[], [3]]);
    expect(held(29)).toEqual([[], []]);
  });
});

describe('borders', () => {
  const HOLE: Position[] = [
    [12, 12],
    [12, 18],
    [18, 18],
    [18, 12],
    [12, 12],
  ];
  test('edges and vertices are inside, those of holes too; a bit beside them is not', () => {
    const inside = delivers(polygon(SQUARE, HOLE));
    for (const at of [10, 11, 12, 18, 19.5, 20]) {
      expect([inside(at, 10), inside(at, 20), inside(10, at), inside(20, at)]).toEqual([
        true,
        true,
        true,
        true,
      ]);
    }
    for (const at of [12, 15, 18]) {
      expect([inside(at, 12), inside(at, 18), inside(12, at), inside(18, at)]).toEqual([
        true,
        true,
        true,
        true,
      ]);
    }
    const bit = 2e-15;
    expect([
      inside(10 - bit, 15),
      inside(15, 20 + 2 * bit),
      inside(12 + bit, 15),
      inside(15, 18 - 2 * bit),
    ]).toEqual([false, false, false, false]);
  });

  test('a slanting edge is exactly where float64 says, where rounded differences would see it elsewhere', () => {
    const inside = delivers(
      polygon([
        [0, 0],
        [3, 1],
        [3, 0],
        [0, 0],
      ]),
    );
    expect(inside(1.5, 0.5)).toBe(true);
    // 1/3 in float64 lies below the third, so the point lies on the inner side.
    expect(inside(1, 1 / 3)).toBe(true);
    expect(inside(1, 1 / 3 + 2 ** -54)).toBe(false);
    const tiny = delivers(
      polygon([
        [-1e-20, -1],
        [-1e-20, 1],
        [1, 1],
        [1, -1],
        [-1e-20, -1],
      ]),
    );
    expect(tiny(-1e-20, 0.3)).toBe(true);
    expect(tiny(-1.1e-20, 0.3)).toBe(false);
  });

  test('a ring that crosses itself encloses by even and odd, in either direction', () => {
    const points: Position[] = [0, 2, 4, 1, 3, 0].map((i) => {
      const angle = (2 * Math.PI * i) / 5;
      return [10 * Math.cos(angle), 10 * Math.sin(angle)];
    });
    for (const ring of [points, points.toReversed()]) {
      const inside = delivers(polygon(ring));
      expect([inside(0, 0), inside(8, 0), inside(0, 30)]).toEqual([false, true, false]);
    }
  });

  test('polygons of one zone may overlap', () => {
    const shifted = SQUARE.map(([lon, lat]) => [lon + 5, lat] as const);
    const inside = delivers({ type: 'MultiPolygon', coordinates: [[SQUARE], [shifted]] });
    expect([inside(12, 15), inside(17, 15), inside(24, 15), inside(26, 15)]).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });
});

describe('date line and poles', () => {
  const CUT = {
    type: 'MultiPolygon',
    coordinates: [
      [
        [
          [170, -5],
          [180, -5],
          [180, 5],
          [170, 5],
          [170, -5],
        ],
      ],
      [
        [
          [-180, -5],
          [-170, -5],
          [-170, 5],
          [-180, 5],
          [-180, -5],
        ],
      ],
    ],
  };
  const RINGS: [string, unknown][] = [
    ['cut as RFC 7946 asks', CUT],
    [
      'drawn across',
      polygon([
        [170, -5],
        [-170, -5],
        [-170, 5],
        [170, 5],
        [170, -5],
      ]),
    ],
    [
      'drawn across from the east',
      polygon([
        [-170, 5],
        [170, 5],
        [170, -5],
        [-170, -5],
        [-170, 5],
      ]),
    ],
  ];
  test.each(RINGS)('a zone over the date line, %s', (_how, geoJson) => {
    const inside = delivers(geoJson);
    for (const lon of [170, 175, 180, -180, -175, -170]) expect(inside(lon, 5), `${lon}`).toBe(true);
    for (const lon of [169.9, 0, -169.9]) expect(inside(lon, 0), `${lon}`).toBe(false);
    expect(inside(180, 5.1)).toBe(false);
  });

  test('a hole over the date line belongs to its ring', () => {
    const outer: Position[] = [
      [170, -5],
      [-170, -5],
      [-170, 5],
      [170, 5],
      [170, -5],
    ];
    const hole: Position[] = [
      [-179, -1],
      [-179, 1],
      [-175, 1],
      [-175, -1],
      [-179, -1],
    ];
    const inside = delivers(polygon(outer, hole));
    expect([inside(-177, 0), inside(-179, 0), inside(177, 0), inside(-172, 0)]).toEqual([
      false,
      true,
      true,
      true,
    ]);
  });

  test('an edge from -180 to 180 along one latitude goes round the Earth', () => {
    const world = delivers(
      polygon([
        [-180, -90],
        [180, -90],
        [180, 90],
        [-180, 90],
        [-180, -90],
      ]),
    );
    for (const lon of [-180, -90, 0, 179, 180]) expect([world(lon, 0), world(lon, 90)]).toEqual([true, true]);
    const antarctica = delivers(
      polygon([
        [-180, -84],
        [-60, -70],
        [60, -66],
        [180, -84],
        [180, -90],
        [-180, -90],
        [-180, -84],
      ]),
    );
    // At 180 it reaches up to 10, at -180 it is a point: that is one meridian.
    const wedge = delivers(
      polygon([
        [-180, 0],
        [180, 0],
        [180, 10],
        [0, 5],
        [-180, 0],
      ]),
    );
    for (const lon of [-180, 180]) {
      const held = [0, 5, 10, 11].map((lat) => wedge(lon, lat));
      expect(held, `${lon}`).toEqual([true, true, true, false]);
    }
    expect([antarctica(180, -85), antarctica(0, -70), antarctica(10, -90), antarctica(0, -50)]).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });
});

describe('a section that does not hold', () => {
  const features = [feature({ openingHours: 'Mo 10:00-20:00', deliveryFee: 5 }), feature(null)];
  const section = sectionOf([{ type: 'FeatureCollection', features }, polygon(SQUARE)]);
  const opened = (bytes: Uint8Array, places = placesOf(2)) => {
    return () => new Zones(bytes, places).verify();
  };

  test('is refused with what was found', () => {
    const changed = (change: (view: DataView) => void) => {
      const bytes = section.slice();
      change(new DataView(bytes.buffer));
      return opened(bytes);
    };
    expect(changed(() => {})).not.toThrow();
    expect(changed((view) => view.setUint32(0, 7, true))).toThrow(/section zones/);
    expect(changed((view) => view.setUint32(12, 4_000_000_000, true))).toThrow(
      /has \d+ bytes, expected at least/,
    );
    expect(changed((view) => view.setFloat64(16, -5, true))).toThrow(/fee of zone 0 is -5/);
    expect(changed((view) => view.setFloat64(16 + 24, Number.NaN, true))).toThrow(/vertex 0 is at NaN/);
    expect(changed((view) => view.setFloat64(16 + 24, 9, true))).toThrow(/box 0 holds 10/);
    expect(changed((view) => view.setFloat64(16 + 24, 10.001, true))).not.toThrow(); // still on the box of three others
    const boxes = 16 + 24 + 2 * 96;
    expect(changed((view) => view.setFloat64(boxes, 11, true))).toThrow(/box 0 holds 11/);
    const cells = boxes + 4 * 32;
    expect(changed((view) => view.setUint8(cells + 130, view.getUint8(cells + 130) ^ 1))).toThrow(
      /cells are not/,
    );
    const shops = cells + 3 * 64;
    expect(changed((view) => view.setUint32(shops, 1, true))).toThrow(
      /zone 1 is of shop 0, expected ascending/,
    );
    expect(changed((view) => view.setUint32(shops + 16 + 4, 0, true))).toThrow(/zonePolygons 1 is 0/);
  });

  const outcomeOf = (open: () => void): string => {
    try {
      open();
      return 'holds';
    } catch (error) {
      return error instanceof EngineError ? error.code : String(error);
    }
  };

  test('a shop without a radius must have a zone', () => {
    expect(opened(section, placesOf(3))).toThrow(/shop 2 has neither a radius nor a zone/);
  });

  test('cut or with any bits flipped, nothing but a snapshot_invalid comes of it', () => {
    for (let seed = 1; seed <= 1_000; seed++) {
      const random = new Random(seed);
      const bytes = section.slice(0, random.unit() < 0.2 ? random.below(section.length) : undefined);
      for (let i = random.below(4); i >= 0 && bytes.length > 0; i--)
        bytes[random.below(Math.min(bytes.length, random.pick([16, 2_000])))]! ^= 1 << random.below(8);
      expect(['holds', 'snapshot_invalid'], `seed ${seed}`).toContain(outcomeOf(opened(bytes)));
    }
  });
});

describe('from a shops file to an answer', () => {
  const workspace = new Workspace();
  const random = new Random(11);
  let world: World;
  let geoJsons: unknown[];
  const zoneCounts: number[] = [];
  const engines: Engine[] = [];
  beforeAll(async () => {
    const seed = [...Array(100).keys()].find((at) => drawWorld(at, 1, 1).kind === 'dateLine')!;
    world = drawWorld(seed, 60, 150);
    const store = SnapshotStore.open(workspace.path('store'), { create: true });
    geoJsons = world.shops.map(({ zones }) => (zones.length === 0 ? undefined : geoJsonOf(random, zones)));
    const rows = world.shops.map(({ lon, lat, radiusMeters }, row) => {
      return { shopId: `s${row}`, lon, lat, deliveryRadiusMeters: radiusMeters, zone: geoJsons[row] };
    });
    const csvRows = rows.map(({ zone, shopId, lon, lat, deliveryRadiusMeters }) => {
      const text = zone === undefined ? '' : `"${JSON.stringify(zone).replaceAll('"', '""')}"`;
      return `${shopId},${lon},${lat},${deliveryRadiusMeters ?? ''},${text}`;
    });
    const files = {
      ndjson: rows.map((row) => JSON.stringify(row)).join('\n'),
      csv: `shopId,lon,lat,deliveryRadiusMeters,zone\n${csvRows.join('\n')}\n`,
    };
    const shopVectors = workspace.path('vectors.f32');
    writeFileSync(shopVectors, new Float32Array(rows.length * 4).fill(1));
    for (const [format, content] of Object.entries(files)) {
      const shops = workspace.path(`shops.${format}`);
      writeFileSync(shops, content);
      const built = await buildSnapshot({ shops, shopVectors, version: format, metric: 'cosine' }, store);
      zoneCounts.push(built.zoneCount);
      store.activate(format);
    }
    for (const threads of [0, 1]) {
      const data = workspace.path(`data-${threads}`);
      engines.push(await openEngine({ store: store.directory, data, threads, storePollMs: 0 }));
    }
  });
  afterAll(async () => {
    await Promise.all(engines.map((engine) => engine.close()));
    workspace.remove();
  });

  /** What a reader makes of zones; rings of either direction as counterclockwise ones. */
  function zonesIn(geoJson: unknown) {
    return readZones(geoJson, () => {})!.map(({ polygons, ...zone }) => ({
      ...zone,
      polygons: polygons.map((rings) => rings.map((ring) => counterclockwise(ring))),
    }));
  }

  function counterclockwise({ lons, lats }: Ring): number[][] {
    const points = lons.map((lon, i) => [lon, lats[i]!] as const);
    const twice = points.map(([x, y], i) => {
      const [nextX, nextY] = points.at(i - points.length + 1)!;
      return (x - lons[0]!) * (nextY - y) - (nextX - x) * (y - lats[0]!);
    });
    const [first, ...others] = points;
    const isReversed = twice.reduce((sum, part) => sum + part) < 0;
    return [first!, ...(isReversed ? others.toReversed() : others)].map((point) => [...point]);
  }

  const metersSquared = (a: Location, b: Location): number => {
    const positions = new Float64Array(6);
    writePosition(a.lon, a.lat, positions, 0);
    writePosition(b.lon, b.lat, positions, 3);
    return chordSquared(positions, 0, positions, 3);
  };

  /** Shop ids and fees of the shops that deliver, by a full scan. */
  function expected(
    location: Location,
    radiusMeters: number | undefined,
    passes: (shop: Location) => boolean,
  ) {
    return world.shops.flatMap((shop, row) => {
      const squared = metersSquared(location, shop);
      const held = shop.zones.filter(({ polygons }) =>
        polygons.some((drawn) => holdsExactly(exactPolygon(drawn), location)),
      );
      const ownRadius = shop.radiusMeters ?? (shop.zones.length === 0 ? Infinity : -1);
      const isReached = ownRadius >= 0 && squared <= chordSquaredOfMeters(ownRadius);
      const isNear = radiusMeters === undefined || squared <= chordSquaredOfMeters(radiusMeters);
      if (!isNear || !(isReached || held.length > 0) || !passes(shop)) return [];
      const fees = held.flatMap(({ deliveryFee }) => deliveryFee ?? []);
      return [`s${row} ${fees.length === 0 ? undefined : Math.min(...fees)}`];
    });
  }

  async function found(engine: Engine, request: RecommendRequest): Promise<string[]> {
    const answer = await engine.recommend({ ...request, limit: 1_000 });
    expect(answer.shops.length).toBe(answer.candidateCount);
    return answer.shops.map(({ shopId, deliveryFee }) => `${shopId} ${deliveryFee}`);
  }

  test('every zone is built', () => {
    const zoneCount = world.shops.reduce((sum, { zones }) => sum + zones.length, 0);
    expect(zoneCounts).toEqual([zoneCount, zoneCount]);
  });

  test('a shop shows the zones that it was given, as GeoJSON that reads the same', () => {
    const engine = engines[0]!;
    geoJsons.forEach((geoJson, row) => {
      const { zones } = engine.shop(`s${row}`);
      const positions = zones?.flatMap(({ geometry }) => geometry.coordinates.flat(2)) ?? [];
      expect(positions.every(([lon, lat]) => Math.abs(lon) <= 180 && Math.abs(lat) <= 90)).toBe(true);
      const features = zones?.map(({ geometry, ...properties }) => ({
        type: 'Feature',
        geometry,
        properties,
      }));
      expect(features && zonesIn({ type: 'FeatureCollection', features }), `s${row}`).toEqual(
        geoJson && zonesIn(geoJson),
      );
    });
  });

  test('outer rings are shown counterclockwise and holes clockwise, in the middle of the map and at its end', () => {
    const square = (west: number, size: number): Position[] => {
      const east = west + size > 180 ? west + size - 360 : west + size;
      return [
        [west, 0],
        [west, size],
        [east, size],
        [east, 0],
        [west, 0],
      ];
    };
    for (const west of [10, 175]) {
      const hole = square(west, 4).toReversed();
      const drawn = polygon(square(west, 10), hole);
      expect(multiPolygonOf(readPolygons(drawn, 100, () => {})!)).toEqual({
        type: 'MultiPolygon',
        coordinates: [[square(west, 10).toReversed(), hole.toReversed()]],
      });
    }
  });

  test('CSV text and JSON make the same answers', async () => {
    const store = SnapshotStore.open(workspace.path('store'));
    const answers = [];
    for (const version of ['csv', 'ndjson']) {
      store.activate(version);
      await engines[0]!.refresh();
      const {
        tookMs: _,
        answerId: ___,
        version: __,
        ...answer
      } = await engines[0]!.recommend({ location: world.locations[0]! });
      answers.push(answer);
    }
    expect(answers[0]).toEqual(answers[1]);
  });

  test('the candidates and fees are those of a full scan', async () => {
    for (const [i, location] of world.locations.entries()) {
      const radiusMeters = i % 3 === 0 ? random.between(1, 200_000) : undefined;
      const ids = expected(location, radiusMeters, () => true);
      const request = { location, ...(radiusMeters !== undefined && { radiusMeters }) };
      for (const engine of engines) {
        expect((await found(engine, request)).toSorted(), `location ${i}`).toEqual(ids.toSorted());
      }
    }
  });

  test("within keeps the shops that lie in the caller's area", async () => {
    let keptCount = 0;
    for (const location of world.locations.slice(0, 100)) {
      const zone = random.pick(world.shops.filter(({ zones }) => zones.length > 0)).zones[0]!;
      const { features } = geoJsonOf(random, [zone]) as { features: [{ geometry: never }] };
      const inPolygon = expected(location, undefined, (shop) =>
        zone.polygons.some((drawn) => holdsExactly(exactPolygon(drawn), shop)),
      );
      keptCount += inPolygon.length;
      const polygonRequest = { location, within: { polygon: features[0].geometry } };
      expect((await found(engines[0]!, polygonRequest)).toSorted()).toEqual(inPolygon.toSorted());
      const center = random.pick(world.locations);
      const radiusMeters = random.between(1, 1_000_000);
      const near = expected(
        location,
        undefined,
        (shop) => metersSquared(center, shop) <= chordSquaredOfMeters(radiusMeters),
      );
      const within = { location: center, radiusMeters };
      expect((await found(engines[0]!, { location, within })).toSorted()).toEqual(near.toSorted());
    }
    expect(keptCount).toBeGreaterThan(30);
  });

  test.each<[unknown, string, RegExp]>([
    [{}, 'within', /must be \{ "polygon": GeoJSON \} or \{ "location"/],
    [{ radiusMeters: 5 }, 'within', /must be/],
    [{ location: { lon: 1, lat: 2 }, radiusMeters: 0 }, 'within.radiusMeters', /must be/],
    [{ polygon: { type: 'Point', coordinates: [1, 2] } }, 'within', /must be/],
    [
      { polygon: polygon(SQUARE.slice(1)) },
      'within.polygon.coordinates[0][3]',
      /must be the first position again, .* got \[10,10\]/,
    ],
    [
      {
        polygon: polygon([
          [0, 0],
          [0, 91],
          [1, 1],
          [0, 0],
        ]),
      },
      'within.polygon.coordinates[0][1]',
      /lat must be -90..90/,
    ],
  ])('within %j is refused', async (within, field, message) => {
    const refusal = engines[0]!.recommend({ location: { lon: 0, lat: 0 }, within: within as never });
    await expect(refusal).rejects.toMatchObject({
      name: 'RequestError',
      field,
      message: expect.stringMatching(message),
    });
  });

  test('polygons of a request are read as those of shops', () => {
    expect(readPolygons(polygon(SQUARE), 5, () => {})).toEqual(
      readZones(polygon(SQUARE), () => {})![0]!.polygons,
    );
  });
});
