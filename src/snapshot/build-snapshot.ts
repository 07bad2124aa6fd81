/**
 * Builds a snapshot from files and publishes it in a store: shops → kd order → catalog and places → keywords and lists of
 * users → rows.
 * Streams what is large: rows go from their file to their place in the snapshot, never all at once in memory.
 * The same input makes the same bytes. Nothing is published unless all of it is good.
 */
import { check, EngineError, RequestError } from '../base/errors.ts';
import { shown } from '../base/validate.ts';
import { Columns } from '../catalog/columns.ts';
import { encodeHourFits, noHourFits } from '../catalog/hour-fits.ts';
import { encodeNeighbours, noNeighbours, type NeighbourRows } from '../catalog/neighbours.ts';
import { userListCountIn } from '../catalog/user-lists.ts';
import {
  OpeningHoursBuilder,
  type HolidaysByZone,
  type HoursSummary,
} from '../catalog/opening-hours-builder.ts';
import { knownTimeZone } from '../catalog/zone-clock.ts';
import { CHORD_SQUARED_UNLIMITED, writePosition } from '../geo/earth.ts';
import { kdOrder } from '../geo/kd-order.ts';
import { buildTree } from '../geo/reach-tree.ts';
import { METRIC_CODE, type Metric } from '../kernel/kernel.ts';
import { quantize, quantizedBytesOf } from '../kernel/quantize.ts';
import { norm } from '../kernel/similarity.ts';
import { boundsOf, type Bounds } from './bounds.ts';
import {
  DIMENSIONS_MAX,
  fixedSectionBytes,
  rowFloatsOf,
  type HeaderFacts,
  type ModelCard,
  type SectionName,
} from './format.ts';
import { hashOfShopIds } from './hash-of-shop-ids.ts';
import { InputFaults } from './input/input-faults.ts';
import { readVectors } from './input/read-vectors.ts';
import type { VectorBatch, VectorFile } from './input/vector-file.ts';
import { isNestedDeeper, NESTING_MAX } from './input/shop-row.ts';
import { readKeywords, type KeywordSectionBytes } from './keyword-intake.ts';
import { verifySnapshot } from './verify-snapshot.ts';
import { ShopIntake } from './shop-intake.ts';
import type { SnapshotStore } from './snapshot-store.ts';
import { SnapshotWriter } from './snapshot-writer.ts';
import { UserListIntake } from './user-list-intake.ts';

/** Which actions were counted, ISO 8601. */
export interface CountedActions {
  readonly count: number;
  readonly from: string;
  readonly to: string;
}

/** What users' actions say of shops, by the rows of their file. */
export interface ShopSignals {
  readonly countedActions: CountedActions;
  /** Counts only if the file has none of any shop. */
  readonly popularity: Float64Array;
  /** IANA name of the zone whose hours count. */
  readonly timeZone: string;
  /** Bytes of catalog/hour-fits.ts. */
  readonly hourFits: Int8Array;
  readonly transitions: NeighbourRows;
  readonly together: NeighbourRows;
}

/** The shops of a build, for who counts what was done at them. */
export type CountedShops = Pick<ShopIntake, 'count' | 'rowOf' | 'categories'>;

export interface BuildInput {
  /** CSV, NDJSON or Parquet. */
  readonly shops: string;
  /** `.npy` or `.f32` aligned with the shops, or Parquet or NDJSON with `shopId` and `vector`. */
  readonly shopVectors: string;
  /** Parquet or NDJSON with `keyword` and `vector`. */
  readonly keywordVectors?: string | undefined;
  /** Parquet or NDJSON with `userId` and `shopIds`, best first. */
  readonly userLists?: string | undefined;
  /** Counts users' actions; the model card says which, as `countedActions`. Default: nothing is known of them. */
  readonly signals?: ((shops: CountedShops) => ShopSignals) | undefined;
  readonly version: string;
  readonly metric: Metric;
  /** IANA name of the time zone of shops without one of their own. Default UTC. */
  readonly timeZone?: string | undefined;
  /** Public holidays by time zone. Without those of its zone no rule of a shop for holidays applies. */
  readonly holidays?: HolidaysByZone | undefined;
  /**
   * Who trained the embeddings, on what, with which metrics; any JSON object. Default {}. What it says as `shopIdsSha256` must be the
   * `hashOfShopIds` of the shops, unless the vectors say whose they are.
   */
  readonly modelCard?: ModelCard | undefined;
}

