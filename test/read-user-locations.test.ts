/** Where users are, from files: the same of every format, and every bad row named with its place. */
import { expect, test } from 'vitest';
import { readUserLocations } from '../src/batch/read-user-locations.ts';
import { parquetNumber, parquetTable, parquetText, written, writtenParquet } from './snapshot-input-files.ts';

const LOCATIONS = [
  { userId: 'u1', lon: 126.9784, lat: 37.5667 },
  { userId: '사용자 2', lon: -180, lat: 90 },
];

test('CSV, NDJSON and Parquet give the same locations in their order', async () => {
  const expected = new Map(LOCATIONS.map(({ userId, lon, lat }) => [userId, { lon, lat }]));
  const csv = LOCATIONS.map(({ userId, lon, lat }) => `${lat},${userId},${lon},seen`);
  const columns = parquetTable({
    userId: parquetText,
    lon: parquetNumber('DOUBLE'),
    lat: parquetNumber('DOUBLE'),
  });
  const parquet = (['userId', 'lon', 'lat'] as const).map((name) => ({
    name,
    data: LOCATIONS.map((row) => row[name]),
  }));
  const paths = [
    written('users.csv', ['lat,userId,lon,note', ...csv].join('\n')),
    written('users.ndjson.gz', LOCATIONS.map((row) => JSON.stringify(row)).join('\n')),
    writtenParquet(parquet, { schema: columns }),
  ];
  for (const path of paths) expect([...(await readUserLocations(path))], path).toEqual([...expected]);
});

test.each([
  ['u1,181,2', 'lon: found "181", expected a number -180..180'],
  ['u1,1,', 'lat: found nothing, expected a number -90..90'],
  ['u1,east,2', 'lon: found "east", expected a number -180..180'],
  [',1,2', 'userId: found nothing, expected text of 1..256 characters'],
  ['first,1,2', 'userId: found "first" a second time, expected each userId once'],
])('the row %s is named', async (row, fault) => {
  const path = written('bad.csv', `userId,lon,lat\nfirst,1,2\n${row}\n`);
  await expect(readUserLocations(path)).rejects.toThrow(`${path}: line 3, column ${fault}`);
});

test('columns that are probably meant and a file without rows are named', async () => {
  const renamed = written('renamed.csv', 'user_id,lon,lat\nu1,1,2\n');
  await expect(readUserLocations(renamed)).rejects.toThrow('found user_id; rename it to userId');
  const empty = written('empty.csv', 'userId,lon,lat\n');
  await expect(readUserLocations(empty)).rejects.toThrow(`${empty}: content: found no users`);
});
