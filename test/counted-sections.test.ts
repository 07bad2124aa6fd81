/** What a snapshot counted of users' actions, as bytes: read as it was written, and refused where it cannot be. */
import { expect, test } from 'vitest';
import { EngineError } from '../src/base/errors.ts';
import { Random } from '../src/base/random.ts';
import {
  encodeHourFits,
  HOUR_BIN_COUNT,
  HourFits,
  hourFitByte,
  noHourFits,
} from '../src/catalog/hour-fits.ts';
import {
  encodeNeighbours,
  NEIGHBOUR_COUNT_MAX,
  Neighbours,
  noNeighbours,
  type NeighbourRows,
} from '../src/catalog/neighbours.ts';

const SHOP_COUNT = 40;
const ORDER = new Uint32Array(new Random(2).shuffle(Array.from({ length: SHOP_COUNT }, (_, row) => row)));
const ORDINAL_OF = new Uint32Array(SHOP_COUNT);
ORDER.forEach((row, ordinal) => (ORDINAL_OF[row] = ordinal));

/** Some neighbours of every shop, by row. */
function randomRows(): NeighbourRows {
  const random = new Random(3);
  const starts = new Uint32Array(SHOP_COUNT + 1);
  const rows: number[] = [];
  for (let row = 0; row < SHOP_COUNT; row++) {
    const others = Array.from({ length: SHOP_COUNT }, (_, other) => other).filter((other) => other !== row);
    rows.push(...random.shuffle(others).slice(0, random.below(6)));
    starts[row + 1] = rows.length;
  }
  return {
    starts,
    rows: Uint32Array.from(rows),
    strengths: Float32Array.from(rows, () => 0.1 + random.unit()),
  };
}

const ROWS = randomRows();
const SECTION = encodeNeighbours(ROWS, ORDER, ORDINAL_OF);

/** What the row of one ordinal says of that of another one, looked up in the input. */
function saidOf(ordinal: number, other: number): number {
  const row = ORDER[ordinal]!;
  for (let at = ROWS.starts[row]!; at < ROWS.starts[row + 1]!; at++)
    if (ROWS.rows[at] === ORDER[other]) return ROWS.strengths[at]!;
  return 0;
}

function isRefused(act: () => void): boolean {
  try {
    act();
    return false;
  } catch (error) {
    if (error instanceof EngineError && error.code === 'snapshot_invalid') return true;
    throw error;
  }
}

test('neighbours are those of the input, in the order of ordinals', () => {
  const neighbours = new Neighbours(SECTION, 'together');
  neighbours.verify(SHOP_COUNT, 0, SHOP_COUNT);
  for (let ordinal = 0; ordinal < SHOP_COUNT; ordinal++)
    for (let other = 0; other < SHOP_COUNT; other++)
      expect(neighbours.strengthOf(ordinal, other)).toBe(saidOf(ordinal, other));
  for (let ordinal = 0; ordinal < SHOP_COUNT; ordinal++) {
    const { ordinals, strengths, count } = neighbours.of(ordinal);
    const others = new Uint32Array(SECTION.buffer, ordinals, count);
    expect(count).toBe(ROWS.starts[ORDER[ordinal]! + 1]! - ROWS.starts[ORDER[ordinal]!]!);
    expect([...new Float32Array(SECTION.buffer, strengths, count)]).toEqual(
      Array.from(others, (other) => saidOf(ordinal, other)),
    );
  }
});

test('changed neighbours are refused, or every answer still holds', () => {
  let refusedCount = 0;
  for (let seed = 1; seed <= 2_000; seed++) {
    const random = new Random(seed);
    const bytes = SECTION.slice();
    bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
    const isBad = isRefused(() => {
      const neighbours = new Neighbours(bytes, 'together');
      neighbours.verify(SHOP_COUNT, 0, SHOP_COUNT);
      for (let ordinal = 0; ordinal < SHOP_COUNT; ordinal++) {
        const other = random.below(SHOP_COUNT);
        expect(neighbours.strengthOf(ordinal, other), `seed ${seed}`).toBeGreaterThanOrEqual(0);
      }
    });
    if (isBad) refusedCount++;
  }
  // Counts, starts and ordinals are more than half of the bytes; many a strength is as good as another.
  expect(refusedCount).toBeGreaterThan(1_000);
});

