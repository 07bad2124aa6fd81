/**
 * A text file as blocks of whole lines that are valid UTF-8, and an NDJSON file as objects.
 * The only place that checks encodings: a decoder would replace bad bytes without a word.
 */
import { isUtf8 } from 'node:buffer';
import { shown } from '../../base/validate.ts';
import { type InputFaults, inputInvalid } from './input-faults.ts';
import { type InputFile, type InputProgress, readChunks } from './input-file.ts';

/** Whole lines. A line that was not UTF-8 is a fault and stands here as an empty line, so that lines keep their numbers. */
interface LineBlock {
  readonly bytes: Buffer;
  /** The number of the first line, counted from 1. */
  readonly firstLine: number;
}

/** One line of an NDJSON file. */
export interface JsonRow {
  readonly place: string;
  readonly value: { readonly [name: string]: unknown };
}

const NEWLINE = 0x0a;
/** No line is longer by honest means; without a bound a file without line ends would be read into memory whole. */
const LINE_BYTES_MAX = 64 << 20;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** Yields the lines of `file`, without a byte order mark. Throws `input_invalid` for text that is not UTF-8 at all. */
export async function* readLineBlocks(
  file: InputFile,
  faults: InputFaults,
  onProgress?: InputProgress,
): AsyncGenerator<LineBlock> {
  let firstLine = 1;
  for await (const bytes of wholeLines(file, onProgress)) {
    const text = firstLine === 1 ? withoutByteOrderMark(file, bytes) : bytes;
    yield { bytes: isUtf8(text) ? text : blankBadLines(file, text, firstLine, faults), firstLine };
    firstLine += countNewlines(text);
  }
}

/** Yields the objects of an NDJSON file, some at a time. Lines that are none become faults; empty lines are skipped. */
export async function* readJsonRows(
  file: InputFile,
  faults: InputFaults,
  onProgress?: InputProgress,
): AsyncGenerator<JsonRow[]> {
  for await (const { bytes, firstLine } of readLineBlocks(file, faults, onProgress)) {
    const rows: JsonRow[] = [];
    let line = firstLine;
    for (const text of bytes.toString('utf8').split('\n')) {
      const place = `line ${line++}`;
      if (text.trim() === '') continue;
      const value = parsed(text);
      if (isObject(value)) rows.push({ place, value });
      else
        faults.add({
          file: file.path,
          place,
          found: shown(text.trim()),
          expected: 'a JSON object on a line of its own',
        });
    }
    if (rows.length > 0) yield rows;
  }
}

/** Yields pieces that end where a line ends. */
async function* wholeLines(file: InputFile, onProgress?: InputProgress): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  let isEmpty = true;
  for await (const chunk of readChunks(file, onProgress)) {
    isEmpty = false;
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    if (end > 0) {
      yield Buffer.concat([...rest, chunk.subarray(0, end)]);
      rest = [];
      restBytes = 0;
    }
    if (end < chunk.length) rest.push(chunk.subarray(end));
    restBytes += chunk.length - end;
    if (restBytes > LINE_BYTES_MAX) throw lineTooLong(file);
  }
  if (restBytes > 0) yield Buffer.concat(rest);
  if (isEmpty) {
    const expected = `${file.format} text`;
    throw inputInvalid({ file: file.path, place: 'line 1', found: 'an empty file', expected });
  }
}

function withoutByteOrderMark(file: InputFile, bytes: Buffer): Buffer {
  const mark = bytes.subarray(0, 2).toString('hex');
  if (mark === 'fffe' || mark === 'feff') {
    throw inputInvalid({
      file: file.path,
      place: 'line 1',
      found: 'UTF-16 text',
      expected: 'UTF-8; save the file as UTF-8',
    });
  }
  return bytes.indexOf(BYTE_ORDER_MARK) === 0 ? bytes.subarray(BYTE_ORDER_MARK.length) : bytes;
}

function blankBadLines(file: InputFile, bytes: Buffer, firstLine: number, faults: InputFaults): Buffer {
  const lines: Buffer[] = [];
  for (let start = 0, line = firstLine; start < bytes.length; line++) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline === -1 ? bytes.length : newline + 1;
    const text = bytes.subarray(start, end);
    if (isUtf8(text)) lines.push(text);
    else {
      lines.push(Buffer.from([NEWLINE]));
      const found = `bytes that are not UTF-8 in ${aroundBadByte(text)}`;
      faults.add({
        file: file.path,
        place: `line ${line}`,
        found,
        expected: 'UTF-8; save the file as UTF-8',
      });
    }
    start = end;
  }
  return Buffer.concat(lines);
}

/** The neighbourhood of the first byte that a decoder has to replace. */
function aroundBadByte(bytes: Buffer): string {
  const text = bytes.toString('utf8').trimEnd();
  const at = text.indexOf('\ufffd');
  return JSON.stringify(text.slice(Math.max(0, at - 30), at + 10));
}

function countNewlines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, at + 1)) count++;
  return count;
}

function lineTooLong(file: InputFile): Error {
  const found = `a line of more than ${LINE_BYTES_MAX} bytes`;
  return inputInvalid({
    file: file.path,
    place: 'content',
    found,
    expected: 'lines that end in LF or CR LF',
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the caller tells where; the text itself shows more than V8's message
  }
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
