/**
 * Writes a table as Parquet, in groups of rows: what was added is held until a group is full, so any number of rows
 * passes through the memory of one group.
 */
import { ByteWriter, ParquetWriter, type SchemaElement } from 'hyparquet-writer';
import { FileAside } from './file-aside.ts';

/** What a column holds. A `text?` may be null. */
export type ParquetType = 'text' | 'text?' | 'texts' | 'int32' | 'float64' | 'instant';
/** A value as `add` takes it: an instant as milliseconds since 1970. */
export type ParquetValue = string | number | null | readonly string[];

const TEXT = { type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const;
const ELEMENTS: Readonly<Record<ParquetType, (name: string) => SchemaElement[]>> = {
  text: (name) => [{ name, ...TEXT, repetition_type: 'REQUIRED' }],
  'text?': (name) => [{ name, ...TEXT, repetition_type: 'OPTIONAL' }],
  texts: (name) => [
    { name, converted_type: 'LIST', num_children: 1, repetition_type: 'REQUIRED' },
    { name: 'list', num_children: 1, repetition_type: 'REPEATED' },
    { name: 'element', ...TEXT, repetition_type: 'REQUIRED' },
  ],
  int32: (name) => [{ name, type: 'INT32', repetition_type: 'REQUIRED' }],
  float64: (name) => [{ name, type: 'DOUBLE', repetition_type: 'REQUIRED' }],
  instant: (name) => [
    { name, type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', repetition_type: 'REQUIRED' },
  ],
};

export class ParquetTable {
  readonly #file: FileAside;
  readonly #writer: ParquetWriter;
  readonly #columns: readonly { readonly name: string; readonly data: ParquetValue[] }[];
  readonly #groupRows: number;
  rowCount = 0;

  /** Creates the file, which is in its place once `finish` returns. A group has `groupRows` rows, the last one fewer. */
  constructor(path: string, columns: { readonly [name: string]: ParquetType }, groupRows: number) {
    const names = Object.keys(columns);
    const elements = names.flatMap((name) => ELEMENTS[columns[name]!](name));
    this.#columns = names.map((name) => ({ name, data: [] }));
    this.#groupRows = groupRows;
    this.#file = new FileAside(path);
    this.#writer = new ParquetWriter({
      writer: new FlushingWriter(this.#file),
      schema: [{ name: 'root', num_children: names.length }, ...elements],
    });
  }

  /** Adds a row, its values in the order of the columns. */
  add(...values: ParquetValue[]): void {
    for (let i = 0; i < this.#columns.length; i++) this.#columns[i]!.data.push(values[i]!);
    this.rowCount++;
    if (this.#columns[0]!.data.length === this.#groupRows) this.#writeGroup();
  }

  /** Writes what is left, and the footer. */
  finish(): void {
    this.#writeGroup();
    void this.#writer.finish(); // nothing that it waits for: the file is written synchronously
    this.#file.finish();
  }

  /** Leaves nothing of a table that is not finished. */
  abandon(): void {
    this.#file.abandon();
  }

  #writeGroup(): void {
    // Where pages begin tells readers little of groups as small as these, and would be held until the footer.
    const columnData = this.#columns.map((column) => ({ ...column, offsetIndex: false }));
    void this.#writer.write({ columnData, rowGroupSize: this.#groupRows });
    for (const { data } of this.#columns) data.length = 0;
  }
}

/** Gives its bytes to a file after every group. */
class FlushingWriter extends ByteWriter {
  readonly #file: FileAside;

  constructor(file: FileAside) {
    super();
    this.#file = file;
  }

  flush(): void {
    this.#file.write(this.getBytes());
    this.index = 0;
  }

  override finish(): void {
    this.flush();
  }
}
