/** Tables as Parquet, group by group: what was added is read back, and a file is there only once it is whole. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { expect, test } from 'vitest';
import { ParquetTable } from '../src/base/parquet-table.ts';
import { temporaryDirectory } from './cli-process.ts';

const directory = temporaryDirectory();
const COLUMNS = {
  userId: 'text',
  keyword: 'text?',
  shopIds: 'texts',
  rank: 'int32',
  score: 'float64',
  at: 'instant',
} as const;

function bytesOf(path: string): ArrayBuffer {
  return new Uint8Array(readFileSync(path)).buffer;
}

/** Row `i` as it is added, and as it is read. */
function row(i: number) {
  const atMs = Date.parse('2026-11-22T00:00:00Z') + i;
  const keyword = i % 3 === 0 ? null : `짜장면 ${i}`;
  const shopIds = Array.from({ length: i % 4 }, (_, n) => `s${n}`);
  const facts = { userId: `u${i >> 2}`, keyword, shopIds, rank: i, score: -i / 7 };
  return { added: [...Object.values(facts), atMs], read: { ...facts, at: new Date(atMs) } };
}

test.each([0, 1, 10, 23])('%d rows in groups of 10 are read as they were added', async (rowCount) => {
  const path = join(directory, `${rowCount}.parquet`);
  const table = new ParquetTable(path, COLUMNS, 10);
  const rows = Array.from({ length: rowCount }, (_, i) => row(i));
  for (const { added } of rows) table.add(...added);
  table.finish();
  const file = bytesOf(path);
  expect(await parquetReadObjects({ file })).toEqual(rows.map(({ read }) => read));
  expect(parquetMetadata(file).row_groups).toHaveLength(Math.ceil(rowCount / 10));
});

test('until it is finished, nothing but a hidden file is there, and nothing of one that is abandoned', () => {
  const path = join(directory, 'begun.parquet');
  const table = new ParquetTable(path, COLUMNS, 1);
  table.add(...row(1).added);
  const begun = () => readdirSync(dirname(path)).filter((name) => name.includes('begun'));
  expect(begun()).toEqual([expect.stringMatching(/^\.begun\.parquet\..*\.tmp$/)]);
  expect(existsSync(path)).toBe(false);
  table.abandon();
  expect(begun()).toEqual([]);
});
