/** Reads small JSON files that a command line names. */
import { readFileSync } from 'node:fs';
import { EngineError } from '../base/errors.ts';

/** The value in a JSON file. */
export function readJsonFile(path: string): unknown {
  return parse(readTextFile(path), path);
}

/** The values in a file of one JSON value a line. Empty lines count for nothing. */
export function readNdjsonFile(path: string): unknown[] {
  return readNdjsonLines(path).map(({ value }) => value);
}

/** As `readNdjsonFile`, each value with the number of its line, from 1. */
export function readNdjsonLines(path: string): { line: number; value: unknown }[] {
  return readTextFile(path)
    .split('\n')
    .flatMap((text, i) => {
      const line = i + 1;
      return text.trim() === '' ? [] : [{ line, value: parse(text, `${path} line ${line}`) }];
    });
}

/** Throws unless the file is UTF-8; drops a byte order mark. */
function readTextFile(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new EngineError('file_unreadable', `${path} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new EngineError('input_invalid', `${path} is not UTF-8; encode it as UTF-8`);
  }
}

function parse(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new EngineError('input_invalid', `${place} is not JSON: ${(error as Error).message}`);
  }
}
