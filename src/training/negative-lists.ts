/**
 * The lists that negatives are drawn from: all rows, and the shops of each neighbourhood, each row with the weight
 * count^0.75 (Mikolov et al., NIPS 2013). Drawing takes one look by the alias method (Walker 1977, Vose 1991).
 */

const COUNT_POWER = 0.75;
/** In a smaller neighbourhood the same few shops would be pushed away from each other again and again. */
const NEIGHBOURS_MIN = 10;
/** Threshold, row, row of the alias: as `Draw` of `assembly/train/memory.ts`. */
export const DRAW_WORDS = 3;

export interface NegativeLists {
  /** `DRAW_WORDS` for each entry. */
  readonly draws: Uint32Array;
  /** Where each list begins, in entries, and the end of the last. List 0 holds all rows. */
  readonly starts: Uint32Array;
  /** The list of the neighbourhood of each row; 0 where there is none. */
  readonly neighbourhoods: Uint32Array;
}

/** `cells` names the cell of each row, or is undefined for a keyword and for a shop whose place is not known. */
export function negativeLists(counts: Uint32Array, cells: readonly (number | undefined)[]): NegativeLists {
  const rowsOfCell = new Map<number, number[]>();
  cells.forEach((cell, row) => {
    if (cell === undefined) return;
    const rows = rowsOfCell.get(cell);
    if (rows === undefined) rowsOfCell.set(cell, [row]);
    else rows.push(row);
  });
  const lists = [Array.from(counts, (_, row) => row)];
  const neighbourhoods = new Uint32Array(counts.length);
  for (const rows of rowsOfCell.values()) {
    if (rows.length < NEIGHBOURS_MIN) continue;
    for (const row of rows) neighbourhoods[row] = lists.length;
    lists.push(rows);
  }
  const starts = new Uint32Array(lists.length + 1);
  lists.forEach((rows, list) => (starts[list + 1] = starts[list]! + rows.length));
  const draws = new Uint32Array(starts.at(-1)! * DRAW_WORDS);
  lists.forEach((rows, list) => writeDraws(rows, counts, draws.subarray(starts[list]! * DRAW_WORDS)));
  return { draws, starts, neighbourhoods };
}

function writeDraws(rows: readonly number[], counts: Uint32Array, out: Uint32Array): void {
  const weights = Float64Array.from(rows, (row) => counts[row]! ** COUNT_POWER);
  const scale = rows.length / weights.reduce((sum, weight) => sum + weight, 0);
  const shares = weights.map((weight) => weight * scale);
  const small: number[] = [];
  const large: number[] = [];
  shares.forEach((share, at) => (share < 1 ? small : large).push(at));
  const write = (at: number, share: number, alias: number): void =>
    out.set([Math.min(0xffff_ffff, share * 2 ** 32), rows[at]!, rows[alias]!], at * DRAW_WORDS);
  while (small.length > 0 && large.length > 0) {
    const at = small.pop()!;
    const alias = large.at(-1)!;
    write(at, shares[at]!, alias);
    shares[alias]! -= 1 - shares[at]!;
    if (shares[alias]! < 1) small.push(large.pop()!);
  }
  for (const at of [...small, ...large]) write(at, 1, at);
}
