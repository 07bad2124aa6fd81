/**
 * Which keyword a text that is none is taken for: the nearest by its pieces (nearness-bar.ts says what that is), if any is
 * near.
 *
 * Found without comparing all: the pieces of keywords and texts stand in one order, rarest first. Two that share n pieces
 * share one of all but the last n - 1 of each ("prefix filter": Chaudhuri, Ganti & Kaushik, "A primitive operator for
 * similarity joins in data cleaning", 2006, doi:10.1109/ICDE.2006.9). So each keyword is listed under its rarest pieces
 * alone, and a text looks under its rarest ones, the fewer the nearer a keyword it has found.
 *
 *     u32 keyword count K │ u32 piece count P │ u32 pieces of all keywords N │ u32 listed L
 *     letters      f64 [P]      each piece of any keyword, see letter-pieces.ts, ascending
 *     numbers      u32 [P]      its place from the rarest, which few keywords have, to the commonest; equal ones as in letters
 *     keywords     u32 [K]      by how many pieces they have, then in byte order; what follows is in this order
 *     sizeStarts   u32 [66]     the first that has 0, 1, … 65 pieces or more
 *     signatures   u32 [K][2]   a bit for each of its pieces, see `addToSignature`
 *     pieceStarts  u32 [K + 1]  first of the pieces of each, then N
 *     pieces       u32 [N]      numbers of its pieces, ascending
 *     listStarts   u32 [P + 1]  first of the list of each number, then L
 *     lists        u32 [L]      places of keywords, ascending
 */
import { check } from '../base/errors.ts';
import { Uint32List } from '../base/growing-list.ts';
import { invalidSection } from '../base/invalid-section.ts';
import { firstRow, type TextTable } from '../base/text-table.ts';
import { PIECE_COUNT_MAX, piecesOf } from './letter-pieces.ts';
import { NearnessBar, sharedWithAnyNear } from './nearness-bar.ts';

const SECTION = 'keywordPieces';
const HEADER_BYTES = 16;
const SIGNATURE_WORDS = 2;
const SIZE_START_COUNT = PIECE_COUNT_MAX + 2;

/**
 * Entries of lists that one text looks at; what is nearer beyond them is not found. Among 100,000 keywords put together
 * from few words, which share more pieces than real ones do, 1,999 of 2,000 texts still found their nearest, half of them
 * with 352 entries; 1,024 entries were enough for 1,990, and among 400,000 keywords these are for 1,959.
 */
const LOOKED_AT_MAX = 2048;

/** A keyword that a text is near to. */
export interface NearKeyword {
  readonly row: number;
  /** As nearness-bar.ts has it, ½ to 1. */
  readonly nearness: number;
}

interface Counts {
  readonly keywords: number;
  readonly pieces: number;
  readonly ofAllKeywords: number;
  readonly listed: number;
}

/** Bytes of the section. */
function sectionBytesOf({ keywords, pieces, ofAllKeywords, listed }: Counts): number {
  const ofKeywords = keywords + (keywords + 1) + keywords * SIGNATURE_WORDS + ofAllKeywords;
  const words = pieces + SIZE_START_COUNT + ofKeywords + (pieces + 1) + listed;
  return HEADER_BYTES + pieces * 8 + words * 4;
}

/** The parts of a section of the right size, in place. */
function partsOf({ buffer, byteOffset }: Uint8Array, counts: Counts) {
  let end = byteOffset + HEADER_BYTES + counts.pieces * 8;
  const uint32 = (count: number) => {
    end += count * 4;
    return new Uint32Array(buffer, end - count * 4, count);
  };
  // In the order of the drawing.
  return {
    letters: new Float64Array(buffer, byteOffset + HEADER_BYTES, counts.pieces),
    numbers: uint32(counts.pieces),
    keywords: uint32(counts.keywords),
    sizeStarts: uint32(SIZE_START_COUNT),
    signatures: uint32(counts.keywords * SIGNATURE_WORDS),
    pieceStarts: uint32(counts.keywords + 1),
    pieces: uint32(counts.ofAllKeywords),
    listStarts: uint32(counts.pieces + 1),
    lists: uint32(counts.listed),
  };
}

