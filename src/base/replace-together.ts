/** Replaces files that belong together, so that a crash shows. */
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { syncPath } from './sync-path.ts';

/**
 * Puts what `write` wrote into the directory that it is given, by the names in `names`, in place of what stands in
 * `directory`; what it did not write is removed there. The last name vouches for the others: it goes first and comes back
 * when all of them are new. What `write` throws is thrown on, and nothing was replaced.
 */
export function replaceTogether(
  directory: string,
  names: readonly string[],
  write: (aside: string) => void,
): void {
  const aside = mkdtempSync(join(directory, '.aside-'));
  try {
    write(aside);
    for (const name of names) if (existsSync(join(aside, name))) syncPath(join(aside, name));
    rmSync(join(directory, names.at(-1)!), { force: true });
    for (const name of names) {
      if (existsSync(join(aside, name))) renameSync(join(aside, name), join(directory, name));
      else rmSync(join(directory, name), { force: true });
    }
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}
