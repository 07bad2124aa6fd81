/** bench/limit.c as a child process: compiled into a temporary directory, one command and one answer at a time. */
import { execFileSync, spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { RankedEntry } from './kernel-board.ts';

const SOURCE = path.join(import.meta.dirname, 'limit.c');

/** The files of a request and its sizes. */
export interface TwinRequest {
  readonly rows: Float32Array;
  readonly ordinals: Uint32Array;
  readonly queries: Float32Array;
  readonly dimensions: number;
  readonly depth: number;
}

export class LimitTwin {
  /** Of the widest vectors that it uses. */
  readonly bits: number;
  readonly #directory: string;
  readonly #child: TwinProcess;
  #dimensions = 0;
  #depth = 0;

  private constructor(directory: string, child: TwinProcess, bits: number) {
    this.#directory = directory;
    this.#child = child;
    this.bits = bits;
  }

  /** Compiles and starts the twin. Throws, saying why, where that cannot be done. */
  static async start(): Promise<LimitTwin> {
    if (process.arch !== 'x64') throw new Error(`it is written for x64, this machine is ${process.arch}`);
    const directory = mkdtempSync(path.join(tmpdir(), 'doorrank-bench-'));
    try {
      const file = path.join(directory, 'limit');
      execFileSync('cc', ['-std=gnu11', '-O3', '-o', file, SOURCE, '-lm'], { stdio: 'pipe' });
      const child = await TwinProcess.start(file);
      return new LimitTwin(directory, child, Number(await child.ask('bits')));
    } catch (error) {
      rmSync(directory, { recursive: true, force: true });
      throw error;
    }
  }

  /** GFLOP/s. */
  async peak(bits: number, forMs: number): Promise<number> {
    return Number(await this.#child.ask(`peak ${bits} ${forMs}`));
  }

  /** GB/s of reading a buffer of this size from end to end, again and again. */
  async readRate(sizeBytes: number, forMs: number): Promise<number> {
    return Number(await this.#child.ask(`read ${sizeBytes} ${forMs}`));
  }

  async load({ rows, ordinals, queries, dimensions, depth }: TwinRequest): Promise<void> {
    // The same rows serve every request of these dimensions.
    if (dimensions !== this.#dimensions) writeFileSync(path.join(this.#directory, 'rows.f32'), rows);
    writeFileSync(path.join(this.#directory, 'ordinals.u32'), ordinals);
    writeFileSync(path.join(this.#directory, 'queries.f32'), queries);
    this.#dimensions = dimensions;
    this.#depth = depth;
    const queryCount = queries.length / dimensions;
    await this.#child.ask(`load ${dimensions} ${ordinals.length} ${queryCount} ${depth} ${this.#directory}`);
  }

  /** Rankings of the loaded request; similarities are not divided by the norm of the query. */
  async rankings(): Promise<RankedEntry[][]> {
    const numbers = (await this.#child.ask('best')).trim().split(' ').map(Number);
    const rankings: RankedEntry[][] = [];
    for (let at = 0; at < numbers.length; at += 2 * this.#depth) {
      const ranking = numbers.slice(at, at + 2 * this.#depth);
      rankings.push(
        Array.from({ length: this.#depth }, (_, i) => ({
          position: ranking[2 * i]!,
          similarity: ranking[2 * i + 1]!,
        })),
      );
    }
    return rankings;
  }

  /** Milliseconds of every run of the loaded request: its dot products alone, or with the best of each query. */
  async samplesMs(work: 'dots' | 'rank', forMs: number): Promise<number[]> {
    const answer = await this.#child.ask(`${work} ${forMs}`);
    return answer
      .trim()
      .split(' ')
      .map((ns) => Number(ns) / 1e6);
  }

  async stop(): Promise<void> {
    await this.#child.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

class TwinProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  static async start(file: string): Promise<TwinProcess> {
    const child = spawn(file, { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child, 'spawn');
    child.stdin.on('error', () => {}); // that it has ended shows in its answers
    return new TwinProcess(child);
  }

  /** Its answer to a command. */
  async ask(command: string): Promise<string> {
    this.#child.stdin.write(`${command}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`it ended at "${command}"`);
    return value;
  }

  async stop(): Promise<void> {
    const ended = this.#child.exitCode !== null || once(this.#child, 'exit');
    this.#child.stdin.end();
    await ended;
  }
}
