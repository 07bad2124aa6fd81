/**
 * The layout of a snapshot file, format version 4. The only place that knows byte offsets. Everything is little-endian.
 * Version 1 is the same without what stands behind `keywordCounts`; it is read as well.
 *
 *      0   8  magic "DOORRANK"
 *      8   4  u32  format version, 1 to 4
 *     12   4  u32  header bytes H: all that stands before the first section, without padding
 *     16   8  u64  file bytes
 *     24   4  u32  dimensions D of the embeddings
 *     28   4  u32  rowFloats R: D rounded up to a multiple of 4
 *     32   4  u32  shop count S
 *     36   4  u32  keyword count K
 *     40   4  u32  metric: 0 cosine, 1 inner product, 2 L2
 *     44   4  u32  section count
 *     48   4  u32  bytes of the version name
 *     52   4  u32  bytes of the model card
 *     56  32  f64  bounds west, south, east, north in degrees; zeros without shops
 *     88   8       zeros
 *     96  32       SHA-256 of the header bytes with this field as zeros
 *    128  64  each section: 16 name, zero padded · 8 u64 offset · 8 u64 bytes · 32 SHA-256 of its bytes
 *      …       version name, UTF-8 · model card, JSON
 *
 * Sections follow in the order of `SECTIONS`, each on a page of its own, zeros between them:
 *
 *   rows          f32 [S][R]   embeddings of the shops in kd order, zeros behind D
 *   norms         f64 [S]      length of each row, summed as the kernel sums
 *   popularity    f64 [S]
 *   coordinates   f64 [S][2]   lon, lat in degrees
 *   positions     f64 [S][3]   the same on the ellipsoid, meters from the Earth's centre
 *   reaches       f64 [S]      squared chord of each shop's own delivery radius, -1 where zones alone decide
 *   nodes         f64 […][8]   boxes over the rows, see geo/reach-tree.ts
 *   shopIds       text table   shop ids by ordinal, see base/text-table.ts
 *   shopIdOrder   u32 [S]      ordinals in the byte order of the ids
 *   columns       columns      what filters read, see catalog/columns.ts
 *   payload       text table   each shop's record as JSON, by ordinal, in the form of catalog/record-form.ts
 *   keywords      text table   normalized, in byte order
 *   keywordRows   f32 [K][R]   their embeddings
 *   keywordCounts f64 [K]      how often each was searched
 *   quantized     u8  [S][…]   the rows in bytes, see kernel/quantize.ts
 *   hours         hours        when each shop is open, see catalog/opening-hours.ts
 *   zones         zones        polygons that shops deliver to, see geo/zones.ts
 *   zoneHours     u32 [Z]      0 where the hours of the zone's shop count, else 1 + the timetable of the zone in `hours`
 *   keywordPieces pieces       by which texts nobody knows are taken for a keyword, see encoder/keyword-pieces.ts
 *   userLists     lists        shops recommended to single users ahead of time, see catalog/user-lists.ts
 *   hourFits      fits         at which hours each shop is wanted, see catalog/hour-fits.ts
 *   transitions   neighbours   where users go from each shop, see catalog/neighbours.ts
 *   together      neighbours   which shops each shop shares its users with
 *   pieceRows     pieces       embeddings that those of other texts are composed of, see encoder/piece-rows.ts
 */
import { alignUp } from '../base/aligned-bytes.ts';
import { EngineError } from '../base/errors.ts';
import { shown } from '../base/validate.ts';
import { treeFloats } from '../geo/reach-tree.ts';
import { METRIC_CODE, type Metric } from '../kernel/kernel.ts';
import { quantizedBytesOf } from '../kernel/quantize.ts';
import type { Bounds } from './bounds.ts';
import { isVersionName } from './version-name.ts';

const FORMAT_VERSION = 4;
const MAGIC = 'DOORRANK';
const FIXED_BYTES = 128;
const SECTION_ENTRY_BYTES = 64;
const SECTION_NAME_BYTES = 16;
const CHECKSUM_OFFSET = 96;
const CHECKSUM_BYTES = 32;
const PAGE_BYTES = 4096;
/** More than any real header; keeps a corrupt length from being believed. */
const HEADER_BYTES_MAX = 16 * 1024 * 1024;
export const DIMENSIONS_MAX = 8192;

