/** Brings a snapshot file into a linear memory. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { EngineError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { userListCountIn } from '../catalog/user-lists.ts';
import { laneBytes, type LaneBounds } from '../kernel/lane.ts';
import { LinearMemory } from '../kernel/linear-memory.ts';
import { decodeHeader, headerBytesIn, type SnapshotHeader } from './format.ts';
import { Generation, sha256 } from './generation.ts';
import { loadFile, unload, type MappingMode } from './mapping.ts';

/** How much scratch stands in front of a snapshot. */
export type Scratch = Omit<LaneBounds, 'shopCount' | 'rowFloats'> & {
  readonly laneCount: number;
};

/** Where a snapshot lies: enough for another thread to attach to it. */
export interface Placement {
  readonly base: number;
  readonly fileBytes: number;
  readonly laneBytes: number;
  readonly source: string;
}

export interface LoadedSnapshot {
  readonly generation: Generation;
  readonly placement: Placement;
  /** True if the kernel reads the file's pages themselves. */
  readonly mapped: boolean;
}

/** Reads and checks the header of a snapshot file. Throws `file_unreadable`, or as of `decodeHeader`. */
export function readHeader(path: string): SnapshotHeader {
  return withFile(path, (fd) => headerIn(fd, path));
}

/** How many users the snapshot file with this header says it has lists of. Throws `file_unreadable`. */
export function readUserListCount(path: string, { sections: { userLists } }: SnapshotHeader): number {
  if (userLists === undefined) return 0;
  return withFile(path, (fd) => {
    const start = Buffer.alloc(4);
    readSync(fd, start, 0, start.length, userLists.offset);
    return userListCountIn(start);
  });
}

function headerIn(fd: number, path: string): SnapshotHeader {
  const fileBytes = fstatSync(fd).size;
  const start = Buffer.alloc(Math.min(fileBytes, 128));
  readSync(fd, start, 0, start.length, 0);
  const header = Buffer.alloc(Math.min(fileBytes, headerBytesIn(start, path)));
  readSync(fd, header, 0, header.length, 0);
  return decodeHeader(header, fileBytes, path, sha256);
}

/** Runs `use` on the open file; what the system says against it becomes `file_unreadable`. */
function withFile<T>(path: string, use: (fd: number) => T): T {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    return use(fd);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new EngineError('file_unreadable', `${path} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/**
 * Loads a snapshot into `memory`, which must not hold another one. Its contents are not verified yet.
 * With `version`, throws `snapshot_invalid` for a file that says it is another one.
 */
export function loadSnapshot(
  path: string,
  version: string | undefined,
  memory: LinearMemory,
  scratch: Scratch,
  mode: MappingMode,
  log: Log,
): LoadedSnapshot {
  return withFile(path, (fd) => {
    const header = headerIn(fd, path);
    if (version !== undefined && header.version !== version) {
      throw new EngineError(
        'snapshot_invalid',
        `${path} says it is version ${header.version}; a snapshot keeps the name it was built with`,
      );
    }
    const { shopCount, rowFloats, fileBytes } = header;
    const bytes = laneBytes({ shopCount, rowFloats, ...scratch });
    const base = LinearMemory.snapshotBase(scratch.laneCount, bytes);
    memory.reserve(base + fileBytes);
    const mapped = loadFile(fd, path, fileBytes, memory, base, mode, log);
    const placement = { base, fileBytes, laneBytes: bytes, source: path };
    try {
      return { generation: attach(memory, placement), placement, mapped };
    } catch (error) {
      unload(memory, base, fileBytes);
      throw error;
    }
  });
}

/** The generation of a snapshot that lies in `memory`, loaded by this thread or another. */
export function attach(memory: LinearMemory, { base, fileBytes, source }: Placement): Generation {
  return Generation.attach(memory, base, fileBytes, source);
}
