/**
 * A CSV file as records (RFC 4180: commas, double quotes, LF or CR LF), each with the line it begins on.
 * The only module that knows csv-parse.
 */
import { type CsvError, Parser } from 'csv-parse';
import { type InputFaults, inputInvalid } from './input-faults.ts';
import type { InputFile, InputProgress } from './input-file.ts';
import { readLineBlocks } from './text-lines.ts';

export interface CsvRecord {
  /** Where it begins, counted from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

/** A quote that is never closed would otherwise take the rest of the file into one field. */
const RECORD_CHARACTERS_MAX = 1 << 20;

/**
 * Yields the records, the header first, some at a time; empty lines are skipped. The number of fields is not checked.
 * Throws `input_invalid` where quotes do not match, as nothing after them can be trusted.
 */
export async function* readCsvRecords(
  file: InputFile,
  faults: InputFaults,
  onProgress?: InputProgress,
): AsyncGenerator<CsvRecord[]> {
  let records: CsvRecord[] = [];
  let header: readonly string[] | undefined;
  let lastLine = 0;
  let lastEmptyLines = 0;
  const countedTwice = { lines: 0 };
  const parser = new Parser({
    record_delimiter: ['\r\n', '\n'],
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: RECORD_CHARACTERS_MAX,
    // Taken from here and not from the stream with `info`: 4.3 to 3.7 s of processor time per million records.
    on_record: (fields: string[], { lines, empty_lines: emptyLines }) => {
      header ??= fields;
      const endLine = lines - countedTwice.lines;
      records.push({
        line: endLine === lastLine + 1 ? endLine : firstLine(fields, endLine, countedTwice),
        fields,
      });
      lastLine = lines - countedTwice.lines;
      lastEmptyLines = emptyLines;
      return null;
    },
  });
  parser.on('error', () => {}); // the callbacks below get it too
  try {
    for await (const { bytes } of readLineBlocks(file, faults, onProgress)) {
      await settled((done) => parser.write(bytes, done));
      if (records.length > 0) yield records;
      records = [];
    }
    await settled((done) => parser.end(done));
    if (records.length > 0) yield records;
  } catch (error) {
    const line = lastLine + 1 + parser.info.empty_lines - lastEmptyLines;
    throw isCsvError(error) ? quoteFault(file, error, line, header) : error;
  }
}

/** A record over several lines began above. csv-parse counts a CR LF inside quotes as two lines, which is made good here. */
function firstLine(fields: readonly string[], endLine: number, countedTwice: { lines: number }): number {
  const text = fields.join();
  const crlfCount = text.split('\r\n').length - 1;
  countedTwice.lines += crlfCount;
  return endLine - crlfCount - (text.split('\n').length - 1);
}

function settled(start: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => (error ? reject(error) : resolve()));
  });
}

function isCsvError(error: unknown): error is CsvError {
  return error instanceof Error && 'code' in error && String(error.code) in QUOTE_FAULTS;
}

const QUOTE_FAULTS: Readonly<Record<string, { readonly found: string; readonly expected: string }>> = {
  CSV_QUOTE_NOT_CLOSED: { found: 'a quote that is never closed', expected: 'a closing quote' },
  CSV_MAX_RECORD_SIZE: {
    found: `a record of more than ${RECORD_CHARACTERS_MAX} characters`,
    expected: 'a shorter one; is a quote never closed?',
  },
  CSV_INVALID_CLOSING_QUOTE: {
    found: 'text after a closing quote',
    expected: 'a comma or the end of the line; a quote inside a quoted field is written twice',
  },
  INVALID_OPENING_QUOTE: {
    found: 'a quote inside a field that does not begin with one',
    expected: 'the whole field in quotes and the quote inside it written twice',
  },
};

function quoteFault(file: InputFile, error: CsvError, line: number, header: readonly string[] = []): Error {
  const index = Number(error['index']);
  const column = header[index] ?? String(index + 1);
  return inputInvalid(
    { file: file.path, place: `line ${line}`, column, ...QUOTE_FAULTS[error.code]! },
    error,
  );
}
