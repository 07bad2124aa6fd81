/**
 * The form of a record, proven from its bytes: JSON as a build writes it, without blanks, its fields in this order.
 *
 *     {"shopId":"…","lon":…,"lat":…,"name":"…","deliveryRadiusMeters":…,…,"popularity":…,"attributes":{…}}
 *
 * No object is made of it: parsing a million records took 2.5 s, this takes 0.5. It proves or it does not, and never
 * says why not. Other ways to escape a character and a name twice among the attributes are let pass: an answer can show
 * them. Every function returns where something ends, or NONE if it is not there.
 */
import type { TextTable } from '../base/text-table.ts';

const NONE = -1;
const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const OPENING_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;
const BLANK = 0x20;

/** Objects and arrays inside each other. What lies deeper is not proven here. */
const DEPTH_MAX = 64;
/** The longest that JSON writes without an exponent. */
const NUMBER_BYTES_MAX = 25;
/** A whole number of so many digits is exact, and so is ten to that power: their quotient is rounded once, as JSON's. */
const EXACT_DIGITS_MAX = 15;
const POWER_OF_TEN = Float64Array.from({ length: EXACT_DIGITS_MAX }, (_, i) => 10 ** i);

const SHOP_ID = bytesOf('{"shopId":"');
const LON = bytesOf('","lon":');
const LAT = bytesOf(',"lat":');
const NAME = bytesOf(',"name":');
const RADIUS = bytesOf(',"deliveryRadiusMeters":');
const HOURS = bytesOf(',"openingHours":');
const TIME_ZONE = bytesOf(',"timeZone":');
const CATEGORY = bytesOf(',"category":');
const PRICE = bytesOf(',"price":');
const RATING = bytesOf(',"rating":');
const POPULARITY = bytesOf(',"popularity":');
const ATTRIBUTES = bytesOf(',"attributes":');
const [TRUE, FALSE, NULL] = [bytesOf('true'), bytesOf('false'), bytesOf('null')];
/** Bytes that may follow a backslash, but for the u of four hexadecimal digits. */
const ESCAPED = bytesOf('"\\/bfnrt');

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text));
}

/**
 * The first row of `first` … `end` that is not proven, or `end`: proven is a record that has the form, and in it the id
 * and the coordinate of its row. The rows' texts must be UTF-8. `coordinates` is float64[rows][2], lon before lat.
 */
export function firstUnproven(
  records: TextTable,
  ids: TextTable,
  coordinates: Float64Array,
  first: number,
  end: number,
): number {
  const { text } = records;
  const idText = ids.text;
  for (let row = first; row < end; row++) {
    const to = records.startOf(row + 1);
    let at = afterBytes(SHOP_ID, text, records.startOf(row), to);
    at = afterId(idText, ids.startOf(row), ids.startOf(row + 1), text, at, to);
    at = afterNumber(coordinates[row * 2]!, text, afterBytes(LON, text, at, to), to);
    at = afterNumber(coordinates[row * 2 + 1]!, text, afterBytes(LAT, text, at, to), to);
    at = afterString(NAME, text, at, to);
    at = afterAnyNumber(RADIUS, text, at, to);
    at = afterString(HOURS, text, at, to);
    at = afterString(TIME_ZONE, text, at, to);
    at = afterString(CATEGORY, text, at, to);
    at = afterAnyNumber(PRICE, text, at, to);
    at = afterAnyNumber(RATING, text, at, to);
    at = afterAnyNumber(POPULARITY, text, at, to);
    at = afterBytes(ATTRIBUTES, text, at, to);
    if (at === NONE || text[at] !== OPENING_BRACE) return row;
    at = objectEnd(text, at, to, 1);
    if (at !== to - 1 || text[at] !== CLOSING_BRACE) return row;
  }
  return end;
}

function afterBytes(expected: Uint8Array, text: Uint8Array, at: number, to: number): number {
  const { length } = expected;
  if (at === NONE || at + length > to) return NONE;
  for (let i = 0; i < length; i++) if (text[at + i] !== expected[i]) return NONE;
  return at + length;
}

/** An id inside its quotes. One that JSON must escape is not proven. */
function afterId(
  ids: Uint8Array,
  idAt: number,
  idTo: number,
  text: Uint8Array,
  at: number,
  to: number,
): number {
  const length = idTo - idAt;
  if (at === NONE || at + length > to) return NONE;
  for (let i = 0; i < length; i++) {
    const byte = text[at + i]!;
    if (byte !== ids[idAt + i] || byte === QUOTE || byte === BACKSLASH || byte < BLANK) return NONE;
  }
  return at + length;
}

