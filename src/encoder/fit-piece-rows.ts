/**
 * Finds embeddings of pieces such that the mean of those of a keyword's pieces points to where the keyword itself lies, so that
 * the mean of another text's pieces points to where it would lie (as Pinter et al., "Mimicking word embeddings using subword
 * RNNs", 2017, doi:10.18653/v1/D17-1010, and by a linear map as Khodak et al., "A la carte embedding", 2018,
 * doi:10.18653/v1/P18-1002). Works for embeddings from anywhere.
 *
 *     min over Z   Σ w(k) · |mean of z(p) over the pieces p of k − u(k)|²  +  λ · Σ |z(p)|²      k: keywords, u: their directions
 *     w(k) = (1 + ln(1 + searches of k)) / mean of that
 *
 * Solved one keyword at a time, each step exact (stochastic dual coordinate ascent: Shalev-Shwartz & Zhang, 2013,
 * jmlr.org/papers/v14/shalev-shwartz13a.html). With the residual r(k) that stands for k in Z = Σ r(k) · x(k) / λ, x(k) being 1/n
 * at its n pieces, a step adds (w · (u − mean) − r) / (1 + w / (λ · n)) to r. Seeded, one thread: the same keywords make the same
 * bytes.
 */
import { Uint32List } from '../base/growing-list.ts';
import { Random } from '../base/random.ts';
import type { TextTable } from '../base/text-table.ts';
import { MeaningPieces } from './meaning-pieces.ts';
import { encodePieceRows } from './piece-rows.ts';

/** Keywords in byte order with their embeddings. */
export interface EmbeddedKeywords {
  readonly keywords: TextTable;
  /** float32[keywordCount][rowFloats]. */
  readonly rows: Float32Array;
  readonly rowFloats: number;
  /** How often each was searched. */
  readonly counts: Float64Array;
}

/** Pieces that count are those that most keywords have, fewer where embeddings are longer than 128. */
const PIECE_COUNT_MAX = 65_536;
const PIECE_FLOATS_MAX = PIECE_COUNT_MAX * 128;
/**
 * Of the ten shops nearest to what is composed for a keyword left out of the fit 48 % are of its cuisine, at 0.003 46 % and at
 * 0.1 47 %; for texts as test/meant-keywords.ts has them 97 %, at 0.003 94 % (a synthetic town's 336 trained keywords).
 */
const LAMBDA = 0.03;
/** After 5 of them 20 or 60 more change no figure. */
const PASS_COUNT_MAX = 5;
/**
 * Numbers that all passes look at, unless one alone looks at more. 100,000 keywords of 128 dimensions put together from two or
 * three words, 6 million pieces, are 4e9 of them and take 30 s of one core.
 */
const LOOKED_AT_MAX = 6e9;
const SEED = 1;

/** Before the passes all keywords are gone through for their pieces, and again for those of them that count. */
const COUNTING_COUNT = 2;
const REPORT_KEYWORDS = 1_000;

/** The section `pieceRows`. Progress is in keywords gone through, as if all passes were made. */
export function fitPieceRows(
  embedded: EmbeddedKeywords,
  onProgress: (done: number, total: number) => void = () => {},
): Uint8Array {
  const { keywords, rowFloats } = embedded;
  const total = (COUNTING_COUNT + PASS_COUNT_MAX) * keywords.count;
  const report = (done: number): void => onProgress(Math.floor(done), total);
  const pieceCountMax = Math.min(PIECE_COUNT_MAX, Math.floor(PIECE_FLOATS_MAX / rowFloats));
  const held = heldPieces(keywords, pieceCountMax, report);
  const rows = new Float32Array(held.hashes.length * rowFloats);
  const fit = new Fit(embedded, held, rows);
  const order = Array.from({ length: keywords.count }, (_, k) => k);
  const random = new Random(SEED);
  const passCount = passCountFor(held.places.length * rowFloats);
  let stepCount = 0;
  for (let pass = 0; pass < passCount; pass++) {
    for (const k of random.shuffle(order)) {
      fit.step(k);
      if (++stepCount % REPORT_KEYWORDS === 0)
        report(COUNTING_COUNT * order.length + (PASS_COUNT_MAX * stepCount) / passCount);
    }
  }
  if (total > 0) report(total);
  return encodePieceRows(held.hashes, rows, rowFloats);
}

/** None for no keywords. */
function passCountFor(lookedAtByOne: number): number {
  if (lookedAtByOne === 0) return 0;
  return Math.max(1, Math.min(PASS_COUNT_MAX, Math.floor(LOOKED_AT_MAX / lookedAtByOne)));
}

/** Which pieces each keyword has. */
interface HeldPieces {
  /** Of all that count, ascending. */
  readonly hashes: Uint32Array;
  /** Places in `hashes` of the pieces of all keywords, one after the other. */
  readonly places: Uint32Array;
  /** [K + 1]: the first of each keyword, then the end. */
  readonly starts: Uint32Array;
}

