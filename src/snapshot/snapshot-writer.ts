/**
 * Writes one snapshot file: sections in any order and any pieces, checksums and header at the end.
 * Until `finish` returns the file has no header, so nothing can take it for a snapshot.
 */
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { check, EngineError } from '../base/errors.ts';
import {
  encodeHeader,
  layOut,
  SECTIONS,
  type HeaderFacts,
  type Section,
  type SectionName,
} from './format.ts';
import { sha256 } from './generation.ts';

const HASH_CHUNK_BYTES = 4 * 1024 * 1024;
/** Node writes at most 2 GiB in one call. */
const WRITE_BYTES_MAX = 1 << 30;

export class SnapshotWriter {
  readonly path: string;
  readonly #facts: HeaderFacts;
  readonly #sizes: Readonly<Record<SectionName, number>>;
  readonly #offsets: Readonly<Record<SectionName, number>>;
  /** The whole file, once it is finished. */
  readonly fileBytes: number;
  #fd: number;

  /** Creates the file. `sizes` are the bytes of each section. */
  constructor(path: string, facts: HeaderFacts, sizes: Readonly<Record<SectionName, number>>) {
    this.path = path;
    this.#facts = facts;
    this.#sizes = sizes;
    const { offsets, fileBytes } = layOut(facts, sizes);
    this.#offsets = offsets;
    this.fileBytes = fileBytes;
    this.#fd = this.#system(() => openSync(path, 'wx+'));
    try {
      this.#system(() => ftruncateSync(this.#fd, fileBytes));
    } catch (error) {
      this.abandon();
      throw error;
    }
  }

  /** Writes a piece of a section, `at` bytes behind its start. */
  write(name: SectionName, bytes: Uint8Array, at = 0): void {
    check(
      at + bytes.length <= this.#sizes[name],
      `piece ${at}+${bytes.length} outside section ${name} of ${this.#sizes[name]}`,
    );
    this.#system(() => {
      for (let done = 0; done < bytes.length;) {
        const length = Math.min(WRITE_BYTES_MAX, bytes.length - done);
        done += writeSync(this.#fd, bytes, done, length, this.#offsets[name] + at + done);
      }
    });
  }

  /** Computes the checksums, writes the header, syncs the file and closes it. */
  finish(onHashed: (doneBytes: number, totalBytes: number) => void): void {
    let hashedBytes = 0;
    const totalBytes = SECTIONS.reduce((sum, name) => sum + this.#sizes[name], 0);
    const sections = Object.fromEntries(
      SECTIONS.map((name) => {
        const section: Section = {
          name,
          offset: this.#offsets[name],
          sizeBytes: this.#sizes[name],
          sha256: this.#hash(name, (bytes) => onHashed((hashedBytes += bytes), totalBytes)),
        };
        return [name, section];
      }),
    ) as Record<SectionName, Section>;
    const header = encodeHeader(this.#facts, sections, this.fileBytes, sha256);
    this.#system(() => {
      writeSync(this.#fd, header, 0, header.length, 0);
      fsyncSync(this.#fd);
    });
    this.#close();
  }

  /** Gives up: closes and removes the file, finished or not. */
  abandon(): void {
    this.#close();
    rmSync(this.path, { force: true });
  }

  #close(): void {
    if (this.#fd === -1) return;
    closeSync(this.#fd);
    this.#fd = -1;
  }

  #hash(name: SectionName, onRead: (bytes: number) => void): Uint8Array {
    const hash = createHash('sha256');
    const chunk = Buffer.allocUnsafe(Math.min(HASH_CHUNK_BYTES, this.#sizes[name]));
    for (let at = 0; at < this.#sizes[name];) {
      const wanted = Math.min(chunk.length, this.#sizes[name] - at);
      const read = this.#system(() => readSync(this.#fd, chunk, 0, wanted, this.#offsets[name] + at));
      check(read > 0, `section ${name} ends at ${at}`);
      hash.update(chunk.subarray(0, read));
      at += read;
      onRead(read);
    }
    return hash.digest();
  }

  #system<T>(call: () => T): T {
    try {
      return call();
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === undefined) throw error;
      throw new EngineError(
        code === 'ENOSPC' ? 'storage_full' : 'store_invalid',
        `${this.path} cannot be written: ${(error as Error).message}`,
        { cause: error },
      );
    }
  }
}