export const SECTIONS = [
  'rows',
  'norms',
  'popularity',
  'coordinates',
  'positions',
  'reaches',
  'nodes',
  'shopIds',
  'shopIdOrder',
  'columns',
  'payload',
  'keywords',
  'keywordRows',
  'keywordCounts',
  'quantized',
  'hours',
  'zones',
  'zoneHours',
  'keywordPieces',
  'userLists',
  'hourFits',
  'transitions',
  'together',
  'pieceRows',
] as const;
export type SectionName = (typeof SECTIONS)[number];
/** What came after version 1, with the version it came with. */
const SECTION_SINCE = {
  quantized: 2,
  hours: 2,
  zones: 2,
  zoneHours: 3,
  keywordPieces: 3,
  userLists: 3,
  hourFits: 4,
  transitions: 4,
  together: 4,
  pieceRows: 4,
} as const satisfies { readonly [name in SectionName]?: number };
type LaterSection = keyof typeof SECTION_SINCE;
/** Sections of a file, in order. */
export type Sections = Readonly<Record<Exclude<SectionName, LaterSection>, Section>> & {
  readonly [name in LaterSection]?: Section;
};

function sectionsOf(formatVersion: number): readonly SectionName[] {
  const since: { readonly [name in SectionName]?: number } = SECTION_SINCE;
  return SECTIONS.filter((name) => (since[name] ?? 1) <= formatVersion);
}

export interface Section {
  readonly name: SectionName;
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly sizeBytes: number;
  readonly sha256: Uint8Array;
}

export type ModelCard = { readonly [key: string]: unknown };

/** What a header says, with all of its promises checked against each other. */
export interface SnapshotHeader {
  readonly formatVersion: number;
  readonly version: string;
  /** All that stands before the first section, without padding. */
  readonly headerBytes: number;
  readonly fileBytes: number;
  readonly dimensions: number;
  readonly rowFloats: number;
  readonly shopCount: number;
  readonly keywordCount: number;
  readonly metric: Metric;
  /** [west, south, east, north] in degrees; null without shops. */
  readonly bounds: Bounds | null;
  readonly modelCard: ModelCard;
  /** In the order of the file. */
  readonly sections: Sections;
}

/** What a writer knows before it lays out a file. */
export type HeaderFacts = Pick<
  SnapshotHeader,
  'version' | 'dimensions' | 'shopCount' | 'keywordCount' | 'metric' | 'bounds' | 'modelCard'
>;

export function rowFloatsOf(dimensions: number): number {
  return alignUp(dimensions, 4);
}

/** Bytes of the sections whose size follows from the counts; the others are as large as their content. */
export function fixedSectionBytes(
  facts: Pick<HeaderFacts, 'dimensions' | 'shopCount' | 'keywordCount'>,
): Partial<Record<SectionName, number>> {
  const { shopCount, keywordCount } = facts;
  const rowBytes = rowFloatsOf(facts.dimensions) * 4;
  return {
    rows: shopCount * rowBytes,
    norms: shopCount * 8,
    popularity: shopCount * 8,
    coordinates: shopCount * 16,
    positions: shopCount * 24,
    reaches: shopCount * 8,
    nodes: treeFloats(shopCount) * 8,
    shopIdOrder: shopCount * 4,
    keywordRows: keywordCount * rowBytes,
    keywordCounts: keywordCount * 8,
    quantized: shopCount * quantizedBytesOf(rowFloatsOf(facts.dimensions)),
  };
}

/** Where each section goes, given its size; and how long the file becomes. */
export function layOut(
  facts: HeaderFacts,
  sizes: Readonly<Record<SectionName, number>>,
): { readonly offsets: Record<SectionName, number>; readonly fileBytes: number } {
  let end = headerBytesOf(facts);
  const offsets = {} as Record<SectionName, number>;
  for (const name of SECTIONS) {
    offsets[name] = alignUp(end, PAGE_BYTES);
    end = offsets[name] + sizes[name];
  }
  return { offsets, fileBytes: alignUp(end, PAGE_BYTES) };
}

