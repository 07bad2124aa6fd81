/**
 * What people think of a shop, as far as it is known: (n · rating + m · mean) / (n + m), n the column `ratingCount` (1 where
 * there is none), mean that of the shops that are candidates, m = 10. Two ratings of 5 are worth less than two hundred of
 * 4.7 (the Bayesian estimate of a mean; as IMDb's Top 250 has it). The strength is how far that is above the mean.
 */
import type { Generation } from '../../snapshot/generation.ts';
import type { Signal } from './signal.ts';

const RATINGS_BEFORE = 10;

export function ratingWithPrior({ catalog }: Generation): Signal {
  const { columns } = catalog;
  const ratings = columns.column('rating');
  const counts = columns.column('ratingCount');
  const ratingOf = (ordinal: number): number =>
    ratings?.kind === 'number' ? ratings.values[ordinal]! : Number.NaN;
  let mean = Number.NaN;
  const valueOf = (ordinal: number): number => {
    const count = counts?.kind === 'number' ? counts.values[ordinal]! : 1;
    const known = Number.isNaN(count) ? 1 : Math.max(0, count);
    return (known * ratingOf(ordinal) + RATINGS_BEFORE * mean) / (known + RATINGS_BEFORE);
  };
  const strengthOf = (value: number): number => value - mean;
  return {
    name: 'ratingWithPrior',
    valueOf,
    strengthOf,
    write: (ordinals, strengths) => {
      let [sum, count] = [0, 0];
      for (let i = 0; i < ordinals.length; i++) {
        const rating = ratingOf(ordinals[i]!);
        if (Number.isNaN(rating)) continue;
        sum += rating;
        count++;
      }
      mean = sum / count;
      for (let i = 0; i < ordinals.length; i++) strengths[i] = strengthOf(valueOf(ordinals[i]!));
    },
  };
}
