/** The columns that shops, vectors, lists of users and actions share: which are needed, which other names people give them, and what is an id. */
import { type InputFaults, inputInvalid } from './input-faults.ts';

/** Names seen in the wild, lower case and without anything but letters; the likelier first. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  shopId: [
    'shopid',
    'shop',
    'storeid',
    'store',
    'poiid',
    'poi',
    'placeid',
    'place',
    'venueid',
    'venue',
    'itemid',
    'businessid',
    'restaurantid',
    'restaurant',
    'fsqid',
    'id',
  ],
  lon: ['lon', 'lng', 'long', 'longitude', 'x'],
  lat: ['lat', 'latitude', 'y'],
  vector: ['vector', 'vec', 'vectors', 'embedding', 'embeddings', 'emb', 'values', 'features'],
  keyword: ['keyword', 'keywords', 'query', 'searchquery', 'searchterm', 'term', 'text', 'search'],
  at: [
    'at',
    'timestamp',
    'timestampms',
    'eventtime',
    'createdat',
    'occurredat',
    'ts',
    'time',
    'datetime',
    'utc',
    'date',
  ],
  userId: [
    'userid',
    'user',
    'customerid',
    'customer',
    'memberid',
    'member',
    'clientid',
    'visitorid',
    'accountid',
    'uid',
  ],
  shopIds: ['shopids', 'shops', 'shopid', 'storeids', 'stores', 'itemids', 'items', 'recommendations'],
};

/** Columns that are not always needed. */
export interface OtherColumns {
  /** One of them is, if there are any. */
  readonly oneOf?: readonly string[];
  /** They are not, and are refused if they are spelt otherwise: nobody would notice. */
  readonly alsoRead?: readonly string[];
}

/** Throws `input_invalid`, naming what was probably meant, unless every needed column is there and each name is given once. */
export function checkColumns(
  file: string,
  place: string,
  columns: readonly string[],
  needed: readonly string[],
  faults: InputFaults,
  others: OtherColumns = {},
): void {
  const fault = missingColumns(columns, needed, others) ?? badName(columns);
  if (fault === undefined) return;
  faults.throwIfAny(); // a header line that was not UTF-8 is the earlier fault
  throw inputInvalid({ file, place, ...fault });
}

/** `shop_id; rename it to shopId` if none of `columns` is called `needed`, but one is probably meant. */
export function renameHint(columns: readonly string[], needed: string): string | undefined {
  if (columns.includes(needed)) return undefined;
  const meant = [needed.toLowerCase(), ...(OTHER_NAMES[needed] ?? [])]
    .map((name) => columns.find((column) => lettersOf(column) === name))
    .find((column) => column !== undefined);
  return meant === undefined ? undefined : `${meant}; rename it to ${needed}`;
}

function lettersOf(name: string): string {
  return name.toLowerCase().replace(/[^a-z]/g, '');
}

/** The text of an id, or undefined. Whole numbers are taken too, as tables often hold ids so. */
export function idText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'bigint' || Number.isSafeInteger(value) ? String(value) : undefined;
}

function missingColumns(
  columns: readonly string[],
  needed: readonly string[],
  { oneOf = [], alsoRead = [] }: OtherColumns,
) {
  const isAbsent = (column: string): boolean => !columns.includes(column);
  const isMisspelt = (column: string): boolean =>
    isAbsent(column) &&
    columns.some((name) => name.toLowerCase().replace(/[\s_-]/g, '') === column.toLowerCase());
  const missing = [
    ...needed.filter(isAbsent),
    ...(oneOf.every(isAbsent) ? oneOf : oneOf.filter(isMisspelt)),
    ...alsoRead.filter((column) => isMisspelt(column) && !oneOf.includes(column)),
  ];
  if (missing.length === 0) return undefined;
  const expectedColumns = [...needed, ...(oneOf.length > 0 ? [oneOf.join(' or ')] : [])];
  const hints = missing.flatMap((column) => renameHint(columns, column) ?? []);
  const separator = columns.length === 1 ? /[;\t|]/.exec(columns[0]!)?.[0] : undefined;
  if (separator !== undefined) {
    hints.push(`fields are separated by ${JSON.stringify(separator)}; separate them by ","`);
  }
  return {
    column: missing.join(', '),
    found: `the columns ${columns.join(', ')}`,
    expected: [`${expectedColumns.join(', ')} among them`, ...hints.map((hint) => `found ${hint}`)].join(
      '; ',
    ),
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
