/** Takes the keywords of a build with their embeddings, normalized, and puts them into byte order. */
import { encodeTextTable } from '../base/text-table-builder.ts';
import { sortedRows, TextTable } from '../base/text-table.ts';
import { fitPieceRows } from '../encoder/fit-piece-rows.ts';
import { encodeKeywordPieces } from '../encoder/keyword-pieces.ts';
import { normalizeKeyword } from '../encoder/normalize-keyword.ts';
import type { Metric } from '../kernel/kernel.ts';
import { rowFloatsOf } from './format.ts';
import type { InputFaults } from './input/input-faults.ts';
import { readVectors } from './input/read-vectors.ts';
import type { VectorBatch } from './input/vector-file.ts';

/** The sections of a snapshot that keywords make. */
export interface KeywordSectionBytes {
  readonly count: number;
  readonly keywords: Uint8Array;
  readonly keywordRows: Uint8Array;
  readonly keywordCounts: Uint8Array;
  readonly keywordPieces: Uint8Array;
  readonly pieceRows: Uint8Array;
}

/** Reads keywords with `dimensions` components each; bad rows are added to `faults`. Without a path there are none. */
export async function readKeywords(
  path: string | undefined,
  dimensions: number,
  metric: Metric,
  faults: InputFaults,
  onProgress: (done: number, total: number) => void,
  onFitProgress: (done: number, total: number) => void,
): Promise<KeywordSectionBytes> {
  const intake = new KeywordIntake(path ?? '', dimensions, metric, faults);
  if (path !== undefined) {
    const file = await readVectors(path, { key: 'keyword', dimensions }, faults);
    for await (const batch of file.batches(onProgress)) intake.add(batch);
  }
  return intake.encode(onFitProgress);
}

class KeywordIntake {
  readonly #path: string;
  readonly #dimensions: number;
  readonly #metric: Metric;
  readonly #faults: InputFaults;
  readonly #placeOf = new Map<string, string>();
  readonly #rows: Float32Array[] = [];
  readonly #counts: number[] = [];

  constructor(path: string, dimensions: number, metric: Metric, faults: InputFaults) {
    this.#path = path;
    this.#dimensions = dimensions;
    this.#metric = metric;
    this.#faults = faults;
  }

  add({ rowCount, vectors, keyed }: VectorBatch): void {
    for (let i = 0; i < rowCount; i++) {
      const row = vectors.slice(i * this.#dimensions, (i + 1) * this.#dimensions);
      this.#addKeyword(keyed!.keys[i]!, keyed!.places[i]!, keyed!.counts[i]!, row);
    }
  }

  #addKeyword(text: string, place: string, count: number, row: Float32Array): void {
    const keyword = normalizeKeyword(text);
    const fault = (column: string, found: string, expected: string): void =>
      this.#faults.add({ file: this.#path, place, column, found, expected });
    const first = this.#placeOf.get(keyword);
    if (keyword === '') fault('keyword', JSON.stringify(text), 'text that is more than spaces');
    else if (first !== undefined)
      fault(
        'keyword',
        `${JSON.stringify(text)}, which ${first} has already as ${JSON.stringify(keyword)}`,
        'each keyword once',
      );
    else if (this.#metric === 'cosine' && row.every((value) => value === 0))
      fault('vector', 'a zero vector', 'a direction: zero has no cosine');
    else {
      this.#placeOf.set(keyword, place);
      this.#rows.push(row);
      this.#counts.push(count);
    }
  }

  encode(onFitProgress: (done: number, total: number) => void): KeywordSectionBytes {
    const texts = [...this.#placeOf.keys()];
    const order = sortedRows(TextTable.over(encodeTextTable(texts), 'keywords'));
    const rowFloats = rowFloatsOf(this.#dimensions);
    const rows = new Float32Array(order.length * rowFloats);
    const counts = new Float64Array(order.length);
    order.forEach((row, at) => {
      rows.set(this.#rows[row]!, at * rowFloats);
      counts[at] = this.#counts[row]!;
    });
    const keywords = encodeTextTable(Array.from(order, (row) => texts[row]!));
    const table = TextTable.over(keywords, 'keywords');
    return {
      count: order.length,
      keywords,
      keywordRows: new Uint8Array(rows.buffer),
      keywordCounts: new Uint8Array(counts.buffer),
      keywordPieces: encodeKeywordPieces(table),
      pieceRows: fitPieceRows({ keywords: table, rows, rowFloats, counts }, onFitProgress),
    };
  }
}
