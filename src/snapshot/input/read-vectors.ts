/**
 * Reads the vectors a snapshot is built from, in bounded memory: `.npy` and `.f32` by position, Parquet and NDJSON by
 * `shopId` or `keyword`.
 */
import type { InputFaults } from './input-faults.ts';
import { inspectInput } from './input-file.ts';
import { jsonVectors, parquetVectors } from './keyed-vectors.ts';
import { positionalVectors } from './positional-vectors.ts';
import type { ExpectedVectors, VectorFile } from './vector-file.ts';

/**
 * Looks at the vectors of the file at `path`; its extension decides the format. When batches are read, a bad vector is
 * added to `faults` and left out (by position: kept, so that the others keep theirs), and reading goes on. Keys that
 * occur twice are not looked for.
 * Throws `file_unreadable`, or `input_invalid` for a file that is not what is expected.
 */
export async function readVectors(
  path: string,
  expected: ExpectedVectors,
  faults: InputFaults,
): Promise<VectorFile> {
  const file = await inspectInput(path, ['npy', 'f32', 'parquet', 'ndjson']);
  switch (file.format) {
    case 'parquet':
      return parquetVectors(file, expected, faults);
    case 'ndjson':
      return jsonVectors(file, expected, faults);
    default:
      return positionalVectors(file, expected, faults);
  }
}
