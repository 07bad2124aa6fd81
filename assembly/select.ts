/**
 * Keeps the best `capacity` of a stream of (value, position): a binary heap with the worst on top, in two arrays,
 * sorted best first at the end. Better is a larger value, then a smaller position.
 */

@inline
function valueAt(values: usize, at: u32): f64 {
  return load<f64>(values + (at << 3));
}

@inline
function positionAt(positions: usize, at: u32): u32 {
  return load<u32>(positions + (at << 2));
}

@inline
function put(values: usize, positions: usize, at: u32, value: f64, position: u32): void {
  store<f64>(values + (at << 3), value);
  store<u32>(positions + (at << 2), position);
}

@inline
function worse(value: f64, position: u32, otherValue: f64, otherPosition: u32): bool {
  return value < otherValue || (value == otherValue && position > otherPosition);
}

/** Offers one entry to a heap of `size` entries; returns the new size. Once it is full, positions must ascend. */
@inline
export function offer(values: usize, positions: usize, size: u32, capacity: u32, value: f64, position: u32): u32 {
  if (size < capacity) {
    siftUp(values, positions, size, value, position);
    return size + 1;
  }
  // An equal value comes with a larger position, so it is worse than the worst that is kept.
  if (value > valueAt(values, 0)) siftDown(values, positions, size, value, position);
  return size;
}

function siftUp(values: usize, positions: usize, at: u32, value: f64, position: u32): void {
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const parentValue = valueAt(values, parent);
    const parentPosition = positionAt(positions, parent);
    if (!worse(value, position, parentValue, parentPosition)) break;
    put(values, positions, at, parentValue, parentPosition);
    at = parent;
  }
  put(values, positions, at, value, position);
}

/** Puts an entry in the place of the top and lets it sink. */
function siftDown(values: usize, positions: usize, size: u32, value: f64, position: u32): void {
  let at: u32 = 0;
  while (true) {
    let child: u32 = 2 * at + 1;
    if (child >= size) break;
    const right: u32 = child + 1;
    if (
      right < size &&
      worse(valueAt(values, right), positionAt(positions, right), valueAt(values, child), positionAt(positions, child))
    ) {
      child = right;
    }
    const childValue = valueAt(values, child);
    const childPosition = positionAt(positions, child);
    if (!worse(childValue, childPosition, value, position)) break;
    put(values, positions, at, childValue, childPosition);
    at = child;
  }
  put(values, positions, at, value, position);
}

/** Turns the heap into a list, best first: the worst of what is left moves to the end, one by one. */
export function sortBestFirst(values: usize, positions: usize, size: u32): void {
  while (size > 1) {
    size--;
    const value = valueAt(values, size);
    const position = positionAt(positions, size);
    put(values, positions, size, valueAt(values, 0), positionAt(positions, 0));
    siftDown(values, positions, size, value, position);
  }
}