/** Under how many of its pieces a keyword that has `size` is listed. */
function listedOf(size: number): number {
  return size === 0 ? 0 : size - sharedWithAnyNear(size) + 1;
}

/** Sets one of 64 bits for a piece, in the signature that begins at word `first`. */
function addToSignature(signatures: Uint32Array, first: number, number: number): void {
  const bit = Math.imul(number, 0x9e3779b1) >>> 26; // multiplicative hashing (Knuth): spreads numbers that follow each other
  signatures[first + (bit >>> 5)]! |= 1 << (bit & 31);
}

/** How many bits of the signature at `place` are not in `other`: of so many pieces at least. */
function bitsNotIn(other: Uint32Array, signatures: Uint32Array, place: number): number {
  const first = place * SIGNATURE_WORDS;
  return bitCount(signatures[first]! & ~other[0]!) + bitCount(signatures[first + 1]! & ~other[1]!);
}

function bitCount(bits: number): number {
  const pairs = bits - ((bits >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** The section for normalized keywords in byte order. The same keywords make the same bytes. */
export function encodeKeywordPieces(keywords: TextTable): Uint8Array {
  const found = findPieces(keywords);
  const { letters, numbers } = numberPieces(found);
  const counts: Counts = {
    keywords: keywords.count,
    pieces: letters.length,
    ofAllKeywords: found.ids.length,
    listed: found.sizes.reduce((sum, size) => sum + listedOf(size), 0),
  };
  const bytes = new Uint8Array(sectionBytesOf(counts));
  const header = new Uint32Array(bytes.buffer, 0, 4);
  header.set([counts.keywords, counts.pieces, counts.ofAllKeywords, counts.listed]);
  const parts = partsOf(bytes, counts);
  parts.letters.set(letters);
  letters.forEach((piece, at) => (parts.numbers[at] = numbers[found.idOf.get(piece)!]!));
  orderBySize(found.sizes, parts);
  fillPieces(found, numbers, parts);
  fillLists(parts);
  return bytes;
}

type Parts = ReturnType<typeof partsOf>;

/** The pieces of keywords, each under an id by first appearance. */
interface FoundPieces {
  readonly idOf: ReadonlyMap<number, number>;
  /** How many keywords have each. */
  readonly holderCounts: readonly number[];
  /** Of all keywords, one after the other. */
  readonly ids: Uint32Array;
  /** How many each keyword has. */
  readonly sizes: Uint8Array;
}

function findPieces(keywords: TextTable): FoundPieces {
  const idOf = new Map<number, number>();
  const holderCounts: number[] = [];
  const ids = new Uint32List();
  const sizes = new Uint8Array(keywords.count);
  for (let row = 0; row < keywords.count; row++) {
    const pieces = piecesOf(keywords.at(row));
    sizes[row] = pieces.length;
    for (const piece of pieces) {
      let id = idOf.get(piece);
      if (id === undefined) {
        idOf.set(piece, (id = holderCounts.length));
        holderCounts.push(0);
      }
      holderCounts[id]!++;
      ids.push(id);
    }
  }
  return { idOf, holderCounts, ids: ids.values, sizes };
}

/** All pieces ascending, and the number of each id. */
function numberPieces({ idOf, holderCounts }: FoundPieces) {
  const letters = Float64Array.from(idOf.keys()).sort();
  const byRarity = Array.from(letters, (piece) => idOf.get(piece)!).sort(
    (a, b) => holderCounts[a]! - holderCounts[b]!,
  );
  const numbers = new Uint32Array(byRarity.length);
  byRarity.forEach((id, number) => (numbers[id] = number));
  return { letters, numbers };
}

function orderBySize(sizes: Uint8Array, { sizeStarts, keywords }: Parts): void {
  for (const size of sizes) sizeStarts[size + 1]!++;
  for (let size = 1; size < SIZE_START_COUNT; size++) sizeStarts[size]! += sizeStarts[size - 1]!;
  const ends = sizeStarts.slice();
  sizes.forEach((size, row) => (keywords[ends[size]!++] = row));
}

function fillPieces({ ids, sizes }: FoundPieces, numbers: Uint32Array, parts: Parts): void {
  const { keywords, signatures, pieceStarts, pieces } = parts;
  const firstIds = new Uint32Array(sizes.length);
  for (let row = 1; row < sizes.length; row++) firstIds[row] = firstIds[row - 1]! + sizes[row - 1]!;
  keywords.forEach((row, place) => {
    const start = pieceStarts[place]!;
    const size = sizes[row]!;
    for (let i = 0; i < size; i++) {
      const number = numbers[ids[firstIds[row]! + i]!]!;
      pieces[start + i] = number;
      addToSignature(signatures, place * SIGNATURE_WORDS, number);
    }
    pieces.subarray(start, start + size).sort();
    pieceStarts[place + 1] = start + size;
  });
}

function fillLists({ keywords, pieceStarts, pieces, listStarts, lists }: Parts): void {
  const forListed = (use: (number: number, place: number) => void): void => {
    for (let place = 0; place < keywords.length; place++) {
      const start = pieceStarts[place]!;
      const end = start + listedOf(pieceStarts[place + 1]! - start);
      for (let at = start; at < end; at++) use(pieces[at]!, place);
    }
  };
  forListed((number) => listStarts[number + 1]!++);
  for (let number = 1; number < listStarts.length; number++) listStarts[number]! += listStarts[number - 1]!;
  const ends = listStarts.slice();
  forListed((number, place) => (lists[ends[number]!++] = place));
}

/** The pieces of a snapshot's keywords, read where they lie. One search runs at a time. */
export class KeywordPieces {
  readonly #bytes: Uint8Array;
  readonly #parts: Parts;
  /** By row: how often each keyword was searched. */
  readonly #searchCounts: Float64Array;
  #madeScratch: Scratch | undefined;

  /** Throws `snapshot_invalid` if the parts cannot be there. `searchCounts` are those of the keywords, by row. */
  constructor(bytes: Uint8Array, searchCounts: Float64Array) {
    check(bytes.byteOffset % 8 === 0, `section ${SECTION} is not aligned`);
    if (bytes.length < HEADER_BYTES)
      throw invalidSection(SECTION, `has ${bytes.length} bytes, expected at least ${HEADER_BYTES}`);
    const [keywords, pieces, ofAllKeywords, listed] = new Uint32Array(bytes.buffer, bytes.byteOffset, 4);
    const counts = { keywords: keywords!, pieces: pieces!, ofAllKeywords: ofAllKeywords!, listed: listed! };
    const expectedBytes = sectionBytesOf(counts);
    if (bytes.length !== expectedBytes)
      throw invalidSection(
        SECTION,
        `has ${bytes.length} bytes, expected ${expectedBytes} for what it counts`,
      );
    this.#bytes = bytes;
    this.#parts = partsOf(bytes, counts);
    this.#searchCounts = searchCounts;
  }

  /**
   * The keyword nearest to a normalized text, or null if none is near. Of equally near ones the one that is searched most,
   * then the first in byte order.
   */
  nearest(text: string): NearKeyword | null {
    const pieces = piecesOf(text);
    const known = this.#numbersOf(pieces);
    const scratch = this.#scratch;
    const bar = new NearnessBar(pieces.length, known.length);
    scratch.signature.fill(0);
    for (const number of known) {
      scratch.isOfText[number] = 1;
      addToSignature(scratch.signature, 0, number);
    }
    for (let i = 0; i < bar.lookedUnderCount; i++) this.#lookUnder(known, i, bar, scratch);
    for (const number of known) scratch.isOfText[number] = 0;
    scratch.forgetSeen();
    return bar.row === -1 ? null : { row: bar.row, nearness: bar.nearness };
  }

  /**
   * Calls `use` with the rows of keywords that have a piece of a normalized text among their rarer ones, those with its rarest
   * first; of the first 2,048 entries of lists.
   */
  forEachAlike(text: string, use: (row: number) => void): void {
    const { keywords, listStarts, lists } = this.#parts;
    const scratch = this.#scratch;
    for (const number of this.#numbersOf(piecesOf(text))) {
      for (let at = listStarts[number]!; at < listStarts[number + 1]! && !scratch.isFull; at++)
        if (scratch.isNew(lists[at]!)) use(keywords[lists[at]!]!);
    }
    scratch.forgetSeen();
  }

  /** Throws `snapshot_invalid` unless all of this is what `keywords` make. */
  verify(keywords: TextTable): void {
    if (Buffer.compare(encodeKeywordPieces(keywords), this.#bytes) !== 0)
      throw invalidSection(SECTION, 'the pieces are not those that its keywords make');
  }

  get #scratch(): Scratch {
    return (this.#madeScratch ??= new Scratch(this.#parts.numbers.length, this.#parts.keywords.length));
  }

  /** Those that any keyword has, ascending. */
  #numbersOf(pieces: readonly number[]): Uint32Array {
    const { letters, numbers } = this.#parts;
    const known = new Uint32Array(pieces.length);
    let count = 0;
    for (const piece of pieces) {
      const at = firstRow(letters.length, (at) => letters[at]! >= piece);
      if (letters[at] === piece) known[count++] = numbers[at]!;
    }
    return known.subarray(0, count).sort();
  }

  /**
   * Compares the text to the keywords in the list of its piece `i` that may be as near as the nearest so far, shortest
   * first. Those not seen before share none of its pieces before `i`: they would be listed there too.
   */
  #lookUnder(known: Uint32Array, i: number, bar: NearnessBar, scratch: Scratch): void {
    const { sizeStarts, listStarts, lists } = this.#parts;
    const start = listStarts[known[i]!]!;
    const end = listStarts[known[i]! + 1]!;
    const placeMin = sizeStarts[bar.sizeMin]!;
    const endOfSizes = (): number => sizeStarts[bar.sizeMaxOf(known.length - i) + 1]!;
    let placeEnd = endOfSizes();
    for (let at = start + firstRow(end - start, (at) => lists[start + at]! >= placeMin); at < end; at++) {
      const place = lists[at]!;
      if (place >= placeEnd || scratch.isFull) return;
      if (scratch.isNew(place) && this.#compare(place, bar, scratch)) placeEnd = endOfSizes();
    }
  }

  /** Tells whether this keyword is near enough to count. */
  #compare(place: number, bar: NearnessBar, { signature, isOfText }: Scratch): boolean {
    const { keywords, signatures, pieceStarts, pieces } = this.#parts;
    const start = pieceStarts[place]!;
    const end = pieceStarts[place + 1]!;
    const size = end - start;
    const sharedMin = bar.sharedMinOf(size);
    // Rules most of them out by 8 bytes, where the pieces would be two lines of the cache: 21 µs a text instead of 37.
    if (size - bitsNotIn(signature, signatures, place) < sharedMin) return false;
    let shared = size;
    for (let at = start; at < end && shared >= sharedMin; at++) shared -= 1 - isOfText[pieces[at]!]!;
    if (shared < sharedMin) return false;
    bar.offer(keywords[place]!, size, shared, this.#searchCounts);
    return true;
  }
}

/** What searches need beside the section: a byte for each piece and each keyword. */
class Scratch {
  /** By number: 1 for the pieces of the text at hand. */
  readonly isOfText: Uint8Array;
  /** Of all its pieces. */
  readonly signature = new Uint32Array(SIGNATURE_WORDS);
  #lookedAtCount = 0;
  readonly #lookedAt = new Uint32Array(LOOKED_AT_MAX);
  readonly #isSeen: Uint8Array;

  constructor(pieceCount: number, keywordCount: number) {
    this.isOfText = new Uint8Array(pieceCount);
    this.#isSeen = new Uint8Array(keywordCount);
  }

  /** Whether as many places were looked at as may be. */
  get isFull(): boolean {
    return this.#lookedAtCount === LOOKED_AT_MAX;
  }

  /** Looks at a place, and tells whether that is for the first time. */
  isNew(place: number): boolean {
    this.#lookedAt[this.#lookedAtCount++] = place;
    if (this.#isSeen[place] === 1) return false;
    this.#isSeen[place] = 1;
    return true;
  }

  forgetSeen(): void {
    for (let i = 0; i < this.#lookedAtCount; i++) this.#isSeen[this.#lookedAt[i]!] = 0;
    this.#lookedAtCount = 0;
  }
}
