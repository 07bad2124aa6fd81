/**
 * Puts a snapshot file where the kernel reads it: mapped over the linear memory on Linux, read into it elsewhere.
 * The only place that knows `node:ffi`.
 *
 * A mapped file is read through the page cache: no copy, shared by every process that maps it, there in microseconds.
 * The file must not be truncated while it is mapped (the kernel would stop the process with SIGBUS); the store keeps
 * its files read-only and replaces them by rename alone.
 */
import { readSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { EngineError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { LinearMemory } from '../kernel/linear-memory.ts';

/** `auto` maps where the system can; `copy` never maps. */
export type MappingMode = 'auto' | 'copy';

// Linux, the same on x86-64 and arm64: <asm-generic/mman.h>.
const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_PRIVATE = 0x02;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
const MAP_NORESERVE = 0x4000;
const READ_BYTES_MAX = 1 << 30;
/** At most half a millisecond, if every page was read. */
const UNLOAD_BYTES = 1 << 23;

type Mmap = (
  address: bigint,
  bytes: bigint,
  protection: number,
  flags: number,
  fd: number,
  offset: bigint,
) => bigint;

interface System {
  readonly mmap: Mmap;
  addressOf(memory: LinearMemory): bigint;
}

let system: System | null | undefined;

/** The system's mmap, or null where there is none to call. */
function linux(): System | null {
  if (system === undefined) system = process.platform === 'linux' ? loadSystem() : null;
  return system;
}

function loadSystem(): System | null {
  // Node announces node:ffi as experimental on stderr; what we rely on of it is checked below and has a fallback.
  // oxlint-disable-next-line typescript/unbound-method -- put back below as it was
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    const ffi = process.getBuiltinModule('node:ffi');
    const { functions } = ffi.dlopen(null, {
      mmap: { arguments: ['u64', 'u64', 'i32', 'i32', 'i32', 'i64'], return: 'u64' },
    });
    return {
      mmap: functions.mmap,
      addressOf: (memory) => ffi.getRawPointer(memory.memory.buffer as unknown as ArrayBuffer),
    };
  } catch {
    return null; // no FFI in this build, or not permitted
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** True where `auto` would map. */
export function canMap(): boolean {
  return linux() !== null;
}

/**
 * Brings the open file of `fileBytes` to address `base` (a multiple of 64 KiB) of `memory`, which must be large enough.
 * Returns true if it is mapped, false if it was copied. `path` names it in messages.
 */
export function loadFile(
  fd: number,
  path: string,
  fileBytes: number,
  memory: LinearMemory,
  base: number,
  mode: MappingMode,
  log: Log,
): boolean {
  if (mode === 'auto') {
    const reason = map(fd, fileBytes, memory, base);
    if (reason === null) return true;
    log.warn(
      { path, reason },
      'the snapshot cannot be mapped and is read into memory instead; answers are the same',
    );
  }
  copy(fd, fileBytes, memory, base, path);
  return false;
}

/** Maps the file, or says why not. */
function map(fd: number, bytes: number, memory: LinearMemory, base: number): string | null {
  const calls = linux();
  if (calls === null) return `mmap cannot be called on ${process.platform} ${process.version}`;
  const address = calls.addressOf(memory) + BigInt(base);
  const found = calls.mmap(address, BigInt(bytes), PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0n);
  return found === address ? null : `mmap of ${bytes} bytes failed`;
}

function copy(fd: number, bytes: number, memory: LinearMemory, base: number, path: string): void {
  const target = memory.bytes(base, bytes);
  for (let at = 0; at < bytes;) {
    const read = readSync(fd, target, at, Math.min(READ_BYTES_MAX, bytes - at), at);
    if (read === 0)
      throw new EngineError('snapshot_invalid', `${path} ended at byte ${at} of ${bytes} while it was read`);
    at += read;
  }
}

/** Gives the pages of `length` bytes at `base` back to the system; they are zeros and writable afterwards. */
export function unload(memory: LinearMemory, base: number, length: number): void {
  const calls = linux();
  if (calls === null || length === 0) return;
  const flags = MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_NORESERVE;
  const address = calls.addressOf(memory) + BigInt(base);
  const found = calls.mmap(address, BigInt(length), PROT_READ | PROT_WRITE, flags, -1, 0n);
  if (found !== address)
    throw new EngineError('snapshot_invalid', `the memory of an old snapshot could not be given back`);
}

/** As `unload`, with room for other work of this thread in between: 930 MB at once kept it for 20 ms. */
export async function unloadInPieces(memory: LinearMemory, base: number, length: number): Promise<void> {
  for (let at = 0; at < length; at += UNLOAD_BYTES) {
    unload(memory, base + at, Math.min(UNLOAD_BYTES, length - at));
    await nextTurn();
  }
}