/** What a build is doing. `done` of `total` bytes, or of rows in the phases that read no file. */
export interface BuildProgress {
  readonly phase:
    | 'shops'
    | 'keywords'
    | 'spellings'
    | 'user lists'
    | 'signals'
    | 'vectors'
    | 'checksums'
    | 'verification';
  readonly done: number;
  readonly total: number;
}

export interface BuiltSnapshot {
  readonly version: string;
  readonly path: string;
  readonly shopCount: number;
  readonly keywordCount: number;
  readonly userListCount: number;
  /** Null if none were given to count. */
  readonly countedActions: CountedActions | null;
  readonly dimensions: number;
  readonly sizeBytes: number;
  readonly bounds: Bounds | null;
  /** Shops with neither a delivery radius nor a zone: they deliver everywhere. */
  readonly unlimitedCount: number;
  readonly hours: HoursSummary;
  /** Zones by polygon, over all shops. */
  readonly zoneCount: number;
  /** What filters can name. */
  readonly columns: readonly string[];
  /** Attributes that filters cannot name: their values are of different kinds, or nested. */
  readonly unfilterable: readonly string[];
}

/**
 * Throws `input_invalid` with every bad row named (the first 20, the rest counted), `version_exists`, `store_invalid`,
 * `file_unreadable`, or a `RequestError` for a version name or metric that does not hold.
 */
export async function buildSnapshot(
  input: BuildInput,
  store: SnapshotStore,
  onProgress: (progress: BuildProgress) => void = () => {},
): Promise<BuiltSnapshot> {
  store.checkFree(input.version);
  if (!Object.hasOwn(METRIC_CODE, input.metric)) {
    throw new RequestError(
      'metric',
      `must be ${Object.keys(METRIC_CODE).join(', ')}, got ${shown(input.metric)}`,
    );
  }
  if (isNestedDeeper(input.modelCard, NESTING_MAX)) {
    throw new RequestError('modelCard', `must hold at most ${NESTING_MAX} levels of values within values`);
  }
  const report = (phase: BuildProgress['phase']) => (done: number, total: number) =>
    onProgress({ phase, done, total });

  const timeZone = knownTimeZone(input.timeZone ?? 'UTC');
  if (timeZone === undefined)
    throw new RequestError(
      'timeZone',
      `must be an IANA name such as Asia/Seoul, got ${shown(input.timeZone)}`,
    );

  const faults = new InputFaults();
  const hours = new OpeningHoursBuilder(timeZone, input.holidays ?? new Map());
  const shops = await ShopIntake.read(input.shops, hours, faults, report('shops'));
  faults.throwIfAny();
  const vectors = await readVectors(input.shopVectors, { key: 'shopId', rowCount: shops.count }, faults);
  checkDimensions(vectors.dimensions, input.shopVectors);
  if (!vectors.isKeyed) checkOrder(shops, input);
  const keywords = await readKeywords(
    input.keywordVectors,
    vectors.dimensions,
    input.metric,
    faults,
    report('keywords'),
    report('spellings'),
  );

  const lists = await UserListIntake.read(input.userLists, shops, faults, report('user lists'));

  if (input.signals !== undefined) report('signals')(0, 1);
  const signals = input.signals?.(shops);
  if (input.signals !== undefined) report('signals')(1, 1);

  const order = kdOrder(shops.lons.values, shops.lats.values);
  const ordinalOf = new Uint32Array(order.length);
  order.forEach((row, ordinal) => (ordinalOf[row] = ordinal));
  const { writer, ...understood } = writeAllButRows(
    input,
    store,
    shops,
    order,
    vectors.dimensions,
    keywords,
    {
      userLists: lists.takeSection(ordinalOf),
      ...signalSections(signals, order, ordinalOf),
    },
    signals,
  );
  try {
    await writeRows(
      { vectors, path: input.shopVectors, shops, ordinalOf, metric: input.metric, writer, faults },
      report('vectors'),
    );
    faults.throwIfAny();
    writer.finish(report('checksums'));
    report('verification')(0, 1);
    verifySnapshot(writer.path, input.version);
    const path = store.publish(writer.path, input.version);
    report('verification')(1, 1);
    return { ...understood, path, sizeBytes: writer.fileBytes };
  } catch (error) {
    writer.abandon();
    throw error;
  }
}

/**
 * Lays the file out and writes every section but the rows, their norms and the rows in bytes. What the catalog took in
 * memory is free when this returns: the largest part of a build's memory is not held while vectors are read and the
 * file is verified.
 */
