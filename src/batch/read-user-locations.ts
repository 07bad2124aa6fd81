/** Reads where users are from a file: CSV, NDJSON or Parquet with `userId`, `lon` and `lat`. */
import { shown } from '../base/validate.ts';
import { ID_CHARACTERS_MAX } from '../domain/action.ts';
import type { Location } from '../domain/location.ts';
import { LocationSchema } from '../domain/location-schema.ts';
import { idText, renameHint } from '../snapshot/input/input-columns.ts';
import { InputFaults, inputInvalid } from '../snapshot/input/input-faults.ts';
import { inspectInput, type InputProgress } from '../snapshot/input/input-file.ts';
import { readTableRows, TABLE_FORMATS, type TableRow } from '../snapshot/input/table-rows.ts';

const COLUMNS = ['userId', 'lon', 'lat'] as const;
type Column = (typeof COLUMNS)[number];
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const EXPECTED = {
  userId: `text of 1..${ID_CHARACTERS_MAX} characters`,
  lon: 'a number -180..180',
  lat: 'a number -90..90',
};

/**
 * The location of every user of the file, in its order. Throws `input_invalid` with every bad row and every repeated user
 * named (the first 20, the rest counted) and if there is no row at all, `file_unreadable`.
 */
export async function readUserLocations(
  path: string,
  onProgress?: InputProgress,
): Promise<Map<string, Location>> {
  const file = await inspectInput(path, TABLE_FORMATS);
  const faults = new InputFaults();
  const locations = new Map<string, Location>();
  const columns = { needed: COLUMNS, alsoRead: [] };
  for await (const rows of readTableRows(file, columns, faults, onProgress))
    for (const row of rows) addRow(row, path, locations, faults);
  faults.throwIfAny();
  if (locations.size > 0) return locations;
  throw inputInvalid({ file: path, place: 'content', found: 'no users', expected: 'one row for each user' });
}

function addRow(row: TableRow, file: string, locations: Map<string, Location>, faults: InputFaults): void {
  const refuse = (column: Column, found: string, expected: string): void =>
    faults.add({ file, place: row.place, column, found, expected });
  const userId = idText(valueIn(row, 'userId'));
  const [lon, lat] = [numberOf(valueIn(row, 'lon')), numberOf(valueIn(row, 'lat'))];
  const isGood = {
    userId: userId !== undefined && isId(userId),
    lon: LocationSchema.shape.lon.safeParse(lon).success,
    lat: LocationSchema.shape.lat.safeParse(lat).success,
  };
  for (const column of COLUMNS) if (!isGood[column]) refuse(column, foundIn(row, column), EXPECTED[column]);
  if (!Object.values(isGood).every(Boolean)) return;
  if (locations.has(userId!)) refuse('userId', `${shown(userId)} a second time`, 'each userId once');
  else locations.set(userId!, { lon, lat });
}

/** The value of a column, or undefined where there is none: CSV has no other way to say so than an empty field. */
function valueIn({ columns, values }: TableRow, column: Column): unknown {
  const value = values[columns.indexOf(column)];
  return value === null || value === '' ? undefined : value;
}

function numberOf(value: unknown): number {
  if (typeof value === 'string') return DECIMAL.test(value.trim()) ? Number(value) : Number.NaN;
  return typeof value === 'number' ? value : Number.NaN;
}

function isId(text: string): boolean {
  return text !== '' && text.length <= ID_CHARACTERS_MAX && text.isWellFormed();
}

/** What stands there, or in a column that is probably meant. */
function foundIn(row: TableRow, column: Column): string {
  const value = valueIn(row, column);
  return (value === undefined ? renameHint(row.columns, column) : undefined) ?? shown(value);
}
