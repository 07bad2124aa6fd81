/** Everything that must hold before a snapshot serves: every checksum, and that the contents belong together. */
import { EngineError } from '../base/errors.ts';
import { shown } from '../base/validate.ts';
import { locationFault } from '../domain/location.ts';
import { normalizeKeyword } from '../encoder/normalize-keyword.ts';
import { verifyPlaces } from '../geo/reach-tree.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { boundsOf } from './bounds.ts';
import { sha256, type Generation } from './generation.ts';

/**
 * Throws `snapshot_invalid` at the first thing that does not hold, naming what was found and what was expected.
 * Reads every byte once. `source` names the snapshot in messages; `kernel` must be one over its memory.
 */
export function verifyGeneration(generation: Generation, kernel: Kernel, source: string): void {
  try {
    verifyChecksums(generation);
    verifyGaps(generation);
    verifyRows(generation, kernel);
    verifyQuantized(generation, kernel);
    verifyCounts(generation);
    verifyCoordinates(generation);
    verifyKeywords(generation);
    const coordinates = generation.float64('coordinates');
    generation.catalog.verify((ordinal) => ({
      lon: coordinates[ordinal * 2]!,
      lat: coordinates[ordinal * 2 + 1]!,
    }));
  } catch (error) {
    if (error instanceof EngineError && !error.message.startsWith(source)) {
      throw new EngineError(error.code, `${source}: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

function verifyChecksums(generation: Generation): void {
  for (const section of Object.values(generation.header.sections)) {
    const { name } = section;
    const found = Buffer.from(sha256(generation.bytes(name))).toString('hex');
    const expected = Buffer.from(section.sha256).toString('hex');
    if (found !== expected) {
      throw invalid(
        `section ${name} has SHA-256 ${found}, its header says ${expected}; the file is damaged, copy or build it again`,
      );
    }
  }
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
function verifyRows(generation: Generation, kernel: Kernel): void {
  const { shopCount, keywordCount, rowFloats, dimensions, metric } = generation.header;
  const norms = generation.float64('norms');
  const { rows } = generation.table;
  for (let ordinal = 0; ordinal < shopCount; ordinal++) {
    const norm = kernel.norm(rows + ordinal * rowFloats * 4, rowFloats);
    if (!Number.isFinite(norm))
      throw invalid(`the embedding of ordinal ${ordinal} holds a number that is not finite`);
    if (norm !== norms[ordinal])
      throw invalid(`norm of ordinal ${ordinal} is ${norms[ordinal]}, its row has ${norm}`);
    if (norm === 0 && metric === 'cosine')
      throw invalid(`the embedding of ordinal ${ordinal} is zero, which has no cosine`);
  }
  verifyPadding(generation.float32('rows'), 'rows', rowFloats, dimensions);
  const keywordRows = generation.float32('keywordRows');
  for (let row = 0; row < keywordCount; row++) {
    const norm = kernel.norm(keywordRows.byteOffset + row * rowFloats * 4, rowFloats);
    if (!Number.isFinite(norm))
      throw invalid(`the embedding of keyword ${row} holds a number that is not finite`);
    if (norm === 0 && metric === 'cosine')
      throw invalid(`the embedding of keyword ${row} is zero, which has no cosine`);
  }
  verifyPadding(keywordRows, 'keywordRows', rowFloats, dimensions);
}

/** The kernel rules candidates out by the rows in bytes, so they must be exactly what it makes of the rows. */
function verifyQuantized(generation: Generation, kernel: Kernel): void {
  const { rows, rowFloats, quantized } = generation.table;
  if (quantized === null) return;
  const { shopCount } = generation.header;
  const ordinal = kernel.firstUnlikeRow(rows, rowFloats, shopCount, quantized);
  if (ordinal < shopCount) throw invalid(`the bytes of ordinal ${ordinal} are not those of its embedding`);
}

function verifyPadding(rows: Float32Array, section: string, rowFloats: number, dimensions: number): void {
  for (let end = rowFloats; end <= rows.length && dimensions < rowFloats; end += rowFloats) {
    for (let i = end - rowFloats + dimensions; i < end; i++) {
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

function verifyFinite(values: Float64Array, section: string): void {
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at !== -1) throw invalid(`entry ${at} of section ${section} must be finite, found ${values[at]}`);
}

function verifyCoordinates(generation: Generation): void {
  const coordinates = generation.float64('coordinates');
  for (let at = 0; at < coordinates.length; at += 2) {
    const fault = locationFault(coordinates[at]!, coordinates[at + 1]!);
    if (fault !== undefined) throw invalid(`coordinate of ordinal ${at / 2}: ${fault}`);
  }
  const found = generation.header.bounds?.join();
  const expected = boundsOf(coordinates)?.join();
  if (found !== expected) throw invalid(`bounds are ${found}, the shops lie in ${expected}`);
  verifyPlaces(coordinates, {
    positions: generation.float64('positions'),
    reaches: generation.float64('reaches'),
    nodes: generation.float64('nodes'),
  });
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