function writeAllButRows(
  { version, metric, modelCard = {} }: BuildInput,
  store: SnapshotStore,
  shops: ShopIntake,
  order: Uint32Array,
  dimensions: number,
  keywords: KeywordSectionBytes,
  usage: UsageSections,
  signals: ShopSignals | undefined,
): Omit<BuiltSnapshot, 'path' | 'sizeBytes'> & { readonly writer: SnapshotWriter } {
  const places = placesOf(shops, order, signals?.popularity);
  const bounds = boundsOf(places.coordinates);
  const counts = { dimensions, shopCount: shops.count, keywordCount: keywords.count };
  const { countedActions = null } = signals ?? {};
  const card = countedActions === null ? modelCard : { ...modelCard, countedActions };
  const facts: HeaderFacts = { ...counts, version, metric, bounds, modelCard: card };
  const catalog = shops.takeCatalog(order);
  const hours = shops.hours.encode(order);
  const { zones, zoneHours } = shops.takeZones(order);
  const sizes = {
    ...fixedSectionBytes(facts),
    shopIds: catalog.shopIds.length,
    columns: catalog.columns.length,
    payload: catalog.payload.length,
    keywords: keywords.keywords.length,
    hours: hours.length,
    zones: zones.length,
    zoneHours: zoneHours.byteLength,
    keywordPieces: keywords.keywordPieces.length,
    pieceRows: keywords.pieceRows.length,
    ...Object.fromEntries(Object.entries(usage).map(([name, bytes]) => [name, bytes.length])),
  } as Record<SectionName, number>;
  const writer = new SnapshotWriter(store.temporaryPath(), facts, sizes);
  try {
    for (const [name, values] of Object.entries(places)) writer.write(name as SectionName, bytesOf(values));
    for (const [name, bytes] of Object.entries(catalog)) writer.write(name as SectionName, bytes);
    writer.write('hours', hours);
    writer.write('zones', zones);
    writer.write('zoneHours', bytesOf(zoneHours));
    writer.write('keywords', keywords.keywords);
    writer.write('keywordRows', keywords.keywordRows);
    writer.write('keywordCounts', keywords.keywordCounts);
    writer.write('keywordPieces', keywords.keywordPieces);
    writer.write('pieceRows', keywords.pieceRows);
    for (const [name, bytes] of Object.entries(usage)) writer.write(name as SectionName, bytes);
  } catch (error) {
    writer.abandon();
    throw error;
  }
  const columns = Columns.over(catalog.columns);
  return {
    writer,
    version,
    ...counts,
    userListCount: userListCountIn(usage.userLists),
    countedActions,
    bounds,
    unlimitedCount: places.reaches.filter((reach) => reach === CHORD_SQUARED_UNLIMITED).length,
    hours: shops.hours.summary(),
    zoneCount: zoneHours.length,
    columns: columns.names(),
    unfilterable: columns.unfilterableNames(),
  };
}

/** The sections that users and what they did are in. */
type UsageSections = Readonly<Record<'userLists' | 'hourFits' | 'transitions' | 'together', Uint8Array>>;

function signalSections(
  signals: ShopSignals | undefined,
  order: Uint32Array,
  ordinalOf: Uint32Array,
): Omit<UsageSections, 'userLists'> {
  if (signals === undefined)
    return { hourFits: noHourFits(), transitions: noNeighbours(), together: noNeighbours() };
  return {
    hourFits: encodeHourFits(signals.timeZone, signals.hourFits, order),
    transitions: encodeNeighbours(signals.transitions, order, ordinalOf),
    together: encodeNeighbours(signals.together, order, ordinalOf),
  };
}

function checkDimensions(dimensions: number, path: string): void {
  if (dimensions >= 1 && dimensions <= DIMENSIONS_MAX) return;
  throw new EngineError(
    'input_invalid',
    `${path}: vectors must have 1..${DIMENSIONS_MAX} dimensions, found ${dimensions}`,
  );
}

/** Throws `input_invalid` if vectors without ids were made for other shops, or in another order: each would be taken for another's. */
function checkOrder({ shopIds }: ShopIntake, { shops, shopVectors, modelCard }: BuildInput): void {
  const expected = modelCard?.['shopIdsSha256'];
  if (expected === undefined) return;
  const found = hashOfShopIds(shopIds);
  if (found === expected) return;
  throw new EngineError(
    'input_invalid',
    `${shopVectors} has a vector for each shop in the order of the shops that were trained, and those of ${shops} are others or in ` +
      `another order (shopIdsSha256: found ${found}, expected ${shown(expected)} by the model card); give the shops file that was ` +
      'trained with, or train again with this one',
  );
}

