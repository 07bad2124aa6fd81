/**
 * Collects shops in the order of the input and writes the sections of a catalog in the order of their
 * ordinals.
 */
import type { Shop } from '../domain/shop.ts';
import type { CatalogSections } from './catalog.ts';
import { ColumnsBuilder } from './columns-builder.ts';
import { PayloadBuilder } from './payload.ts';
import { encodeShopIdOrder } from './shop-ids.ts';
import { TextTableBuilder } from '../base/text-table-builder.ts';

export class CatalogBuilder {
  readonly #ids = new TextTableBuilder();
  readonly #columns = new ColumnsBuilder();
  readonly #payload = new PayloadBuilder();

  /**
   * Adds the next shop. Throws `input_invalid` for a shop that a catalog cannot hold; the builder is of no
   * use then.
   */
  add(shop: Shop): void {
    this.#ids.add(shop.shopId);
    this.#columns.add(shop);
    this.#payload.add(shop);
  }

  /**
   * The sections, `order[ordinal]` being the place of the shop in the input. The same shops in the same order
   * make the same bytes. Throws `input_invalid` if two shops have the same id.
   */
  encode(order: Uint32Array): CatalogSections {
    const shopIds = this.#ids.encode(order);
    const shopIdOrder = encodeShopIdOrder(shopIds);
    return {
      shopIds,
      shopIdOrder,
      columns: this.#columns.encode(order),
      payload: this.#payload.encode(order),
    };
  }
}
