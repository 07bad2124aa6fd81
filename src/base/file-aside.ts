/** A file that is there only once it is whole: written beside its place under a hidden name, synced, then renamed. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { namingFile } from './naming-file.ts';

export class FileAside {
  readonly path: string;
  readonly #aside: string;
  readonly #fd: number;
  #isOpen = true;
  #isAside = true;

  /** Creates the file aside; what stands at `path` stays until `finish`. */
  constructor(path: string) {
    this.path = path;
    this.#aside = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
    this.#fd = openSync(this.#aside, 'w');
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
  }

  /** Leaves nothing of a file that is not in its place; of one that is, all. */
  abandon(): void {
    if (this.#isOpen) this.#close();
    if (this.#isAside) rmSync(this.#aside, { force: true });
    this.#isAside = false;
  }

  #close(): void {
    this.#isOpen = false;
    closeSync(this.#fd);
  }
}
