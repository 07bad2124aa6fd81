/**
 * Last action only: shops by the similarity, in the snapshot's metric, of their embeddings to that of the last shop of the
 * user. What embeddings are worth alone, without the fusion of several actions and signals.
 */
import type { Metric } from '../../kernel/kernel.ts';
import { norm } from '../../kernel/similarity.ts';
import type { Setting } from '../setting.ts';
import type { Baseline } from './baseline.ts';

export function lastAction(setting: Setting): Baseline {
  const { generation, shopCount } = setting;
  const { metric, rowFloats } = generation.header;
  const rows = generation.float32('rows');
  const norms = Float64Array.from({ length: shopCount }, (_, ordinal) => norm(generation.shopRow(ordinal)));
  return {
    write(asked, strengths) {
      const last = setting.lastOrdinal(asked);
      if (last === -1) return;
      const query = generation.shopRow(last);
      const sum = metric === 'l2' ? squaredDistances : dots;
      sum(query, rows, rowFloats, strengths);
      for (let ordinal = 0; ordinal < shopCount; ordinal++)
        strengths[ordinal] = similarityOf(metric, strengths[ordinal]!, norms[last]! * norms[ordinal]!);
    },
  };
}

/** What the sum over the elements of two rows says in a metric; `norms` is the product of their lengths. */
function similarityOf(metric: Metric, sum: number, norms: number): number {
  switch (metric) {
    case 'cosine':
      return sum / norms;
    case 'innerProduct':
      return sum;
    case 'l2':
      return -sum;
  }
}

// In locals, summed as kernel/similarity.ts defines it: its loop over one array of sums took 4 times as long, which was a
// third of a whole evaluation; locals that begin as parts of an array took 1.2 to 1.8 times. Rows are a multiple of 4 long.

/** Writes the dot product of `query` and each row of float32[shopCount][rowFloats]. */
function dots(query: Float32Array, rows: Float32Array, rowFloats: number, out: Float64Array): void {
  for (let ordinal = 0, at = 0; ordinal < out.length; ordinal++) {
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let i = 0; i < rowFloats; i += 4, at += 4) {
      s0 += query[i]! * rows[at]!;
      s1 += query[i + 1]! * rows[at + 1]!;
      s2 += query[i + 2]! * rows[at + 2]!;
      s3 += query[i + 3]! * rows[at + 3]!;
    }
    out[ordinal] = s0 + s2 + (s1 + s3);
  }
}

/** Writes the squared distance of `query` and each row of float32[shopCount][rowFloats]. */
function squaredDistances(
  query: Float32Array,
  rows: Float32Array,
  rowFloats: number,
  out: Float64Array,
): void {
  for (let ordinal = 0, at = 0; ordinal < out.length; ordinal++) {
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let i = 0; i < rowFloats; i += 4, at += 4) {
      s0 += (rows[at]! - query[i]!) ** 2;
      s1 += (rows[at + 1]! - query[i + 1]!) ** 2;
      s2 += (rows[at + 2]! - query[i + 2]!) ** 2;
      s3 += (rows[at + 3]! - query[i + 3]!) ** 2;
    }
    out[ordinal] = s0 + s2 + (s1 + s3);
  }
}
