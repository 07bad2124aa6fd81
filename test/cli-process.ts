/** Runs the real command `doorrank` as a child process: once to its end, or as a server until it is stopped. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll } from 'vitest';

const LAUNCHER = resolve('src/cli/doorrank.js');
export const TOWN = resolve('data/town');

/** The environment without settings of whoever runs the tests. */
const ENVIRONMENT = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('DOORRANK_')),
);

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export class Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';

  constructor(args: readonly string[], { cwd, env }: RunOptions = {}) {
    this.process = spawn(process.execPath, [LAUNCHER, ...args], {
      cwd,
      env: { ...ENVIRONMENT, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process.stdout!.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.process.stderr!.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.ended = once(this.process, 'close').then(([code, signal]) => {
      return { code, signal, stdout: this.stdout, stderr: this.stderr };
    });
  }

  /** The first match of `pattern` in what was printed so far and will be; throws if the process ends without. */
  async printed(pattern: RegExp): Promise<RegExpMatchArray> {
    for (;;) {
      const found = this.stdout.match(pattern) ?? this.stderr.match(pattern);
      if (found !== null) return found;
      if (this.process.exitCode !== null || this.process.signalCode !== null) {
        throw new Error(`ended without printing ${pattern}:\n${this.stdout}\n${this.stderr}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    this.process.kill(signal);
    return this.ended;
  }
}

/** Runs `doorrank` to its end. */
export function doorrank(args: readonly string[], options?: RunOptions): Promise<Ended> {
  return new Running(args, options).ended;
}

/** Runs `doorrank` to its end and throws unless it did what it was asked to. */
export async function succeed(args: readonly string[]): Promise<void> {
  const { code, stderr } = await doorrank(args);
  if (code !== 0) throw new Error(`doorrank ${args.join(' ')} ended with ${code}: ${stderr}`);
}

const temporary: string[] = [];
afterAll(() => {
  for (const directory of temporary) rmSync(directory, { recursive: true, force: true });
});

/** A new directory that goes when the tests of this file have ended. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'doorrank-test-'));
  temporary.push(directory);
  return directory;
}

/** The arguments that build the town as `version` into `store`. */
export function buildTown(store: string, version: string, ...more: string[]): string[] {
  const file = (option: string, name: string): string[] => [option, join(TOWN, name)];
  return ['snapshot', 'build', '--store', store, '--version', version].concat(
    file('--shops', 'shops.csv'),
    file('--shop-vectors', 'shop-vectors.npy'),
    file('--keyword-vectors', 'keywords.ndjson'),
    more,
  );
}

/** Starts `doorrank serve` on a free port; resolves with its address once it listens. */
export async function startServer(
  args: readonly string[],
  options?: RunOptions,
): Promise<{ server: Running; url: string }> {
  const server = new Running(['serve', '--port', '0', ...args], options);
  const [, url] = await server.printed(/"url":"([^"]+)"/);
  return { server, url: url! };
}
