/** Bad input: every message names the file, the place, the column, what was found and what was expected. */
import { mkdirSync, readFileSync, renameSync } from 'node:fs';
import { expect, test } from 'vitest';
import { EngineError } from '../src/base/errors.ts';
import { Random } from '../src/base/random.ts';
import { FAULTS_LISTED_MAX, InputFaults } from '../src/snapshot/input/input-faults.ts';
import { readShops } from '../src/snapshot/input/read-shops.ts';
import { readVectors } from '../src/snapshot/input/read-vectors.ts';
import type { ExpectedVectors, VectorBatch } from '../src/snapshot/input/vector-file.ts';
import {
  FLOAT_LIST_SCHEMA,
  newPath,
  npyBytes,
  parquetBytes,
  written,
  writtenParquet,
} from './snapshot-input-files.ts';

interface Outcome {
  /** How many rows were read nevertheless. */
  good: number;
  error: EngineError;
}

function readingShops(path: string): Promise<Outcome> {
  return outcome(async (faults, addRows) => {
    for await (const batch of readShops(path, faults)) addRows(batch.length);
  });
}

function readingVectors(path: string, expected: ExpectedVectors): Promise<Outcome> {
  return outcome(async (faults, addRows) => {
    const file = await readVectors(path, expected, faults);
    for await (const batch of file.batches()) addRows(batch.rowCount);
  });
}

async function outcome(
  read: (faults: InputFaults, addRows: (count: number) => void) => Promise<void>,
): Promise<Outcome> {
  const faults = new InputFaults();
  let good = 0;
  try {
    await read(faults, (count) => (good += count));
    faults.throwIfAny();
  } catch (error) {
    if (error instanceof EngineError) return { good, error };
    throw error;
  }
  throw new Error('read without a fault');
}

const HEADER = 'shopId,lon,lat,name,deliveryRadiusMeters,price,zone\n';
const GOOD = 'good,126.9,37.5,,,,\n';

/** A row of CSV in line 3, after a good one: column, found, expected. */
test.each([
  [',126.9,37.5,,,,', 'shopId', 'nothing', '1..256 characters'],
  [
    `${'x'.repeat(257)},126.9,37.5,,,,`,
    'shopId',
    `"${'x'.repeat(56)}… (257 characters)`,
    '1..256 characters',
  ],
  ['a,,37.5,,,,', 'lon', 'nothing', 'a number of degrees'],
  ['a,126.9,,,,,', 'lat', 'nothing', 'a number of degrees'],
  ['a,NaN,37.5,,,,', 'lon', '"NaN"', 'a finite number'],
  ['a,126.9,Infinity,,,,', 'lat', '"Infinity"', 'a finite number'],
  ['a,1e999,37.5,,,,', 'lon', '"1e999"', 'a finite number'],
  ['a,0x10,37.5,,,,', 'lon', '"0x10"', 'a finite number'],
  ['a,east,37.5,,,,', 'lon', '"east"', 'a finite number'],
  [
    'a,190,37.5,,,,',
    'lon',
    'lon 190, lat 37.5',
    'coordinates in degrees: lon must be -180..180 degrees, got 190',
  ],
  [
    'a,37.5,126.9,,,,',
    'lat',
    'lon 37.5, lat 126.9',
    'coordinates in degrees: lat must be -90..90 degrees, got 126.9; lon and lat look swapped',
  ],
  ['a,126.9,37.5,,0,,', 'deliveryRadiusMeters', '"0"', 'more than 0 and at most 20040000 meters'],
  ['a,126.9,37.5,,-5,,', 'deliveryRadiusMeters', '"-5"', 'more than 0 and at most 20040000 meters'],
  [
    'a,126.9,37.5,,20040001,,',
    'deliveryRadiusMeters',
    '"20040001"',
    'more than 0 and at most 20040000 meters',
  ],
  ['a,126.9,37.5,,NaN,,', 'deliveryRadiusMeters', '"NaN"', 'a finite number'],
  ['a,126.9,37.5,,,cheap,', 'price', '"cheap"', 'a finite number'],
  [
    'a,126.9,37.5,,,,"{""type"":""Polygon""}"',
    'zone.coordinates',
    'nothing',
    'an array of at least one ring',
  ],
  ['a,126.9,37.5,,,,POLYGON((1 2))', 'zone', '"POLYGON((1 2))"', 'GeoJSON'],
  [
    'a,126.9,37.5,,,,"{""type"":""Polygon"",""coordinates"":[[[1,2],[3,4],[5,96],[1,2]]]}"',
    'zone.coordinates[0][2]',
    '[5,96]',
    'a position in degrees: lat must be -90..90 degrees, got 96; lon and lat look swapped',
  ],
  ['a,126.9,37.5', undefined, '3 fields', '7 fields as in the header'],
  ['a,126.9,37.5,b,c,,,', undefined, '8 fields', '7 fields as in the header'],
])('the CSV row %s is named and left out', async (row, column, found, expected) => {
  const path = written('shops.csv', `${HEADER}${GOOD}${row}\n${GOOD}`);
  const { good, error } = await readingShops(path);
  const where = column === undefined ? 'line 3' : `line 3, column ${column}`;
  expect(error.code).toBe('input_invalid');
  expect(error.message).toBe(
    `the input has 1 fault\n${path}: ${where}: found ${found}, expected ${expected}`,
  );
  expect(good).toBe(2);
});