/** A number that means `value`. */
function afterNumber(value: number, text: Buffer, at: number, to: number): number {
  const end = at === NONE ? NONE : numberEnd(text, at, to);
  return end !== NONE && numberAt(text, at, end) === value ? end : NONE;
}

function numberAt(text: Buffer, at: number, end: number): number {
  const isNegative = text[at] === MINUS;
  let digits = 0;
  let point = end - 1;
  for (let i = isNegative ? at + 1 : at; i < end; i++) {
    if (text[i] === POINT) point = i;
    else if (isDigit(text[i]!) && end - at <= EXACT_DIGITS_MAX) digits = digits * 10 + text[i]! - ZERO;
    else return Number(text.toString('latin1', at, end));
  }
  const size = digits / POWER_OF_TEN[end - 1 - point]!;
  return isNegative ? -size : size;
}

/** A field and its text, or nothing if the field is not there. */
function afterString(field: Uint8Array, text: Uint8Array, at: number, to: number): number {
  const value = afterBytes(field, text, at, to);
  if (value === NONE) return at;
  return text[value] === QUOTE ? stringEnd(text, value, to) : NONE;
}

/** A field and its number, or nothing if the field is not there. */
function afterAnyNumber(field: Uint8Array, text: Uint8Array, at: number, to: number): number {
  const value = afterBytes(field, text, at, to);
  return value === NONE ? at : numberEnd(text, value, to);
}

function valueEnd(text: Uint8Array, at: number, to: number, depth: number): number {
  switch (text[at]) {
    case QUOTE:
      return stringEnd(text, at, to);
    case OPENING_BRACE:
      return objectEnd(text, at, to, depth + 1);
    case OPENING_BRACKET:
      return arrayEnd(text, at, to, depth + 1);
    case TRUE[0]:
      return afterBytes(TRUE, text, at, to);
    case FALSE[0]:
      return afterBytes(FALSE, text, at, to);
    case NULL[0]:
      return afterBytes(NULL, text, at, to);
    default:
      return numberEnd(text, at, to);
  }
}

function objectEnd(text: Uint8Array, start: number, to: number, depth: number): number {
  if (depth > DEPTH_MAX) return NONE;
  let at = start + 1;
  if (text[at] === CLOSING_BRACE) return at + 1;
  while (at < to && text[at] === QUOTE) {
    at = stringEnd(text, at, to);
    if (at === NONE || text[at] !== COLON) return NONE;
    at = valueEnd(text, at + 1, to, depth);
    if (at === NONE) return NONE;
    if (text[at] === CLOSING_BRACE) return at + 1;
    if (text[at] !== COMMA) return NONE;
    at++;
  }
  return NONE;
}

function arrayEnd(text: Uint8Array, start: number, to: number, depth: number): number {
  if (depth > DEPTH_MAX) return NONE;
  let at = start + 1;
  if (text[at] === CLOSING_BRACKET) return at + 1;
  while (at < to) {
    at = valueEnd(text, at, to, depth);
    if (at === NONE) return NONE;
    if (text[at] === CLOSING_BRACKET) return at + 1;
    if (text[at] !== COMMA) return NONE;
    at++;
  }
  return NONE;
}

/** The end of the text that begins with the quote at `start`. */
function stringEnd(text: Uint8Array, start: number, to: number): number {
  for (let at = start + 1; at < to; at++) {
    const byte = text[at]!;
    if (byte === QUOTE) return at + 1;
    if (byte < BLANK) return NONE;
    if (byte === BACKSLASH) {
      at++;
      if (text[at] === 0x75) {
        for (let i = 1; i <= 4; i++) if (!isHexDigit(text[at + i]!)) return NONE;
        at += 4;
      } else if (!ESCAPED.includes(text[at]!)) return NONE;
    }
  }
  return NONE;
}

/** -? (0 | [1-9][0-9]*) (. [0-9]+)?, short enough to be finite. Others, with exponents, are not proven. */
function numberEnd(text: Uint8Array, start: number, to: number): number {
  const whole = text[start] === MINUS ? start + 1 : start;
  let at = digitsEnd(text, whole, to);
  if (at === whole || (text[whole] === ZERO && at > whole + 1)) return NONE;
  if (at < to && text[at] === POINT) {
    const fraction = at + 1;
    at = digitsEnd(text, fraction, to);
    if (at === fraction) return NONE;
  }
  return at - start > NUMBER_BYTES_MAX ? NONE : at;
}

function digitsEnd(text: Uint8Array, start: number, to: number): number {
  let at = start;
  while (at < to && isDigit(text[at]!)) at++;
  return at;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39;
}

function isHexDigit(byte: number): boolean {
  const lower = byte | 0x20;
  return isDigit(byte) || (lower >= 0x61 && lower <= 0x66);
}
