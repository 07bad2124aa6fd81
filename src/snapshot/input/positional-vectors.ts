/** Vectors in the order of the shops file, without keys: `.npy`, and `.f32`, which is nothing but float32. */
import type { FileHandle } from 'node:fs/promises';
import { type InputFaults, inputInvalid } from './input-faults.ts';
import { type InputFile, type InputProgress, openInput, readFully } from './input-file.ts';
import { NPY_HEADER_BYTES_MAX, parseNpyHeader } from './npy-header.ts';
import {
  batchRows,
  componentFault,
  type ExpectedVectors,
  firstNotFinite,
  type VectorBatch,
  type VectorFile,
} from './vector-file.ts';

interface Shape {
  readonly rowCount: number;
  readonly dimensions: number;
  readonly offsetBytes: number;
}

/** Looks at a `.npy` or `.f32` file. Throws `input_invalid` unless it has the expected shape. */
export async function positionalVectors(
  file: InputFile,
  expected: ExpectedVectors,
  faults: InputFaults,
): Promise<VectorFile> {
  if (expected.key === 'keyword') {
    throw inputInvalid({
      file: file.path,
      place: 'name',
      found: `a .${file.format} file, which has no keywords`,
      expected: 'NDJSON or Parquet with keyword and vector',
    });
  }
  const shape = file.format === 'npy' ? await npyShape(file) : f32Shape(file, expected);
  checkShape(file, shape, expected);
  return {
    dimensions: shape.dimensions,
    isKeyed: false,
    rowCount: shape.rowCount,
    batches: (onProgress) => positionalBatches(file, shape, faults, onProgress),
  };
}

async function npyShape(file: InputFile): Promise<Shape> {
  const start = Buffer.alloc(Math.min(file.sizeBytes, NPY_HEADER_BYTES_MAX));
  await withHandle(file, (handle) => readFully(file.path, handle, 0, start));
  const shape = parseNpyHeader(file.path, start);
  const sizeBytes = shape.offsetBytes + shape.rowCount * shape.dimensions * 4;
  if (file.sizeBytes !== sizeBytes) {
    const expected = `${sizeBytes} bytes for its ${shape.rowCount} × ${shape.dimensions} float32; was it cut off?`;
    throw inputInvalid({
      file: file.path,
      place: `byte ${file.sizeBytes}`,
      found: `a file of ${file.sizeBytes} bytes`,
      expected,
    });
  }
  return shape;
}

/** A `.f32` file is nothing but its components, so one side of its shape has to be known. */
function f32Shape(file: InputFile, { rowCount, dimensions }: ExpectedVectors): Shape {
  const components = file.sizeBytes / 4;
  const [known, knownName] = rowCount !== undefined ? [rowCount, 'vectors'] : [dimensions, 'dimensions'];
  const refuse = (expected: string): Error =>
    inputInvalid({
      file: file.path,
      place: `byte ${file.sizeBytes}`,
      found: `a file of ${file.sizeBytes} bytes`,
      expected,
    });
  if (known === undefined) throw refuse('the number of vectors to be known, which a .f32 file does not tell');
  const other = components / known;
  if (!Number.isInteger(other)) throw refuse(`a multiple of ${known * 4}: float32 for ${known} ${knownName}`);
  return { rowCount: rowCount ?? other, dimensions: rowCount === undefined ? known : other, offsetBytes: 0 };
}

function checkShape(file: InputFile, shape: Shape, expected: ExpectedVectors): void {
  const found = `${shape.rowCount} vectors of ${shape.dimensions} dimensions`;
  const refuse = (what: string): Error =>
    inputInvalid({ file: file.path, place: 'shape', found, expected: what });
  if (expected.rowCount !== undefined && shape.rowCount !== expected.rowCount) {
    throw refuse(`${expected.rowCount}, one for each shop in the order of the shops file`);
  }
  if (expected.dimensions !== undefined && shape.dimensions !== expected.dimensions) {
    throw refuse(`${expected.dimensions} dimensions`);
  }
}

async function* positionalBatches(
  file: InputFile,
  shape: Shape,
  faults: InputFaults,
  onProgress?: InputProgress,
): AsyncGenerator<VectorBatch> {
  const { dimensions } = shape;
  const buffer = new Float32Array(batchRows(dimensions) * dimensions);
  const handle = await openInput(file);
  try {
    for (let row = 0; row < shape.rowCount; row += batchRows(dimensions)) {
      const rowCount = Math.min(batchRows(dimensions), shape.rowCount - row);
      const vectors = buffer.subarray(0, rowCount * dimensions);
      const position = shape.offsetBytes + row * dimensions * 4;
      await readFully(file.path, handle, position, new Uint8Array(vectors.buffer, 0, vectors.byteLength));
      addNotFinite(file, vectors, row, dimensions, faults);
      yield { rowCount, vectors, keyed: undefined };
      onProgress?.(position + vectors.byteLength, file.sizeBytes);
    }
  } finally {
    await handle.close();
  }
}

function addNotFinite(
  file: InputFile,
  vectors: Float32Array,
  firstRow: number,
  dimensions: number,
  faults: InputFaults,
): void {
  for (let start = 0; start < vectors.length; start += dimensions) {
    const bad = firstNotFinite(vectors, start, start + dimensions);
    if (bad === -1) continue;
    const place = `row ${firstRow + start / dimensions + 1}`;
    faults.add(componentFault(file, place, bad - start, vectors[bad]!));
  }
}

async function withHandle(file: InputFile, use: (handle: FileHandle) => Promise<void>): Promise<void> {
  const handle = await openInput(file);
  try {
    await use(handle);
  } finally {
    await handle.close();
  }
}