/** A line of NDJSON after a good one. */
test.each([
  ['{"lon":1,"lat":2}', 'shopId', 'nothing', '1..256 characters'],
  ['{"shopId":"","lon":1,"lat":2}', 'shopId', 'nothing', '1..256 characters'],
  ['{"shopId":1.5,"lon":1,"lat":2}', 'shopId', '1.5', 'text'],
  ['{"shopId":"a\\ud800","lon":1,"lat":2}', 'shopId', '"a\\ud800"', 'text in valid Unicode'],
  ['{"shop_id":"a","lon":1,"lat":2}', 'shopId', 'shop_id; rename it to shopId', '1..256 characters'],
  ['{"shopId":"a","longitude":1,"lat":2}', 'lon', 'longitude; rename it to lon', 'a number of degrees'],
  ['{"shopId":"a","lon":"1","lat":2}', 'lon', '"1"', 'a finite number'],
  ['{"shopId":"a","lon":1e999,"lat":2}', 'lon', 'Infinity', 'a finite number'],
  ['{"shopId":"a","lon":1,"lat":2,"name":["b"]}', 'name', '["b"]', 'text'],
  [
    '{"shopId":"a","lon":1,"lat":2,"zone":{"type":"Polygon"}}',
    'zone.coordinates',
    'nothing',
    'an array of at least one ring',
  ],
  [
    '{"shopId":"a","lon":1,"lat":2,"attributes":[1]}',
    'attributes',
    '[1]',
    'an object; give every attribute a column of its own',
  ],
  [
    '{"shopId":"a","lon":1,"lat":2,"attributes":{"price":3}}',
    'attributes.price',
    '3',
    'another name, as this is one of a column',
  ],
  [
    '{"shopId":"a","lon":1,"lat":2,"x":1,"attributes":{"x":2}}',
    'x',
    '2',
    'one value, not another in attributes',
  ],
  ['{"shopId":"a","lon":1,"lat":2,"__proto__":{"x":2}}', '__proto__', '{"x":2}', 'another name'],
  ['{"shopId":"a","lon":1,"lat":2,"x":{"y":["\\ud800"]}}', 'x.y', '"\\ud800"', 'text in valid Unicode'],
  ['["a",1,2]', undefined, '"[\\"a\\",1,2]"', 'a JSON object on a line of its own'],
  ['{"shopId":', undefined, '"{\\"shopId\\":"', 'a JSON object on a line of its own'],
  ['42', undefined, '"42"', 'a JSON object on a line of its own'],
])('the NDJSON line %s is named and left out', async (line, column, found, expected) => {
  const goodLine = '{"shopId":"good","lon":1,"lat":2}';
  const path = written('shops.ndjson', `${goodLine}\n${line}\n${goodLine}`);
  const { good, error } = await readingShops(path);
  const where = column === undefined ? 'line 2' : `line 2, column ${column}`;
  expect(error.message).toBe(
    `the input has 1 fault\n${path}: ${where}: found ${found}, expected ${expected}`,
  );
  expect(good).toBe(2);
});

