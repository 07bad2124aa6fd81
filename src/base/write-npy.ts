/** Writes a table of float32 as NumPy does. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { namingFile } from './naming-file.ts';

const FIXED_BYTES = 10;
const ALIGNMENT_BYTES = 64;
/** Some systems write no more than 2 GiB in one call. */
const CHUNK_BYTES = 1 << 26;

/** Writes `vectors`, rows of `dimensions` little-endian float32, to `file`. */
export function writeNpy(file: string, vectors: Float32Array, dimensions: number): void {
  const bytes = new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength);
  const descriptor = openSync(file, 'w');
  try {
    namingFile(file, () => {
      writeFully(descriptor, npyHeader(vectors.length / dimensions, dimensions));
      for (let at = 0; at < bytes.length; at += CHUNK_BYTES)
        writeFully(descriptor, bytes.subarray(at, at + CHUNK_BYTES));
    });
  } finally {
    closeSync(descriptor);
  }
}

function writeFully(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
}

/** NumPy's format 1.0 for little-endian float32 in C order; the data begins at a multiple of 64 bytes. */
function npyHeader(rowCount: number, dimensions: number): Buffer {
  const description = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rowCount}, ${dimensions}), }`;
  const endBytes = FIXED_BYTES + description.length + 1;
  const length = Math.ceil(endBytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES - FIXED_BYTES;
  const header = Buffer.alloc(FIXED_BYTES + length, ' ');
  header.write('\x93NUMPY\x01\x00', 'latin1');
  header.writeUInt16LE(length, 8);
  header.write(`${description.padEnd(length - 1)}\n`, FIXED_BYTES, 'latin1');
  return header;
}
