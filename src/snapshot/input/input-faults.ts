/**
 * What is wrong with the files a snapshot is built from: the first faults in full, the rest counted.
 * A bad row is added here and reading goes on; what ends reading is thrown as `inputInvalid`.
 */
import { EngineError } from '../../base/errors.ts';

/** One thing that does not hold in an input file. */
export interface InputFault {
  readonly file: string;
  /** Where in the file: `line 17` of text, `row 42` of a table (both counted from 1) or `byte 128`. */
  readonly place: string;
  readonly column?: string | undefined;
  readonly found: string;
  readonly expected: string;
}

export const FAULTS_LISTED_MAX = 20;

/** The faults of one build, over all of its files. */
export class InputFaults {
  readonly #listed: string[] = [];
  readonly #remarks: string[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(fault: InputFault): void {
    this.#count++;
    if (this.#listed.length < FAULTS_LISTED_MAX) this.#listed.push(faultText(fault));
  }

  /** Adds a sentence about many faults at once, such as a cause they have in common. */
  remark(sentence: string): void {
    this.#remarks.push(sentence);
  }

  /** Throws `input_invalid` with the first faults, one a line, unless there is none. */
  throwIfAny(): void {
    if (this.#count === 0) return;
    const lines = [`the input has ${this.#count} ${this.#count === 1 ? 'fault' : 'faults'}`, ...this.#listed];
    if (this.#count > this.#listed.length) lines.push(`… and ${this.#count - this.#listed.length} more`);
    throw new EngineError('input_invalid', [...lines, ...this.#remarks].join('\n'));
  }
}

/** The error for a file that cannot be read on from `fault`. */
export function inputInvalid(fault: InputFault, cause?: unknown): EngineError {
  return new EngineError('input_invalid', faultText(fault), { cause });
}

function faultText({ file, place, column, found, expected }: InputFault): string {
  const where = column === undefined ? place : `${place}, column ${column}`;
  return printable(`${file}: ${where}: found ${found}, expected ${expected}`);
}

/** Control characters of the input as what they are called, so that they cannot steer a terminal or break the line. */
function printable(text: string): string {
  return text.replace(
    /\p{Cc}/gu,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