test('Parquet rows are named by their number', async () => {
  const path = writtenParquet([
    { name: 'shopId', data: ['a', 'b', null, 'd', 'e'], type: 'STRING' },
    { name: 'lon', data: [1, Number.NaN, 1, 1, 1], type: 'DOUBLE' },
    { name: 'lat', data: [2, 2, 2, 95, 2], type: 'DOUBLE' },
    { name: 'seats', data: [1n, 1n, 1n, 1n, 2n ** 60n], type: 'INT64' },
  ]);
  const { good, error } = await readingShops(path);
  expect(error.message.split('\n')).toEqual([
    'the input has 4 faults',
    `${path}: row 2, column lon: found NaN, expected a finite number`,
    `${path}: row 3, column shopId: found nothing, expected 1..256 characters`,
    `${path}: row 4, column lat: found lon 1, lat 95, expected coordinates in degrees: lat must be -90..90 degrees, got 95; lon and lat look swapped`,
    `${path}: row 5, column seats: found 1152921504606846976, expected a whole number below 2^53, or text`,
  ]);
  expect(good).toBe(1);
});

test('bytes that are not UTF-8 are found, not replaced', async () => {
  const bad = Buffer.from('Caf\xe9', 'latin1');
  const csv = written(
    'shops.csv',
    Buffer.concat([Buffer.from(`${HEADER}${GOOD}a,1,2,`), bad, Buffer.from(`,,,\n${GOOD}`)]),
  );
  expect(await readingShops(csv)).toMatchObject({
    good: 2,
    error: {
      message: `the input has 1 fault\n${csv}: line 3: found bytes that are not UTF-8 in "a,1,2,Caf\ufffd,,,", expected UTF-8; save the file as UTF-8`,
    },
  });
  const header = written(
    'shops.csv',
    Buffer.concat([Buffer.from('shopId,lon,lat,'), bad, Buffer.from('\na,1,2,b\n')]),
  );
  expect((await readingShops(header)).error.message).toContain('line 1: found bytes that are not UTF-8');
  const ndjson = written(
    'shops.ndjson',
    Buffer.concat([Buffer.from('{"shopId":"a","lon":1,"lat":2,"name":"'), bad, Buffer.from('"}\n')]),
  );
  expect((await readingShops(ndjson)).error.message).toContain('line 1: found bytes that are not UTF-8');
  const utf16 = written('shops.csv', Buffer.from(`\ufeff${HEADER}${GOOD}`, 'utf16le'));
  expect((await readingShops(utf16)).error.message).toContain('line 1: found UTF-16 text, expected UTF-8');
  const parquet = writtenParquet([
    { name: 'shopId', data: ['a', 'b'] },
    { name: 'lon', data: [1.5, 1.5] },
    { name: 'lat', data: [1.5, 1.5] },
    {
      name: 'name',
      data: [new Uint8Array(bad), new Uint8Array(Buffer.from('caf\ufffd'))],
      type: 'BYTE_ARRAY',
    },
  ]);
  expect(await readingShops(parquet)).toMatchObject({
    good: 1,
    error: {
      message: `the input has 1 fault\n${parquet}: row 1, column name: found "\\ud800Caf\ufffd", expected text in valid Unicode`,
    },
  });
});

