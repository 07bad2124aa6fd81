/** Reading vectors: what was written is what is read, from every format, in batches of bounded size. */
import { expect, test } from 'vitest';
import { Random } from '../src/base/random.ts';
import { InputFaults } from '../src/snapshot/input/input-faults.ts';
import { VectorColumn } from '../src/snapshot/input/parquet-columns.ts';
import { readVectors } from '../src/snapshot/input/read-vectors.ts';
import type { ExpectedVectors } from '../src/snapshot/input/vector-file.ts';
import { cutPages } from './parquet-pages.ts';
import { FLOAT_LIST_SCHEMA, npyBytes, written, writtenParquet } from './snapshot-input-files.ts';

const SEED = 20261122;
const ROWS = 3000;
const DIMENSIONS = 700; // 1497 rows to a batch
const VECTORS = randomVectors(new Random(SEED), ROWS * DIMENSIONS);
const KEYS = Array.from({ length: ROWS }, (_, i) => `짜장면 ${i}`);
/** Where writing is slow. */
const FEW_ROWS = 300;
const BYTES = new Uint8Array(VECTORS.buffer);

function randomVectors(random: Random, length: number): Float32Array {
  return Float32Array.from({ length }, () => random.normal());
}

function vectorOf(row: number): Float32Array {
  return VECTORS.subarray(row * DIMENSIONS, (row + 1) * DIMENSIONS);
}

function rowsOf<T>(of: (row: number) => T, rowCount = ROWS): T[] {
  return Array.from({ length: rowCount }, (_, row) => of(row));
}

interface Read {
  dimensions: number;
  rowCount: number | undefined;
  batchRowCounts: number[];
  vectors: Float32Array;
  keys: string[];
  places: string[];
  counts: number[];
}

async function read(path: string, expected: ExpectedVectors): Promise<Read> {
  const faults = new InputFaults();
  const file = await readVectors(path, expected, faults);
  const result: Read = {
    ...file,
    batchRowCounts: [],
    vectors: new Float32Array(),
    keys: [],
    places: [],
    counts: [],
  };
  const parts: Buffer[] = [];
  for await (const batch of file.batches()) {
    expect(batch.vectors.length).toBe(batch.rowCount * file.dimensions);
    result.batchRowCounts.push(batch.rowCount);
    parts.push(Buffer.from(Buffer.from(batch.vectors.buffer, 0, batch.vectors.byteLength)));
    result.keys.push(...(batch.keyed?.keys ?? []));
    result.places.push(...(batch.keyed?.places ?? []));
    result.counts.push(...(batch.keyed?.counts ?? []));
  }
  faults.throwIfAny();
  return { ...result, vectors: new Float32Array(new Uint8Array(Buffer.concat(parts)).buffer) };
}

function expectVectors(actual: Float32Array, rowCount = ROWS): void {
  expect(
    Buffer.compare(Buffer.from(actual.buffer), BYTES.subarray(0, rowCount * DIMENSIONS * 4)),
    `seed ${SEED}`,
  ).toBe(0);
}

test.each([
  ['.npy', npyBytes(VECTORS, `'descr': '<f4', 'fortran_order': False, 'shape': (${ROWS}, ${DIMENSIONS})`)],
  // As NumPy before 1.14 wrote it: padded to 16, so that values begin at an odd place.
  [
    '.npy',
    npyBytes(VECTORS, `'descr': '<f4', 'fortran_order': False, 'shape': (${ROWS}, ${DIMENSIONS})`, 16),
  ],
  ['.f32', BYTES],
])('a %s file gives the vectors in its order, some rows at a time', async (extension, bytes) => {
  const result = await read(written(`vectors${extension}`, bytes), { key: 'shopId', rowCount: ROWS });
  expect(result).toMatchObject({
    dimensions: DIMENSIONS,
    rowCount: ROWS,
    keys: [],
    batchRowCounts: [1497, 1497, 6],
  });
  expectVectors(result.vectors);
});

test('a .npy file tells its own shape, and .f32 needs only one side of it', async () => {
  const path = written(
    'vectors.npy',
    npyBytes(VECTORS, `'descr': '<f4', 'fortran_order': False, 'shape': (${ROWS}, ${DIMENSIONS})`),
  );
  expectVectors((await read(path, { key: 'shopId' })).vectors);
  const raw = await read(written('vectors.f32', BYTES), { key: 'shopId', dimensions: DIMENSIONS });
  expect(raw).toMatchObject({ dimensions: DIMENSIONS, rowCount: ROWS });
  expectVectors(raw.vectors);
});

