/** Turns what a command threw into words on stderr and an exit code. */
import { CommanderError, type Command } from 'commander';
import { EngineError, RequestError } from '../base/errors.ts';

const DONE = 0;
const REFUSED = 1;
const WRONG_USAGE = 2;

/**
 * Says what went wrong and returns the exit code: 0 for `--help`, 1 refused or failed, 2 wrong usage.
 * `command` is the one that ran, if it came that far; the fields of a request are named as its options.
 */
export function reportFailure(error: unknown, command: Command | undefined): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? DONE : WRONG_USAGE; // it has spoken already
  console.error(failureText(error, command));
  return REFUSED;
}

function failureText(error: unknown, command: Command | undefined): string {
  if (error instanceof RequestError) return `error: ${inOptions(error, command)}`;
  if (error instanceof EngineError || isSystemError(error)) return `error: ${error.message}`;
  const found = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `${found}\n\nThis is a fault in doorrank, not in what you asked for. Please report it with the lines above.`;
}

/** The disk, the network or a permission; its message names the call and the path. */
function isSystemError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error;
}

/** The message with the option that the field came from in place of the field: `--radius-meters must be …`. */
function inOptions({ field, message }: RequestError, command: Command | undefined): string {
  const asked = field.replace(/^request\./, ''); // of an explanation
  const name = asked.replace(/^location\./, '').replace(/Id$/, '');
  const option = command?.options.find((known) => known.attributeName() === name);
  return (option?.long ?? asked) + message.slice(field.length);
}
