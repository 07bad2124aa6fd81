/**
 * What people think of a shop, as far as it is known: (n · rating + m · mean) / (n + m), n the column `ratingCount` (1 where
 * there is none), mean that of all rated shops, m = 10. Two ratings of 5 are worth less than two hundred of 4.7 (the Bayesian
 * estimate of a mean; as IMDb's Top 250 has it). The strength is how far that is above the mean.
 */
import type { Generation } from '../../snapshot/generation.ts';
import type { Signal } from './signal.ts';

const RATINGS_BEFORE = 10;

interface Ratings {
  readonly mean: number;
  /** By ordinal; NaN of shops without a rating. */
  readonly strengths: Float32Array;
}

const ratingsByGeneration = new WeakMap<Generation, Ratings>();

export function ratingWithPrior(generation: Generation): Signal {
  const { mean, strengths: known } = ratingsOf(generation);
  return {
    name: 'ratingWithPrior',
    valueOf: (ordinal) => mean + known[ordinal]!,
    strengthOf: (ordinal) => known[ordinal]!,
    write: ({ candidates, values: strengths }) => {
      for (let i = 0; i < candidates.length; i++) strengths[i] = known[candidates[i]!]!;
    },
  };
}

/** Made once, when first asked for. */
function ratingsOf(generation: Generation): Ratings {
  let ratings = ratingsByGeneration.get(generation);
  if (ratings === undefined) {
    ratings = countedRatings(generation);
    ratingsByGeneration.set(generation, ratings);
  }
  return ratings;
}

function countedRatings({ catalog, header: { shopCount } }: Generation): Ratings {
  const numbersOf = (name: string): Float64Array | undefined => {
    const column = catalog.columns.column(name);
    return column?.kind === 'number' ? column.values : undefined;
  };
  const ratings = numbersOf('rating') ?? new Float64Array(shopCount).fill(Number.NaN);
  const counts = numbersOf('ratingCount');
  const rated = ratings.filter((rating) => !Number.isNaN(rating));
  const mean = rated.reduce((sum, rating) => sum + rating, 0) / rated.length;
  const strengths = Float32Array.from(ratings, (rating, ordinal) => {
    const count = counts?.[ordinal] ?? 1;
    const n = Number.isNaN(count) ? 1 : Math.max(0, count);
    return (n * (rating - mean)) / (n + RATINGS_BEFORE);
  });
  return { mean, strengths };
}
