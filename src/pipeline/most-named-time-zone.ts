/** Which time zone shops say they are in. */
import { InputFaults } from '../snapshot/input/input-faults.ts';
import { readShops } from '../snapshot/input/read-shops.ts';

/** The zone that most shops of the file at `path` name, among all that name one; null if none does. Rows that do not hold are passed over. */
export async function mostNamedTimeZone(path: string): Promise<string | null> {
  const counts = new Map<string, number>();
  for await (const shops of readShops(path, new InputFaults()))
    for (const { shop } of shops)
      if (shop.timeZone !== undefined) counts.set(shop.timeZone, (counts.get(shop.timeZone) ?? 0) + 1);
  const [most] = [...counts].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return most?.[0] ?? null;
}
