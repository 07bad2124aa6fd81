/** Cells of the ground: as large everywhere, neighbours found across the date line, every place in one. */
import { expect, test } from 'vitest';
import { Random } from '../src/base/random.ts';
import { GroundCells } from '../src/geo/ground-cells.ts';

const METERS_PER_DEGREE = 111_320;

test('places within nine tenths of a side lie in cells side by side, the date line is no border', () => {
  const random = new Random(7);
  for (let n = 0; n < 5_000; n++) {
    const sideMeters = random.pick([200, 2_000, 50_000]);
    const cells = new GroundCells(sideMeters);
    const lat = random.between(-75, 75);
    const lon = random.below(4) === 0 ? random.pick([180, -180, 179.9999]) : random.between(-180, 180);
    const step = (): number => (random.between(-0.9, 0.9) * sideMeters) / METERS_PER_DEGREE;
    const otherLat = lat + step();
    const eastward = lon + step() / Math.cos((Math.max(Math.abs(lat), Math.abs(otherLat)) * Math.PI) / 180);
    const otherLon = eastward > 180 ? eastward - 360 : eastward < -180 ? eastward + 360 : eastward;
    const around = cells.around(lon, lat);
    expect(around, `${lon} ${lat}, ${otherLon} ${otherLat}, ${sideMeters} m`).toContain(
      cells.cellOf(otherLon, otherLat),
    );
    expect(around).toContain(cells.cellOf(lon, lat));
    expect(around).toHaveLength(9);
  }
});

test('the poles have cells too', () => {
  const cells = new GroundCells(2_000);
  for (const lat of [-90, 90]) {
    expect(Number.isSafeInteger(cells.cellOf(180, lat))).toBe(true);
    expect(cells.around(-180, lat)).toContain(cells.cellOf(180, lat));
  }
  expect(new GroundCells(1).cellOf(-0.1, 0.1)).toBeLessThan(2 ** 53);
});

test('a cell is about as large in the north as at the equator', () => {
  const cells = new GroundCells(2_000);
  for (const lat of [0, 37.5, 65]) {
    const found = new Set<number>();
    const degrees = 20_000 / METERS_PER_DEGREE;
    for (let i = 0; i < 200; i++) {
      for (let j = 0; j < 200; j++) {
        const lon = (degrees * (i / 200)) / Math.cos((lat * Math.PI) / 180);
        found.add(cells.cellOf(lon, lat + degrees * (j / 200)));
      }
    }
    expect(found.size, `lat ${lat}`).toBeGreaterThanOrEqual(100);
    expect(found.size, `lat ${lat}`).toBeLessThanOrEqual(144);
  }
});
