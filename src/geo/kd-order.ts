/** The order of the rows of a snapshot: the leaf order of a kd-tree over the shops' coordinates. */
import KDBush from 'kdbush';

/** Rows of a leaf, which are tested one by one. */
export const LEAF_SIZE = 64;

/** Returns order[ordinal] = input row. Neighbours on the map become neighbours in the file. Same input, same order. */
export function kdOrder(lons: Float64Array, lats: Float64Array): Uint32Array {
  const tree = new KDBush(lons.length, LEAF_SIZE, Float64Array);
  for (let row = 0; row < lons.length; row++) tree.add(lons[row]!, lats[row]!);
  tree.finish();
  return Uint32Array.from(tree.ids);
}
