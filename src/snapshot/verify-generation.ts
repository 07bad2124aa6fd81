/**
 * Everything that must hold before a snapshot serves: every checksum, and that what an answer reads is what it should
 * be. That the columns say the same as the records is the build's to hold.
 * A list of parts that need no order and nothing of each other, so that any thread can run any of them.
 */
import { EngineError } from '../base/errors.ts';
import { shown } from '../base/validate.ts';
import { verifyZoneHours } from '../catalog/zone-hours.ts';
import { locationFault } from '../domain/location.ts';
import { normalizeKeyword } from '../encoder/normalize-keyword.ts';
import { verifyPlaces, verifyTree } from '../geo/reach-tree.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { quantizedBytesOf } from '../kernel/quantize.ts';
import { boundsOf } from './bounds.ts';
import type { Section } from './format.ts';
import { sha256, type Generation } from './generation.ts';

/** Shops, or users, that one part looks at. The longest of them, over records of shops, takes some 30 ms. */
const ROWS_PER_PART = 65_536;

/** Proves something of a snapshot, or throws `snapshot_invalid` with what was found and what was expected. */
export type VerificationPart = () => void;

/**
 * Throws `snapshot_invalid` at the first part that does not hold. Reads every byte. `source` names the snapshot in
 * messages; `kernel` must be one over its memory.
 */
export function verifyGeneration(generation: Generation, kernel: Kernel, source: string): void {
  for (const part of verificationParts(generation, kernel)) prove(part, source);
}

