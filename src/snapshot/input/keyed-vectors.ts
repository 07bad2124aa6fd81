/** Vectors that name what they belong to: Parquet and NDJSON. */
import type { EngineError } from '../../base/errors.ts';
import { checkColumns } from './input-columns.ts';
import { InputFaults, inputInvalid } from './input-faults.ts';
import type { InputFile, InputProgress } from './input-file.ts';
import { KeyedBatch } from './keyed-batch.ts';
import { ParquetFile } from './parquet-file.ts';
import { readJsonRows } from './text-lines.ts';
import type { ExpectedVectors, VectorBatch, VectorFile, VectorKey } from './vector-file.ts';

/** For the search for the first vector of a file. */
const FIRST_ROWS = 64;

/** Looks at a Parquet file with a key and a `vector` in each row. */
export async function parquetVectors(
  file: InputFile,
  expected: ExpectedVectors,
  faults: InputFaults,
): Promise<VectorFile> {
  const parquet = await ParquetFile.open(file);
  try {
    checkColumns(file.path, 'schema', parquet.columns, [expected.key, 'vector'], faults);
    const dimensions = expected.dimensions ?? (await firstLength(parquet));
    if (dimensions === undefined || parquet.rowCount === 0) throw noVectors(file);
    return {
      dimensions,
      isKeyed: true,
      rowCount: parquet.rowCount,
      batches: (onProgress) => parquetBatches(file, expected.key, dimensions, faults, onProgress),
    };
  } finally {
    await parquet.close();
  }
}

async function firstLength(parquet: ParquetFile): Promise<number | undefined> {
  const column = parquet.openVectors('vector');
  const lengths = new Float64Array(FIRST_ROWS);
  for (;;) {
    const rowCount = await column.take(new Float32Array(), 0, lengths);
    if (rowCount === 0) return undefined;
    const first = lengths.subarray(0, rowCount).find((length) => length > 0 && Number.isInteger(length));
    if (first !== undefined) return first;
  }
}

async function* parquetBatches(
  file: InputFile,
  key: VectorKey,
  dimensions: number,
  faults: InputFaults,
  onProgress?: InputProgress,
): AsyncGenerator<VectorBatch> {
  const parquet = await ParquetFile.open(file);
  try {
    const columns = key === 'keyword' && parquet.columns.includes('count') ? [key, 'count'] : [key];
    const column = parquet.openVectors('vector');
    const batch = new KeyedBatch(file, key, dimensions, faults);
    const lengths = new Float64Array(batch.rowsMax);
    let row = 0;
    for await (const { rowCount, values } of parquet.readRows(columns, batch.rowsMax)) {
      const takenCount = await column.take(batch.vectors, dimensions, lengths.subarray(0, rowCount));
      if (takenCount < rowCount) throw vectorsEnd(file, row + takenCount, parquet.rowCount);
      for (let i = 0; i < rowCount; i++) {
        batch.moveToNext(i);
        batch.accept(`row ${++row}`, lengths[i]!, values[0]![i], values[1]?.[i]);
      }
      if (batch.rowCount > 0) yield batch.take();
      onProgress?.((file.sizeBytes * row) / parquet.rowCount, file.sizeBytes);
    }
  } finally {
    await parquet.close();
  }
}

/** Looks at an NDJSON file with a key and a `vector` in each object. */
export async function jsonVectors(
  file: InputFile,
  expected: ExpectedVectors,
  faults: InputFaults,
): Promise<VectorFile> {
  const dimensions = expected.dimensions ?? (await firstArrayLength(file));
  if (dimensions === undefined) throw noVectors(file);
  return {
    dimensions,
    isKeyed: true,
    rowCount: undefined,
    batches: (onProgress) => jsonBatches(file, expected.key, dimensions, faults, onProgress),
  };
}

async function firstArrayLength(file: InputFile): Promise<number | undefined> {
  const laterFaults = new InputFaults(); // bad lines are told when the batches are read
  for await (const rows of readJsonRows(file, laterFaults)) {
    for (const { value } of rows) {
      const vector = value['vector'];
      if (Array.isArray(vector) && vector.length > 0) return vector.length;
    }
  }
  return undefined;
}

async function* jsonBatches(
  file: InputFile,
  key: VectorKey,
  dimensions: number,
  faults: InputFaults,
  onProgress?: InputProgress,
): AsyncGenerator<VectorBatch> {
  const batch = new KeyedBatch(file, key, dimensions, faults);
  for await (const rows of readJsonRows(file, faults, onProgress)) {
    for (const { place, value } of rows) {
      const length = batch.fillNext(place, value);
      const count = key === 'keyword' ? value['count'] : undefined;
      if (length !== undefined) batch.accept(place, length, value[key], count);
      if (batch.rowCount === batch.rowsMax) yield batch.take();
    }
    if (batch.rowCount > 0) yield batch.take();
  }
}

function noVectors(file: InputFile): EngineError {
  return inputInvalid({
    file: file.path,
    place: 'content',
    column: 'vector',
    found: 'no vectors',
    expected: 'at least one array of numbers',
  });
}

function vectorsEnd(file: InputFile, rowCount: number, expectedCount: number): EngineError {
  const expected = `${expectedCount} rows as in the footer; write it again`;
  return inputInvalid({
    file: file.path,
    place: `row ${rowCount}`,
    column: 'vector',
    found: 'the last vector',
    expected,
  });
}
