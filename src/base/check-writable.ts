/** Finds out before hours of work whether what comes of it can be written. Throws the error of the system if not. */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { RequestError } from './errors.ts';
import { makeDirectory } from './make-directory.ts';

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

/**
 * Makes the directory, if it is not there, and something in it, and removes both: permissions alone do not tell, as below /proc.
 * Throws a `RequestError` where a file is in the way.
 */
export function checkWritableDirectory(directory: string): void {
  checkNoFileAt(resolve(directory));
  const firstMade = makeDirectory(directory);
  try {
    rmdirSync(mkdtempSync(join(directory, '.probe-')));
  } finally {
    if (firstMade !== undefined) removeEmpty(resolve(directory), firstMade);
  }
}

function checkNoFileAt(path: string): void {
  let nearest = path;
  while (!existsSync(nearest)) nearest = dirname(nearest);
  if (!statSync(nearest).isDirectory())
    throw new RequestError('', `${path} cannot be a directory: ${nearest} is a file; name another place`);
}

/** Those from `directory` up to `last`. */
function removeEmpty(directory: string, last: string): void {
  rmdirSync(directory);
  if (directory !== last) removeEmpty(dirname(directory), last);
}