test.each<[string, (words: Uint32Array, strengths: Float32Array) => void, RegExp]>([
  [
    'a start behind the next one',
    (words) => (words[3] = words[4]! + 1),
    /has the entries|expected another one/,
  ],
  ['a last start that is not the count', (words) => (words[2 + SHOP_COUNT]! -= 1), /entries go from 0 to/],
  ['another count of shops', (words) => (words[0]! -= 1), /bytes, expected/],
  ['an ordinal beyond the shops', (words) => (words[3 + SHOP_COUNT] = SHOP_COUNT), /expected another one/],
  ['a strength of 0', (_, strengths) => (strengths[0] = 0), /has the strength 0/],
  ['a strength that is no number', (_, strengths) => (strengths[1] = Number.NaN), /has the strength NaN/],
])('%s is refused', (_, change, message) => {
  const bytes = SECTION.slice();
  const entryCount = ROWS.rows.length;
  change(
    new Uint32Array(bytes.buffer),
    new Float32Array(bytes.buffer, bytes.length - entryCount * 4, entryCount),
  );
  expect(() => new Neighbours(bytes, 'together').verify(SHOP_COUNT, 0, SHOP_COUNT)).toThrow(message);
});

test('more neighbours of one shop than there may be are refused', () => {
  const count = NEIGHBOUR_COUNT_MAX + 1;
  const order = Uint32Array.from({ length: count + 1 }, (_, row) => row);
  const starts = new Uint32Array(count + 2).fill(count, 1);
  const rows = order.slice(1);
  const bytes = encodeNeighbours({ starts, rows, strengths: new Float32Array(count).fill(1) }, order, order);
  expect(() => new Neighbours(bytes, 'together').verify(count + 1, 0, count + 1)).toThrow(
    /expected up to 100/,
  );
});

test('hours are those of the input; what does not fit the shops or names no zone is refused', () => {
  const fits = new Int8Array(SHOP_COUNT * HOUR_BIN_COUNT).map((_, at) =>
    hourFitByte(at % 7 === 0 ? Number.NaN : (at % 50) / 32 - 0.5),
  );
  const bytes = encodeHourFits('Asia/Seoul', fits, ORDER);
  const read = new HourFits(bytes);
  read.verify(SHOP_COUNT);
  expect(read.binAt(Date.UTC(2026, 10, 28, 3))).toBe(24 + 12); // a Saturday's noon in Seoul
  for (let ordinal = 0; ordinal < SHOP_COUNT; ordinal++) {
    const at = ORDER[ordinal]! * HOUR_BIN_COUNT + 30;
    expect(read.fitOf(ordinal, 30)).toBe(
      at % 7 === 0 ? Number.NaN : Math.round(((at % 50) / 32 - 0.5) * 32) / 32,
    );
  }
  expect(() => read.verify(SHOP_COUNT + 1)).toThrow(/holds 40 shops, the header says 41/);
  expect(() => new HourFits(bytes.subarray(0, -1))).toThrow(/for each shop/);
  const elsewhere = bytes.slice();
  elsewhere[0] = 'B'.charCodeAt(0);
  expect(() => new HourFits(elsewhere).verify(SHOP_COUNT)).toThrow(/"Bsia\/Seoul", which is not known/);
  const nowhere = bytes.slice().fill(0, 0, 64);
  expect(() => new HourFits(nowhere).verify(SHOP_COUNT)).toThrow(/time zone ""/);
});

test('sections of nothing counted know nothing, and hold for any number of shops', () => {
  const neighbours = new Neighbours(noNeighbours(), 'together');
  neighbours.verify(SHOP_COUNT, 0, SHOP_COUNT);
  expect(neighbours.strengthOf(1, 2)).toBe(0);
  const hours = new HourFits(noHourFits());
  hours.verify(SHOP_COUNT);
  expect(hours.binAt(0)).toBe(-1);
  expect(hours.fitOf(3, -1)).toBe(Number.NaN);
});
