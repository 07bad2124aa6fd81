/** Fitted weights as a table, with what they rest on. */
import { FIT_DEFAULTS, type FittedFusion } from '../evaluation/fit-fusion.ts';
import { plainTable } from './plain-table.ts';

/** `seed` is that of the sample, `out` the file that they were written to. */
export function fitText(
  { fusion, weights, caseCount, foundCaseCount, isAmongBest, withoutChosenCount, losses }: FittedFusion,
  seed: number,
  out?: string,
): string {
  const rows = weights.map(({ name, weight, standardError }) => [
    name,
    weight.toFixed(3),
    Number.isFinite(standardError) ? `± ${standardError.toFixed(3)}` : 'never differs',
  ]);
  const drawn = foundCaseCount > caseCount ? `, drawn from ${foundCaseCount} with seed ${seed},` : '';
  const lossOf = ({ halfLifeMinutes, loss }: FittedFusion['losses'][number]): string =>
    `${halfLifeMinutes} min ${loss.toFixed(4)}`;
  const lines = [
    plainTable(['what counts', 'weight', 'standard error'], rows),
    '',
    `half-life of actions ${fusion.halfLifeMinutes} min; −ln P of a choice: ${losses.map(lossOf).join(', ')}`,
    `${caseCount - withoutChosenCount} of ${caseCount} cases${drawn} had their shop among the ${isAmongBest ? `best ${FIT_DEFAULTS.poolSize} by the first round` : 'candidates'}`,
  ];
  if (!isAmongBest) lines.push('none was a choice among the best: the weights are those of the first round');
  if (out !== undefined) lines.push(`wrote ${out}`);
  return lines.join('\n');
}