/** Runs a part; `source` stands in front of what it throws. */
export function prove(part: VerificationPart, source: string): void {
  try {
    part();
  } catch (error) {
    if (error instanceof EngineError && !error.message.startsWith(source)) {
      throw new EngineError(error.code, `${source}: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

/**
 * All parts, in the order in which their findings are told: a damaged section is called damaged, whatever else it
 * leads to. The checksum of the rows is the longest part of all and begins first.
 */
export function verificationParts(generation: Generation, kernel: Kernel): readonly VerificationPart[] {
  const { catalog, userLists } = generation;
  const { shopCount, rowFloats, dimensions } = generation.header;
  const coordinates = generation.float64('coordinates');
  const places = {
    positions: generation.float64('positions'),
    reaches: generation.float64('reaches'),
    nodes: generation.float64('nodes'),
  };
  return [
    ...Object.values(generation.header.sections).map((section) => () => verifyChecksum(generation, section)),
    () => verifyGaps(generation),
    () => verifyCounts(generation),
    ...ofShops(generation, (first, end) => verifyRows(generation, kernel, first, end)),
    ...ofShops(generation, (first, end) => verifyQuantized(generation, kernel, first, end)),
    () => verifyKeywordRows(generation, kernel),
    () => verifyCoordinates(generation, coordinates),
    ...ofShops(generation, (first, end) => verifyPlaces(coordinates, places, first, end)),
    () => verifyTree(places),
    () => generation.zones.verify(),
    () => verifyKeywords(generation),
    () => generation.keywordPieces?.verify(generation.keywords()),
    () => generation.pieceRows?.verify(rowFloats, dimensions),
    ...ofShops(generation, (first, end) => catalog.ids.verify(first, end)),
    () => catalog.columns.verify(),
    () => verifyHours(generation),
    ...inRanges(userLists.userCount, (first, end) => userLists.verify(shopCount, first, end)),
    () => verifyZoneHours(generation.zoneHoursColumn(), generation.hours),
    () => generation.hourFits.verify(shopCount),
    ...ofShops(generation, (first, end) => generation.transitions.verify(shopCount, first, end)),
    ...ofShops(generation, (first, end) => generation.together.verify(shopCount, first, end)),
    ...ofShops(generation, (first, end) => catalog.verifyRecords(coordinates, first, end)),
  ];
}

function ofShops(
  { header: { shopCount } }: Generation,
  verify: (first: number, end: number) => void,
): VerificationPart[] {
  return inRanges(shopCount, verify);
}

/** A part for every range of `count` rows; one also without any. */
function inRanges(count: number, verify: (first: number, end: number) => void): VerificationPart[] {
  const partCount = Math.max(1, Math.ceil(count / ROWS_PER_PART));
  return Array.from({ length: partCount }, (_, i) => {
    const first = i * ROWS_PER_PART;
    return () => verify(first, Math.min(first + ROWS_PER_PART, count));
  });
}

function verifyChecksum(generation: Generation, { name, sha256: stored }: Section): void {
  const found = Buffer.from(sha256(generation.bytes(name))).toString('hex');
  const expected = Buffer.from(stored).toString('hex');
  if (found === expected) return;
  throw invalid(
    `section ${name} has SHA-256 ${found}, its header says ${expected}; the file is damaged, copy or build it again`,
  );
}

/** Between the sections there are zeros and nothing else, so no byte of the file is without a check. */
function verifyGaps(generation: Generation): void {
  const { headerBytes, fileBytes, sections } = generation.header;
  let end = headerBytes;
  for (const { offset, sizeBytes } of Object.values(sections)) {
    verifyZeros(generation, end, offset);
    end = offset + sizeBytes;
  }
  verifyZeros(generation, end, fileBytes);
}

function verifyZeros(generation: Generation, start: number, end: number): void {
  const found = generation.fileRange(start, end).findIndex((byte) => byte !== 0);
  if (found === -1) return;
  throw invalid(
    `byte ${start + found} lies between sections and must be 0; the file is damaged, copy it again`,
  );
}

/** A norm is finite only if every element is, and it is the kernel's own sum, so it stands for the whole row. */
function verifyRows(generation: Generation, kernel: Kernel, first: number, end: number): void {
  const { rowFloats, dimensions, metric } = generation.header;
  const norms = generation.float64('norms');
  const { rows } = generation.table;
  for (let ordinal = first; ordinal < end; ordinal++) {
    const norm = kernel.norm(rows + ordinal * rowFloats * 4, rowFloats);
    if (!Number.isFinite(norm))
      throw invalid(`the embedding of ordinal ${ordinal} holds a number that is not finite`);
    if (norm !== norms[ordinal])
      throw invalid(`norm of ordinal ${ordinal} is ${norms[ordinal]}, its row has ${norm}`);
    if (norm === 0 && metric === 'cosine')
      throw invalid(`the embedding of ordinal ${ordinal} is zero, which has no cosine`);
  }
  verifyPadding(generation.float32('rows'), 'rows', first, end, rowFloats, dimensions);
}

/** The kernel rules candidates out by the rows in bytes, so they must be exactly what it makes of the rows. */
function verifyQuantized(generation: Generation, kernel: Kernel, first: number, end: number): void {
  const { rows, rowFloats, quantized } = generation.table;
  if (quantized === null) return;
  const unlike = kernel.firstUnlikeRow(
    rows + first * rowFloats * 4,
    rowFloats,
    end - first,
    quantized + first * quantizedBytesOf(rowFloats),
  );
  if (unlike === end - first) return;
  throw invalid(`the bytes of ordinal ${first + unlike} are not those of its embedding`);
}

function verifyKeywordRows(generation: Generation, kernel: Kernel): void {
  const { keywordCount, rowFloats, dimensions, metric } = generation.header;
  const rows = generation.float32('keywordRows');
  for (let row = 0; row < keywordCount; row++) {
    const norm = kernel.norm(rows.byteOffset + row * rowFloats * 4, rowFloats);
    if (!Number.isFinite(norm))
      throw invalid(`the embedding of keyword ${row} holds a number that is not finite`);
    if (norm === 0 && metric === 'cosine')
      throw invalid(`the embedding of keyword ${row} is zero, which has no cosine`);
  }
  verifyPadding(rows, 'keywordRows', 0, keywordCount, rowFloats, dimensions);
}

function verifyPadding(
  rows: Float32Array,
  section: string,
  first: number,
  end: number,
  rowFloats: number,
  dimensions: number,
): void {
  for (let row = first; row < end && dimensions < rowFloats; row++) {
    for (let i = row * rowFloats + dimensions; i < (row + 1) * rowFloats; i++) {
      if (rows[i] !== 0)
        throw invalid(
          `section ${section} must be zero behind its ${dimensions} dimensions, float ${i} is ${rows[i]}`,
        );
    }
  }
}

function verifyCounts(generation: Generation): void {
  const { shopCount, keywordCount } = generation.header;
  if (generation.catalog.size !== shopCount) {
    throw invalid(`the catalog holds ${generation.catalog.size} shops, the header says ${shopCount}`);
  }
  const keywords = generation.keywords().count;
  if (keywords !== keywordCount)
    throw invalid(`there are ${keywords} keywords, the header says ${keywordCount}`);
  verifyFinite(generation.float64('popularity'), 'popularity');
  verifyFinite(generation.float64('keywordCounts'), 'keywordCounts');
}

function verifyHours({ hours, header }: Generation): void {
  if (hours.shopTimetables.length !== header.shopCount)
    throw invalid(
      `section hours holds ${hours.shopTimetables.length} shops, the header says ${header.shopCount}`,
    );
  hours.verify();
}

function verifyFinite(values: Float64Array, section: string): void {
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at !== -1) throw invalid(`entry ${at} of section ${section} must be finite, found ${values[at]}`);
}

function verifyCoordinates(generation: Generation, coordinates: Float64Array): void {
  for (let at = 0; at < coordinates.length; at += 2) {
    const fault = locationFault(coordinates[at]!, coordinates[at + 1]!);
    if (fault !== undefined) throw invalid(`coordinate of ordinal ${at / 2}: ${fault}`);
  }
  const found = generation.header.bounds?.join();
  const expected = boundsOf(coordinates)?.join();
  if (found !== expected) throw invalid(`bounds are ${found}, the shops lie in ${expected}`);
}

function verifyKeywords(generation: Generation): void {
  const keywords = generation.keywords();
  keywords.verify();
  keywords.verifySorted();
  for (let row = 0; row < keywords.count; row++) {
    const keyword = keywords.at(row);
    if (normalizeKeyword(keyword) !== keyword)
      throw invalid(`keyword ${row} is ${shown(keyword)}, which is not normalized and can never be found`);
  }
}

function invalid(problem: string): EngineError {
  return new EngineError('snapshot_invalid', problem);
}
