/** Tells shops in their order from others: what vectors without ids belong to. */
import { createHash } from 'node:crypto';

/** SHA-256, in hex, of the ids in their order, each as JSON text with a line feed behind it. */
export function hashOfShopIds(shopIds: Iterable<string>): string {
  const hash = createHash('sha256');
  for (const shopId of shopIds) hash.update(`${JSON.stringify(shopId)}\n`);
  return hash.digest('hex');
}
