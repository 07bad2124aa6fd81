/**
 * Ranks candidates by numbers that are there: what a signal says of each. Where a good part of the candidates is ranked
 * they are sorted by the bytes of their values (LSD radix sort; Knuth, The Art of Computer Programming 3, §5.2.5), which
 * leaves equal ones in the order of their positions and skips the bytes in which all are alike, as most are in small whole
 * numbers. Otherwise a heap keeps the best.
 */
import { RequestBlock } from './memory';
import { offer, sortBestFirst } from './select';
import { bins, ordering, startWorkspace } from './workspace';

/** Candidates per ranked entry up to which sorting all of them is faster. */
const SORTED_PER_ENTRY: u32 = 4;
const BYTE_VALUES: u32 = 256;

/** Ranks the candidates by f64[C] at `values`, larger first, as ranking `n`; it does not hold those of NaN. */
export function rankValues(block: RequestBlock, values: u32, n: u32): void {
  const ranked = block.rankedSimilarities + ((n * block.depth) << 3);
  const positions = block.rankedPositions + ((n * block.depth) << 2);
  const isSorted = block.candidateCount <= SORTED_PER_ENTRY * block.depth;
  const size = isSorted ? sortAll(block, values, ranked, positions) : keepBest(block, values, ranked, positions);
  store<u32>(block.rankedCounts + (n << 2), size);
}

function keepBest(block: RequestBlock, values: u32, ranked: u32, positions: u32): u32 {
  let size: u32 = 0;
  for (let position: u32 = 0; position < block.candidateCount; position++) {
    const value = load<f64>(values + (position << 3));
    if (!isNaN(value)) size = offer(ranked, positions, size, block.depth, value, position);
  }
  sortBestFirst(ranked, positions, size);
  return size;
}

/** What a shortlist of the depth needs to be ordered, 32 bytes for each of 4 · depth, holds both pairs of arrays. */
function sortAll(block: RequestBlock, values: u32, ranked: u32, positions: u32): u32 {
  startWorkspace(block);
  const arrayBytes = block.candidateCount << 3;
  let keys = ordering;
  let places = keys + arrayBytes; // u32, with room for as many u64
  let otherKeys = places + (arrayBytes >> 1);
  let otherPlaces = otherKeys + arrayBytes;
  let count: u32 = 0;
  let all: u64 = u64.MAX_VALUE;
  let any: u64 = 0;
  for (let position: u32 = 0; position < block.candidateCount; position++) {
    const value = load<f64>(values + (position << 3));
    if (isNaN(value)) continue;
    const key = keyOf(value);
    store<u64>(keys + (count << 3), key);
    store<u32>(places + (count << 2), position);
    all &= key;
    any |= key;
    count++;
  }
  const differing = all ^ any;
  for (let shift: u64 = 0; shift < 64; shift += 8) {
    if (((differing >> shift) & 0xff) == 0) continue;
    distribute(keys, places, otherKeys, otherPlaces, count, shift);
    const sortedKeys = otherKeys;
    const sortedPlaces = otherPlaces;
    otherKeys = keys;
    otherPlaces = places;
    keys = sortedKeys;
    places = sortedPlaces;
  }
  const size = min(count, block.depth);
  memory.copy(positions, places, size << 2);
  for (let i: u32 = 0; i < size; i++) {
    store<f64>(ranked + (i << 3), load<f64>(values + (load<u32>(places + (i << 2)) << 3)));
  }
  return size;
}

/** Ascends where values descend; 0 and -0 are equal. */
@inline
function keyOf(value: f64): u64 {
  const bits = reinterpret<u64>(value + 0);
  const ascending = bits ^ (bits >> 63 != 0 ? u64.MAX_VALUE : 0x8000000000000000);
  return ~ascending;
}

/** Moves entries to the other arrays in the order of one byte of their keys. */
function distribute(keys: u32, places: u32, otherKeys: u32, otherPlaces: u32, count: u32, shift: u64): void {
  memory.fill(bins, 0, BYTE_VALUES << 2);
  for (let i: u32 = 0; i < count; i++) {
    const bin = bins + ((<u32>(load<u64>(keys + (i << 3)) >> shift) & 0xff) << 2);
    store<u32>(bin, load<u32>(bin) + 1);
  }
  let start: u32 = 0;
  for (let byte: u32 = 0; byte < BYTE_VALUES; byte++) {
    const size = load<u32>(bins + (byte << 2));
    store<u32>(bins + (byte << 2), start);
    start += size;
  }
  for (let i: u32 = 0; i < count; i++) {
    const key = load<u64>(keys + (i << 3));
    const bin = bins + ((<u32>(key >> shift) & 0xff) << 2);
    const to = load<u32>(bin);
    store<u32>(bin, to + 1);
    store<u64>(otherKeys + (to << 3), key);
    store<u32>(otherPlaces + (to << 2), load<u32>(places + (i << 2)));
  }
}