function heldPieces(keywords: TextTable, pieceCountMax: number, report: (done: number) => void): HeldPieces {
  const all = new Uint32List();
  const allStarts = new Uint32Array(keywords.count + 1);
  const pieces = new MeaningPieces();
  for (let k = 0; k < keywords.count; k++) {
    for (const piece of pieces.of(keywords.at(k))) all.push(piece);
    allStarts[k + 1] = all.count;
    if (k % REPORT_KEYWORDS === 0) report(k);
  }
  const pieceOf = all.values;
  const hashes = mostHeld(pieceOf, pieceCountMax);
  const placeOf = new Map<number, number>();
  hashes.forEach((hash, place) => placeOf.set(hash, place));
  const places = new Uint32List();
  const starts = new Uint32Array(keywords.count + 1);
  for (let k = 0; k < keywords.count; k++) {
    for (let at = allStarts[k]!; at < allStarts[k + 1]!; at++) {
      const place = placeOf.get(pieceOf[at]!);
      if (place !== undefined) places.push(place);
    }
    starts[k + 1] = places.count;
    if (k % REPORT_KEYWORDS === 0) report(keywords.count + k);
  }
  return { hashes, places: places.values, starts };
}

/** The pieces of most keywords, of equally many the smaller ones; ascending. */
function mostHeld(all: Uint32Array, countMax: number): Uint32Array {
  const sorted = all.slice().sort();
  const different: { hash: number; count: number }[] = [];
  for (let at = 0; at < sorted.length;) {
    const start = at;
    while (sorted[at] === sorted[start] && at < sorted.length) at++;
    different.push({ hash: sorted[start]!, count: at - start });
  }
  different.sort((a, b) => b.count - a.count); // stable
  return Uint32Array.from(different.slice(0, countMax), ({ hash }) => hash).sort();
}

class Fit {
  readonly #embedded: EmbeddedKeywords;
  readonly #held: HeldPieces;
  /** Z: float32[P][R]. */
  readonly #pieceRows: Float32Array;
  /** r: float32[K][R]. */
  readonly #residuals: Float32Array;
  readonly #weights: Float64Array;
  /** Of the rows of keywords; 0 where a row is zero and points nowhere. */
  readonly #lengths: Float64Array;
  readonly #scratch: { readonly change: Float64Array; readonly mean: Float64Array };

  constructor(embedded: EmbeddedKeywords, held: HeldPieces, pieceRows: Float32Array) {
    const { rows, rowFloats, counts } = embedded;
    this.#embedded = embedded;
    this.#held = held;
    this.#pieceRows = pieceRows;
    this.#residuals = new Float32Array(rows.length);
    this.#weights = weightsOf(counts);
    this.#lengths = Float64Array.from(counts, (_, k) => lengthOf(rows, k * rowFloats, rowFloats));
    this.#scratch = { change: new Float64Array(rowFloats), mean: new Float64Array(rowFloats) };
  }

  /** Makes keyword `k` fit as well as the others let it. */
  step(k: number): void {
    const { rows, rowFloats } = this.#embedded;
    const { starts, places } = this.#held;
    const [start, end] = [starts[k]!, starts[k + 1]!];
    const [n, w, length] = [end - start, this.#weights[k]!, this.#lengths[k]!];
    if (n === 0 || length === 0) return;
    const { change, mean } = this.#scratch;
    mean.fill(0);
    for (let at = start; at < end; at++) addRow(this.#pieceRows, places[at]! * rowFloats, mean);
    const stepSize = 1 / (1 + w / (LAMBDA * n));
    for (let i = 0; i < rowFloats; i++) {
      const r = k * rowFloats + i;
      const step = (w * (rows[r]! / length - mean[i]! / n) - this.#residuals[r]!) * stepSize;
      this.#residuals[r]! += step;
      change[i] = step / (LAMBDA * n);
    }
    for (let at = start; at < end; at++) addToRow(this.#pieceRows, places[at]! * rowFloats, change);
  }
}

// Both go by four, which rows are a multiple of: in half the time of going by one.

function addRow(rows: Float32Array, start: number, sum: Float64Array): void {
  for (let i = 0; i < sum.length; i += 4) {
    const at = start + i;
    sum[i]! += rows[at]!;
    sum[i + 1]! += rows[at + 1]!;
    sum[i + 2]! += rows[at + 2]!;
    sum[i + 3]! += rows[at + 3]!;
  }
}

function addToRow(rows: Float32Array, start: number, change: Float64Array): void {
  for (let i = 0; i < change.length; i += 4) {
    const at = start + i;
    rows[at]! += change[i]!;
    rows[at + 1]! += change[i + 1]!;
    rows[at + 2]! += change[i + 2]!;
    rows[at + 3]! += change[i + 3]!;
  }
}

/** w of the formula above. */
function weightsOf(counts: Float64Array): Float64Array {
  const weights = counts.map((count) => 1 + Math.log1p(count));
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
  return weights.map((weight) => weight / mean);
}

function lengthOf(rows: Float32Array, start: number, rowFloats: number): number {
  let squares = 0;
  for (let i = start; i < start + rowFloats; i++) squares += rows[i]! ** 2;
  return Math.sqrt(squares);
}
