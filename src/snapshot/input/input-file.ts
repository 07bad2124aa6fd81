/**
 * An input file as bytes: what its name says it is, whether it can be read, and its (unpacked) content in pieces.
 * The only module of the input that opens files.
 */
import { createReadStream } from 'node:fs';
import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { EngineError } from '../../base/errors.ts';
import { inputInvalid } from './input-faults.ts';

export type InputFormat = 'csv' | 'ndjson' | 'parquet' | 'npy' | 'f32';

export interface InputFile {
  readonly path: string;
  readonly format: InputFormat;
  /** Whether the bytes on disk are gzip. */
  readonly gzip: boolean;
  /** On disk, at least 1. */
  readonly sizeBytes: number;
}

/** Told how many of the file's bytes on disk have been read. */
export type InputProgress = (bytesRead: number, bytesTotal: number) => void;

const EXTENSIONS: Readonly<Record<InputFormat, readonly string[]>> = {
  csv: ['.csv', '.csv.gz'],
  ndjson: ['.ndjson', '.jsonl', '.ndjson.gz', '.jsonl.gz'],
  parquet: ['.parquet'],
  npy: ['.npy'],
  f32: ['.f32'],
};

const CHUNK_BYTES = 1 << 20;

/**
 * Looks at the name and size of `path`.
 * Throws `input_invalid` for another extension than those of `formats` and for 0 bytes, `file_unreadable` where there
 * is no file to read.
 */
export async function inspectInput(path: string, formats: readonly InputFormat[]): Promise<InputFile> {
  const format = formatOf(path, formats);
  if (format === undefined) {
    const found = JSON.stringify(basename(path));
    throw inputInvalid({ file: path, place: 'name', found, expected: expectedName(formats) });
  }
  const status = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw unreadable(path, error);
  });
  if (!status.isFile()) {
    const found = status.isDirectory() ? 'a directory' : 'not a regular file';
    throw new EngineError('file_unreadable', `${path} is ${found}; name a ${format} file`);
  }
  if (status.size === 0) {
    throw inputInvalid({ file: path, place: 'byte 0', found: 'an empty file', expected: `a ${format} file` });
  }
  return { path, format, gzip: path.toLowerCase().endsWith('.gz'), sizeBytes: status.size };
}

/**
 * The files that `path` stands for: itself, or if it is a folder all files of these formats in it and below, sorted.
 * Names that begin with a dot, as tools give them to what is not finished yet, are passed over.
 * Throws `input_invalid` for a folder without any, `file_unreadable` for one that cannot be listed.
 */
export async function findInputs(path: string, formats: readonly InputFormat[]): Promise<string[]> {
  const status = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw unreadable(path, error);
  });
  if (!status.isDirectory()) return [path];
  const names = await readdir(path, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    throw unreadable(path, error);
  });
  const isHidden = (name: string): boolean => name.split(sep).some((part) => part.startsWith('.'));
  const found = names.filter((name) => formatOf(name, formats) !== undefined && !isHidden(name)).sort();
  if (found.length > 0) return found.map((name) => join(path, name));
  throw inputInvalid({ file: path, place: 'folder', found: 'no such file', expected: expectedName(formats) });
}

function formatOf(path: string, formats: readonly InputFormat[]): InputFormat | undefined {
  const name = basename(path).toLowerCase();
  return formats.find((format) => EXTENSIONS[format].some((extension) => name.endsWith(extension)));
}

function expectedName(formats: readonly InputFormat[]): string {
  return `a name ending in ${formats.flatMap((format) => EXTENSIONS[format]).join(', ')}`;
}

/** Yields the content of `file`, unpacked, in pieces of up to about 1 MiB that are not reused. */
export async function* readChunks(file: InputFile, onProgress?: InputProgress): AsyncGenerator<Buffer> {
  const source = createReadStream(file.path, { highWaterMark: CHUNK_BYTES });
  const content: Readable = file.gzip
    ? pipeline(source, createGunzip({ chunkSize: CHUNK_BYTES }), () => {})
    : source;
  try {
    for await (const chunk of content) {
      yield chunk;
      onProgress?.(source.bytesRead, file.sizeBytes);
    }
  } catch (error) {
    throw readFault(file.path, error);
  } finally {
    source.destroy();
  }
}

/** Opens a file that is read at positions of its own choice. The caller closes it. */
export async function openInput(file: InputFile): Promise<FileHandle> {
  return open(file.path, 'r').catch((error: NodeJS.ErrnoException) => {
    throw unreadable(file.path, error);
  });
}

/** Fills `into` from byte `position` on. Throws `input_invalid` if the file ends before. */
export async function readFully(
  path: string,
  handle: FileHandle,
  position: number,
  into: Uint8Array,
): Promise<void> {
  let filledBytes = 0;
  while (filledBytes < into.byteLength) {
    const { bytesRead } = await handle
      .read(into, filledBytes, into.byteLength - filledBytes, position + filledBytes)
      .catch((error: NodeJS.ErrnoException) => {
        throw unreadable(path, error);
      });
    if (bytesRead === 0) {
      const place = `byte ${position + filledBytes}`;
      throw inputInvalid({
        file: path,
        place,
        found: 'the end of the file',
        expected: `${into.byteLength - filledBytes} more bytes`,
      });
    }
    filledBytes += bytesRead;
  }
}

function readFault(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || error instanceof EngineError) return error;
  if (!String(error.code).startsWith('Z_')) return unreadable(path, error as NodeJS.ErrnoException);
  const found =
    error.code === 'Z_BUF_ERROR' ? 'a gzip file that is cut off' : `no valid gzip data (${error.message})`;
  return inputInvalid(
    { file: path, place: 'content', found, expected: 'a complete gzip file; pack it again' },
    error,
  );
}

function unreadable(path: string, error: NodeJS.ErrnoException): EngineError {
  const reason = error.code === 'ENOENT' ? 'does not exist' : `cannot be read: ${error.message}`;
  return new EngineError('file_unreadable', `${path} ${reason}`, { cause: error });
}
