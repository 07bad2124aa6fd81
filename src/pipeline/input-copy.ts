/** A copy of a file that a run reads more than once: it sees the same bytes all along, whatever becomes of the original. */
import { copyFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { EngineError } from '../base/errors.ts';
import { makeDirectory } from '../base/make-directory.ts';

/**
 * Runs `use` on a copy of the file at `path` in `directory`, which is emptied before and removed afterwards. What is wrong with
 * the copy is said of the original. Throws `file_unreadable`, `storage_full`, and what `use` throws.
 */
export async function withInputCopy<T>(
  path: string,
  directory: string,
  use: (copy: string) => Promise<T>,
): Promise<T> {
  const copy = join(directory, basename(path));
  try {
    copyInput(path, copy, directory);
    return await use(copy);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new EngineError(error.code, error.message.replaceAll(copy, path), { cause: error });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function copyInput(path: string, copy: string, directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  makeDirectory(directory);
  try {
    copyFileSync(path, copy);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC')
      throw new EngineError('storage_full', `${directory}: ${message}`, { cause: error });
    const reason = code === 'ENOENT' ? 'does not exist' : `cannot be read: ${message}`;
    throw new EngineError('file_unreadable', `${path} ${reason}`, { cause: error });
  }
}