/** CSV files that cannot be read on. */
test.each([
  [
    'shop_id,lng,latitude\na,1,2',
    'line 1, column shopId, lon, lat: found the columns shop_id, lng, latitude, expected shopId, lon, lat among them; found shop_id; rename it to shopId; found lng; rename it to lon; found latitude; rename it to lat',
  ],
  [
    'shopId,lon\na,1',
    'line 1, column lat: found the columns shopId, lon, expected shopId, lon, lat among them',
  ],
  [
    'shopId;lon;lat\na;1;2',
    'column shopId, lon, lat: found the columns shopId;lon;lat, expected shopId, lon, lat among them; found fields are separated by ";"; separate them by ","',
  ],
  [
    ',shopId,lon,lat\n0,a,1,2',
    'line 1, column 1: found no name, expected a name of its own for every column (pandas leaves out that of its index: use index=False)',
  ],
  [
    'shopId,lon,lat,lat\na,1,2,3',
    'line 1, column lat: found the name twice, expected a name of its own for every column',
  ],
  [
    'shopId,lon,lat,name\na,1,2,b\n\nc,1,2,"d\ne,1,2,f\n',
    'line 4, column name: found a quote that is never closed, expected a closing quote',
  ],
  [
    'shopId,lon,lat,name\na,1,2,"b" c\n',
    'line 2, column name: found text after a closing quote, expected a comma or the end of the line; a quote inside a quoted field is written twice',
  ],
  [
    'shopId,lon,lat,name\na,1,2,5" pizza\n',
    'line 2, column name: found a quote inside a field that does not begin with one, expected the whole field in quotes and the quote inside it written twice',
  ],
  [
    `shopId,lon,lat,name\na,1,2,"${'b,1,2,c\n'.repeat(200_000)}`,
    'line 2, column name: found a record of more than 1048576 characters, expected a shorter one; is a quote never closed?',
  ],
  ['shopId,lon,lat\n', 'content: found no shops, expected one row for each shop'],
  ['\n\n', 'content: found no shops, expected one row for each shop'],
  ['', 'byte 0: found an empty file, expected a csv file'],
])('the CSV file %.60j is refused', async (text, message) => {
  const path = written('shops.csv', text);
  const { error } = await readingShops(path);
  expect(error.code).toBe('input_invalid');
  expect(error.message.startsWith(`${path}: `), error.message).toBe(true);
  expect(error.message).toContain(message);
});

test('the first faults are listed, the rest counted, and a common cause is named', async () => {
  const rows = Array.from({ length: 1000 }, (_, i) => `s${i},37.5,126.9`);
  const path = written('shops.csv', `shopId,lon,lat\n${rows.join('\n')}`);
  const lines = (await readingShops(path)).error.message.split('\n');
  expect(lines[0]).toBe('the input has 1000 faults');
  expect(lines.slice(1, -2).map((line) => /line (\d+),/.exec(line)?.[1])).toEqual(
    Array.from({ length: FAULTS_LISTED_MAX }, (_, i) => String(i + 2)),
  );
  expect(lines.slice(-2)).toEqual([
    '… and 980 more',
    `${path}: lon and lat look swapped in 1000 of 1000 rows; exchange the names of the two columns`,
  ]);
});

test('files that are not there, no files, or not known are refused', async () => {
  const missing = newPath('shops.csv');
  const folder = newPath('shops.parquet');
  mkdirSync(folder);
  for (const reading of [readingShops(missing), readingVectors(newPath('v.npy'), { key: 'shopId' })]) {
    expect((await reading).error).toMatchObject({
      code: 'file_unreadable',
      message: expect.stringMatching(/ does not exist$/),
    });
  }
  expect((await readingShops(folder)).error).toMatchObject({
    code: 'file_unreadable',
    message: `${folder} is a directory; name a parquet file`,
  });
  const excel = written('shops.xlsx', 'x');
  expect((await readingShops(excel)).error.message).toMatch(
    /found ".*shops\.xlsx", expected a name ending in \.csv, \.csv\.gz, \.ndjson,/,
  );
  const csv = written('vectors.csv', 'x');
  expect((await readingVectors(csv, { key: 'shopId' })).error.message).toMatch(
    /expected a name ending in \.npy, \.f32, \.parquet, \.ndjson/,
  );
});

test('a gzip file that is cut off or none is refused', async () => {
  const whole = readFileSync(written('shops.csv.gz', `${HEADER}${GOOD.repeat(1000)}`));
  for (const [bytes, found] of [
    [whole.subarray(0, whole.length - 10), 'a gzip file that is cut off'],
    [Buffer.from(HEADER), 'no valid gzip data (incorrect header check)'],
  ] as const) {
    const path = written('shops.csv', bytes);
    renameSync(path, `${path}.gz`);
    expect((await readingShops(`${path}.gz`)).error.message).toBe(
      `${path}.gz: content: found ${found}, expected a complete gzip file; pack it again`,
    );
  }
});

