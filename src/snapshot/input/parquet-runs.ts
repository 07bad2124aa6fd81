/**
 * Checks the runs in a page of Parquet before hyparquet reads them: it believes whatever a run says of its own length,
 * so one damaged byte could keep it busy for hours. The encoding is "RLE / bit-packing hybrid" of the Parquet format:
 *
 *   run   varint header; last bit 1: header >> 1 groups of 8 values, packed to `width` bits
 *                        last bit 0: one value of `width` bits, rounded up to bytes, header >> 1 times
 */
import { decompressPage } from 'hyparquet/src/datapage.js';
import { getMaxDefinitionLevel, getMaxRepetitionLevel } from 'hyparquet/src/schema.js';
import type { ColumnDecoder, PageHeader } from 'hyparquet/src/types.js';

const DICTIONARY_ENCODINGS = ['PLAIN_DICTIONARY', 'RLE_DICTIONARY'];

/** Throws an `Error` unless the levels of a page have as many values as it says and the runs of its values are no longer. */
export function checkRuns(page: Uint8Array, header: PageHeader, decoder: ColumnDecoder): void {
  const { data_page_header: header1, data_page_header_v2: header2 } = header;
  const { num_values: count, encoding } = (header1 ?? header2)!;
  const widths = [getMaxRepetitionLevel(decoder.schemaPath), getMaxDefinitionLevel(decoder.schemaPath)].map(
    bitsOf,
  );
  let bytes = page;
  let at = 0;
  if (header2 === undefined) {
    for (const width of widths.filter((bits) => bits > 0)) {
      const start = at + 4;
      const end = start + viewOf(bytes).getUint32(at, true);
      expectRuns(bytes, start, end, width, count);
      at = end;
    }
  } else {
    const repetitionEnd = header2.repetition_levels_byte_length;
    const levelsEnd = repetitionEnd + header2.definition_levels_byte_length;
    if (widths[0]! > 0) expectRuns(bytes, 0, repetitionEnd, widths[0]!, count);
    if (widths[1]! > 0) expectRuns(bytes, repetitionEnd, levelsEnd, widths[1]!, count);
    bytes = page.subarray(levelsEnd);
    if (DICTIONARY_ENCODINGS.includes(encoding) && header2.is_compressed !== false) {
      const sizeBytes = header.uncompressed_page_size - levelsEnd;
      bytes = decompressPage(bytes, sizeBytes, decoder.codec, decoder.compressors);
    }
  }
  if (DICTIONARY_ENCODINGS.includes(encoding) && at < bytes.length)
    walk(bytes, at + 1, bytes.length, bytes[at]!, count);
}

function expectRuns(bytes: Uint8Array, start: number, end: number, width: number, count: number): void {
  if (end > bytes.length) throw new Error(`levels up to byte ${end} of a page of ${bytes.length}`);
  const found = walk(bytes, start, end, width, count);
  if (found < count) throw new Error(`levels of ${found} values for ${count}`);
}

/** Walks over the runs until `count` values; returns how many there are. Throws for a run that is empty or too long. */
function walk(bytes: Uint8Array, start: number, end: number, width: number, count: number): number {
  let at = start;
  let seen = 0;
  while (at < end && seen < count) {
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 28) throw new Error('a run without an end to its length');
      header += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    const isPacked = header % 2 === 1;
    const runLength = Math.floor(header / 2) * (isPacked ? 8 : 1);
    if (runLength === 0 || seen + runLength > count + 7)
      throw new Error(`a run of ${runLength} values where ${count - seen} are missing`);
    at += isPacked ? (runLength / 8) * width : Math.ceil(width / 8);
    seen += runLength;
  }
  return seen;
}

function bitsOf(level: number): number {
  return 32 - Math.clz32(level);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
