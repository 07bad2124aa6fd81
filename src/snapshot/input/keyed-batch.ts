/** The rows of a file of keyed vectors, checked one by one and collected into batches. */
import { shown } from '../../base/validate.ts';
import { ID_CHARACTERS_MAX, KEYWORD_CHARACTERS_MAX } from '../../domain/action.ts';
import { idText, renameHint } from './input-columns.ts';
import type { InputFaults } from './input-faults.ts';
import type { InputFile } from './input-file.ts';
import {
  batchRows,
  componentFault,
  firstNotFinite,
  type VectorBatch,
  type VectorKey,
} from './vector-file.ts';

/** The vectors with keys that are collected for the next batch. A vector is put behind the accepted ones, then judged. */
export class KeyedBatch {
  readonly rowsMax: number;
  /** rowsMax × dimensions. */
  readonly vectors: Float32Array;
  readonly #file: InputFile;
  readonly #key: VectorKey;
  readonly #dimensions: number;
  readonly #faults: InputFaults;
  #keys: string[] = [];
  #places: string[] = [];
  #counts: number[] = [];

  constructor(file: InputFile, key: VectorKey, dimensions: number, faults: InputFaults) {
    this.#file = file;
    this.#key = key;
    this.#dimensions = dimensions;
    this.#faults = faults;
    this.rowsMax = batchRows(dimensions);
    this.vectors = new Float32Array(this.rowsMax * dimensions);
  }

  get rowCount(): number {
    return this.#keys.length;
  }

  /** Moves the vector at `row` to behind the accepted ones. */
  moveToNext(row: number): void {
    if (row === this.rowCount) return;
    const start = row * this.#dimensions;
    this.vectors.copyWithin(this.rowCount * this.#dimensions, start, start + this.#dimensions);
  }

  /** Puts the vector of a JSON object behind the accepted ones; returns its length, or undefined after adding a fault. */
  fillNext(place: string, row: { readonly [name: string]: unknown }): number | undefined {
    const vector = row['vector'];
    if (!Array.isArray(vector)) {
      const hint = vector === undefined ? renameHint(Object.keys(row), 'vector') : undefined;
      this.#refuse(place, 'vector', hint ?? shown(vector), `an array of ${this.#dimensions} numbers`);
      return undefined;
    }
    const stray = vector.findIndex((component) => typeof component !== 'number');
    if (stray !== -1) {
      this.#refuse(place, 'vector', `${shown(vector[stray])} as component ${stray + 1}`, 'numbers only');
      return undefined;
    }
    if (vector.length === this.#dimensions) this.vectors.set(vector, this.rowCount * this.#dimensions);
    return vector.length;
  }

  /** Accepts the vector behind the accepted ones, which has `length` components, or adds what is wrong to the faults. */
  accept(place: string, length: number, keyValue: unknown, countValue: unknown): void {
    const key = this.#keyText(place, keyValue);
    const count = this.#count(place, countValue);
    if (this.#isGoodVector(place, length) && key !== undefined && count !== undefined) {
      this.#keys.push(key);
      this.#places.push(place);
      this.#counts.push(count);
    }
  }

  /** The accepted vectors, which are forgotten here. */
  take(): VectorBatch {
    const { rowCount } = this;
    const keyed = { keys: this.#keys, places: this.#places, counts: this.#counts };
    [this.#keys, this.#places, this.#counts] = [[], [], []];
    return { rowCount, vectors: this.vectors.subarray(0, rowCount * this.#dimensions), keyed };
  }

  #isGoodVector(place: string, length: number): boolean {
    if (length !== this.#dimensions) {
      this.#refuse(
        place,
        'vector',
        length === 0 ? 'nothing' : `${length} dimensions`,
        `${this.#dimensions} dimensions`,
      );
      return false;
    }
    const start = this.rowCount * this.#dimensions;
    const bad = firstNotFinite(this.vectors, start, start + this.#dimensions);
    if (bad !== -1) this.#faults.add(componentFault(this.#file, place, bad - start, this.vectors[bad]!));
    return bad === -1;
  }

  #keyText(place: string, value: unknown): string | undefined {
    const key = this.#key === 'shopId' ? idText(value) : value;
    const charactersMax = this.#key === 'shopId' ? ID_CHARACTERS_MAX : KEYWORD_CHARACTERS_MAX;
    if (typeof key === 'string' && key !== '' && key.length <= charactersMax && key.isWellFormed()) {
      return key;
    }
    this.#refuse(place, this.#key, shown(value ?? undefined), `text of 1..${charactersMax} characters`);
    return undefined;
  }

  #count(place: string, value: unknown): number | undefined {
    if (value === undefined || value === null) return 0;
    const count = typeof value === 'number' || typeof value === 'bigint' ? Number(value) : Number.NaN;
    if (count >= 0 && count < Infinity) return count;
    this.#refuse(place, 'count', shown(value), 'a number from 0 on');
    return undefined;
  }

  #refuse(place: string, column: string, found: string, expected: string): void {
    this.#faults.add({ file: this.#file.path, place, column, found, expected });
  }
}
