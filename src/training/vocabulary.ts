/** The table of what is trained: shops and keywords of the sessions by row, the most frequent first. */
import type { Sessions } from './sessions.ts';

/** The row of a target that is in no session; also what the kernel calls no row. */
export const NO_ROW = 0xffff_ffff;

export interface Vocabulary {
  readonly rowCount: number;
  /** The target of each row: a place among shop ids, then keywords, as in the action log. */
  readonly targets: Uint32Array;
  /** The row of each target, or `NO_ROW`. */
  readonly rows: Uint32Array;
  /** How often each row stands in the sessions. */
  readonly counts: Uint32Array;
}

/** Frequent rows lie together, so that those which most steps touch stay in the caches. */
export function vocabularyOf(sessions: Sessions, targetCount: number): Vocabulary {
  const counts = new Uint32Array(targetCount);
  for (const target of sessions.targets) counts[target]!++;
  const used: number[] = [];
  counts.forEach((count, target) => {
    if (count > 0) used.push(target);
  });
  const targets = Uint32Array.from(used.sort((a, b) => counts[b]! - counts[a]! || a - b));
  const rows = new Uint32Array(targetCount).fill(NO_ROW);
  targets.forEach((target, row) => (rows[target] = row));
  return { rowCount: targets.length, targets, rows, counts: targets.map((target) => counts[target]!) };
}

/**
 * The probability that a row takes part in a session, times 2^32: 1 or √(t / f) + t / f for a row that is the share f of
 * all actions and `subsampling` t, as word2vec has it. With 0 all take part.
 */
export function keepThresholds({ counts }: Vocabulary, subsampling: number): Uint32Array {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => {
    const ratio = (subsampling * total) / count;
    return subsampling === 0 ? 0xffff_ffff : Math.min(0xffff_ffff, (Math.sqrt(ratio) + ratio) * 2 ** 32);
  });
}