function headerBytesOf(facts: HeaderFacts): number {
  return (
    FIXED_BYTES +
    SECTIONS.length * SECTION_ENTRY_BYTES +
    encode(facts.version).length +
    modelCardBytes(facts).length
  );
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function modelCardBytes(facts: HeaderFacts): Uint8Array {
  return encode(JSON.stringify(facts.modelCard));
}

/** The bytes of a header. `hash` is SHA-256. */
export function encodeHeader(
  facts: HeaderFacts,
  sections: Readonly<Record<SectionName, Section>>,
  fileBytes: number,
  hash: (bytes: Uint8Array) => Uint8Array,
): Uint8Array {
  const version = encode(facts.version);
  const card = modelCardBytes(facts);
  const bytes = new Uint8Array(headerBytesOf(facts));
  const view = new DataView(bytes.buffer);
  bytes.set(encode(MAGIC), 0);
  view.setUint32(8, FORMAT_VERSION, true);
  view.setUint32(12, bytes.length, true);
  view.setBigUint64(16, BigInt(fileBytes), true);
  view.setUint32(24, facts.dimensions, true);
  view.setUint32(28, rowFloatsOf(facts.dimensions), true);
  view.setUint32(32, facts.shopCount, true);
  view.setUint32(36, facts.keywordCount, true);
  view.setUint32(40, METRIC_CODE[facts.metric], true);
  view.setUint32(44, SECTIONS.length, true);
  view.setUint32(48, version.length, true);
  view.setUint32(52, card.length, true);
  (facts.bounds ?? [0, 0, 0, 0]).forEach((degrees, i) => view.setFloat64(56 + i * 8, degrees, true));
  SECTIONS.forEach((name, i) => {
    const at = FIXED_BYTES + i * SECTION_ENTRY_BYTES;
    const { offset, sizeBytes, sha256 } = sections[name];
    bytes.set(encode(name), at);
    view.setBigUint64(at + 16, BigInt(offset), true);
    view.setBigUint64(at + 24, BigInt(sizeBytes), true);
    bytes.set(sha256, at + 32);
  });
  const tail = FIXED_BYTES + SECTIONS.length * SECTION_ENTRY_BYTES;
  bytes.set(version, tail);
  bytes.set(card, tail + version.length);
  bytes.set(hash(bytes), CHECKSUM_OFFSET);
  return bytes;
}

/** How many bytes of a file `decodeHeader` needs, from its first 128. */
export function headerBytesIn(start: Uint8Array, source: string): number {
  if (start.length < FIXED_BYTES) {
    throw invalid(source, `has ${start.length} bytes, a snapshot has at least ${FIXED_BYTES}`);
  }
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const magic = String.fromCharCode(...start.subarray(0, MAGIC.length));
  if (magic !== MAGIC)
    throw invalid(source, `starts with ${JSON.stringify(magic)}, a snapshot starts with "${MAGIC}"`);
  const found = view.getUint32(8, true);
  if (found < 1 || found > FORMAT_VERSION) {
    const advice =
      found > FORMAT_VERSION
        ? 'upgrade doorrank or rebuild the snapshot with this version'
        : 'rebuild the snapshot';
    throw new EngineError(
      'snapshot_format',
      `${source} has format ${found}, this engine reads 1 to ${FORMAT_VERSION}; ${advice}`,
    );
  }
  const headerBytes = view.getUint32(12, true);
  if (headerBytes < FIXED_BYTES || headerBytes > HEADER_BYTES_MAX) {
    throw invalid(source, `header length must be ${FIXED_BYTES}..${HEADER_BYTES_MAX}, found ${headerBytes}`);
  }
  return headerBytes;
}

/** Reads and checks a header. `source` names the file in messages; `fileBytes` is what is really there. */
export function decodeHeader(
  bytes: Uint8Array,
  fileBytes: number,
  source: string,
  hash: (bytes: Uint8Array) => Uint8Array,
): SnapshotHeader {
  const headerBytes = headerBytesIn(bytes, source);
  if (bytes.length < headerBytes)
    throw invalid(source, `has ${bytes.length} bytes, its header alone has ${headerBytes}`);
  const header = Uint8Array.from(bytes.subarray(0, headerBytes)); // a copy: the checksum is taken with zeros in it
  const view = new DataView(header.buffer);
  const stored = header.slice(CHECKSUM_OFFSET, CHECKSUM_OFFSET + CHECKSUM_BYTES);
  header.fill(0, CHECKSUM_OFFSET, CHECKSUM_OFFSET + CHECKSUM_BYTES);
  if (Buffer.compare(hash(header), stored) !== 0)
    throw invalid(source, 'has a damaged header: its SHA-256 does not match');

  const promised = Number(view.getBigUint64(16, true));
  if (promised !== fileBytes)
    throw invalid(source, `has ${fileBytes} bytes, its header promises ${promised}; copy it again`);
  if (view.getBigUint64(88, true) !== 0n) throw invalid(source, 'must have zeros in the bytes 88 to 95');
  const dimensions = view.getUint32(24, true);
  const rowFloats = view.getUint32(28, true);
  const shopCount = view.getUint32(32, true);
  const keywordCount = view.getUint32(36, true);
  const metricCode = view.getUint32(40, true);
  const formatVersion = view.getUint32(8, true);
  const names = sectionsOf(formatVersion);
  const metric = (Object.keys(METRIC_CODE) as Metric[]).find((name) => METRIC_CODE[name] === metricCode);
  const sectionCount = view.getUint32(44, true);
  if (dimensions < 1 || dimensions > DIMENSIONS_MAX)
    throw invalid(source, `dimensions must be 1..${DIMENSIONS_MAX}, found ${dimensions}`);
  if (rowFloats !== rowFloatsOf(dimensions))
    throw invalid(source, `rows must have ${rowFloatsOf(dimensions)} floats, found ${rowFloats}`);
  if (metric === undefined) throw invalid(source, `metric must be 0, 1 or 2, found ${metricCode}`);
  if (sectionCount !== names.length)
    throw invalid(source, `must have ${names.length} sections, found ${sectionCount}`);

  const tail = FIXED_BYTES + sectionCount * SECTION_ENTRY_BYTES;
  const versionBytes = view.getUint32(48, true);
  const cardBytes = view.getUint32(52, true);
  if (tail + versionBytes + cardBytes !== headerBytes) {
    throw invalid(source, `header must have ${tail + versionBytes + cardBytes} bytes, found ${headerBytes}`);
  }
  const bounds = [56, 64, 72, 80].map((at) => view.getFloat64(at, true)) as [number, number, number, number];
  return {
    formatVersion,
    version: decodeVersion(header.subarray(tail, tail + versionBytes), source),
    headerBytes,
    fileBytes,
    dimensions,
    rowFloats,
    shopCount,
    keywordCount,
    metric,
    bounds: shopCount === 0 ? null : bounds,
    modelCard: decodeModelCard(header.subarray(tail + versionBytes), source),
    sections: decodeSections(
      names,
      header,
      view,
      headerBytes,
      fileBytes,
      { dimensions, shopCount, keywordCount },
      source,
    ),
  };
}

function decodeVersion(bytes: Uint8Array, source: string): string {
  const version = decodeText(bytes, 'version name', source);
  if (!isVersionName(version))
    throw invalid(source, `calls itself version ${shown(version)}, which no version can be called`);
  return version;
}

function decodeText(bytes: Uint8Array, what: string, source: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw invalid(source, `has a ${what} that is not UTF-8`);
  }
}

