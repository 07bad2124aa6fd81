/** A file that is there only once it is whole: written beside its place under a hidden name, synced, then renamed. */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { namingFile } from './naming-file.ts';

/** Files that are not in their place yet. */
const unfinished = new Set<FileAside>();

/** Leaves nothing of any file that is not in its place: for a process that is told to end. */
export function abandonFilesAside(): void {
  for (const file of unfinished) file.abandon();
}

export class FileAside {
  readonly path: string;
  readonly #aside: string;
  readonly #fd: number;
  #isOpen = true;
  #isAside = true;

  /** Creates the file aside; what stands at `path` stays until `finish`. */
  constructor(path: string) {
    this.path = path;
    // Two of one process, or of processes in containers that share a disk, may be given the same path.
    this.#aside = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
    this.#fd = openSync(this.#aside, 'wx');
    unfinished.add(this);
  }

  write(bytes: Uint8Array): void {
    namingFile(this.path, () => {
      for (let at = 0; at < bytes.length;) at += writeSync(this.#fd, bytes, at);
    });
  }

  /** Puts the file in its place. */
  finish(): void {
    fsyncSync(this.#fd);
    this.#close();
    renameSync(this.#aside, this.path);
    this.#isAside = false;
    unfinished.delete(this);
  }

  /** Leaves nothing of a file that is not in its place; of one that is, all. */
  abandon(): void {
    if (this.#isOpen) this.#close();
    if (this.#isAside) rmSync(this.#aside, { force: true });
    this.#isAside = false;
    unfinished.delete(this);
  }

  #close(): void {
    this.#isOpen = false;
    closeSync(this.#fd);
  }
}
