/** The metrics that an evaluation is told by first. */
import { BASELINE_NAMES } from './baselines/baselines.ts';
import type { Protocol } from './cases.ts';

interface Asked {
  readonly protocol: Protocol;
  readonly terms: { readonly ks: readonly number[] };
}

/**
 * accuracy@k of the next shop, as papers on next places have it; nDCG@k of new shops, of which several may be right, as
 * papers on new places have it. One for each k.
 */
export function headlineMetrics({ protocol, terms }: Asked): string[] {
  return terms.ks.map((k) => `${protocol === 'next' ? 'accuracy' : 'ndcg'}@${k}`);
}

/** The one that stands for them where there is room for one: of the second least k. */
export function leadMetric(asked: Asked): string {
  const headline = headlineMetrics(asked);
  return headline[Math.min(1, headline.length - 1)]!;
}

/** The baseline with the largest mean of the lead metric, of equals the first; undefined if none was asked. */
export function bestBaseline(rankers: readonly { name: string; mean: number }[]): string | undefined {
  const baselines = rankers.filter(({ name }) => (BASELINE_NAMES as readonly string[]).includes(name));
  if (baselines.length === 0) return undefined;
  return baselines.reduce((best, other) => (other.mean > best.mean ? other : best)).name;
}
