/**
 * Readers of option values: a number, a port, a path, some text, JSON. What they refuse is wrong usage.
 * Bounds of settings and requests are not theirs: the engine checks those, and says the same over HTTP.
 */
import { InvalidArgumentError, Option } from 'commander';

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const PORT_MAX = 65_535;

/** A decimal number, such as `-73.98`. */
export function readNumber(text: string): number {
  const value = DECIMAL.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(value)) throw new InvalidArgumentError('Expected a number, such as 12 or -73.98.');
  return value;
}

/** A number above 0. */
export function readPositive(text: string): number {
  const value = readNumber(text);
  if (value > 0) return value;
  throw new InvalidArgumentError('Expected a number above 0.');
}

/** A TCP port; 0 lets the system choose one. */
function readPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= PORT_MAX)) throw new InvalidArgumentError(`Expected a whole number 0..${PORT_MAX}.`);
  return port;
}

/** Text that says something: an empty one is mostly a shell variable that was never set. */
export function readText(text: string): string {
  if (text === '') throw new InvalidArgumentError('Expected some text; is a shell variable not set?');
  return text;
}

/** A JSON value; whoever takes it checks what it holds. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidArgumentError(
      `Expected JSON; are quotes missing around it? ${(error as Error).message}`,
    );
  }
}

/** A file or directory. `--shops --version 1` forgot a value; a file called `--version` is `./--version`. */
export function readPath(text: string): string {
  if (text.startsWith('--')) {
    throw new InvalidArgumentError(`Expected a path; is a value missing in front of ${text}?`);
  }
  return readText(text);
}

/** One more path of an option that takes several. */
export function readPaths(text: string, before: readonly string[] = []): string[] {
  return [...before, readPath(text)];
}

/** The name of a setting as that of its option: `windowSize` is `window-size`. */
export function inWords(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `--store <directory>`, or DOORRANK_STORE. */
export function storeOption(): Option {
  return new Option('--store <directory>', 'directory of the snapshots')
    .env('DOORRANK_STORE')
    .argParser(readPath);
}

export function portOption(): Option {
  return new Option('--port <number>', 'port to listen on; 0 takes a free one')
    .default(8080)
    .argParser(readPort);
}
