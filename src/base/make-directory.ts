/** Makes a directory with those above it. */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * As `mkdirSync` with `recursive`, which goes round forever where the system has no directory made, as below /proc: this throws
 * the error of the system. Returns the uppermost directory that was made; undefined if all were there.
 */
export function makeDirectory(directory: string): string | undefined {
  const missing: string[] = [];
  for (let path = resolve(directory); !existsSync(path); path = dirname(path)) missing.push(path);
  if (missing.length === 0 && !statSync(directory).isDirectory()) mkdirSync(directory); // throws
  let firstMade: string | undefined;
  for (const path of missing.toReversed()) if (isMade(path)) firstMade ??= path;
  return firstMade;
}

/** False if another process has made it meanwhile. */
function isMade(directory: string): boolean {
  try {
    mkdirSync(directory);
    return true;
  } catch (error) {
    if (statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return false;
    throw error;
  }
}