test.each(['vectors.ndjson', 'vectors.jsonl.gz'])(
  'an NDJSON file (%s) gives the vectors with their keys',
  async (name) => {
    const lines = rowsOf(
      (row) =>
        JSON.stringify({
          keyword: KEYS[row],
          vector: Array.from(vectorOf(row)),
          ...(row % 2 && { count: row }),
        }),
      FEW_ROWS,
    );
    const result = await read(written(name, lines.join('\n')), { key: 'keyword' });
    expect(result).toMatchObject({
      dimensions: DIMENSIONS,
      rowCount: undefined,
      keys: KEYS.slice(0, FEW_ROWS),
    });
    expect(result.places).toEqual(rowsOf((row) => `line ${row + 1}`, FEW_ROWS));
    expect(result.counts).toEqual(rowsOf((row) => (row % 2 ? row : 0), FEW_ROWS));
    expectVectors(result.vectors, FEW_ROWS);
  },
);

test.each(['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'ZSTD'] as const)(
  'a Parquet file of lists (%s) gives the vectors',
  async (codec) => {
    const path = writtenParquet(
      [
        { name: 'shopId', data: KEYS.slice(0, FEW_ROWS) },
        { name: 'vector', data: rowsOf((row) => Array.from(vectorOf(row)), FEW_ROWS) },
      ],
      { codec, schema: FLOAT_LIST_SCHEMA, rowGroupSize: [200], pageSize: 5000 },
    );
    const result = await read(path, { key: 'shopId' });
    expect(result).toMatchObject({
      dimensions: DIMENSIONS,
      rowCount: FEW_ROWS,
      keys: KEYS.slice(0, FEW_ROWS),
    });
    expect(result.places).toEqual(rowsOf((row) => `row ${row + 1}`, FEW_ROWS));
    expectVectors(result.vectors, FEW_ROWS);
  },
);

test('a Parquet file of raw float32 bytes gives the vectors and counts', async () => {
  const raw = rowsOf((row) => BYTES.slice(row * DIMENSIONS * 4, (row + 1) * DIMENSIONS * 4));
  const path = writtenParquet([
    { name: 'vector', data: raw, type: 'BYTE_ARRAY' },
    { name: 'count', data: rowsOf((row) => (row % 3 ? BigInt(row) : null)), type: 'INT64' },
    { name: 'keyword', data: KEYS },
  ]);
  const result = await read(path, { key: 'keyword', dimensions: DIMENSIONS });
  expect(result).toMatchObject({ keys: KEYS, counts: rowsOf((row) => (row % 3 ? row : 0)) });
  expectVectors(result.vectors);
});

test('lists that are cut anywhere by the ends of pages come together again', async () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = new Random(seed);
    // null and empty lists, null components: levels 0, 1, 2 and 3 of an optional list of optional numbers
    const lists = Array.from({ length: 1 + random.below(20) }, () =>
      random.unit() < 0.1
        ? null
        : Array.from({ length: random.below(5) }, () => (random.unit() < 0.1 ? null : random.below(1000))),
    );
    const column = new VectorColumn(cutPages(lists, random), { list: 2, value: 3 });
    const read: number[][] = [];
    for (;;) {
      const vectors = new Float32Array(3 * 4);
      const lengths = new Float64Array(3);
      const rowCount = await column.take(vectors, 4, lengths);
      for (let row = 0; row < rowCount; row++)
        read.push(Array.from(vectors.subarray(row * 4, row * 4 + lengths[row]!)));
      if (rowCount < 3) break;
    }
    expect(read, `seed ${seed}`).toEqual(
      lists.map((list) => (list ?? []).map((component) => component ?? Number.NaN)),
    );
  }
});

test('a file can be read again, and half', async () => {
  const path = written(
    'vectors.ndjson',
    rowsOf((row) => JSON.stringify({ shopId: row, vector: [row, 1] })).join('\n'),
  );
  const file = await readVectors(path, { key: 'shopId' }, new InputFaults());
  for await (const batch of file.batches()) {
    expect(batch.keyed?.keys[0]).toBe('0');
    break;
  }
  let rowCount = 0;
  for await (const batch of file.batches()) rowCount += batch.rowCount;
  expect(rowCount).toBe(ROWS);
});