const SHOPS_PARQUET = new Uint8Array(
  parquetBytes([
    { name: 'shopId', data: Array.from({ length: 5000 }, (_, i) => `s${i}`) },
    { name: 'lon', data: new Float64Array(5000).map((_, i) => i / 100) },
    { name: 'lat', data: new Float64Array(5000).map((_, i) => i / 100) },
  ]),
);

test('a Parquet file that is cut off, damaged or none is refused', async () => {
  const cut = written('shops.parquet', SHOPS_PARQUET.subarray(0, 20_000));
  expect((await readingShops(cut)).error.message).toBe(
    `${cut}: byte 20000: found a Parquet file that is cut off, expected PAR1 as its first and last bytes; write it again`,
  );
  for (const text of ['PAR', 'shopId,lon,lat\na,1,2\n']) {
    const none = written('shops.parquet', text);
    expect((await readingShops(none)).error.message).toContain(
      `${none}: byte 0: found no Parquet file, expected`,
    );
  }
  // A piece out of the middle, so that pages are not where the footer says.
  const holed = written(
    'shops.parquet',
    Buffer.concat([SHOPS_PARQUET.subarray(0, 5000), SHOPS_PARQUET.subarray(9000)]),
  );
  expect((await readingShops(holed)).error).toMatchObject({ code: 'input_invalid' });
  const other = writtenParquet([{ name: 'id', data: ['a'] }]);
  expect((await readingShops(other)).error.message).toContain(
    `${other}: schema, column shopId, lon, lat: found the columns id, expected`,
  );
});

const F4 = new Float32Array([1, 2, 3, 4, 5, 6]);
const SAVE = 'save it with np.save(path, np.ascontiguousarray(a, dtype="<f4"))';
const npy = (descr: string, fortran: string, shape: string): Uint8Array =>
  npyBytes(F4, `'descr': ${descr}, 'fortran_order': ${fortran}, 'shape': ${shape}`);

/** .npy and .f32 files of another shape or type. */
test.each([
  [
    'v.npy',
    npy("'<f4'", 'True', '(3, 2)'),
    {},
    `header: found an array in Fortran order, expected one in C order, row after row; ${SAVE}`,
  ],
  [
    'v.npy',
    npy("'<f8'", 'False', '(3, 1)'),
    {},
    `header: found values of type '<f8' (float64), expected '<f4' (little-endian float32); ${SAVE}`,
  ],
  [
    'v.npy',
    npy("'>f4'", 'False', '(3, 2)'),
    {},
    `header: found values of type '>f4' (big-endian float32), expected '<f4' (little-endian float32); ${SAVE}`,
  ],
  [
    'v.npy',
    npy("[('a', '<f4')]", 'False', '(6,)'),
    {},
    "header: found values of type [('a', '<f4')], expected '<f4'",
  ],
  [
    'v.npy',
    npy("'<f4'", 'False', '(6,)'),
    {},
    'header: found an array of shape (6,), expected two dimensions above 0: (rows, dimensions of a vector)',
  ],
  [
    'v.npy',
    npy("'<f4'", 'False', '(0, 2)'),
    {},
    'header: found an array of shape (0, 2), expected two dimensions above 0',
  ],
  [
    'v.npy',
    npy("'<f4'", 'False', '(3, 2)').subarray(0, -4),
    {},
    'byte 148: found a file of 148 bytes, expected 152 bytes for its 3 × 2 float32; was it cut off?',
  ],
  [
    'v.npy',
    npy("'<f4'", 'False', '(3, 2)').subarray(0, 20),
    {},
    `header: found a header of 128 bytes in the 20 that were read, expected a complete file of one plain array; ${SAVE}`,
  ],
  [
    'v.npy',
    new Uint8Array(F4.buffer),
    {},
    `header: found the bytes 0000803f0000, expected a .npy file, which begins with 934e554d5059; ${SAVE}`,
  ],
  [
    'v.npy',
    npy("'<f4'", 'False', '(3, 2)'),
    { rowCount: 4 },
    'shape: found 3 vectors of 2 dimensions, expected 4, one for each shop in the order of the shops file',
  ],
  [
    'v.npy',
    npy("'<f4'", 'False', '(3, 2)'),
    { dimensions: 3 },
    'shape: found 3 vectors of 2 dimensions, expected 3 dimensions',
  ],
  [
    'v.npy',
    npy("'<f4'", 'False', '(3, 2)'),
    { key: 'keyword' },
    'name: found a .npy file, which has no keywords, expected NDJSON or Parquet with keyword and vector',
  ],
  [
    'v.f32',
    new Uint8Array(F4.buffer),
    { rowCount: 4 },
    'byte 24: found a file of 24 bytes, expected a multiple of 16: float32 for 4 vectors',
  ],
  [
    'v.f32',
    new Uint8Array(F4.buffer),
    { dimensions: 5 },
    'byte 24: found a file of 24 bytes, expected a multiple of 20: float32 for 5 dimensions',
  ],
  [
    'v.f32',
    new Uint8Array(F4.buffer).subarray(1),
    { rowCount: 1 },
    'byte 23: found a file of 23 bytes, expected a multiple of 4: float32 for 1 vectors',
  ],
  [
    'v.f32',
    new Uint8Array(F4.buffer),
    { rowCount: 3, dimensions: 3 },
    'shape: found 3 vectors of 2 dimensions, expected 3 dimensions',
  ],
  [
    'v.f32',
    new Uint8Array(F4.buffer),
    {},
    'byte 24: found a file of 24 bytes, expected the number of vectors to be known, which a .f32 file does not tell',
  ],
  ['v.f32', new Uint8Array(), { rowCount: 1 }, 'byte 0: found an empty file, expected a f32 file'],
] as const)('%s of another shape is refused: case %#', async (name, bytes, expected, message) => {
  const path = written(name, bytes);
  const { error } = await readingVectors(path, { key: 'shopId', ...expected });
  expect(error.code).toBe('input_invalid');
  expect(error.message.startsWith(`${path}: ${message}`), error.message).toBe(true);
});