function decodeModelCard(bytes: Uint8Array, source: string): ModelCard {
  const text = decodeText(bytes, 'model card', source);
  let card: unknown;
  try {
    card = JSON.parse(text);
  } catch {
    throw invalid(source, 'has a model card that is not JSON');
  }
  if (typeof card === 'object' && card !== null && !Array.isArray(card)) return card as ModelCard;
  throw invalid(source, `has the model card ${shown(card)}, which must be an object`);
}

function decodeSections(
  names: readonly SectionName[],
  header: Uint8Array,
  view: DataView,
  headerBytes: number,
  fileBytes: number,
  counts: Pick<HeaderFacts, 'dimensions' | 'shopCount' | 'keywordCount'>,
  source: string,
): Sections {
  const expectedBytes = fixedSectionBytes(counts);
  const sections = {} as Record<SectionName, Section>;
  let end = headerBytes;
  names.forEach((name, i) => {
    const at = FIXED_BYTES + i * SECTION_ENTRY_BYTES;
    const found = String.fromCharCode(...header.subarray(at, at + SECTION_NAME_BYTES)).replace(/\0+$/, '');
    if (found !== name) throw invalid(source, `section ${i} must be ${name}, found ${JSON.stringify(found)}`);
    const offset = Number(view.getBigUint64(at + 16, true));
    const sizeBytes = Number(view.getBigUint64(at + 24, true));
    if (offset !== alignUp(end, PAGE_BYTES))
      throw invalid(source, `section ${name} must start at ${alignUp(end, PAGE_BYTES)}, found ${offset}`);
    if (offset + sizeBytes > fileBytes)
      throw invalid(source, `section ${name} ends at ${offset + sizeBytes}, the file at ${fileBytes}`);
    const expected = expectedBytes[name];
    if (expected !== undefined && sizeBytes !== expected)
      throw invalid(source, `section ${name} must have ${expected} bytes, found ${sizeBytes}`);
    sections[name] = { name, offset, sizeBytes, sha256: header.slice(at + 32, at + 64) };
    end = offset + sizeBytes;
  });
  if (fileBytes !== alignUp(end, PAGE_BYTES))
    throw invalid(source, `must end at ${alignUp(end, PAGE_BYTES)}, behind its sections, found ${fileBytes}`);
  return sections;
}

function invalid(source: string, problem: string): EngineError {
  return new EngineError('snapshot_invalid', `${source} ${problem}`);
}
