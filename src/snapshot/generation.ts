/** An opened snapshot in this process: its sections as the parts of a request read them, where they lie in memory. */
import { createHash } from 'node:crypto';
import { check } from '../base/errors.ts';
import { invalidSection } from '../base/invalid-section.ts';
import { TextTable } from '../base/text-table.ts';
import { Catalog } from '../catalog/catalog.ts';
import { HourFits, noHourFits } from '../catalog/hour-fits.ts';
import { Neighbours, noNeighbours } from '../catalog/neighbours.ts';
import { OpeningHours } from '../catalog/opening-hours.ts';
import { UserLists, UserListsBuilder } from '../catalog/user-lists.ts';
import { ZoneHours } from '../catalog/zone-hours.ts';
import { Encoder } from '../encoder/encoder.ts';
import type { Location } from '../domain/location.ts';
import { KeywordPieces } from '../encoder/keyword-pieces.ts';
import { PieceRows } from '../encoder/piece-rows.ts';
import { ReachTree } from '../geo/reach-tree.ts';
import { Zones, ZonesBuilder } from '../geo/zones.ts';
import type { RowTable } from '../kernel/lane.ts';
import type { LinearMemory } from '../kernel/linear-memory.ts';
import { decodeHeader, type Section, type SectionName, type SnapshotHeader } from './format.ts';

/** Node hashes at most 2 GiB in one call. */
const HASH_PIECE_BYTES = 1 << 26;
/** What a snapshot of format 1 has instead of the section. */
const NO_ZONES = new ZonesBuilder().encode(new Uint32Array(0));
/** What a snapshot before format 3 has instead of the section. */
const NO_USER_LISTS = new UserListsBuilder().encode(new Uint32Array(0));

export function sha256(bytes: Uint8Array): Uint8Array {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes.length; at += HASH_PIECE_BYTES)
    hash.update(bytes.subarray(at, at + HASH_PIECE_BYTES));
  return hash.digest();
}

export class Generation {
  readonly header: SnapshotHeader;
  readonly table: RowTable;
  /** Address of float64[shopCount]. */
  readonly popularity: number;
  readonly reachTree: ReachTree;
  readonly zones: Zones;
  readonly catalog: Catalog;
  /** Those of a snapshot of format 1 are unknown. */
  readonly hours: OpeningHours;
  readonly userLists: UserLists;
  /** What was counted of users' actions when the snapshot was built; nothing before format 4. */
  readonly hourFits: HourFits;
  readonly transitions: Neighbours;
  readonly together: Neighbours;
  /** Undefined in a snapshot before format 3. */
  readonly keywordPieces: KeywordPieces | undefined;
  /** Undefined in a snapshot before format 4. */
  readonly pieceRows: PieceRows | undefined;
  readonly encoder: Encoder;
  readonly #memory: LinearMemory;
  readonly #base: number;
  #zoneHours: ZoneHours | null | undefined;

