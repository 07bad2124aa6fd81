/**
 * Shops chosen for single users ahead of time, by user id; read where they lie, so opening costs the same for one user and
 * for a million.
 *
 *     u32 user count U │ u32 entry count E
 *     starts    u32 [U + 1]  first entry of each user's list, then E
 *     ordinals  u32 [E]      the shops of each list, best first
 *     ids       text table   of the users, in byte order
 */
import { check } from '../base/errors.ts';
import { Uint32List } from '../base/growing-list.ts';
import { invalidSection } from '../base/invalid-section.ts';
import { TextTable } from '../base/text-table.ts';
import { TextInterner } from './text-interner.ts';

const SECTION = 'userLists';
const HEADER_BYTES = 8;
const UINT32_BYTES = 4;
/** Shops in one list. */
export const USER_LIST_SHOP_COUNT_MAX = 1_000;

/** Bytes in front of the ids. */
function fixedBytesOf(userCount: number, entryCount: number): number {
  return HEADER_BYTES + (userCount + 1 + entryCount) * UINT32_BYTES;
}

/** The parts of a section that is long enough for them, in place. */
function partsOf(bytes: Uint8Array, userCount: number, entryCount: number) {
  const { buffer, byteOffset } = bytes;
  const starts = new Uint32Array(buffer, byteOffset + HEADER_BYTES, userCount + 1);
  const ordinals = new Uint32Array(buffer, starts.byteOffset + starts.byteLength, entryCount);
  return { starts, ordinals, ids: bytes.subarray(fixedBytesOf(userCount, entryCount)) };
}

/** How many users a section holds lists of, from its first four bytes. */
export function userListCountIn(start: Uint8Array): number {
  return new DataView(start.buffer, start.byteOffset).getUint32(0, true);
}

/** Collects lists in the order of the input: 4 bytes for each shop of a list, and the users' ids. */
export class UserListsBuilder {
  readonly #ids = new TextInterner();
  /** Where the list of each user ends; it begins where the one before ends. */
  readonly #ends = new Uint32List();
  /** Rows of the shops in the input. */
  readonly #shopRows = new Uint32List();

  get userCount(): number {
    return this.#ends.count;
  }

  /** Adds the list of a user, best first, and returns -1; or, for a user who has one, which one it was, from 0. */
  add(userId: string, shopRows: readonly number[]): number {
    const number = this.#ids.numberOf(userId);
    if (number < this.userCount) return number;
    for (const row of shopRows) this.#shopRows.push(row);
    this.#ends.push(this.#shopRows.count);
    return -1;
  }

  /** The section, `ordinalOf[row]` being the ordinal of a shop in the input. The same lists in any order make the same bytes. */
  encode(ordinalOf: Uint32Array): Uint8Array {
    const { bytes: ids, place } = this.#ids.encodeSorted();
    const [ends, shopRows] = [this.#ends.values, this.#shopRows.values];
    const bytes = new Uint8Array(fixedBytesOf(ends.length, shopRows.length) + ids.length);
    new Uint32Array(bytes.buffer, 0, 2).set([ends.length, shopRows.length]);
    const parts = partsOf(bytes, ends.length, shopRows.length);
    const startOf = (user: number): number => (user === 0 ? 0 : ends[user - 1]!);
    ends.forEach((end, user) => (parts.starts[place[user]! + 1] = end - startOf(user)));
    for (let i = 1; i <= ends.length; i++) parts.starts[i]! += parts.starts[i - 1]!;
    ends.forEach((end, user) => {
      let at = parts.starts[place[user]!]!;
      for (let i = startOf(user); i < end; i++) parts.ordinals[at++] = ordinalOf[shopRows[i]!]!;
    });
    parts.ids.set(ids);
    return bytes;
  }
}

export class UserLists {
  readonly userCount: number;
  readonly #ids: TextTable;
  readonly #starts: Uint32Array;
  readonly #ordinals: Uint32Array;

  /** Throws `snapshot_invalid` if the parts cannot be there. */
  constructor(bytes: Uint8Array) {
    check(bytes.byteOffset % UINT32_BYTES === 0, `section ${SECTION} is not aligned`);
    expectBytes(bytes, HEADER_BYTES);
    const [userCount, entryCount] = new Uint32Array(bytes.buffer, bytes.byteOffset, 2);
    expectBytes(bytes, fixedBytesOf(userCount!, entryCount!));
    const { starts, ordinals, ids } = partsOf(bytes, userCount!, entryCount!);
    this.userCount = userCount!;
    this.#starts = starts;
    this.#ordinals = ordinals;
    this.#ids = TextTable.over(ids, SECTION);
  }

  /** Ordinals of the shops chosen for a user, best first, each once, in place; undefined for a user without a list. */
  of(userId: string): Uint32Array | undefined {
    const user = this.#ids.find(userId);
    return user === -1 ? undefined : this.#ordinals.subarray(this.#starts[user], this.#starts[user + 1]);
  }

  /**
   * Throws `snapshot_invalid` unless the users' ids ascend and every list holds 1 to 1,000 of `shopCount` shops, each once.
   * With `first` and `end`, looks at these users alone; ranges that cover all users prove the whole.
   */
  verify(shopCount: number, first = 0, end = this.userCount): void {
    if (this.#ids.count !== this.userCount)
      throw invalidSection(SECTION, `has ids of ${this.#ids.count} users, expected ${this.userCount}`);
    this.#ids.verify(first, end);
    this.#ids.verifySorted(first, end);
    this.#verifyEnds();
    const lastUserOf = new Uint32Array(shopCount); // of each shop, the user who had it last, counted from 1
    for (let user = first; user < end; user++) this.#verifyList(user, lastUserOf);
  }

  #verifyEnds(): void {
    const first = this.#starts[0]!;
    const end = this.#starts[this.userCount]!;
    if (first === 0 && end === this.#ordinals.length) return;
    const expected = `0 to ${this.#ordinals.length}`;
    throw invalidSection(SECTION, `the lists go from ${first} to ${end}, expected ${expected}`);
  }

  #verifyList(user: number, lastUserOf: Uint32Array): void {
    const start = this.#starts[user]!;
    const length = this.#starts[user + 1]! - start;
    if (length < 1 || length > USER_LIST_SHOP_COUNT_MAX) {
      const expected = `1..${USER_LIST_SHOP_COUNT_MAX}`;
      throw invalidSection(SECTION, `the list of user ${user} has ${length} shops, expected ${expected}`);
    }
    for (let i = start; i < start + length; i++) {
      const ordinal = this.#ordinals[i]!;
      if (ordinal >= lastUserOf.length || lastUserOf[ordinal] === user + 1) {
        const expected = `one below ${lastUserOf.length} that is not in the list yet`;
        throw invalidSection(SECTION, `entry ${i} is ordinal ${ordinal}, expected ${expected}`);
      }
      lastUserOf[ordinal] = user + 1;
    }
  }
}

function expectBytes(bytes: Uint8Array, expected: number): void {
  if (bytes.length >= expected) return;
  throw invalidSection(SECTION, `has ${bytes.length} bytes, expected at least ${expected}`);
}
