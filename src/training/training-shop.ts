/** What training needs to know of a shop. */
import type { Shop } from '../domain/shop.ts';

export type TrainingShop = Pick<Shop, 'shopId' | 'lon' | 'lat' | 'category' | 'price'>;
