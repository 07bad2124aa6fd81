/**
 * Spans of minutes: `[from, to, from, to, …]`, each `from` open and `to` not, ascending, apart from each other.
 * Small lists of a day or a week; plain loops over plain arrays.
 */
export type MinuteSpans = readonly number[];

/** The minutes of spans given in any order, overlapping or touching as they like. */
export function joined(spans: readonly number[]): number[] {
  const starts = Array.from({ length: spans.length / 2 }, (_, i) => i * 2).sort(
    (a, b) => spans[a]! - spans[b]!,
  );
  const out: number[] = [];
  for (const at of starts) {
    const [from, to] = [spans[at]!, spans[at + 1]!];
    if (from >= to) continue;
    if (out.length > 0 && from <= out.at(-1)!) out[out.length - 1] = Math.max(out.at(-1)!, to);
    else out.push(from, to);
  }
  return out;
}

/** The minutes of `spans` that are not in `taken`. */
export function without(spans: MinuteSpans, taken: MinuteSpans): number[] {
  let left = [...spans];
  for (let i = 0; i < taken.length; i += 2) {
    const before = between(left, -Infinity, taken[i]!);
    left = [...before, ...between(left, taken[i + 1]!, Infinity)];
  }
  return left;
}

/** The minutes of `spans` in [from, to). */
export function between(spans: MinuteSpans, from: number, to: number): number[] {
  const out: number[] = [];
  for (let i = 0; i < spans.length; i += 2) {
    const start = Math.max(spans[i]!, from);
    const end = Math.min(spans[i + 1]!, to);
    if (start < end) out.push(start, end);
  }
  return out;
}

export function shifted(spans: MinuteSpans, byMinutes: number): number[] {
  return spans.map((minute) => minute + byMinutes);
}
