/**
 * Embeddings of pieces of keywords (meaning-pieces.ts), of which that of a text nobody knows is put together: the mean of
 * those of its pieces points to where a keyword of this spelling would lie. fit-piece-rows.ts finds them.
 *
 * A row in bytes is its numbers divided by its scale, which is 1/127 of the largest: a composed embedding keeps its direction
 * to a cosine of 0.9999, in a quarter of the space.
 *
 *     u32 piece count P │ u32 rowFloats R
 *     hashes  u32 [P]      the pieces, ascending
 *     scales  f32 [P]
 *     rows    i8  [P][R]   zeros behind the dimensions
 */
import { check } from '../base/errors.ts';
import { invalidSection } from '../base/invalid-section.ts';
import { MeaningPieces } from './meaning-pieces.ts';

const SECTION = 'pieceRows';
const HEADER_BYTES = 8;
const BYTE_MAX = 127;

/** The parts of a section of the right size, in place. */
function partsOf({ buffer, byteOffset }: Uint8Array, pieceCount: number, rowFloats: number) {
  const hashes = byteOffset + HEADER_BYTES;
  const scales = hashes + pieceCount * 4;
  return {
    hashes: new Uint32Array(buffer, hashes, pieceCount),
    scales: new Float32Array(buffer, scales, pieceCount),
    rows: new Int8Array(buffer, scales + pieceCount * 4, pieceCount * rowFloats),
  };
}

function sectionBytesOf(pieceCount: number, rowFloats: number): number {
  return HEADER_BYTES + pieceCount * (8 + rowFloats);
}

/** The section of pieces, ascending, and their embeddings, `rowFloats` long each. */
export function encodePieceRows(hashes: Uint32Array, rows: Float32Array, rowFloats: number): Uint8Array {
  const bytes = new Uint8Array(sectionBytesOf(hashes.length, rowFloats));
  new Uint32Array(bytes.buffer, 0, 2).set([hashes.length, rowFloats]);
  const parts = partsOf(bytes, hashes.length, rowFloats);
  parts.hashes.set(hashes);
  for (let piece = 0; piece < hashes.length; piece++) {
    const start = piece * rowFloats;
    let largest = 0;
    for (let i = start; i < start + rowFloats; i++) largest = Math.max(largest, Math.abs(rows[i]!));
    const scale = (parts.scales[piece] = largest / BYTE_MAX);
    if (scale === 0) continue;
    for (let i = start; i < start + rowFloats; i++)
      parts.rows[i] = Math.round((rows[i]! / largest) * BYTE_MAX);
  }
  return bytes;
}

/** Read where they lie. One text is composed at a time. */
export class PieceRows {
  readonly rowFloats: number;
  readonly #parts: ReturnType<typeof partsOf>;
  readonly #pieces = new MeaningPieces();

  /** Throws `snapshot_invalid` if the size is not that of what it counts. */
  constructor(bytes: Uint8Array) {
    check(bytes.byteOffset % 4 === 0, `section ${SECTION} is not aligned`);
    if (bytes.length < HEADER_BYTES)
      throw invalidSection(SECTION, `has ${bytes.length} bytes, expected at least ${HEADER_BYTES}`);
    const [pieceCount, rowFloats] = new Uint32Array(bytes.buffer, bytes.byteOffset, 2) as unknown as [
      number,
      number,
    ];
    const expectedBytes = sectionBytesOf(pieceCount, rowFloats);
    if (bytes.length !== expectedBytes)
      throw invalidSection(
        SECTION,
        `has ${bytes.length} bytes, expected ${expectedBytes} for what it counts`,
      );
    this.rowFloats = rowFloats;
    this.#parts = partsOf(bytes, pieceCount, rowFloats);
  }

  /** Writes the sum of the embeddings of a normalized text's pieces into `out`; returns which share of the pieces is known. */
  compose(text: string, out: Float64Array): number {
    const { hashes, scales, rows } = this.#parts;
    const pieces = this.#pieces.of(text);
    let [knownCount, from] = [0, 0];
    out.fill(0);
    for (const piece of pieces) {
      from = firstFrom(hashes, from, piece);
      if (hashes[from] !== piece) continue;
      knownCount++;
      addScaled(rows, from * this.rowFloats, scales[from]!, out);
    }
    return pieces.length === 0 ? 0 : knownCount / pieces.length;
  }

  /** Throws `snapshot_invalid` unless each row can be composed with, as long as those of keywords. */
  verify(rowFloats: number, dimensions: number): void {
    const { hashes, scales, rows } = this.#parts;
    if (this.rowFloats !== rowFloats)
      throw invalidSection(SECTION, `has rows of ${this.rowFloats} floats, the header says ${rowFloats}`);
    for (let piece = 0; piece < hashes.length; piece++) {
      if (piece > 0 && hashes[piece]! <= hashes[piece - 1]!)
        throw invalidSection(
          SECTION,
          `piece ${piece} is ${hashes[piece]}, expected more than the one before`,
        );
      if (!(scales[piece]! >= 0 && scales[piece]! < Infinity))
        throw invalidSection(SECTION, `scale ${piece} is ${scales[piece]}, expected a number of 0 or more`);
      for (let i = dimensions; i < rowFloats; i++)
        if (rows[piece * rowFloats + i] !== 0)
          throw invalidSection(SECTION, `row ${piece} must be zero behind its ${dimensions} dimensions`);
    }
  }
}

function addScaled(rows: Int8Array, start: number, scale: number, sum: Float64Array): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += scale * rows[start + i]!;
}

/** The first place from `from` on that holds `hash` or more. */
function firstFrom(hashes: Uint32Array, from: number, hash: number): number {
  let [low, high] = [from, hashes.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (hashes[middle]! >= hash) high = middle;
    else low = middle + 1;
  }
  return low;
}
