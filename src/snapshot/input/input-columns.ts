/** The columns that shops, vectors, lists of users and actions share: which are needed, which other names people give them, and what is an id. */
import { type InputFaults, inputInvalid } from './input-faults.ts';

/** Names seen in the wild, lower case and without anything but letters. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  shopId: [
    'shopid',
    'id',
    'shop',
    'storeid',
    'poiid',
    'placeid',
    'venueid',
    'itemid',
    'businessid',
    'restaurantid',
    'fsqid',
  ],
  lon: ['lon', 'lng', 'long', 'longitude', 'x'],
  lat: ['lat', 'latitude', 'y'],
  vector: ['vector', 'vec', 'vectors', 'embedding', 'embeddings', 'emb', 'values', 'features'],
  keyword: ['keyword', 'query', 'term', 'text', 'search', 'keywords'],
  at: ['at', 'time', 'timestamp', 'ts', 'date', 'datetime', 'createdat', 'utc'],
  userId: ['userid', 'user', 'customerid', 'memberid', 'uid'],
  shopIds: ['shopids', 'shops', 'shopid', 'storeids', 'stores', 'itemids', 'items', 'recommendations'],
};

/** Throws `input_invalid`, naming what was probably meant, unless every needed column is there and each name is given once. */
export function checkColumns(
  file: string,
  place: string,
  columns: readonly string[],
  needed: readonly string[],
  faults: InputFaults,
): void {
  const fault = missingColumns(columns, needed) ?? badName(columns);
  if (fault === undefined) return;
  faults.throwIfAny(); // a header line that was not UTF-8 is the earlier fault
  throw inputInvalid({ file, place, ...fault });
}

/** `shop_id; rename it to shopId` if none of `columns` is called `needed`, but one is probably meant. */
export function renameHint(columns: readonly string[], needed: string): string | undefined {
  if (columns.includes(needed)) return undefined;
  const meant = columns.find((column) =>
    OTHER_NAMES[needed]?.includes(column.toLowerCase().replace(/[^a-z]/g, '')),
  );
  return meant === undefined ? undefined : `${meant}; rename it to ${needed}`;
}

/** The text of an id, or undefined. Whole numbers are taken too, as tables often hold ids so. */
export function idText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'bigint' || Number.isSafeInteger(value) ? String(value) : undefined;
}

function missingColumns(columns: readonly string[], needed: readonly string[]) {
  const missing = needed.filter((column) => !columns.includes(column));
  if (missing.length === 0) return undefined;
  const hints = missing.flatMap((column) => renameHint(columns, column) ?? []);
  const separator = columns.length === 1 ? /[;\t|]/.exec(columns[0]!)?.[0] : undefined;
  if (separator !== undefined) {
    hints.push(`fields are separated by ${JSON.stringify(separator)}; separate them by ","`);
  }
  return {
    column: missing.join(', '),
    found: `the columns ${columns.join(', ')}`,
    expected: [`${needed.join(', ')} among them`, ...hints.map((hint) => `found ${hint}`)].join('; '),
  };
}

function badName(columns: readonly string[]) {
  for (const [index, column] of columns.entries()) {
    const expected = 'a name of its own for every column';
    if (column.trim() === '') {
      return {
        column: `${index + 1}`,
        found: 'no name',
        expected: `${expected} (pandas leaves out that of its index: use index=False)`,
      };
    }
    if (columns.indexOf(column) < index) return { column, found: 'the name twice', expected };
  }
  return undefined;
}
