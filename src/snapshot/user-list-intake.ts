/** Takes the lists of a build that were made for single users, and holds what the snapshot will need of them. */
import { check } from '../base/errors.ts';
import { TextTableBuilder } from '../base/text-table-builder.ts';
import { UserListsBuilder } from '../catalog/user-lists.ts';
import type { InputFaults } from './input/input-faults.ts';
import { readUserLists, type PlacedUserList } from './input/read-user-lists.ts';
import type { ShopIntake } from './shop-intake.ts';

export class UserListIntake {
  #builder: UserListsBuilder | undefined = new UserListsBuilder();
  /** Where the list of each user stands. */
  readonly #places = new TextTableBuilder();
  /** Of each shop, the list that had it last, counted from 1. */
  readonly #lastListOf: Uint32Array;
  #listCount = 0;
  readonly #path: string;
  readonly #shops: ShopIntake;
  readonly #faults: InputFaults;

  private constructor(path: string, shops: ShopIntake, faults: InputFaults) {
    this.#path = path;
    this.#shops = shops;
    this.#faults = faults;
    this.#lastListOf = new Uint32Array(shops.count);
  }

  /** Reads all lists; bad ones are added to `faults`. Without a path there are none. */
  static async read(
    path: string | undefined,
    shops: ShopIntake,
    faults: InputFaults,
    onProgress: (done: number, total: number) => void,
  ): Promise<UserListIntake> {
    const intake = new UserListIntake(path ?? '', shops, faults);
    if (path === undefined) return intake;
    for await (const lists of readUserLists(path, faults, onProgress)) {
      for (const list of lists) intake.#add(list);
    }
    return intake;
  }

  /** The section, once: what it was made of is let go. `ordinalOf[row]` is the ordinal of a shop of the input. */
  takeSection(ordinalOf: Uint32Array): Uint8Array {
    check(this.#builder !== undefined, 'the lists were taken before');
    const section = this.#builder.encode(ordinalOf);
    this.#builder = undefined;
    return section;
  }

  #add({ place, userId, shopIds }: PlacedUserList): void {
    this.#listCount++;
    const rows: number[] = [];
    for (const [i, shopId] of shopIds.entries()) {
      const row = this.#shops.rowOf(shopId);
      if (row === undefined || this.#lastListOf[row] === this.#listCount)
        return this.#refuseShop(place, i, shopId, row !== undefined);
      this.#lastListOf[row] = this.#listCount;
      rows.push(row);
    }
    const first = this.#builder!.add(userId, rows);
    if (first === -1) this.#places.add(place);
    else {
      const found = `${JSON.stringify(userId)}, which ${this.#placeOf(first)} has already`;
      this.#refuse(place, 'userId', found, 'each userId once');
    }
  }

  #refuseShop(place: string, i: number, shopId: string, isRepeated: boolean): void {
    const found = `${JSON.stringify(shopId)}${isRepeated ? ' a second time' : ''}`;
    const expected = isRepeated ? 'each shop of a list once' : 'a shopId of the shops';
    this.#refuse(place, `shopIds[${i}]`, found, expected);
  }

  #placeOf(user: number): string {
    return Buffer.from(this.#places.bytesAt(user)).toString('utf8');
  }

  #refuse(place: string, column: string, found: string, expected: string): void {
    this.#faults.add({ file: this.#path, place, column, found, expected });
  }
}
