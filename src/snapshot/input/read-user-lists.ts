/** Reads the shops that were chosen for users ahead of time: NDJSON or Parquet with `userId` and `shopIds`, in bounded memory. */
import { shown } from '../../base/validate.ts';
import { USER_LIST_SHOP_COUNT_MAX } from '../../catalog/user-lists.ts';
import { ID_CHARACTERS_MAX } from '../../domain/action.ts';
import { checkColumns, idText, renameHint } from './input-columns.ts';
import { type InputFaults, inputInvalid } from './input-faults.ts';
import { type InputFile, type InputProgress, inspectInput } from './input-file.ts';
import { ParquetFile } from './parquet-file.ts';
import { readJsonRows } from './text-lines.ts';

/** The list of a user and where it stands in its file. */
export interface PlacedUserList {
  readonly place: string;
  readonly userId: string;
  /** 1 to 1,000, best first. */
  readonly shopIds: readonly string[];
}

const COLUMNS_NEEDED = ['userId', 'shopIds'] as const;
/** A million texts, if all lists were as long as they may be. */
const PARQUET_ROWS_MAX = 1_024;

/**
 * Yields the lists of the file at `path` in its order, some at a time. A bad row is added to `faults`, left out, and
 * reading goes on; which shops there are, and what occurs twice, is not looked for. The extension decides the format.
 * Throws `file_unreadable`, or `input_invalid` for a file that cannot be read on.
 */
export async function* readUserLists(
  path: string,
  faults: InputFaults,
  onProgress?: InputProgress,
): AsyncGenerator<readonly PlacedUserList[]> {
  const file = await inspectInput(path, ['ndjson', 'parquet']);
  const reader = new UserListReader(path, faults);
  if (file.format === 'parquet') yield* parquetLists(file, reader, faults, onProgress);
  else yield* jsonLists(file, reader, faults, onProgress);
  reader.finish();
}

async function* jsonLists(
  file: InputFile,
  reader: UserListReader,
  faults: InputFaults,
  onProgress?: InputProgress,
): AsyncGenerator<PlacedUserList[]> {
  for await (const rows of readJsonRows(file, faults, onProgress)) {
    yield rows.flatMap(({ place, value }) => reader.read(place, value) ?? []);
  }
}

async function* parquetLists(
  file: InputFile,
  reader: UserListReader,
  faults: InputFaults,
  onProgress?: InputProgress,
): AsyncGenerator<PlacedUserList[]> {
  const parquet = await ParquetFile.open(file);
  try {
    checkColumns(file.path, 'schema', parquet.columns, COLUMNS_NEEDED, faults);
    const column = parquet.openLists('shopIds');
    let row = 0;
    for await (const { rowCount, values } of parquet.readRows(['userId'], PARQUET_ROWS_MAX)) {
      const lists = await column.take(rowCount);
      if (lists.length < rowCount) throw listsEnd(file, row + lists.length, parquet.rowCount);
      yield lists.flatMap(
        (shopIds, i) => reader.read(`row ${++row}`, { userId: values[0]![i], shopIds }) ?? [],
      );
      onProgress?.((file.sizeBytes * row) / parquet.rowCount, file.sizeBytes);
    }
  } finally {
    await parquet.close();
  }
}

function listsEnd(file: InputFile, rowCount: number, expectedCount: number): Error {
  const expected = `${expectedCount} rows as in the footer; write it again`;
  const found = 'the last list';
  return inputInvalid({ file: file.path, place: `row ${rowCount}`, column: 'shopIds', found, expected });
}

/** Reads the rows of one file, one after the other. */
class UserListReader {
  readonly #file: string;
  readonly #faults: InputFaults;
  #rowCount = 0;

  constructor(file: string, faults: InputFaults) {
    this.#file = file;
    this.#faults = faults;
  }

  /** The list of a row, or undefined after adding what is wrong to the faults. */
  read(place: string, row: { readonly [name: string]: unknown }): PlacedUserList | undefined {
    this.#rowCount++;
    const userId = this.#userId(place, row);
    const shopIds = this.#shopIds(place, row);
    return userId === undefined || shopIds === undefined ? undefined : { place, userId, shopIds };
  }

  /** Throws `input_invalid` if there was no row at all. */
  finish(): void {
    if (this.#rowCount > 0) return;
    this.#faults.throwIfAny();
    const expected = 'one row for each user with a list';
    throw inputInvalid({ file: this.#file, place: 'content', found: 'no lists', expected });
  }

  #userId(place: string, row: { readonly [name: string]: unknown }): string | undefined {
    const userId = idText(row['userId']);
    if (userId !== undefined && isId(userId)) return userId;
    return this.#refuse(
      place,
      'userId',
      foundIn(row, 'userId'),
      `text of 1..${ID_CHARACTERS_MAX} characters`,
    );
  }

  #shopIds(place: string, row: { readonly [name: string]: unknown }): string[] | undefined {
    const values: unknown = row['shopIds'];
    const expected = `a list of 1..${USER_LIST_SHOP_COUNT_MAX} shop ids`;
    if (!Array.isArray(values)) return this.#refuse(place, 'shopIds', foundIn(row, 'shopIds'), expected);
    if (values.length === 0 || values.length > USER_LIST_SHOP_COUNT_MAX)
      return this.#refuse(place, 'shopIds', `a list of ${values.length}`, expected);
    const shopIds: string[] = [];
    for (const [i, value] of values.entries()) {
      const shopId = idText(value);
      if (shopId === undefined || !isId(shopId))
        return this.#refuse(
          place,
          `shopIds[${i}]`,
          shown(value),
          `text of 1..${ID_CHARACTERS_MAX} characters`,
        );
      shopIds.push(shopId);
    }
    return shopIds;
  }

  #refuse(place: string, column: string, found: string, expected: string): undefined {
    this.#faults.add({ file: this.#file, place, column, found, expected });
  }
}

function isId(text: string): boolean {
  return text !== '' && text.length <= ID_CHARACTERS_MAX && text.isWellFormed();
}

/** What stands there, or in a field that is probably meant. */
function foundIn(row: { readonly [name: string]: unknown }, column: string): string {
  const value = row[column] ?? undefined;
  return (value === undefined ? renameHint(Object.keys(row), column) : undefined) ?? shown(value);
}