  private constructor(memory: LinearMemory, base: number, header: SnapshotHeader) {
    this.#memory = memory;
    this.#base = base;
    this.header = header;
    const { rowFloats, sections } = header;
    const quantized = sections.quantized === undefined ? null : this.#address('quantized');
    this.table = { rows: this.#address('rows'), norms: this.#address('norms'), rowFloats, quantized };
    this.popularity = this.#address('popularity');
    const places = {
      positions: this.float64('positions'),
      reaches: this.float64('reaches'),
      nodes: this.float64('nodes'),
    };
    this.reachTree = new ReachTree(places);
    this.zones = new Zones(sections.zones === undefined ? NO_ZONES : this.bytes('zones'), places);
    this.catalog = Catalog.over({
      shopIds: this.bytes('shopIds'),
      shopIdOrder: this.bytes('shopIdOrder'),
      columns: this.bytes('columns'),
      payload: this.bytes('payload'),
    });
    this.hours =
      sections.hours === undefined
        ? OpeningHours.unknown(header.shopCount)
        : OpeningHours.over(this.bytes('hours'));
    this.userLists = new UserLists(sections.userLists ? this.bytes('userLists') : NO_USER_LISTS);
    this.hourFits = new HourFits(sections.hourFits ? this.bytes('hourFits') : noHourFits());
    this.transitions = this.#neighbours('transitions');
    this.together = this.#neighbours('together');
    const counts = this.float64('keywordCounts');
    this.keywordPieces = sections.keywordPieces && new KeywordPieces(this.bytes('keywordPieces'), counts);
    this.pieceRows = sections.pieceRows && new PieceRows(this.bytes('pieceRows'));
    const zoneHoursBytes = sections.zoneHours?.sizeBytes ?? this.zones.count * 4;
    if (zoneHoursBytes !== this.zones.count * 4)
      throw invalidSection(
        'zoneHours',
        `has ${zoneHoursBytes} bytes, expected 4 for each of ${this.zones.count} zones`,
      );
    this.encoder = new Encoder({
      keywords: this.keywords(),
      rows: this.float32('keywordRows'),
      counts,
      rowFloats,
      pieces: this.keywordPieces,
      pieceRows: this.pieceRows,
    });
  }

  /** Reads the snapshot of `fileBytes` that lies at `base`. `source` names it in messages. Costs the same at any size. */
  static attach(memory: LinearMemory, base: number, fileBytes: number, source: string): Generation {
    const header = decodeHeader(memory.bytes(base, fileBytes), fileBytes, source, sha256);
    return new Generation(memory, base, header);
  }

  get version(): string {
    return this.header.version;
  }

  /**
   * Hours of single zones; null if none has any, as in snapshots of the formats 1 and 2. Made when first asked for: opening
   * costs the same at any size.
   */
  get zoneHours(): ZoneHours | null {
    if (this.#zoneHours === undefined)
      this.#zoneHours = ZoneHours.over(this.zoneHoursColumn(), this.zones.shops, this.hours);
    return this.#zoneHours;
  }

  /** The section `zoneHours`: what the hours of each zone are. Empty in snapshots of the formats 1 and 2. */
  zoneHoursColumn(): Uint32Array {
    if (this.header.sections.zoneHours === undefined) return new Uint32Array(0);
    return new Uint32Array(this.#memory.memory.buffer, this.#address('zoneHours'), this.zones.count);
  }

  /** Row of a shop, in place. */
  shopRow(ordinal: number): Float32Array {
    const { rowFloats } = this.header;
    const start = this.table.rows / 4 + ordinal * rowFloats;
    return this.#memory.views.f32.subarray(start, start + rowFloats);
  }

  popularityOf(ordinal: number): number {
    return this.#memory.views.f64[this.popularity / 8 + ordinal]!;
  }

  /** How far a location lies outside all that a shop delivers to, meters; 0 inside. */
  metersBeyondReach(ordinal: number, location: Location): number {
    return Math.min(
      this.reachTree.metersBeyond(ordinal, location),
      this.zones.metersBeyond(ordinal, location),
    );
  }

  keywords(): TextTable {
    return TextTable.over(this.bytes('keywords'), 'keywords');
  }

  /** The bytes of the file from `start` up to `end`, in place. */
  fileRange(start: number, end: number): Uint8Array {
    return this.#memory.bytes(this.#base + start, end - start);
  }

  bytes(name: SectionName): Uint8Array {
    return this.#memory.bytes(this.#address(name), this.#section(name).sizeBytes);
  }

  float32(name: SectionName): Float32Array {
    return new Float32Array(
      this.#memory.memory.buffer,
      this.#address(name),
      this.#section(name).sizeBytes / 4,
    );
  }

  float64(name: SectionName): Float64Array {
    return new Float64Array(
      this.#memory.memory.buffer,
      this.#address(name),
      this.#section(name).sizeBytes / 8,
    );
  }

  #neighbours(name: 'transitions' | 'together'): Neighbours {
    return new Neighbours(this.header.sections[name] ? this.bytes(name) : noNeighbours(), name);
  }

  #address(name: SectionName): number {
    return this.#base + this.#section(name).offset;
  }

  #section(name: SectionName): Section {
    const section = this.header.sections[name];
    check(section !== undefined, `a snapshot of format ${this.header.formatVersion} has no section ${name}`);
    return section;
  }
}