test('NaN and infinity among vectors by position are named by row and component', async () => {
  const path = written('v.f32', new Uint8Array(new Float32Array([1, 2, 3, Number.NaN, -Infinity, 6]).buffer));
  const { good, error } = await readingVectors(path, { key: 'shopId', rowCount: 3 });
  expect(error.message.split('\n')).toEqual([
    'the input has 2 faults',
    `${path}: row 2, column vector: found NaN as component 2, expected a finite float32`,
    `${path}: row 3, column vector: found -Infinity as component 1, expected a finite float32`,
  ]);
  expect(good).toBe(3); // the others keep their rows
});

/** A line of NDJSON vectors after a good one. */
test.each([
  ['{"keyword":"a","vector":[1]}', 'vector', '1 dimensions', '2 dimensions'],
  ['{"keyword":"a","vector":[]}', 'vector', 'nothing', '2 dimensions'],
  ['{"keyword":"a"}', 'vector', 'nothing', 'an array of 2 numbers'],
  ['{"keyword":"a","embedding":[1,2]}', 'vector', 'embedding; rename it to vector', 'an array of 2 numbers'],
  ['{"keyword":"a","vector":"1,2"}', 'vector', '"1,2"', 'an array of 2 numbers'],
  ['{"keyword":"a","vector":[1,null]}', 'vector', 'null as component 2', 'numbers only'],
  ['{"keyword":"a","vector":["1",2]}', 'vector', '"1" as component 1', 'numbers only'],
  ['{"keyword":"a","vector":[1,1e39]}', 'vector', 'Infinity as component 2', 'a finite float32'],
  ['{"vector":[1,2]}', 'keyword', 'nothing', 'text of 1..200 characters'],
  ['{"keyword":"","vector":[1,2]}', 'keyword', '""', 'text of 1..200 characters'],
  ['{"keyword":7,"vector":[1,2]}', 'keyword', '7', 'text of 1..200 characters'],
  ['{"keyword":"a","vector":[1,2],"count":-1}', 'count', '-1', 'a number from 0 on'],
  ['{"keyword":"a","vector":[1,2],"count":"3"}', 'count', '"3"', 'a number from 0 on'],
])('the line %s of vectors is named and left out', async (line, column, found, expected) => {
  const path = written(
    'v.ndjson',
    `{"keyword":"good","vector":[1,2]}\n${line}\n{"keyword":"good","vector":[1,2]}`,
  );
  const { good, error } = await readingVectors(path, { key: 'keyword' });
  expect(error.message).toBe(
    `the input has 1 fault\n${path}: line 2, column ${column}: found ${found}, expected ${expected}`,
  );
  expect(good).toBe(2);
});

