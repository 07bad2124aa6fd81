/** The metrics that an evaluation is told by first. */
import type { EvaluationResult } from './result.ts';

/**
 * accuracy@k of the next shop, as papers on next places have it; nDCG@k of new shops, of which several may be right, as
 * papers on new places have it. One for each k.
 */
export function headlineMetrics({ protocol, terms }: EvaluationResult): string[] {
  return terms.ks.map((k) => `${protocol === 'next' ? 'accuracy' : 'ndcg'}@${k}`);
}
