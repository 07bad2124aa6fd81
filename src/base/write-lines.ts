/** Writes a text file line by line. */
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { namingFile } from './naming-file.ts';

const CHUNK_CHARACTERS = 1 << 20;

/** Writes lines in chunks, so that any number of them passes through little memory. */
export function writeLines(file: string, lines: Iterable<string>): void {
  const descriptor = openSync(file, 'w');
  const write = (text: string): void => namingFile(file, () => writeFileSync(descriptor, text));
  try {
    let chunk = '';
    for (const line of lines) {
      chunk += `${line}\n`;
      if (chunk.length < CHUNK_CHARACTERS) continue;
      write(chunk);
      chunk = '';
    }
    write(chunk);
  } finally {
    closeSync(descriptor);
  }
}