/** Everything a snapshot says about where its shops are, in kd order. */
function placesOf(shops: ShopIntake, order: Uint32Array, counted: Float64Array | undefined) {
  const coordinates = new Float64Array(order.length * 2);
  const positions = new Float64Array(order.length * 3);
  const reaches = new Float64Array(order.length);
  const popularity = new Float64Array(order.length);
  // What owners say and what was counted have not the same unit, so it is one or the other.
  const isSaid = shops.popularity.values.some((said) => !Number.isNaN(said));
  order.forEach((row, ordinal) => {
    const lon = shops.lons.values[row]!;
    const lat = shops.lats.values[row]!;
    coordinates[ordinal * 2] = lon;
    coordinates[ordinal * 2 + 1] = lat;
    writePosition(lon, lat, positions, ordinal * 3);
    reaches[ordinal] = shops.reaches.values[row]!;
    const said = shops.popularity.values[row]!;
    popularity[ordinal] = isSaid ? said || 0 : (counted?.[row] ?? 0);
  });
  return { coordinates, positions, reaches, popularity, nodes: buildTree(positions, reaches) };
}

interface RowsToWrite {
  readonly vectors: VectorFile;
  readonly path: string;
  readonly shops: ShopIntake;
  /** Of each row of the shops' file. */
  readonly ordinalOf: Uint32Array;
  readonly metric: Metric;
  readonly writer: SnapshotWriter;
  readonly faults: InputFaults;
}

/** Writes every vector to the place of its shop, also in bytes, and the norms. */
async function writeRows(
  rows: RowsToWrite,
  onProgress: (done: number, total: number) => void,
): Promise<void> {
  const { vectors, shops, ordinalOf, writer, faults, path } = rows;
  const norms = new Float64Array(ordinalOf.length).fill(-1); // -1: no vector yet
  let firstRow = 0;
  for await (const batch of vectors.batches(onProgress)) {
    writeBatch(rows, batch, firstRow, norms);
    firstRow += batch.rowCount;
  }
  for (let row = 0; row < ordinalOf.length; row++) {
    if (norms[ordinalOf[row]!] !== -1) continue;
    faults.add({
      file: path,
      place: 'end',
      found: `no vector for the shop of ${shops.placeOf(row)}`,
      expected: 'one for every shop',
    });
  }
  writer.write('norms', bytesOf(norms));
}

function writeBatch(
  { vectors: { dimensions }, path, shops, ordinalOf, metric, writer, faults }: RowsToWrite,
  { rowCount, vectors, keyed }: VectorBatch,
  firstRow: number,
  norms: Float64Array,
): void {
  const padded = new Float32Array(rowFloatsOf(dimensions));
  const paddedBytes = bytesOf(padded);
  const quantized = new Uint8Array(quantizedBytesOf(padded.length));
  for (let i = 0; i < rowCount; i++) {
    const place = keyed?.places[i] ?? `row ${firstRow + i + 1}`;
    const fault = (column: string, found: string, expected: string): void =>
      faults.add({ file: path, place, column, found, expected });
    const row = keyed === undefined ? firstRow + i : shops.rowOf(keyed.keys[i]!);
    if (row === undefined) {
      fault('shopId', JSON.stringify(keyed!.keys[i]!), 'a shopId of the shops');
      continue;
    }
    check(row < ordinalOf.length, `row ${row} of ${ordinalOf.length} shops`);
    const ordinal = ordinalOf[row]!;
    if (norms[ordinal] !== -1)
      fault('shopId', `${JSON.stringify(keyed!.keys[i]!)} a second time`, 'one vector for each shop');
    padded.set(vectors.subarray(i * dimensions, (i + 1) * dimensions));
    norms[ordinal] = norm(padded);
    if (norms[ordinal] === 0 && metric === 'cosine')
      fault('vector', 'a zero vector', 'a direction: zero has no cosine');
    writer.write('rows', paddedBytes, ordinal * paddedBytes.length);
    quantize(padded, new DataView(quantized.buffer));
    writer.write('quantized', quantized, ordinal * quantized.length);
  }
}

function bytesOf(values: Float32Array | Float64Array | Uint32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
