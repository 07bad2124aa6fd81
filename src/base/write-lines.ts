/** Writes a text file line by line. */
import { closeSync, openSync, writeFileSync } from 'node:fs';

const CHUNK_CHARACTERS = 1 << 20;

/** Writes lines in chunks, so that any number of them passes through little memory. */
export function writeLines(file: string, lines: Iterable<string>): void {
  const descriptor = openSync(file, 'w');
  try {
    let chunk = '';
    for (const line of lines) {
      chunk += `${line}\n`;
      if (chunk.length < CHUNK_CHARACTERS) continue;
      writeFileSync(descriptor, chunk);
      chunk = '';
    }
    writeFileSync(descriptor, chunk);
  } finally {
    closeSync(descriptor);
  }
}
