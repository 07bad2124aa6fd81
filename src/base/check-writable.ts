/** Finds out before hours of work whether what comes of it can be written. Throws the error of the system if not. */
import { accessSync, closeSync, constants, existsSync, openSync, rmSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** A file that is there keeps its bytes; one that is not is not there afterwards. */
export function checkWritable(file: string): void {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) {
    closeSync(openSync(file, 'wx'));
    rmSync(file);
  } else if (found.isFile() || found.isDirectory()) {
    closeSync(openSync(file, 'a'));
  } else accessSync(file, constants.W_OK); // whoever reads from a pipe would take closing it for the end
}

/** Of a directory that is not there yet: whether it can be made. Nothing is. */
export function checkWritableDirectory(directory: string): void {
  let nearest = resolve(directory);
  while (!existsSync(nearest)) nearest = dirname(nearest);
  accessSync(`${nearest}/.`, constants.W_OK | constants.X_OK); // with the dot, as a file would pass
}