test('bad vectors in Parquet are named, and the good ones keep their keys', async () => {
  const path = writtenParquet(
    [
      { name: 'shopId', data: ['a', 'b', 'c', 'd', '', 'f'] },
      { name: 'vector', data: [[1, 2], [1], null, [1, Number.NaN], [5, 6], [7, 8]] },
    ],
    { schema: FLOAT_LIST_SCHEMA },
  );
  const faults = new InputFaults();
  const batches: VectorBatch[] = [];
  for await (const batch of (await readVectors(path, { key: 'shopId' }, faults)).batches())
    batches.push(batch);
  expect(batches).toHaveLength(1);
  expect(batches[0]).toMatchObject({
    rowCount: 2,
    vectors: new Float32Array([1, 2, 7, 8]),
    keyed: { keys: ['a', 'f'], places: ['row 1', 'row 6'] },
  });
  expect(() => faults.throwIfAny()).toThrow(
    [
      'the input has 4 faults',
      `${path}: row 2, column vector: found 1 dimensions, expected 2 dimensions`,
      `${path}: row 3, column vector: found nothing, expected 2 dimensions`,
      `${path}: row 4, column vector: found NaN as component 2, expected a finite float32`,
      `${path}: row 5, column shopId: found "", expected text of 1..256 characters`,
    ].join('\n'),
  );
});

test('Parquet without vectors that can be read is refused', async () => {
  const text = writtenParquet([
    { name: 'shopId', data: ['a'] },
    { name: 'vector', data: ['[1,2]'] },
  ]);
  expect((await readingVectors(text, { key: 'shopId' })).error.message).toBe(
    `${text}: schema, column vector: found a column of BYTE_ARRAY UTF8, expected lists of FLOAT or DOUBLE, or BYTE_ARRAY with the bytes of little-endian float32`,
  );
  const other = writtenParquet([
    { name: 'id', data: ['a'] },
    { name: 'embedding', data: [[1.5, 2]] },
  ]);
  expect((await readingVectors(other, { key: 'shopId' })).error.message).toBe(
    `${other}: schema, column shopId, vector: found the columns id, embedding, expected shopId, vector among them; found id; rename it to shopId; found embedding; rename it to vector`,
  );
  const nulls = writtenParquet([
    { name: 'shopId', data: ['a'] },
    { name: 'vector', data: [null], type: 'BYTE_ARRAY' },
  ]);
  expect((await readingVectors(nulls, { key: 'shopId' })).error.message).toContain('found no vectors');
  const blank = written('v.ndjson', '\n\n');
  expect((await readingVectors(blank, { key: 'shopId' })).error.message).toContain('found no vectors');
});

test('a Parquet file with one damaged byte is read or refused, and never goes on for ever', async () => {
  const shopIds = Array.from({ length: 50 }, (_, i) => `s${i}`);
  const good = new Uint8Array(
    parquetBytes(
      [
        { name: 'shopId', data: shopIds },
        { name: 'vector', data: shopIds.map((_, i) => [i, 1, 2]) },
      ],
      { schema: FLOAT_LIST_SCHEMA },
    ),
  );
  for (let seed = 1; seed <= 400; seed++) {
    const random = new Random(seed);
    const bytes = good.slice();
    bytes[random.below(bytes.length)] = random.below(256);
    const path = written('damaged.parquet', bytes);
    const outcome = await readAll(path).catch((error: unknown) => error);
    const isRefused = outcome instanceof EngineError && outcome.message.includes(path);
    expect(outcome === 'read' || isRefused, `seed ${seed}: ${(outcome as Error).stack}`).toBe(true);
  }

  async function readAll(path: string): Promise<'read'> {
    const file = await readVectors(path, { key: 'shopId' }, new InputFaults());
    for await (const batch of file.batches()) expect(batch.rowCount).toBeGreaterThan(0);
    return 'read';
  }
});
