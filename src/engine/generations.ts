/**
 * The snapshots this process holds: the active one and the one before it, each over a memory of its own.
 *
 * There are two memories for the whole life of an engine. A swap loads and verifies the new snapshot over the memory
 * that does not serve, then makes it active in one assignment: requests that run keep what they started with.
 * A memory is taken for the next snapshot only when no request reads it any more.
 *
 * A side version, which a split or a shadow needs whatever is activated meanwhile, has one more memory to itself. If it
 * is activated, it is loaded a second time: the pages of a mapped file are the same, and swaps stay as simple.
 */
import { check, EngineError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { borrowMemory, returnMemory, type LinearMemory } from '../kernel/linear-memory.ts';
import { warmKernel } from '../kernel/wasm-kernel.ts';
import { SCRATCH_BOUNDS } from '../recommender/request-bounds.ts';
import type { Generation } from '../snapshot/generation.ts';
import { unloadInPieces, type MappingMode } from '../snapshot/mapping.ts';
import { loadSnapshot, type Placement } from '../snapshot/open-snapshot.ts';
import type { Target } from '../workers/messages.ts';
import type { ThreadView } from '../workers/thread-view.ts';

/** A snapshot that is in memory. */
export class Loaded implements ThreadView {
  readonly target: Target;
  readonly memory: LinearMemory;
  readonly kernel: Kernel;
  readonly generation: Generation;
  readonly mapped: boolean;
  #readers = 0;
  #onIdle: (() => void) | undefined;

  constructor(target: Target, memory: LinearMemory, kernel: Kernel, generation: Generation, mapped: boolean) {
    this.target = target;
    this.memory = memory;
    this.kernel = kernel;
    this.generation = generation;
    this.mapped = mapped;
  }

  get placement(): Placement {
    return this.target.placement;
  }

  /** Keeps the memory in place until `read` has ended. */
  async reading<T>(read: () => Promise<T>): Promise<T> {
    this.#readers++;
    try {
      return await read();
    } finally {
      if (--this.#readers === 0) this.#onIdle?.();
    }
  }

  /** Resolves when nothing reads this snapshot. Nothing may start reading it any more. */
  async idle(): Promise<void> {
    if (this.#readers === 0) return;
    await new Promise<void>((resolve) => (this.#onIdle = resolve));
  }
}

type Verify = (loaded: Loaded) => Promise<void>;

interface Slot {
  readonly memory: LinearMemory;
  readonly kernel: Kernel;
  loaded: Loaded | null;
}

/** Memories that swaps use in turn; those of the side versions come behind them. */
const SWAP_SLOTS = 2;

export class Generations {
  readonly #slots: readonly Slot[];
  readonly #sideVersions: readonly string[];
  readonly #laneCount: number;
  readonly #mode: MappingMode;
  readonly #log: Log;
  #active: Loaded | null = null;
  #epoch = 0;

  /** `threads` worker threads will read beside the calling one. `sideVersions` may be loaded by `loadSide`. */
  constructor(threads: number, mode: MappingMode, log: Log, sideVersions: readonly string[] = []) {
    this.#laneCount = threads + 1;
    this.#mode = mode;
    this.#log = log;
    this.#sideVersions = sideVersions;
    this.#slots = Array.from({ length: SWAP_SLOTS + sideVersions.length }, () => {
      const memory = borrowMemory();
      return { memory, kernel: warmKernel(memory), loaded: null };
    });
  }

  /** For the worker threads. */
  get memories(): readonly WebAssembly.Memory[] {
    return this.#slots.map(({ memory }) => memory.memory);
  }

  get kernel(): Kernel {
    return this.#slots[0]!.kernel;
  }

  get active(): Loaded | null {
    return this.#active;
  }

  /** The snapshots that a request may name. */
  get loaded(): readonly Loaded[] {
    return this.#slots.flatMap(({ loaded }) => loaded ?? []);
  }

  get held(): readonly Generation[] {
    return this.loaded.map(({ generation }) => generation);
  }

  /** The version before the active one if it is loaded. */
  get previous(): Loaded | null {
    return this.#slots.slice(0, SWAP_SLOTS).find(({ loaded }) => loaded !== this.#active)?.loaded ?? null;
  }

  /** The snapshot of a side version in its own memory, or null if it is not loaded yet. */
  side(version: string): Loaded | null {
    return this.#slots[this.#sideSlot(version)]!.loaded;
  }

  /** The loaded snapshot of a version; without one, the active snapshot. */
  find(version: string | null | undefined): Loaded {
    if (this.#active === null) {
      throw new EngineError('store_empty', 'no version is active yet; build a snapshot and activate it');
    }
    if (version === null || version === undefined) return this.#active;
    const found = this.loadedOf(version);
    if (found !== null) return found;
    const versions = [...new Set(this.held.map((generation) => generation.version))].join(' and ');
    throw new EngineError(
      'version_not_loaded',
      `version ${version} is not loaded; this engine holds ${versions}`,
    );
  }

  /** The snapshot of a version in any of the memories, or null. */
  loadedOf(version: string): Loaded | null {
    return this.#slots.find(({ loaded }) => loaded?.generation.version === version)?.loaded ?? null;
  }

  /** True if this process maps the file of `version` itself. */
  isMapped(version: string): boolean {
    return this.#slots.some(
      ({ loaded }) => loaded !== null && loaded.mapped && loaded.generation.version === version,
    );
  }

  /**
   * Loads the snapshot of `version` at `path` beside the active one and lets `verify` look at it. It does not serve
   * yet: `activate` or `discard` it. If anything throws, nothing has changed but that the version before the active
   * one is no longer loaded.
   */
  load(path: string, version: string, verify: Verify): Promise<Loaded> {
    return this.#loadInto(this.#active?.target.slot === 0 ? 1 : 0, path, version, verify);
  }

  /** Loads the snapshot of a side version at `path`; it may answer as soon as it is verified. */
  async loadSide(path: string, version: string, verify: Verify): Promise<Loaded> {
    const loaded = await this.#loadInto(this.#sideSlot(version), path, version, verify);
    this.#slots[loaded.target.slot]!.loaded = loaded;
    return loaded;
  }

  async #loadInto(index: number, path: string, version: string, verify: Verify): Promise<Loaded> {
    const slot = this.#slots[index]!;
    await this.#free(slot);
    const { generation, placement, mapped } = loadSnapshot(
      path,
      version,
      slot.memory,
      { ...SCRATCH_BOUNDS, laneCount: this.#laneCount },
      this.#mode,
      this.#log,
    );
    const target = { slot: index, epoch: this.#epoch++, placement };
    const loaded = new Loaded(target, slot.memory, slot.kernel, generation, mapped);
    try {
      await verify(loaded);
    } catch (error) {
      await this.discard(loaded);
      throw error;
    }
    return loaded;
  }

  /** Lets a snapshot go that was loaded and is not to serve. */
  async discard({ memory, placement }: Loaded): Promise<void> {
    await unloadInPieces(memory, placement.base, placement.fileBytes);
  }

  /** Makes a loaded snapshot the one that answers. */
  activate(loaded: Loaded): void {
    this.#slots[loaded.target.slot]!.loaded = loaded;
    this.#active = loaded;
  }

  /** Waits until nothing reads any more and gives the memories back. */
  async close(): Promise<void> {
    this.#active = null;
    for (const slot of this.#slots) {
      await this.#free(slot);
      returnMemory(slot.memory);
    }
  }

  #sideSlot(version: string): number {
    const index = this.#sideVersions.indexOf(version);
    check(index !== -1, `${version} is not a side version`);
    return SWAP_SLOTS + index;
  }

  async #free(slot: Slot): Promise<void> {
    const { loaded } = slot;
    if (loaded === null) return;
    slot.loaded = null;
    await loaded.idle();
    await this.discard(loaded);
  }
}
